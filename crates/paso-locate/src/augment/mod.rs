//! Random changes of images and boxes for training.
//!
//! One affine map (mirror, zoom, shift, aspect, turn) and one linear change of colors an image,
//! both applied in a single pass over the output that also normalizes. All randomness comes from
//! (seed, epoch, sample), so a resumed run draws what it would have drawn.
//!
//! # Order of the changes
//!
//! Geometry: mirror, scale each axis, turn, shift. Colors: brightness, contrast, saturation. Both
//! are linear, so that each is one set of coefficients per image, whatever is switched on, and a
//! pixel is read once (bilinear, between the four nearest centers). Then a rectangle may be erased.
//!
//! What lies outside of the source becomes 0 in the normalized input, the mean color of ImageNet.
//!
//! # Boxes
//!
//! Without a turn, the box of the moved object is the moved box. With one, the corners of a turned
//! box reach beyond the object; an ellipse inside the box is a better model of most objects, and
//! its bounding box has half sides `hypot(a * w / 2, b * h / 2)` for a row `[a, b]` of the map.

mod draw;
pub(crate) mod map;

use serde::{Deserialize, Serialize};

use crate::metrics::best_constant_box;
use crate::{BBox, Error};
pub(crate) use draw::{View, normalize_into};

/// What is changed, and how much.
///
/// ```
/// use paso_locate::augment::Augment;
/// let turned = Augment { rotate: 10.0, ..Augment::default() }.checked()?;
/// assert_eq!(turned.without_geometry().rotate, 0.0);
/// let error = Augment { zoom: 9.0, ..turned }.checked().expect_err("out of range");
/// assert_eq!(error.to_string(), "zoom is 9; it must be from 1 to 4");
/// # Ok::<(), paso_locate::Error>(())
/// ```
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

impl Augment {
    /// Images as they are: every probability and range is at its neutral value.
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

    /// More of everything, for long runs on few images: zoom 1.5, shift 0.15, aspect 1.2, turns of
    /// 8 degrees, colors 0.3, and a quarter of the images partly covered. Short runs learn less
    /// under it.
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

    /// Less zoom, shift, stretch and turning where these boxes, of the training images, hardly
    /// differ: all of it up to a mean `IoU` of 0.7 that the best constant box scores on them, none
    /// from 0.85 on, in between a share.
    ///
    /// Where every object fills the image in the same way, that is most of what there is to know,
    /// and a net that is shown other views has to find it out anew: on airplanes and motorcycles
    /// whose constant box scores 0.88, a net trained on strongly changed views came to 0.83, and
    /// one on views that were not moved to 0.91.
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

    /// Checks every field against its range, which the fields document, and returns the same
    /// settings. NaN is in no range.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidValue`] with the field, its value and the values allowed.
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
                return Err(Error::invalid_value(field, value, allowed));
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests;
