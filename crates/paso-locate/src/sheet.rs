//! Contact sheets: many images with their boxes on one, for people to look at.

use image::{Rgb, RgbImage, imageops};
use rayon::prelude::*;

use crate::data::{Dataset, MEAN, Prepared, STD, Source};
use crate::draw::{self, LABELED, PREDICTED};
use crate::image::{Image, ImageLimits, decode, resize_to};
use crate::train::order::Order;
use crate::{BBox, Error, Evaluation, TrainConfig, demo};

/// The most images on a sheet.
pub const SHOWN: usize = 48;

/// Images in a row.
const COLUMNS: usize = 8;
/// The longer side of a scaled image, and the width of its column.
const SIDE: u32 = 200;
/// Between images.
const GAP: u32 = 8;
/// The height of a line of text, and how many letters fit a column.
const LINE: u32 = 12;
const LETTERS: usize = (SIDE / draw::LETTER_WIDTH) as usize;

const GROUND: [u8; 3] = [24, 24, 28];
const PLAIN: [u8; 3] = [230, 230, 230];
const FAINT: [u8; 3] = [150, 150, 156];

/// A scaled image with two lines below.
struct Tile {
    image: RgbImage,
    captions: [(String, [u8; 3]); 2],
}

/// The images whose predicted box overlaps the true one least, worst first, at most [`SHOWN`]. Green is
/// the label, red the net; below stand the overlap, the true class (in red where the net says another one, and which)
/// and the image's name. The images are read again, at their own aspect.
///
/// `found` is what the net said about `images`, which are samples of `dataset`.
///
/// # Errors
///
/// [`Error::Io`] or [`Error::Image`] if an image cannot be read any more.
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
                    (shortened(&sample.name), FAINT),
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

/// The first batch of a training run as the net sees it, changed by augmentation, at most [`SHOWN`]
/// images of it.
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
                    (format!("box {width:.0} x {height:.0} %"), FAINT),
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
        Source::File(path) => decode(path, limits),
        Source::Scene(scene) => {
            let mut rgb = vec![0; (3 * SIDE * SIDE) as usize];
            demo::draw(scene, SIDE as usize, &mut rgb);
            let orientation = crate::image::Orientation::UPRIGHT;
            Ok(Image { width: SIDE, height: SIDE, rgb, orientation })
        }
    }
}

/// The image at the size of a tile, with these boxes on it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most the side of a tile"
)]
fn scaled(image: &Image, boxes: &[(BBox, [u8; 3])]) -> RgbImage {
    let longer = f64::from(image.width.max(image.height));
    let side = |of: u32| (f64::from(of) * f64::from(SIDE) / longer).round().max(1.0) as u32;
    let (width, height) = (side(image.width), side(image.height));
    let mut tile = RgbImage::new(width, height);
    resize_to(image, width, height, &mut tile);
    for (bbox, color) in boxes {
        // Dark on both sides, so that green shows on green.
        let [x0, y0, x1, y1] = bbox.to_pixels(width, height);
        draw::outline(&mut tile, [x0 - 1.0, y0 - 1.0, x1 + 1.0, y1 + 1.0], [0; 3], 4);
        draw::outline(&mut tile, [x0, y0, x1, y1], *color, 2);
    }
    tile
}

/// Lays tiles out in rows, each as high as its highest tile, below a title.
#[expect(clippy::cast_possible_truncation, reason = "at most eight columns, and a short title")]
fn sheet(title: &str, tiles: &[Tile]) -> RgbImage {
    let rows: Vec<&[Tile]> = tiles.chunks(COLUMNS).collect();
    let highest = |row: &[Tile]| row.iter().map(|t| t.image.height()).max().unwrap_or(0);
    let below = 2 * LINE + 2;
    let top = LINE + 2 * GAP;
    let height = top + rows.iter().map(|row| highest(row) + below + GAP).sum::<u32>();
    // Narrow sheets are as wide as their title.
    let columns = tiles.len().min(COLUMNS) as u32;
    let letters = title.chars().count() as u32 * draw::LETTER_WIDTH;
    let width = (GAP + columns * (SIDE + GAP)).max(letters + 2 * GAP);
    let mut canvas = RgbImage::from_pixel(width, height, Rgb(GROUND));
    draw::text(&mut canvas, [GAP, GAP], title, PLAIN, GROUND);
    let mut y = top;
    for row in rows {
        let mut x = GAP;
        for tile in row {
            let left = x + (SIDE - tile.image.width()) / 2;
            let upper = y + highest(row) - tile.image.height();
            imageops::replace(&mut canvas, &tile.image, left.into(), upper.into());
            for (line, (text, color)) in (0..).zip(&tile.captions) {
                let text: String = text.chars().take(LETTERS).collect();
                let place = [x, y + highest(row) + 2 + line * LINE];
                draw::text(&mut canvas, place, &text, *color, GROUND);
            }
            x += SIDE + GAP;
        }
        y += highest(row) + below + GAP;
    }
    canvas
}

