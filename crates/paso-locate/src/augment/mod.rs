//! Random changes of images and boxes for training.
//!
//! One affine map (mirror, zoom, shift, aspect, turn) and one linear change of colors an image,
//! both applied in a single pass over the output that also normalizes. All randomness comes from
//! (seed, epoch, sample), so a resumed run draws what it would have drawn.

pub(crate) mod map;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::augment::map::{Color, Map, sample_into};
use crate::data::{MEAN, STD};
use crate::metrics::best_constant_box;
use crate::rng::{Purpose, rng};
use crate::{BBox, Error};

/// What is changed, and how much.
///
/// The box follows the image and is cut at its edges, as in albumentations. A change that would
/// leave less than `min_visible` of the box's area inside is drawn again, at most
/// 10 times; then the image is mirrored at most. So an object is never cut away.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augment {
    /// Probability of mirroring left and right. Default 0.5.
    pub mirror: f64,
    /// The image is enlarged by a factor between `1 / zoom` and `zoom` (uniform in its
    /// logarithm), 1 to 4, and placed anywhere that leaves no more of it outside, and no more
    /// border inside, than the factor forces. Default 1.25.
    pub zoom: f64,
    /// Then shifted along each axis by up to this share of the side, 0 to 0.5. Default 0.1.
    pub shift: f64,
    /// One axis is stretched against the other by a factor between `1 / aspect` and `aspect`, 1 to
    /// 2. Default 1.1.
    pub aspect: f64,
    /// Turned by up to this many degrees either way, 0 to 45. The new box holds the turned ellipse
    /// inside the old box, which suits objects better than the turned corners do. Default 0.
    pub rotate: f64,
    /// Brightness is multiplied by 1 plus or minus up to this, 0 to 1. Default 0.2.
    pub brightness: f64,
    /// The distance from the mean gray is multiplied by 1 plus or minus up to this, 0 to 1.
    /// Default 0.2.
    pub contrast: f64,
    /// The distance from each pixel's gray is multiplied by 1 plus or minus up to this, 0 to 1.
    /// Default 0.2.
    pub saturation: f64,
    /// Probability of covering a random rectangle (2 to 15 % of the image, never so much of the
    /// object that less than `min_visible` of its box is left) with neutral gray. Default 0.
    pub erase: f64,
    /// The share of a box's area that must stay visible, above 0, at most 1. Default 0.7.
    pub min_visible: f64,
}

