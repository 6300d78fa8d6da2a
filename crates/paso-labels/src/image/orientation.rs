//! EXIF orientation: how a stored image is turned upright, for its pixels and for its boxes.
//!
//! | EXIF | to turn the stored image upright | a stored point `(x, y)` of `w` by `h` is upright at |
//! |---|---|---|
//! | 1 | nothing | `(x, y)` |
//! | 2 | mirror left and right | `(w - x, y)` |
//! | 3 | half a turn | `(w - x, h - y)` |
//! | 4 | mirror top and bottom | `(x, h - y)` |
//! | 5 | exchange the axes | `(y, x)` |
//! | 6 | a quarter turn clockwise | `(h - y, x)` |
//! | 7 | exchange the axes, and half a turn | `(h - y, w - x)` |
//! | 8 | a quarter turn counterclockwise | `(y, w - x)` |
//!
//! Source: Exif 2.32, tag 0x0112.

use image::metadata::Orientation as ImageOrientation;

use crate::BBox;

/// One of the eight EXIF orientations.
///
/// ```
/// use paso_labels::{BBox, image::Orientation};
/// let turn = Orientation::from_exif(6).expect("1 to 8");
/// assert_eq!(turn.upright_size(640, 480), (480, 640));
/// let stored = BBox::new(0.0, 0.0, 0.25, 0.5);
/// assert_eq!(turn.to_upright(stored), BBox::new(0.5, 0.0, 1.0, 0.25));
/// assert_eq!(turn.to_stored(turn.to_upright(stored)), stored);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Orientation(ImageOrientation);

impl Orientation {
    /// Nothing to turn.
    pub const UPRIGHT: Self = Self(ImageOrientation::NoTransforms);

    /// From the EXIF value, 1 to 8.
    #[must_use]
    pub fn from_exif(value: u8) -> Option<Self> {
        ImageOrientation::from_exif(value).map(Self)
    }

    /// The EXIF value, 1 to 8.
    #[must_use]
    pub fn to_exif(self) -> u8 {
        self.0.to_exif()
    }

    pub(crate) fn from_image_crate(orientation: ImageOrientation) -> Self {
        Self(orientation)
    }

    pub(crate) fn of_image_crate(self) -> ImageOrientation {
        self.0
    }

    /// Width and height in pixels after turning.
    #[must_use]
    pub fn upright_size(self, stored_width: u32, stored_height: u32) -> (u32, u32) {
        // 5 to 8 exchange the axes.
        if self.to_exif() >= 5 {
            (stored_height, stored_width)
        } else {
            (stored_width, stored_height)
        }
    }

    /// A box of the stored image, as a box of the upright one.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "one subtraction, rounded once")]
    pub fn to_upright(self, stored: BBox) -> BBox {
        let corners = self.pixels_to_upright(stored.xyxy().map(f64::from), [1.0, 1.0]);
        BBox::from_xyxy(corners.map(|v| v as f32))
    }

    /// Corners in pixels of the stored image, whose sides are given, in pixels of the upright one.
    pub(crate) fn pixels_to_upright(self, c: [f64; 4], [w, h]: [f64; 2]) -> [f64; 4] {
        let point = |x: f64, y: f64| match self.to_exif() {
            2 => (w - x, y),
            3 => (w - x, h - y),
            4 => (x, h - y),
            5 => (y, x),
            6 => (h - y, x),
            7 => (h - y, w - x),
            8 => (y, w - x),
            _ => (x, y),
        };
        let (a, b) = (point(c[0], c[1]), point(c[2], c[3]));
        [a.0.min(b.0), a.1.min(b.1), a.0.max(b.0), a.1.max(b.1)]
    }

    /// A box of the upright image, as a box of the stored one.
    #[must_use]
    pub fn to_stored(self, upright: BBox) -> BBox {
        // Quarter turns undo each other; all others undo themselves.
        let inverse = match self.0 {
            ImageOrientation::Rotate90 => ImageOrientation::Rotate270,
            ImageOrientation::Rotate270 => ImageOrientation::Rotate90,
            other => other,
        };
        Self(inverse).to_upright(upright)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, GrayImage, Luma};

    #[test]
    fn a_box_follows_the_pixels_in_all_eight() {
        // One bright rectangle, found again in the turned image.
        let bright = BBox::from_pixels([2.0, 1.0, 5.0, 3.0], 8, 4);
        let stored = GrayImage::from_fn(8, 4, |x, y| {
            Luma([if (2..5).contains(&x) && (1..3).contains(&y) { 255 } else { 0 }])
        });
        for exif in 1..=8 {
            let turn = Orientation::from_exif(exif).expect("1 to 8");
            let mut upright = DynamicImage::from(stored.clone());
            upright.apply_orientation(turn.of_image_crate());
            let upright = upright.into_luma8();
            let (w, h) = upright.dimensions();
            assert_eq!((w, h), turn.upright_size(8, 4), "orientation {exif}");
            let lit = || upright.enumerate_pixels().filter(|(_, _, p)| p.0[0] > 0);
            let x0 = lit().map(|(x, _, _)| x).min().expect("some");
            let y0 = lit().map(|(_, y, _)| y).min().expect("some");
            let x1 = lit().map(|(x, _, _)| x + 1).max().expect("some");
            let y1 = lit().map(|(_, y, _)| y + 1).max().expect("some");
            let seen = BBox::from_pixels([x0, y0, x1, y1].map(f64::from), w, h);
            assert!(turn.to_upright(bright).iou(&seen) > 0.999_999, "orientation {exif}");
            assert!(turn.to_stored(seen).iou(&bright) > 0.999_999, "orientation {exif}");
        }
        assert_eq!(Orientation::from_exif(0), None);
        assert_eq!(Orientation::from_exif(9), None);
    }
}
