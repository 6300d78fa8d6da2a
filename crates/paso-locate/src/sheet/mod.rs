//! Contact sheets: many images with their boxes on one, for people to look at.
//!
//! The sheets answer the questions that a table of metrics cannot: were the labels understood
//! ([`labels`], [`samples`]), what are the images that the net gets wrong ([`worst`]), and what does
//! it get to see in training ([`first_batch`]).

mod layout;

use image::RgbImage;
use rayon::prelude::*;

use paso_labels::{ImageSource, LabeledImage, Labels, Object};

use crate::data::{Dataset, MEAN, Prepared, STD, Sample, Source};
use crate::demo::scene;
use crate::draw::{LABELED, PREDICTED};
use crate::image::{Image, ImageLimits, decode};
use crate::train::order::Order;
use crate::{BBox, Error, Evaluation, TrainConfig};
use layout::{DIM, PLAIN, SIDE, Tile, scaled, sheet, shortened};

/// The most images on a sheet.
pub const SHOWN: usize = 48;

/// The images whose predicted box overlaps the true one least, worst first, at most [`SHOWN`].
/// Green is the label, red the net; below stand the overlap, the true class (in red where the net
/// says another one, and which) and the image's name. The images are read again, at their own
/// aspect.
///
/// `found` is what the net said about `images`, which are samples of `dataset`.
///
/// # Errors
///
/// [`Error::Labels`] if an image cannot be read any more.
///
/// # Panics
///
/// If `found` or `images` belong to other images.
pub fn worst(
    dataset: &Dataset,
    images: &Prepared,
    found: &Evaluation,
    limits: &ImageLimits,
) -> Result<RgbImage, Error> {
    assert_eq!(found.ious.len(), images.len(), "the evaluation is of other images");
    let right = |i: usize| found.predictions[i].class == images.labels()[i];
    let mut order: Vec<usize> = (0..images.len()).collect();
    order.sort_by(|&a, &b| {
        found.ious[a].total_cmp(&found.ious[b]).then_with(|| right(a).cmp(&right(b)))
    });
    order.truncate(SHOWN);
    let tiles = order
        .par_iter()
        .map(|&i| {
            let sample = &dataset.samples[images.samples()[i]];
            let said = &found.predictions[i];
            let name = |class: usize| &dataset.classes[class];
            let (class, color) = if right(i) {
                (name(said.class).clone(), PLAIN)
            } else {
                (format!("{}, said {}", name(images.labels()[i]), name(said.class)), PREDICTED)
            };
            let boxes = [(images.boxes()[i], LABELED), (said.bbox, PREDICTED)];
            Ok(Tile {
                image: scaled(&read(&sample.source, limits)?, &boxes),
                captions: [
                    (format!("{:.2} {class}", found.ious[i]), color),
                    (shortened(&sample.name), DIM),
                ],
            })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let title = format!(
        "{} of {} images by overlap, worst first. Green: label. Red: net.",
        tiles.len(),
        images.len()
    );
    Ok(sheet(&title, &tiles))
}

/// Images of a folder with the boxes of their labels as they were understood, at most [`SHOWN`]:
/// images with a box that cannot be first, with that box in red, then images from all over the
/// folder. Below stand the classes and the image's name. Mixed-up axes, sizes taken for corners and
/// labels of other images are seen at a glance.
///
/// Images that cannot be decoded are not on it.
#[must_use]
pub fn labels(labels: &Labels, limits: &ImageLimits) -> RgbImage {
    let bad = labels.bad_boxes.iter().take(SHOWN / 2);
    let good = spread(labels.images.len(), SHOWN - bad.len());
    let all: Vec<&LabeledImage> = bad.chain(good.map(|i| &labels.images[i])).collect();
    let tiles: Vec<Tile> = all.par_iter().filter_map(|image| tile(labels, image, limits)).collect();
    let title = format!(
        "{} of {} labeled images. Green: label. Red: a box that cannot be.",
        tiles.len(),
        labels.images.len() + labels.bad_boxes.len()
    );
    sheet(&title, &tiles)
}

/// At most `most` of `n` numbers, evenly spread, the first of all among them.
fn spread(n: usize, most: usize) -> impl Iterator<Item = usize> {
    let shown = n.min(most);
    (0..shown).map(move |k| k * n / shown)
}

/// An image with its labels, or `None` if it cannot be decoded.
fn tile(labels: &Labels, image: &LabeledImage, limits: &ImageLimits) -> Option<Tile> {
    let pixels = match &image.source {
        ImageSource::File(path) => decode(path, limits).ok()?,
        ImageSource::Encoded(bytes) => paso_labels::image::decode_bytes(bytes, limits).ok()?,
    };
    let (width, height) = (f64::from(image.width), f64::from(image.height));
    let bbox = |object: &Object| {
        let [x0, y0, x1, y1] = object.xyxy;
        let can_be = 0.0 <= x0 && x0 < x1 && x1 <= width && 0.0 <= y0 && y0 < y1 && y1 <= height;
        // An inverted box is drawn where its edges are.
        let sorted = [x0.min(x1), y0.min(y1), x0.max(x1), y0.max(y1)];
        let color = if can_be { LABELED } else { PREDICTED };
        (BBox::from_pixels(sorted, image.width, image.height), color)
    };
    let boxes: Vec<(BBox, [u8; 3])> = image.objects.iter().map(bbox).collect();
    let mut classes: Vec<&str> =
        image.objects.iter().map(|o| labels.classes[o.class].as_str()).collect();
    classes.dedup();
    let caption = match classes[..] {
        [] => "no object".to_owned(),
        _ => classes.join(", "),
    };
    Some(Tile {
        image: scaled(&pixels, &boxes),
        captions: [(caption, PLAIN), (shortened(&image.name), DIM)],
    })
}

/// Samples of a data set with the boxes of their labels, from all over the train and val images, at
/// most [`SHOWN`]: what a training run was given, before any augmentation.
///
/// # Errors
///
/// [`Error::Labels`] if an image cannot be read any more.
pub fn samples(dataset: &Dataset, limits: &ImageLimits) -> Result<RgbImage, Error> {
    let shown: Vec<&Sample> =
        spread(dataset.samples.len(), SHOWN).map(|i| &dataset.samples[i]).collect();
    let tile = |sample: &&Sample| {
        let caption = format!("{}, {}", dataset.classes[sample.class], sample.split);
        Ok(Tile {
            image: scaled(&read(&sample.source, limits)?, &[(sample.bbox, LABELED)]),
            captions: [(caption, PLAIN), (shortened(&sample.name), DIM)],
        })
    };
    let tiles = shown.par_iter().map(tile).collect::<Result<Vec<Tile>, Error>>()?;
    let title = format!(
        "{} of {} images with their labels. Green: label.",
        tiles.len(),
        dataset.samples.len()
    );
    Ok(sheet(&title, &tiles))
}

/// The first batch of a training run as the net sees it, changed by augmentation, at most [`SHOWN`]
/// images of it.
///
/// ```
/// use paso_locate::data::{PrepareOptions, Prepared, Split};
/// use paso_locate::demo::{DemoOptions, dataset};
/// use paso_locate::{TrainConfig, sheet};
/// let demo = dataset(&DemoOptions { train: 9, val: 1, seed: 0 })?;
/// let images = Prepared::new(&demo, &demo.indices(Split::Train), &PrepareOptions::default())?.0;
/// let drawn = sheet::first_batch(&TrainConfig::default(), &images, &demo.classes)?;
/// // Eight images in a row, one in the next.
/// assert_eq!(drawn.width(), 8 + 8 * 208);
/// # Ok::<(), paso_locate::Error>(())
/// ```
///
/// # Errors
///
/// As [`Prepared::fill_batch`].
///
/// # Panics
///
/// If there is no image, or a class has no name.
pub fn first_batch(
    config: &TrainConfig,
    images: &Prepared,
    classes: &[String],
) -> Result<RgbImage, Error> {
    let mut order = Order::new(config.seed, images.len());
    // The first pass alone: a batch may be larger than the set.
    let shown = config.batch.min(images.len()).min(SHOWN);
    let samples: Vec<usize> = (0..shown).map(|k| order.at(k as u64).0).collect();
    let side = images.size();
    let mut pixels = vec![0.0; 3 * side * side * shown];
    let (mut boxes, mut labels) = (vec![0.0; 4 * shown], vec![0; shown]);
    let augment = Some(&config.augment);
    images.par_fill_batch(
        &samples,
        augment,
        config.seed,
        0,
        &mut pixels,
        &mut boxes,
        &mut labels,
    )?;
    let tiles: Vec<Tile> = pixels
        .chunks_exact(3 * side * side)
        .zip(boxes.chunks_exact(4))
        .zip(&labels)
        .map(|((pixels, bbox), &class)| {
            let bbox = BBox::new(bbox[0], bbox[1], bbox[2], bbox[3]);
            let [width, height] = [bbox.width(), bbox.height()].map(|side| 100.0 * side);
            Tile {
                image: scaled(&as_seen(pixels, side), &[(bbox, LABELED)]),
                captions: [
                    (classes[class].clone(), PLAIN),
                    (format!("box {width:.0} x {height:.0} %"), DIM),
                ],
            }
        })
        .collect();
    let title =
        format!("The first {shown} images of the training, as the net sees them ({side} px).");
    Ok(sheet(&title, &tiles))
}

/// The image that a net's input stands for.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range of a byte, which the side of an input fits well"
)]
fn as_seen(pixels: &[f32], side: usize) -> Image {
    let byte = |(i, v): (usize, &f32)| {
        ((v * STD[i % 3] + MEAN[i % 3]) * 255.0).round().clamp(0.0, 255.0) as u8
    };
    let rgb = pixels.iter().enumerate().map(byte).collect();
    let (width, height) = (side as u32, side as u32);
    Image { width, height, rgb, orientation: crate::image::Orientation::UPRIGHT }
}

fn read(source: &Source, limits: &ImageLimits) -> Result<Image, Error> {
    match source {
        Source::File(path) => Ok(decode(path, limits)?),
        Source::Scene(scene) => {
            let mut rgb = vec![0; (3 * SIDE * SIDE) as usize];
            scene::draw(scene, SIDE as usize, &mut rgb);
            let orientation = crate::image::Orientation::UPRIGHT;
            Ok(Image { width: SIDE, height: SIDE, rgb, orientation })
        }
    }
}

#[cfg(test)]
mod tests;
