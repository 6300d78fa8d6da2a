//! Labeled image folders: read in any common format, checked, converted.
//!
//! ```
//! use paso_labels::{Labels, ReadOptions};
//! # let place = tempfile::tempdir().expect("a temporary folder");
//! # let folder = place.path();
//! # image::RgbImage::new(40, 30).save(folder.join("cat.png")).expect("it is written");
//! # std::fs::write(folder.join("labels.csv"), "cat.png,10,5,30,25,cat\n").expect("written");
//!
//! let (labels, report) = Labels::read(folder, &ReadOptions::default())?;
//! println!("{report}");
//! assert_eq!(labels.classes, ["cat"]);
//! assert_eq!(labels.images[0].objects[0].xyxy, [10.0, 5.0, 30.0, 25.0]);
//! # Ok::<(), paso_labels::Error>(())
//! ```
//!
//! # The way of a label
//!
//! | step | where | what it knows |
//! |---|---|---|
//! | the files of the folder | `folder/` | names, text, which image a name means |
//! | reading label files | `formats/` | what the files say, unchecked |
//! | the whole set | `plausible.rs` | whether the numbers are what they are taken for |
//! | checking against image headers | `check.rs` | boxes in upright pixels |
//! | [`Labels`] | `labels.rs` | every usable image with all of its objects |
//!
//! # Conventions
//!
//! - A box is `[x_min, y_min, x_max, y_max]`, by *edges* of pixels: a box over all of a 40x30 image
//!   is `[0, 0, 40, 30]`. Formats that count pixels from 1 and include the last are off by at most
//!   one pixel; they do not say so, and it is not corrected.
//! - Boxes are kept for the *upright* image, after the EXIF orientation was applied.
//! - A name is a path below the image folder, with `/` on every system, and identifies an image.
//! - Messages name an option by the switch that the program `paso` has for it: `--box-format xywh` is
//!   [`ReadOptions::box_format`], `--max-megapixels` is
//!   [`ImageLimits::max_pixels`](image::ImageLimits::max_pixels).
//! - Nothing outside of the folder is opened, nothing in it is changed, and what is wrong with it is
//!   said by file, line and value; it never leads to a panic.

mod boxes;
mod check;
mod convert;
mod detect;
mod duplicates;
mod error;
mod folder;
mod formats;
pub mod image;
mod inspect;
mod json;
mod labels;
mod near;
mod number;
mod options;
mod plausible;
mod raw;
mod repair;
mod report;
mod splits;
mod summary;
#[cfg(test)]
mod testing;
mod warnings;
mod write;
mod xml;

pub use boxes::BBox;
pub use convert::{check_output, convert};
pub use duplicates::{ImageFile, same_files};
pub use error::Error;
pub use folder::image_files;
pub use formats::Format;
pub use inspect::{Inspection, inspect};
pub use labels::{ImageSource, LabeledImage, Labels, Object};
pub use near::{Fingerprint, PrintedImage, difference_hash, near_duplicates};
pub use options::{BoxFormat, BoxUnits, ReadOptions};
pub use repair::{Repair, repair};
pub use report::{Effect, Evidence, Problem, ProblemKind, Report, one_line};
pub use splits::Split;
pub use summary::{Spread, Summary};
pub use warnings::split_warnings;
pub use write::write;

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
