//! One augmentation: its random numbers, the map and the colors that they give, and the image under
//! them.
//!
//! The random numbers of an image are drawn in a fixed order from a generator of its own address,
//! so that one more image in a batch, or another thread, changes nothing.
//!
//! A map that cuts away too much of the object is drawn again. That is rejection sampling: the maps
//! that are used have the distribution of the settings, restricted to those that keep the object.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::Augment;
use super::map::{Color, Map, sample_into};
use crate::BBox;
use crate::data::{MEAN, STD};
use crate::rng::{Purpose, rng};

/// A prepared image as augmentation needs it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) image: &'a [u8],
    pub(crate) size: usize,
    /// Width over height before it was scaled to a square.
    pub(crate) aspect: f32,
    /// The image's mean gray, as a fraction.
    pub(crate) gray: f64,
}

/// Draws before giving up on zoom, shift, aspect and turn.
const DRAWS: usize = 10;

impl Augment {
    /// Writes the changed and normalized image, and returns the changed box.
    pub(crate) fn apply(
        &self,
        view: &View<'_>,
        bbox: &BBox,
        seed: u64,
        epoch: u64,
        sample: u64,
        out: &mut [f32],
    ) -> BBox {
        let mut rng = rng(Purpose::Augment, seed, epoch, sample);
        let (map, bbox) = self.draw_map(&mut rng, bbox, f64::from(view.aspect));
        let color = self.draw_color(&mut rng, view.gray);
        sample_into(view, &map, &color, out);
        if rng.random::<f64>() < self.erase {
            self.erase(&mut rng, &bbox, view.size, out);
        }
        bbox
    }

    /// A map that keeps enough of the box, and the box under it.
    pub(super) fn draw_map(&self, rng: &mut ChaCha8Rng, bbox: &BBox, aspect: f64) -> (Map, BBox) {
        let mirror = rng.random::<f64>() < self.mirror;
        for _ in 0..DRAWS {
            let mut around = |range: f64| rng.random_range(-1.0..=1.0) * range;
            let zoom = around(self.zoom.ln()).exp();
            let stretch = around(0.5 * self.aspect.ln()).exp();
            let (sx, sy) = (zoom * stretch, zoom / stretch);
            let angle = around(self.rotate).to_radians();
            let room = |s: f64| (1.0 - 1.0 / s).abs() / 2.0;
            let center = [0.5 + around(room(sx) + self.shift), 0.5 + around(room(sy) + self.shift)];
            let map = Map::new(mirror, [sx, sy], angle, aspect, center);
            let moved = map.bbox(bbox);
            let cut = moved.clamped();
            if cut.area() >= self.min_visible * moved.area() && cut.is_valid() {
                return (map, cut);
            }
        }
        let map = Map::new(mirror, [1.0, 1.0], 0.0, aspect, [0.5, 0.5]);
        (map, map.bbox(bbox).clamped())
    }

    fn draw_color(&self, rng: &mut ChaCha8Rng, gray: f64) -> Color {
        let mut factor = |range: f64| 1.0 + rng.random_range(-1.0..=1.0) * range;
        let (brightness, contrast, saturation) =
            (factor(self.brightness), factor(self.contrast), factor(self.saturation));
        Color::new(gray, brightness, contrast, saturation)
    }

    /// Covers a rectangle, unless ten draws hide too much of the object.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "pixel indices: fractions of the side, between 0 and the side"
    )]
    pub(super) fn erase(&self, rng: &mut ChaCha8Rng, bbox: &BBox, size: usize, out: &mut [f32]) {
        for _ in 0..DRAWS {
            let area = rng.random_range(0.02..=0.15_f64);
            let ratio = rng.random_range(-1.0..=1.0_f64).exp2();
            let (w, h) = ((area * ratio).sqrt().min(1.0), (area / ratio).sqrt().min(1.0));
            let (x, y) = (rng.random_range(0.0..=1.0 - w), rng.random_range(0.0..=1.0 - h));
            let pixel = |v: f64| ((v * size as f64).round() as usize).min(size);
            let (x0, y0, x1, y1) = (pixel(x), pixel(y), pixel(x + w), pixel(y + h));
            let fraction = |v: usize| v as f32 / size as f32;
            let hole = BBox::new(fraction(x0), fraction(y0), fraction(x1), fraction(y1));
            let hidden = BBox::new(
                hole.x_min.max(bbox.x_min),
                hole.y_min.max(bbox.y_min),
                hole.x_max.min(bbox.x_max),
                hole.y_max.min(bbox.y_max),
            );
            if hidden.area() <= (1.0 - self.min_visible) * bbox.area() {
                for row in out.chunks_exact_mut(3 * size).take(y1).skip(y0) {
                    row[3 * x0..3 * x1].fill(0.0);
                }
                return;
            }
        }
    }
}

/// Bytes to the net's input: fractions of 255, centered by [`MEAN`], divided by [`STD`].
pub(crate) fn normalize_into(image: &[u8], out: &mut [f32]) {
    for (from, to) in image.chunks_exact(3).zip(out.chunks_exact_mut(3)) {
        for c in 0..3 {
            to[c] = (f32::from(from[c]) / 255.0 - MEAN[c]) / STD[c];
        }
    }
}
