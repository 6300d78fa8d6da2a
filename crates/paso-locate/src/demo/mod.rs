//! A data set that needs no file: scenes of textured clutter with one object.
//!
//! The object is a cross, a ring, a star or a triangle, of any color, somewhere, turned, between a
//! fifth and a half of the image's side; around it lie bars and blobs in the same colors and sizes,
//! so that neither a color nor a place gives it away. A scene is its address (seed and index): its
//! class and box are known at once, its pixels are drawn when needed, at any size.
//!
//! # What it is good for
//!
//! It makes examples and tests run anywhere, in seconds, with a truth that is exact to the pixel. A
//! net that localizes has to learn shapes: the mean IoU of the best constant box is below 0.35, and
//! neither the color nor the place of the object helps. It says little about photographs: one
//! object, no perspective, no occlusion. Compare learning rates on it, not architectures.

mod draw;
pub(crate) mod scene;
mod shape;

use std::path::Path;

use image::{ImageFormat, RgbImage};

use serde::{Deserialize, Serialize};

use crate::Error;
use paso_labels::{Format, ImageSource, LabeledImage, Labels, Object, Split};

use crate::data::{Dataset, Sample, Source};
use crate::demo::shape::Shape;
use crate::image::Orientation;
pub use scene::{Scene, draw};

/// Which scenes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DemoOptions {
    /// Scenes to train on, at least 1. Default 800.
    pub train: usize,
    /// Scenes to validate on, at least 1. Default 200.
    pub val: usize,
    /// Other seeds give other scenes. Default 0.
    pub seed: u64,
}

impl Default for DemoOptions {
    fn default() -> Self {
        Self { train: 800, val: 200, seed: 0 }
    }
}

/// Width and height that samples of scenes state. They are drawn at the size that is asked for;
/// this is only what pixel coordinates refer to.
pub const NOMINAL_SIZE: u32 = 160;

/// The demo data set.
///
/// ```
/// use paso_locate::demo::{DemoOptions, dataset};
/// let demo = dataset(&DemoOptions { train: 30, val: 10, seed: 1 })?;
/// assert_eq!(demo.classes, ["cross", "ring", "star", "triangle"]);
/// assert_eq!(demo.samples.len(), 40);
/// # Ok::<(), paso_locate::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::InvalidValue`] if a split would be empty.
pub fn dataset(options: &DemoOptions) -> Result<Dataset, Error> {
    for (field, value) in [("train", options.train), ("val", options.val)] {
        if value == 0 {
            return Err(Error::invalid_value(field, value, "at least 1 scene"));
        }
    }
    let sample = |index: usize| {
        let scene = Scene { seed: options.seed, index: index as u64 };
        let (class, bbox) = scene.truth();
        Sample {
            source: Source::Scene(scene),
            name: format!("scene-{index:06}.png"),
            width: NOMINAL_SIZE,
            height: NOMINAL_SIZE,
            orientation: Orientation::UPRIGHT,
            bbox,
            class,
            split: if index < options.train { Split::Train } else { Split::Val },
        }
    };
    Ok(Dataset {
        classes: Shape::ALL.iter().map(|s| s.name().to_owned()).collect(),
        samples: (0..options.train + options.val).map(sample).collect(),
    })
}

/// Writes the demo data set as a Pascal VOC folder with split files: `images/` (PNG),
/// `annotations/`, `train.txt`, `val.txt`.
///
/// # Errors
///
/// [`Error::InvalidValue`] if `dir` exists and is not empty, or a split would be empty;
/// [`Error::Io`].
pub fn write_voc(options: &DemoOptions, size: usize, dir: &Path) -> Result<(), Error> {
    write(options, size, Format::Voc, dir)
}

/// Writes the demo data set as a folder in any format, with split files, as images of `size` times
/// `size` pixels, 8 to 1024.
///
/// # Errors
///
/// As [`write_voc`].
pub fn write(options: &DemoOptions, size: usize, format: Format, dir: &Path) -> Result<(), Error> {
    let dataset = dataset(options)?;
    let side = u32::try_from(size)
        .ok()
        .filter(|s| (8..=1024).contains(s))
        .ok_or_else(|| Error::invalid_value("size", size, "from 8 to 1024 pixels"))?;
    let images = dataset.samples.iter().map(|sample| {
        let Source::Scene(scene) = &sample.source else { unreachable!("the demo has scenes") };
        let mut pixels = vec![0; 3 * size * size];
        draw(scene, size, &mut pixels);
        LabeledImage {
            source: ImageSource::Encoded(png(side, pixels)),
            name: sample.name.clone(),
            label: dir.to_owned(),
            line: None,
            width: side,
            height: side,
            orientation: sample.orientation,
            objects: vec![Object { class: sample.class, xyxy: sample.bbox.to_pixels(side, side) }],
            split: Some(sample.split),
        }
    });
    let labels = Labels::new(dataset.classes.clone(), images.collect());
    Ok(paso_labels::write(&labels, format, dir)?)
}

fn png(side: u32, rgb: Vec<u8>) -> Vec<u8> {
    let image = RgbImage::from_raw(side, side, rgb).expect("three bytes a pixel");
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).expect("memory takes a PNG");
    bytes.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BBox;
    use crate::metrics::best_constant_box;

    #[test]
    fn boxes_are_inside_and_no_constant_box_fits() {
        let demo = dataset(&DemoOptions::default()).expect("defaults are valid");
        let boxes: Vec<BBox> = demo.samples.iter().map(|s| s.bbox).collect();
        assert!(boxes.iter().all(BBox::is_valid));
        assert!(boxes.iter().all(|b| (0.14..0.95).contains(&b.width())));
        let (_, score) = best_constant_box(&boxes);
        assert!(score < 0.35, "the best constant box has mean IoU {score}");
        for class in 0..4 {
            let share = demo.samples.iter().filter(|s| s.class == class).count();
            assert!((200..300).contains(&share), "class {class}: {share} of 1000");
        }
    }

    #[test]
    fn an_empty_split_is_refused() {
        let error = dataset(&DemoOptions { val: 0, ..DemoOptions::default() }).expect_err("empty");
        assert_eq!(error.to_string(), "val is 0; it must be at least 1 scene");
    }
}
