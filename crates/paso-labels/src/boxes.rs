//! Boxes as the whole crate sees them: corners as fractions of the upright image, and their
//! overlap.
//!
//! Why fractions: a net sees every image at one size, and what it learns must not depend on how
//! large the file was. Why edges and not centers of pixels: widths are differences, the whole image
//! is 0 to 1 at every size, and nothing has to be added or subtracted when an image is scaled.
//!
//! IoU is the overlap that localization is measured by (Everingham et al., *The PASCAL Visual
//! Object Classes Challenge*, 2010): `area(a and b) / area(a or b)`. It is 1 for equal boxes only
//! and 0 for boxes that do not overlap, however far they are apart; that is why a net is trained on
//! GIoU, which still has a slope there.

use serde::{Deserialize, Serialize};

/// An axis-aligned box: two corners as fractions of the image's width and height, origin at the
/// top left, both edges meaning pixel *edges* (a box over the whole image is 0, 0, 1, 1).
///
/// Intersection over union does not change when an axis is scaled, so boxes of an image that was
/// resized without keeping its aspect still give the IoU of the image as it was.
///
/// ```
/// use paso_labels::BBox;
/// let a = BBox::new(0.0, 0.0, 0.5, 1.0);
/// let b = BBox::new(0.25, 0.0, 0.75, 1.0);
/// assert!((a.iou(&b) - 1.0 / 3.0).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct BBox {
    /// Left edge.
    pub x_min: f32,
    /// Upper edge.
    pub y_min: f32,
    /// Right edge.
    pub x_max: f32,
    /// Lower edge.
    pub y_max: f32,
}

impl BBox {
    /// The whole image.
    pub const FULL: Self = Self { x_min: 0.0, y_min: 0.0, x_max: 1.0, y_max: 1.0 };

    /// A box from its corners, fractions of the image's sides. Nothing is checked: a prediction may
    /// be inverted or beyond the image; see [`BBox::is_valid`].
    #[must_use]
    pub const fn new(x_min: f32, y_min: f32, x_max: f32, y_max: f32) -> Self {
        Self { x_min, y_min, x_max, y_max }
    }

    /// `[x_min, y_min, x_max, y_max]`.
    #[must_use]
    pub const fn xyxy(&self) -> [f32; 4] {
        [self.x_min, self.y_min, self.x_max, self.y_max]
    }

    /// From `[x_min, y_min, x_max, y_max]`.
    #[must_use]
    pub const fn from_xyxy(c: [f32; 4]) -> Self {
        Self::new(c[0], c[1], c[2], c[3])
    }

