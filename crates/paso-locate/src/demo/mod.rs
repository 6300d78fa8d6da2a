//! A data set that needs no file: scenes of textured clutter with one object.
//!
//! The object is a cross, a ring, a star or a triangle, of any color, somewhere, turned, between a
//! fifth and a half of the image's side; around it lie bars and blobs in the same colors and sizes, so
//! that neither a color nor a place gives it away. A scene is its address (seed and index): its
//! class and box are known at once, its pixels are drawn when needed, at any size.

mod draw;
mod shape;

use std::path::Path;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::data::{Dataset, Format, Sample, Source, Split};
use crate::demo::draw::{Mark, Texture, paint};
use crate::demo::shape::Shape;
use crate::image::Orientation;
use crate::rng::{Purpose, rng};
use crate::{BBox, Error};

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

/// One scene's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scene {
    /// The data set's seed.
    pub seed: u64,
    /// The scene's number.
    pub index: u64,
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
/// [`Error::Option`] if a split would be empty.
pub fn dataset(options: &DemoOptions) -> Result<Dataset, Error> {
    for (field, value) in [("train", options.train), ("val", options.val)] {
        if value == 0 {
            return Err(Error::option(field, value, "at least 1 scene"));
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

/// Draws a scene: RGB bytes of a square of `size` pixels, row by row.
///
/// # Panics
///
/// If `out` is not `3 * size * size` bytes.
#[track_caller]
pub fn draw(scene: &Scene, size: usize, out: &mut [u8]) {
    assert_eq!(
        out.len(),
        3 * size * size,
        "out holds {} bytes, {size}x{size} RGB wants {}",
        out.len(),
        3 * size * size
    );
    let layout = Layout::new(scene);
    paint(&layout.ground, &layout.marks, layout.grain, scene, size, out);
}

/// Writes the demo data set as a Pascal VOC folder with split files: `images/` (PNG),
/// `annotations/`, `train.txt`, `val.txt`.
///
/// # Errors
///
/// [`Error::Option`] if `dir` exists and is not empty, or a split would be empty; [`Error::Io`].
pub fn write_voc(options: &DemoOptions, size: usize, dir: &Path) -> Result<(), Error> {
    write(options, size, Format::Voc, dir)
}

/// Writes the demo data set as a folder in any format, with split files.
///
/// # Errors
///
/// As [`write_voc`].
pub fn write(options: &DemoOptions, size: usize, format: Format, dir: &Path) -> Result<(), Error> {
    crate::data::write_demo(&dataset(options)?, size, format, dir)
}

impl Scene {
    /// The object's class and box.
    #[must_use]
    pub fn truth(&self) -> (usize, BBox) {
        let object = Layout::new(self).object;
        (object.shape as usize, object.bbox())
    }
}

/// Everything in a scene, in fractions of its side.
struct Layout {
    ground: Texture,
    /// From back to front; the object is among them.
    marks: Vec<Mark>,
    object: Mark,
    /// Standard deviation of the sensor noise, as a fraction of full brightness.
    grain: f32,
}

/// How far the object's color is from the ground's: below this in all of red, green and blue it is
/// drawn again, so that every object can be seen.
const LEAST_CONTRAST: f32 = 0.25;

impl Layout {
    fn new(scene: &Scene) -> Self {
        let mut rng = rng(Purpose::Demo, scene.seed, scene.index, 0);
        let ground = Texture::draw(&mut rng, [3.0, 12.0]);
        let shape = Shape::ALL[rng.random_range(0..Shape::ALL.len())];
        let object = Self::object(&mut rng, shape, &ground);
        let mut marks: Vec<Mark> =
            (0..rng.random_range(5..=9)).map(|_| Self::clutter(&mut rng)).collect();
        // Some clutter lies in front of nothing: what would cover the object is drawn before it.
        marks.push(object.clone());
        Self { ground, marks, object, grain: rng.random_range(0.01..0.06) }
    }

    fn object(rng: &mut ChaCha8Rng, shape: Shape, ground: &Texture) -> Mark {
        // Half the side of the box is at most 0.28 * 1.15 * 1.37 (a turned square) < 0.45.
        let half = (rng.random_range(0.10_f32.ln()..0.28_f32.ln())).exp();
        let stretch: f32 = rng.random_range(0.87..1.15);
        let mut mark = Mark {
            shape,
            center: [0.5, 0.5],
            half: [half * stretch, half / stretch],
            angle: rng.random_range(-0.5..0.5),
            texture: Texture::draw(rng, [4.0, 16.0]),
        };
        while mark.texture.distance(ground) < LEAST_CONTRAST {
            mark.texture = Texture::draw(rng, [4.0, 16.0]);
        }
        let bbox = mark.bbox();
        let place = |rng: &mut ChaCha8Rng, low: f32, high: f32| {
            // The box, drawn around 0.5, may move until it touches an edge.
            0.5 + rng.random_range(-low..=1.0 - high)
        };
        mark.center = [place(rng, bbox.x_min, bbox.x_max), place(rng, bbox.y_min, bbox.y_max)];
        mark
    }

    fn clutter(rng: &mut ChaCha8Rng) -> Mark {
        let half = rng.random_range(0.05_f32..0.22);
        let bar = rng.random_bool(0.5);
        let slim = if bar { rng.random_range(0.1..0.3) } else { rng.random_range(0.6..1.0) };
        Mark {
            shape: if bar { Shape::Bar } else { Shape::Blob },
            center: [rng.random_range(0.0..1.0), rng.random_range(0.0..1.0)],
            half: [half, half * slim],
            angle: rng.random_range(0.0..std::f32::consts::PI),
            texture: Texture::draw(rng, [4.0, 16.0]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::best_constant_box;

    #[test]
    fn the_same_scene_is_the_same_and_others_differ() {
        let mut images = [(0, 0), (0, 0), (0, 1), (1, 0)].map(|(seed, index)| {
            let mut out = vec![0; 3 * 48 * 48];
            draw(&Scene { seed, index }, 48, &mut out);
            out
        });
        assert_eq!(images[0], images[1]);
        images.sort();
        assert!(images[2] != images[3] && images[0] != images[2]);
    }

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
