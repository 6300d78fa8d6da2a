//! How a folder is read, and the conventions of boxes.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::image::ImageLimits;
use crate::{Error, Format};

/// How a folder is read.
///
/// ```
/// use paso_labels::{BoxFormat, Format, ReadOptions};
/// let options = ReadOptions {
///     format: Some(Format::Csv),
///     box_format: Some(BoxFormat::Xywh),
///     ..ReadOptions::default()
/// };
/// assert_eq!(options.box_units, None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReadOptions {
    /// The format. Default `None`: detected.
    pub format: Option<Format>,
    /// What the four numbers of a box are. Default `None`: what the format says.
    pub box_format: Option<BoxFormat>,
    /// What they are measured in. Default `None`: what the format says.
    pub box_units: Option<BoxUnits>,
    /// How large an image may be.
    pub limits: ImageLimits,
}

/// What the four numbers of a box are. Written and parsed as `xyxy`, `xywh`, `cxcywh` and `xxyy`.
///
/// ```
/// use paso_labels::BoxFormat;
/// let format: BoxFormat = "cxcywh".parse()?;
/// assert_eq!(format.to_xyxy([30.0, 20.0, 10.0, 8.0]), [25.0, 16.0, 35.0, 24.0]);
/// # Ok::<(), paso_labels::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BoxFormat {
    /// Left, top, right, bottom: Pascal VOC and most tables.
    Xyxy,
    /// Left, top, width, height: COCO.
    Xywh,
    /// Center, width, height: YOLO.
    Cxcywh,
    /// Left, right, top, bottom.
    Xxyy,
}

impl BoxFormat {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Xyxy, Self::Xywh, Self::Cxcywh, Self::Xxyy];

    /// The name that users write, such as `xywh`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Xyxy => "xyxy",
            Self::Xywh => "xywh",
            Self::Cxcywh => "cxcywh",
            Self::Xxyy => "xxyy",
        }
    }

    /// Four numbers of this format as left, top, right, bottom.
    #[must_use]
    pub fn to_xyxy(self, [a, b, c, d]: [f64; 4]) -> [f64; 4] {
        match self {
            Self::Xyxy => [a, b, c, d],
            Self::Xywh => [a, b, a + c, b + d],
            Self::Cxcywh => [a - c / 2.0, b - d / 2.0, a + c / 2.0, b + d / 2.0],
            Self::Xxyy => [a, c, b, d],
        }
    }
}

/// What the numbers of a box are measured in. Written and parsed as `px`, `share` and `percent`.
///
/// Pixels are of the image that the label states the size of, which may be the stored one. Shares
/// and percents are of the upright image: the tools that write them show images upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BoxUnits {
    /// Pixels of the image, edges: 0 to width and height.
    Px,
    /// Shares of the upright image's sides, 0 to 1.
    Share,
    /// Percent of the upright image's sides, 0 to 100.
    Percent,
}

impl BoxUnits {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Px, Self::Share, Self::Percent];

    /// The name that users write, such as `px`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Px => "px",
            Self::Share => "share",
            Self::Percent => "percent",
        }
    }
}

impl FromStr for BoxFormat {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|format| format.name() == text);
        found.ok_or_else(|| Error::invalid_value("box_format", text, "xyxy, xywh, cxcywh or xxyy"))
    }
}

impl FromStr for BoxUnits {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|units| units.name() == text);
        found.ok_or_else(|| Error::invalid_value("box_units", text, "px, share or percent"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for format in BoxFormat::ALL {
            assert_eq!(format.name().parse::<BoxFormat>().expect("a name"), format);
        }
        for units in BoxUnits::ALL {
            assert_eq!(units.name().parse::<BoxUnits>().expect("a name"), units);
        }
        let message = "yxyx".parse::<BoxFormat>().expect_err("no such format").to_string();
        assert_eq!(message, "box_format is yxyx; it must be xyxy, xywh, cxcywh or xxyy");
        let message = "mm".parse::<BoxUnits>().expect_err("no such unit").to_string();
        assert_eq!(message, "box_units is mm; it must be px, share or percent");
    }

    #[test]
    fn every_format_of_one_box_is_the_same_box() {
        let one = [10.0, 20.0, 30.0, 60.0];
        for (format, numbers) in [
            (BoxFormat::Xyxy, [10.0, 20.0, 30.0, 60.0]),
            (BoxFormat::Xywh, [10.0, 20.0, 20.0, 40.0]),
            (BoxFormat::Cxcywh, [20.0, 40.0, 20.0, 40.0]),
            (BoxFormat::Xxyy, [10.0, 30.0, 20.0, 60.0]),
        ] {
            assert_eq!(format.to_xyxy(numbers), one, "{format:?}");
        }
    }
}