    /// From pixel corners `[x_min, y_min, x_max, y_max]` of an image of this width and height,
    /// which must not be 0.
    ///
    /// ```
    /// use paso_labels::BBox;
    /// let bbox = BBox::from_pixels([10.0, 0.0, 20.0, 30.0], 40, 60);
    /// assert_eq!(bbox.xyxy(), [0.25, 0.0, 0.5, 0.5]);
    /// assert_eq!(bbox.to_pixels(80, 60), [20.0, 0.0, 40.0, 30.0]);
    /// ```
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "f32 is this crate's precision of boxes")]
    pub fn from_pixels(c: [f64; 4], width: u32, height: u32) -> Self {
        let (w, h) = (f64::from(width), f64::from(height));
        Self::new((c[0] / w) as f32, (c[1] / h) as f32, (c[2] / w) as f32, (c[3] / h) as f32)
    }

    /// Corners `[x_min, y_min, x_max, y_max]` in pixels of an image of this width and height.
    #[must_use]
    pub fn to_pixels(&self, width: u32, height: u32) -> [f64; 4] {
        let (w, h) = (f64::from(width), f64::from(height));
        let [x0, y0, x1, y1] = self.xyxy().map(f64::from);
        [x0 * w, y0 * h, x1 * w, y1 * h]
    }

    /// Width as a fraction of the image's; not positive for an inverted box.
    #[must_use]
    pub fn width(&self) -> f32 {
        self.x_max - self.x_min
    }

    /// Height as a fraction of the image's; not positive for an inverted box.
    #[must_use]
    pub fn height(&self) -> f32 {
        self.y_max - self.y_min
    }

    /// The center, `(x, y)`.
    #[must_use]
    pub fn center(&self) -> (f32, f32) {
        (0.5 * (self.x_min + self.x_max), 0.5 * (self.y_min + self.y_max))
    }

    /// Area as a fraction of the image's; 0 for an inverted or NaN box.
    #[must_use]
    pub fn area(&self) -> f64 {
        let [x0, y0, x1, y1] = self.xyxy().map(f64::from);
        (x1 - x0).max(0.0) * (y1 - y0).max(0.0)
    }

    /// True if both edges of each axis are finite, in 0..=1 and in order with something between.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let inside = |v: f32| (0.0..=1.0).contains(&v);
        self.xyxy().into_iter().all(inside) && self.x_min < self.x_max && self.y_min < self.y_max
    }

    /// The part inside the image: every edge is moved into 0 to 1. A NaN stays one.
    #[must_use]
    pub fn clamped(&self) -> Self {
        Self::from_xyxy(self.xyxy().map(|v| v.clamp(0.0, 1.0)))
    }

    /// Intersection over union, 0 to 1, computed in f64. An inverted box has no area, and a box
    /// with a NaN overlaps nothing, so that a broken prediction scores 0.
    #[must_use]
    pub fn iou(&self, other: &Self) -> f64 {
        if self.xyxy().iter().chain(&other.xyxy()).any(|v| v.is_nan()) {
            return 0.0;
        }
        let a = self.xyxy().map(f64::from);
        let b = other.xyxy().map(f64::from);
        let w = (a[2].min(b[2]) - a[0].max(b[0])).max(0.0);
        let h = (a[3].min(b[3]) - a[1].max(b[1])).max(0.0);
        let overlap = w * h;
        let union = self.area() + other.area() - overlap;
        if union > 0.0 && union.is_finite() { overlap / union } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlap_of_known_boxes() {
        let a = BBox::new(0.1, 0.1, 0.5, 0.5);
        assert_eq!(a.iou(&a), 1.0);
        assert_eq!(a.iou(&BBox::new(0.5, 0.1, 0.9, 0.5)), 0.0); // they touch
        assert_eq!(a.iou(&BBox::new(0.6, 0.6, 0.9, 0.9)), 0.0);
        let inner = BBox::new(0.2, 0.2, 0.4, 0.4);
        assert!((a.iou(&inner) - 0.25).abs() < 1e-6);
    }

    #[test]
    fn broken_boxes_score_nothing() {
        let good = BBox::FULL;
        for bad in [
            BBox::new(f32::NAN, 0.0, 1.0, 1.0),
            BBox::new(0.0, 0.0, f32::INFINITY, 1.0),
            BBox::new(0.8, 0.0, 0.2, 1.0),
            BBox::new(0.5, 0.5, 0.5, 0.5),
        ] {
            assert_eq!(good.iou(&bad), 0.0, "{bad:?}");
            assert_eq!(bad.iou(&good), 0.0, "{bad:?}");
            assert!(!bad.is_valid(), "{bad:?}");
        }
        // Denormal sides do not divide by zero.
        let tiny = BBox::new(0.0, 0.0, 1e-40, 1e-40);
        assert!(tiny.iou(&tiny).is_finite());
    }

    #[test]
    fn pixels_and_back() {
        let b = BBox::from_pixels([32.0, 0.0, 320.0, 120.0], 320, 240);
        assert_eq!(b, BBox::new(0.1, 0.0, 1.0, 0.5));
        assert_eq!(b.to_pixels(320, 240)[2], 320.0);
    }

    #[test]
    fn scaling_an_axis_keeps_the_overlap() {
        let scale = |b: BBox| BBox::new(b.x_min * 0.25, b.y_min, b.x_max * 0.25, b.y_max);
        let (a, b) = (BBox::new(0.0, 0.25, 0.5, 0.75), BBox::new(0.25, 0.5, 1.0, 1.0));
        assert!((a.iou(&b) - scale(a).iou(&scale(b))).abs() < 1e-12);
    }
}
