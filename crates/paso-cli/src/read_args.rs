//! The arguments that say how a folder of labeled images is read.
//!
//! Everything has a default that is detected or that the format says; a flag says it where a folder
//! does not. Messages of the readers name these flags.

use clap::Args;
use paso_locate::data::{Format, ReadOptions};
use paso_locate::image::ImageLimits;
use paso_locate::labels::{BoxFormat, BoxUnits};

/// How a folder is read.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "How the labels are read")]
pub(crate) struct ReadArgs {
    /// Read the labels as voc, coco, yolo, csv, labelme, createml, cvat or vott [default: detected]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// What the four numbers of a box are: xyxy (left top right bottom), xywh (left top width
    /// height), cxcywh (center, width, height) or xxyy [default: what the format says]
    #[arg(long, value_name = "FORM")]
    box_format: Option<BoxFormat>,
    /// What they are measured in: px, share (0 to 1) or percent [default: what the format says]
    #[arg(long, value_name = "UNITS")]
    box_units: Option<BoxUnits>,
    #[command(flatten)]
    limits: LimitArgs,
}

/// The most pixels of an image where nothing else is asked for, in millions.
const MEGAPIXELS: u64 = 50;

/// How large an image may be.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct LimitArgs {
    /// The most pixels of an image, in millions; larger ones are refused before they are decoded
    #[arg(long, value_name = "N", default_value_t = MEGAPIXELS, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    max_megapixels: u64,
}

impl ReadArgs {
    /// As the library takes it.
    pub(crate) fn options(&self) -> ReadOptions {
        ReadOptions {
            format: self.format,
            box_format: self.box_format,
            box_units: self.box_units,
            limits: self.limits(),
        }
    }

    /// How large an image may be.
    pub(crate) fn limits(&self) -> ImageLimits {
        self.limits.limits()
    }

    /// The flags that were given, for a command that reads the same images.
    pub(crate) fn flags(&self) -> Vec<String> {
        let mut flags = Vec::new();
        let mut add = |name: &str, value: Option<String>| {
            flags.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]));
        };
        add("--format", self.format.map(|format| format.to_string()));
        add("--box-format", self.box_format.map(|form| form.name().into()));
        add("--box-units", self.box_units.map(|units| units.name().into()));
        let megapixels = self.limits.max_megapixels;
        add("--max-megapixels", (megapixels != MEGAPIXELS).then(|| megapixels.to_string()));
        flags
    }
}

impl LimitArgs {
    /// As the library takes it. The limit of a file's bytes grows with that of its pixels.
    pub(crate) fn limits(self) -> ImageLimits {
        let usual = ImageLimits::default();
        let max_pixels = self.max_megapixels * 1_000_000;
        ImageLimits { max_pixels, max_bytes: usual.max_bytes.max(4 * max_pixels) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        read: ReadArgs,
    }

    #[test]
    fn without_a_flag_everything_is_as_the_library_has_it() {
        let line = Line::parse_from(["paso"]);
        assert_eq!(line.read.options(), ReadOptions::default());
    }

    #[test]
    fn every_flag_arrives_and_a_wrong_value_names_what_is_allowed() {
        let line = Line::parse_from([
            "paso",
            "--format",
            "csv",
            "--box-format",
            "xywh",
            "--box-units",
            "percent",
            "--max-megapixels",
            "200",
        ]);
        let options = line.read.options();
        assert_eq!(options.format, Some(Format::Csv));
        assert_eq!(options.box_format, Some(BoxFormat::Xywh));
        assert_eq!(options.box_units, Some(BoxUnits::Percent));
        assert_eq!(options.limits.max_pixels, 200_000_000);
        assert_eq!(options.limits.max_bytes, 800_000_000);
        for (flag, value, says) in [
            ("--format", "png", "voc"),
            ("--box-format", "yxyx", "xyxy"),
            ("--box-units", "mm", "percent"),
            ("--max-megapixels", "0", "1"),
        ] {
            let error = Line::try_parse_from(["paso", flag, value]).expect_err("a wrong value");
            assert!(error.to_string().contains(says), "{error}");
        }
    }
}
