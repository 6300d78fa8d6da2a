//! Data sets: labeled images from a folder, one object each, with classes and splits.
//!
//! A format's reader gives [`Labels`]: every object of every image, as the files say. Checking them
//! against the images gives [`Contents`]; the policy for images with no or several objects, and the
//! splits, turn those into a [`Dataset`]. What was left out or repaired on the way is in the
//! [`Report`].
//!
//! # The way of an image
//!
//! | step | type | what it knows |
//! |---|---|---|
//! | reading label files | [`Labels`] | what the files say, unchecked |
//! | checking against image headers | [`Contents`] | boxes in upright pixels, all objects |
//! | policies and splits | [`Dataset`] | one object per image, train, val or test |
//! | decoding and scaling | [`Prepared`] | RGB bytes at the size of the net |
//! | augmenting and normalizing | a batch | `f32`, NHWC |
//!
//! Each step can be used alone: [`Contents::read`] for a detector of several objects,
//! [`Prepared::fill_batch`] for a trainer that is not paso's.
//!
//! # Conventions
//!
//! - A box is `[x_min, y_min, x_max, y_max]`, by *edges* of pixels: a box over all of a 40x30 image
//!   is `[0, 0, 40, 30]`. Formats that count pixels from 1 and include the last are off by at most
//!   one pixel; they do not say so, and it is not corrected.
//! - Boxes are kept for the *upright* image, after the EXIF orientation was applied.
//! - A name is a path below the image folder, with `/` on every system, and identifies an image.
//! - Everything chosen at random follows from a seed and from names, never from the order of files.

mod batches;
mod check;
mod contents;
mod detect;
mod duplicates;
mod files;
mod formats;
mod labels;
mod prepared;
mod report;
mod split;
mod store;
mod write;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use contents::{AnnotatedImage, Boxed, Contents};
pub use formats::Format;
pub use labels::{LabeledImage, Labels, Object, Unit};
pub use prepared::{MEAN, PrepareOptions, Prepared, STD};
pub use report::{Effect, Problem, ProblemKind, Report};

use crate::demo::scene::Scene;
use crate::image::{ImageLimits, Orientation};
use crate::{BBox, Error};
pub(crate) use write::write;

/// Labeled images, one object each.
///
/// Nothing is decoded yet: a sample knows where its pixels come from, how large they are and how
/// they are turned. [`Prepared::new`] decodes.
///
/// ```
/// use paso_locate::data::{Dataset, LoadOptions, Split};
/// use paso_locate::demo::{DemoOptions, write_voc};
///
/// let place = tempfile::tempdir().expect("a temporary folder");
/// let folder = place.path().join("scenes");
/// write_voc(&DemoOptions { train: 6, val: 2, seed: 0 }, 32, &folder)?;
///
/// let (mut dataset, report) = Dataset::load(&folder, &LoadOptions::default())?;
/// assert!(report.problems.is_empty());
/// assert_eq!(dataset.indices(Split::Val).len(), 2);
/// // The first of four parts becomes the validation split.
/// dataset.fold(0, 4, 1)?;
/// assert_eq!(dataset.boxes(Split::Train).len(), 6);
/// # Ok::<(), paso_locate::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Class names, sorted; a sample's class is an index into them. Only classes that a sample has.
    pub classes: Vec<String>,
    /// The images, sorted by split and name.
    pub samples: Vec<Sample>,
}

/// An image with its one object.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Where the pixels come from.
    pub source: Source,
    /// The image's name in its data set: its path below the image folder, with `/`.
    pub name: String,
    /// Width in pixels, upright.
    pub width: u32,
    /// Height in pixels, upright.
    pub height: u32,
    /// How the stored image is turned upright.
    pub orientation: Orientation,
    /// The object, as fractions of the upright image.
    pub bbox: BBox,
    /// The object's class, an index into [`Dataset::classes`].
    pub class: usize,
    /// What the image is for.
    pub split: Split,
}