/// The end of a name tells more than its beginning.
fn shortened(text: &str) -> String {
    let letters = text.chars().count();
    if letters <= LETTERS {
        return text.into();
    }
    "..".chars().chain(text.chars().skip(letters - LETTERS + 2)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{PrepareOptions, Split};
    use crate::metrics::{Located, evaluate, ious};
    use crate::{Model, NetName, Prediction};

    fn scenes() -> (Dataset, Prepared) {
        let options = demo::DemoOptions { train: 12, val: 3, seed: 4 };
        let dataset = demo::dataset(&options).expect("scenes");
        let prepare = PrepareOptions { size: 32, ..PrepareOptions::default() };
        let indices = dataset.indices(Split::Train);
        let (images, _) = Prepared::new(&dataset, &indices, &prepare).expect("images");
        (dataset, images)
    }

    /// Every box right but those of images 3 (nothing overlaps) and 7 (half does).
    fn found(images: &Prepared) -> Evaluation {
        let predictions: Vec<Prediction> = (0..images.len())
            .map(|i| {
                let truth = images.boxes()[i];
                let bbox = match i {
                    3 => BBox::new(0.0, 0.0, 0.01, 0.01),
                    7 => BBox { x_max: truth.x_min + truth.width() / 2.0, ..truth },
                    _ => truth,
                };
                Prediction { bbox, class: images.labels()[i], score: 1.0 }
            })
            .collect();
        let located: Vec<Located> = predictions.iter().map(|&p| p.into()).collect();
        let truth: Vec<Located> = (0..images.len())
            .map(|i| Located { bbox: images.boxes()[i], class: images.labels()[i] })
            .collect();
        Evaluation {
            metrics: evaluate(&located, &truth),
            ious: ious(&located, &truth),
            loss: 0.0,
            predictions,
        }
    }

    #[test]
    fn the_worst_image_is_the_first_tile() {
        let (dataset, images) = scenes();
        let mut said = found(&images);
        let sheet = worst(&dataset, &images, &said, &ImageLimits::default()).expect("scenes");
        let tile = |sheet: &RgbImage, n: u32| {
            let corner = [GAP + n * (SIDE + GAP), LINE + 2 * GAP];
            imageops::crop_imm(sheet, corner[0], corner[1], SIDE, SIDE).to_image()
        };
        let alone = |i: usize, said: &Evaluation| {
            let scene = &dataset.samples[images.samples()[i]].source;
            let image = read(scene, &ImageLimits::default()).expect("a scene");
            let boxes = [(images.boxes()[i], LABELED), (said.predictions[i].bbox, PREDICTED)];
            scaled(&image, &boxes)
        };
        assert!(tile(&sheet, 0) == alone(3, &said), "nothing overlaps");
        assert!(tile(&sheet, 1) == alone(7, &said), "half overlaps");
        // Of equal boxes, a wrong class is worse.
        said.predictions[5].class = (said.predictions[5].class + 1) % 4;
        let sheet = worst(&dataset, &images, &said, &ImageLimits::default()).expect("scenes");
        assert!(tile(&sheet, 2) == alone(5, &said), "the class is wrong");
    }

    #[test]
    fn samples_show_what_the_trainer_is_fed() {
        let (dataset, images) = scenes();
        let config =
            TrainConfig { net: NetName::Tiny, size: 32, batch: 5, ..TrainConfig::default() };
        let sheet = first_batch(&config, &images, &dataset.classes).expect("scenes");
        assert_eq!(sheet.width(), GAP + 5 * (SIDE + GAP), "a tile an image of the batch");
        let other = TrainConfig { seed: 1, ..config.clone() };
        assert!(sheet != first_batch(&other, &images, &dataset.classes).expect("scenes"));
        let few = TrainConfig { batch: 1000, ..config };
        first_batch(&few, &images, &dataset.classes).expect("fewer images than a batch");
    }

    #[test]
    fn what_the_net_sees_is_turned_back_to_bytes() {
        let (_, images) = scenes();
        let mut pixels = vec![0.0; 3 * 32 * 32];
        crate::augment::normalize_into(&images.image(0).expect("in memory"), &mut pixels);
        assert_eq!(as_seen(&pixels, 32).rgb, *images.image(0).expect("in memory"));
    }

    #[test]
    fn a_sheet_of_an_untrained_net_on_one_image_is_as_wide_as_its_title() {
        let (dataset, _) = scenes();
        let prepare = PrepareOptions { size: 32, ..PrepareOptions::default() };
        let (one, _) = Prepared::new(&dataset, &[2], &prepare).expect("an image");
        let config = TrainConfig { net: NetName::Tiny, size: 32, ..TrainConfig::default() };
        let mut model = Model::new(&config, dataset.classes.clone()).expect("a net");
        let said = model.evaluate(&one).expect("in memory");
        let sheet = worst(&dataset, &one, &said, &ImageLimits::default()).expect("a scene");
        assert!(sheet.width() > SIDE + 3 * GAP, "{}", sheet.width());
    }

    #[test]
    fn long_names_keep_their_end() {
        assert_eq!(shortened("a.jpg"), "a.jpg");
        let long = shortened(&format!("{}/end.jpg", "folder".repeat(9)));
        assert!(long.starts_with("..") && long.ends_with("/end.jpg"), "{long}");
        assert_eq!(long.len(), LETTERS);
    }
}