impl Default for Augment {
    fn default() -> Self {
        Self {
            mirror: 0.5,
            zoom: 1.25,
            shift: 0.1,
            aspect: 1.1,
            rotate: 0.0,
            brightness: 0.2,
            contrast: 0.2,
            saturation: 0.2,
            erase: 0.0,
            min_visible: 0.7,
        }
    }
}

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
    /// Images as they are.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            mirror: 0.0,
            zoom: 1.0,
            shift: 0.0,
            aspect: 1.0,
            rotate: 0.0,
            brightness: 0.0,
            contrast: 0.0,
            saturation: 0.0,
            erase: 0.0,
            min_visible: 1.0,
        }
    }

    /// More of everything, for long runs on few images: zoom 1.5, shift 0.15, aspect 1.2, turns of 8 degrees, colors 0.3,
    /// and a quarter of the images partly covered. Short runs learn less under it.
    #[must_use]
    pub fn strong() -> Self {
        Self {
            zoom: 1.5,
            shift: 0.15,
            aspect: 1.2,
            rotate: 8.0,
            brightness: 0.3,
            contrast: 0.3,
            saturation: 0.3,
            erase: 0.25,
            ..Self::default()
        }
    }

    /// Less zoom, shift, stretch and turning where these boxes, of the training images, hardly differ: all of it up to a
    /// mean `IoU` of 0.7 that the best constant box scores on them, none from 0.85 on, in between a share.
    ///
    /// Where every object fills the image in the same way, that is most of what there is to know, and a net that is shown
    /// other views has to find it out anew: on airplanes and motorcycles whose constant box scores 0.88, a net trained on
    /// strongly changed views came to 0.83, and one on views that were not moved to 0.91.
    ///
    /// # Panics
    ///
    /// If there is no box.
    #[must_use]
    #[track_caller]
    pub fn fitting(self, boxes: &[BBox]) -> Self {
        let (_, agreement) = best_constant_box(boxes);
        self.geometry(((0.85 - agreement) / 0.15).clamp(0.0, 1.0))
    }

    /// As for the last part of a run: whole images in their own shape, mirrored and recolored.
    #[must_use]
    pub fn without_geometry(self) -> Self {
        Self { erase: 0.0, ..self.geometry(0.0) }
    }

    /// This share of zoom, shift, stretch and turning.
    fn geometry(self, share: f64) -> Self {
        Self {
            zoom: self.zoom.powf(share),
            shift: self.shift * share,
            aspect: self.aspect.powf(share),
            rotate: self.rotate * share,
            ..self
        }
    }

    /// Checks every field against its range.
    ///
    /// # Errors
    ///
    /// [`Error::Option`] with the field, its value and the values allowed.
    pub fn checked(self) -> Result<Self, Error> {
        let fields = [
            ("mirror", self.mirror, 0.0, 1.0, "from 0 to 1"),
            ("zoom", self.zoom, 1.0, 4.0, "from 1 to 4"),
            ("shift", self.shift, 0.0, 0.5, "from 0 to 0.5"),
            ("aspect", self.aspect, 1.0, 2.0, "from 1 to 2"),
            ("rotate", self.rotate, 0.0, 45.0, "from 0 to 45 degrees"),
            ("brightness", self.brightness, 0.0, 1.0, "from 0 to 1"),
            ("contrast", self.contrast, 0.0, 1.0, "from 0 to 1"),
            ("saturation", self.saturation, 0.0, 1.0, "from 0 to 1"),
            ("erase", self.erase, 0.0, 1.0, "from 0 to 1"),
            ("min_visible", self.min_visible, 0.01, 1.0, "from 0.01 to 1"),
        ];
        for (field, value, low, high, allowed) in fields {
            if !(low..=high).contains(&value) {
                return Err(Error::option(field, value, allowed));
            }
        }
        Ok(self)
    }

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
    fn draw_map(&self, rng: &mut ChaCha8Rng, bbox: &BBox, aspect: f64) -> (Map, BBox) {
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
    fn erase(&self, rng: &mut ChaCha8Rng, bbox: &BBox, size: usize, out: &mut [f32]) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::map::mean_gray;
    use proptest::prelude::*;

    const SIZE: usize = 32;

    /// A dark image with a bright rectangle of pixels.
    fn image(x: std::ops::Range<usize>, y: std::ops::Range<usize>) -> (Vec<u8>, BBox) {
        let mut rgb = vec![20; 3 * SIZE * SIZE];
        for row in y.clone() {
            rgb[3 * (row * SIZE + x.start)..3 * (row * SIZE + x.end)].fill(230);
        }
        let corners = [x.start, y.start, x.end, y.end].map(|v| v as f32 / SIZE as f32);
        (rgb, BBox::from_xyxy(corners))
    }

    /// Where the changed image is bright. What is outside of the source is 0, so between.
    fn bright(out: &[f32]) -> BBox {
        let limit = (125.0 / 255.0 - MEAN[0]) / STD[0] + 0.3;
        let lit = || (0..SIZE * SIZE).filter(|i| out[3 * i] > limit);
        let least = |f: fn(usize) -> usize| lit().map(f).min().expect("something is lit");
        let most = |f: fn(usize) -> usize| lit().map(f).max().expect("something is lit") + 1;
        let x: fn(usize) -> usize = |i| i % SIZE;
        let y: fn(usize) -> usize = |i| i / SIZE;
        BBox::from_xyxy([least(x), least(y), most(x), most(y)].map(|v| v as f32 / SIZE as f32))
    }

    fn geometry(rotate: f64) -> Augment {
        Augment { brightness: 0.0, contrast: 0.0, saturation: 0.0, rotate, ..Augment::default() }
    }

    #[test]
    fn the_box_follows_the_object() {
        let (rgb, bbox) = image(6..17, 9..23);
        let view = View { image: &rgb, size: SIZE, aspect: 1.5, gray: mean_gray(&rgb) };
        let mut out = vec![0.0; rgb.len()];
        for sample in 0..300 {
            let moved = geometry(0.0).apply(&view, &bbox, 5, 1, sample, &mut out);
            assert!(moved.is_valid());
            let seen = bright(&out);
            // Half a pixel at each edge of a box of about 12 pixels.
            assert!(moved.iou(&seen) > 0.8, "sample {sample}: {moved:?} but seen {seen:?}");
        }
    }

    #[test]
    fn a_turned_disc_stays_in_its_box() {
        let aspect = 2.0_f32;
        let mut rgb = vec![20; 3 * SIZE * SIZE];
        for i in 0..SIZE * SIZE {
            let (x, y) = ((i % SIZE) as f32 + 0.5 - 16.0, (i / SIZE) as f32 + 0.5 - 18.0);
            // A disc of the image as it was: half as wide in the square.
            if (x / 5.0).hypot(y / 10.0) <= 1.0 {
                rgb[3 * i..3 * i + 3].fill(230);
            }
        }
        let bbox = BBox::from_xyxy([11.0, 8.0, 21.0, 28.0].map(|v| v / SIZE as f32));
        let view = View { image: &rgb, size: SIZE, aspect, gray: mean_gray(&rgb) };
        let only_turn = Augment { rotate: 30.0, min_visible: 0.99, ..Augment::none() };
        let mut out = vec![0.0; rgb.len()];
        for sample in 0..100 {
            let moved = only_turn.apply(&view, &bbox, 5, 1, sample, &mut out);
            // A disc looks the same however it is turned, and so does its box.
            let (w, h) = (moved.width() * SIZE as f32, moved.height() * SIZE as f32);
            assert!((w - 10.0).abs() < 0.01 && (h - 20.0).abs() < 0.01, "{w} x {h}");
            assert!(moved.iou(&bright(&out)) > 0.8, "sample {sample}");
        }
    }

    #[test]
    fn geometry_follows_how_much_boxes_differ() {
        let strong = Augment::strong();
        let around = |spread: f32| -> Vec<BBox> {
            let corners = |d: f32| BBox::new(0.2 - d, 0.2 - d, 0.8 - d, 0.8 - d);
            [-spread, 0.0, spread].map(corners).to_vec()
        };
        let alike = strong.fitting(&around(0.001));
        assert_eq!(alike, Augment { erase: strong.erase, ..strong.without_geometry() });
        assert_eq!((alike.zoom, alike.shift, alike.mirror), (1.0, 0.0, strong.mirror));
        assert_eq!(strong.fitting(&around(0.2)), strong);
        let between = strong.fitting(&around(0.08));
        assert!(1.0 < between.zoom && between.zoom < strong.zoom, "{between:?}");
        assert!(0.0 < between.rotate && between.rotate < strong.rotate);
    }

    #[test]
    fn nothing_changed_is_only_normalized() {
        let (rgb, bbox) = image(3..9, 20..31);
        let view = View { image: &rgb, size: SIZE, aspect: 0.7, gray: mean_gray(&rgb) };
        let (mut plain, mut out) = (vec![0.0; rgb.len()], vec![9.0; rgb.len()]);
        normalize_into(&rgb, &mut plain);
        let moved = Augment::none().apply(&view, &bbox, 1, 2, 3, &mut out);
        assert_eq!(moved, bbox);
        for (a, b) in plain.iter().zip(&out) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }

    #[test]
    fn the_change_depends_on_its_address_alone() {
        let (rgb, bbox) = image(6..17, 9..23);
        let view = View { image: &rgb, size: SIZE, aspect: 1.0, gray: mean_gray(&rgb) };
        let draw = |seed, epoch, sample| {
            let mut out = vec![0.0; rgb.len()];
            let moved = Augment::default().apply(&view, &bbox, seed, epoch, sample, &mut out);
            (moved, out)
        };
        let base = draw(1, 2, 3);
        assert!(base == draw(1, 2, 3));
        assert!(base != draw(0, 2, 3) && base != draw(1, 0, 3) && base != draw(1, 2, 0));
    }

    #[test]
    fn ranges_are_checked() {
        assert!(Augment::default().checked().is_ok() && Augment::none().checked().is_ok());
        for (bad, says) in [
            (Augment { zoom: 0.5, ..Augment::none() }, "zoom is 0.5; it must be from 1 to 4"),
            (Augment { mirror: f64::NAN, ..Augment::none() }, "mirror is NaN"),
            (Augment { min_visible: 0.0, ..Augment::none() }, "min_visible is 0"),
        ] {
            let error = bad.checked().expect_err(says).to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    proptest! {
        /// Whatever the settings and the box, enough of the object is left, or nothing was cut.
        #[test]
        fn the_object_is_never_cut_away(
            zoom in 1.0..4.0_f64, shift in 0.0..0.5_f64, aspect in 1.0..2.0_f64,
            rotate in 0.0..45.0_f64, x in 0.0..0.9_f32, y in 0.0..0.9_f32,
            w in 0.02..1.0_f32, h in 0.02..1.0_f32, sample in 0..1000_u64,
        ) {
            let augment = Augment { zoom, shift, aspect, rotate, ..Augment::default() };
            let bbox = BBox::new(x, y, (x + w).min(1.0), (y + h).min(1.0));
            let mut rng = rng(Purpose::Augment, 0, 0, sample);
            let (map, cut) = augment.draw_map(&mut rng, &bbox, 1.3);
            prop_assert!(cut.is_valid(), "{cut:?}");
            let kept = cut.area() / map.bbox(&bbox).area();
            prop_assert!(kept >= 0.7 - 1e-6, "{kept}");
        }

        /// Erasing leaves as much.
        #[test]
        fn erasing_leaves_the_object(x in 0.0..0.8_f32, w in 0.1..0.2_f32, sample in 0..500_u64) {
            let bbox = BBox::new(x, x, x + w, x + w);
            let mut out = vec![1.0; 3 * SIZE * SIZE];
            let mut rng = rng(Purpose::Augment, 0, 0, sample);
            Augment::default().erase(&mut rng, &bbox, SIZE, &mut out);
            let inside = |i: &usize| {
                let (cx, cy) = ((i % SIZE) as f32 + 0.5, (i / SIZE) as f32 + 0.5);
                let (cx, cy) = (cx / SIZE as f32, cy / SIZE as f32);
                bbox.x_min <= cx && cx <= bbox.x_max && bbox.y_min <= cy && cy <= bbox.y_max
            };
            let all = (0..SIZE * SIZE).filter(inside).count();
            let left = (0..SIZE * SIZE).filter(inside).filter(|i| out[3 * i] > 0.0).count();
            // Pixels are coarse against the exact share.
            prop_assert!(left as f64 >= 0.45 * all as f64, "{left} of {all}");
        }
    }
}