impl Sample {
    /// A box of the upright image, in pixels of the image as it is stored:
    /// `[x_min, y_min, x_max, y_max]`.
    #[must_use]
    pub fn to_stored_pixels(&self, bbox: &BBox) -> [f64; 4] {
        // Turning back is the same exchange of the axes as turning.
        let (width, height) = self.orientation.upright_size(self.width, self.height);
        self.orientation.to_stored(*bbox).to_pixels(width, height)
    }
}

/// Where a sample's pixels come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// An image file.
    File(PathBuf),
    /// A scene that is drawn when it is needed.
    Scene(Scene),
}

/// What a sample is for. Written and parsed as `train`, `val` and `test`.
///
/// Choosing settings by the test split makes it a second validation split: report on it once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// To train on.
    Train,
    /// To choose by.
    Val,
    /// To report on, once.
    Test,
}

impl std::fmt::Display for Split {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
        })
    }
}

impl std::str::FromStr for Split {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "train" => Ok(Self::Train),
            "val" => Ok(Self::Val),
            "test" => Ok(Self::Test),
            _ => Err(Error::invalid_value("split", text, "train, val or test")),
        }
    }
}

/// What to do with an image that has several objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SeveralObjects {
    /// Leave it out and say so. The default: with several objects, one box is no fair question.
    #[default]
    Skip,
    /// Keep the object with the largest area in pixels, the first of equals.
    Largest,
    /// Refuse the data set.
    Error,
}

/// How a folder is read.
///
/// ```
/// use paso_locate::data::{Format, LoadOptions, SeveralObjects};
/// let options = LoadOptions {
///     format: Some(Format::Yolo),
///     several_objects: SeveralObjects::Largest,
///     ..LoadOptions::default()
/// };
/// assert_eq!((options.val_fraction, options.split_seed), (0.2, 0));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoadOptions {
    /// The format. Default `None`: found out by looking.
    pub format: Option<Format>,
    /// Images with several objects. Default: skip. Images without an object are always skipped.
    pub several_objects: SeveralObjects,
    /// Where the data set does not say it: the share of each class that becomes the validation
    /// split, above 0 and below 1. Default 0.2.
    pub val_fraction: f64,
    /// Where the data set does not say it: the seed of that choice. Default 0.
    pub split_seed: u64,
    /// How large an image may be.
    pub limits: ImageLimits,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            format: None,
            several_objects: SeveralObjects::default(),
            val_fraction: 0.2,
            split_seed: 0,
            limits: ImageLimits::default(),
        }
    }
}

impl LoadOptions {
    fn checked(&self) -> Result<(), Error> {
        if self.val_fraction > 0.0 && self.val_fraction < 1.0 {
            Ok(())
        } else {
            Err(Error::invalid_value("val_fraction", self.val_fraction, "above 0 and below 1"))
        }
    }
}

impl Dataset {
    /// Reads a folder. Labels are read, and every image's header; no image is decoded yet.
    ///
    /// Images that cannot be used are left out and are in the report. Labels that are malformed
    /// (not parseable, a field missing, a coordinate that is no number, a path out of the folder)
    /// refuse the whole set: who knows what else is wrong.
    ///
    /// ```no_run
    /// use paso_locate::data::{Dataset, LoadOptions};
    /// let (dataset, report) = Dataset::load("photos".as_ref(), &LoadOptions::default())?;
    /// println!("{report}");
    /// println!("{} classes", dataset.classes.len());
    /// # Ok::<(), paso_locate::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Io`], [`Error::NotADataset`], [`Error::Labels`], and [`Error::InvalidValue`] for
    /// options out of range. A set without one usable sample is [`Error::NotADataset`] too.
    pub fn load(dir: &Path, options: &LoadOptions) -> Result<(Self, Report), Error> {
        options.checked()?;
        let (contents, mut report) = Contents::read(dir, options)?;
        report.refuse_malformed()?;
        let mut dataset = contents.into_dataset(options.several_objects, &mut report.problems);
        report.refuse_malformed()?;
        if dataset.samples.is_empty() {
            return Err(Error::NotADataset {
                path: dir.to_path_buf(),
                message: format!("no image can be used\n{report}"),
            });
        }
        split::complete(&mut dataset.samples, options, &mut report);
        dataset.samples.sort_by(|a, b| (a.split, &a.name).cmp(&(b.split, &b.name)));
        report.problems.extend(dataset.duplicates());
        report.count(&dataset);
        Ok((dataset, report))
    }

    /// Makes one of `folds` parts of the train and validation samples the validation split, and the
    /// others the training split, each part with the same share of every class. Test samples stay.
    /// Another seed cuts other parts: repeat with several.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidValue`] if `folds` is below 2 or above the number of samples, or `fold` is
    /// not below `folds`.
    pub fn fold(&mut self, fold: usize, folds: usize, seed: u64) -> Result<(), Error> {
        let mut samples: Vec<&mut Sample> =
            self.samples.iter_mut().filter(|s| s.split != Split::Test).collect();
        samples.sort_by(|a, b| a.name.cmp(&b.name));
        let classes: Vec<usize> = samples.iter().map(|s| s.class).collect();
        let dealt = split::deal(&classes, fold, folds, seed)?;
        for (sample, is_val) in samples.into_iter().zip(dealt) {
            sample.split = if is_val { Split::Val } else { Split::Train };
        }
        self.samples.sort_by(|a, b| (a.split, &a.name).cmp(&(b.split, &b.name)));
        Ok(())
    }

    /// Indices into [`Dataset::samples`] of the samples of a split, ascending: what
    /// [`Prepared::new`] takes.
    #[must_use]
    pub fn indices(&self, split: Split) -> Vec<usize> {
        (0..self.samples.len()).filter(|&i| self.samples[i].split == split).collect()
    }

    /// The boxes of a split, in the order of [`Dataset::indices`]: for baselines such as
    /// [`best_constant_box`](crate::metrics::best_constant_box), which need no pixels.
    #[must_use]
    pub fn boxes(&self, split: Split) -> Vec<BBox> {
        self.samples.iter().filter(|s| s.split == split).map(|s| s.bbox).collect()
    }
}

/// Reads a folder and writes it in another format: every usable image with all of its objects and
/// its split. The report says what was left out.
///
/// `out` must be empty or not there yet; it is whole afterwards, or as it was. Images keep their
/// bytes, and boxes all of their digits: what is read from `out` has the bits of what was read from
/// `dir`, whatever the formats.
///
/// ```
/// use paso_locate::data::{Dataset, Format, LoadOptions, convert};
/// use paso_locate::demo::{DemoOptions, write_voc};
///
/// let place = tempfile::tempdir().expect("a temporary folder");
/// let [voc, coco] = ["voc", "coco"].map(|name| place.path().join(name));
/// write_voc(&DemoOptions { train: 3, val: 1, seed: 0 }, 32, &voc)?;
/// let options = LoadOptions::default();
/// convert(&voc, &options, Format::Coco, &coco)?;
/// let [before, after] = [&voc, &coco].map(|dir| Dataset::load(dir, &options));
/// assert_eq!(before?.0.samples[0].bbox, after?.0.samples[0].bbox);
/// # Ok::<(), paso_locate::Error>(())
/// ```
///
/// # Errors
///
/// As [`Dataset::load`]; [`Error::InvalidValue`] if `out` is not empty; [`Error::Folder`] if two
/// images would have the same label file.
pub fn convert(
    dir: &Path,
    options: &LoadOptions,
    format: Format,
    out: &Path,
) -> Result<Report, Error> {
    let (contents, report) = Contents::read(dir, options)?;
    report.refuse_malformed()?;
    if contents.images.is_empty() {
        let message = format!("no image can be used\n{report}");
        return Err(Error::NotADataset { path: dir.to_path_buf(), message });
    }
    write(&contents, format, out)?;
    Ok(report)
}
