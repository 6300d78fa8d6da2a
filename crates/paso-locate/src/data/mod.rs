//! Data sets: labeled images from a folder, one object each, with classes and splits.
//!
//! `paso-labels` reads the folder: every object of every image, checked against the images. The
//! policy for images with no or several objects, and the splits, turn that into a [`Dataset`]. What
//! was left out or repaired on the way is in the [`Report`].
//!
//! # The way of an image
//!
//! | step | type | what it knows |
//! |---|---|---|
//! | reading a folder | [`Labels`] | boxes in upright pixels, all objects |
//! | policies and splits | [`Dataset`] | one object per image, train, val or test |
//! | decoding and scaling | [`Prepared`] | RGB bytes at the size of the net |
//! | augmenting and normalizing | a batch | `f32`, NHWC |
//!
//! Each step can be used alone: [`Labels::read`] for a detector of several objects,
//! [`Prepared::fill_batch`] for a trainer that is not paso's.
//!
//! Everything chosen at random follows from a seed and from names, never from the order of files.

mod batches;
mod choose;
mod prepared;
mod split;
mod store;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use paso_labels::{
    Effect, Format, Labels, Problem, ProblemKind, ReadOptions, Report, Split, convert,
};
pub use prepared::{MEAN, PrepareOptions, Prepared, STD};

use crate::demo::scene::Scene;
use crate::image::Orientation;
use crate::{BBox, Error};

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

/// How a folder becomes a data set.
///
/// ```
/// use paso_locate::data::{Format, LoadOptions, ReadOptions, SeveralObjects};
/// let options = LoadOptions {
///     read: ReadOptions { format: Some(Format::Yolo), ..ReadOptions::default() },
///     several_objects: SeveralObjects::Largest,
///     ..LoadOptions::default()
/// };
/// assert_eq!((options.val_fraction, options.split_seed), (0.2, 0));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoadOptions {
    /// How its files are read.
    pub read: ReadOptions,
    /// Images with several objects. Default: skip. Images without an object are always skipped.
    pub several_objects: SeveralObjects,
    /// Where the data set does not say it: the share of each class that becomes the validation
    /// split, above 0 and below 1. Default 0.2.
    pub val_fraction: f64,
    /// Where the data set does not say it: the seed of that choice. Default 0.
    pub split_seed: u64,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            read: ReadOptions::default(),
            several_objects: SeveralObjects::default(),
            val_fraction: 0.2,
            split_seed: 0,
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
    /// [`Error::Labels`] for what `paso_labels` refuses, and for a set without one usable sample;
    /// [`Error::InvalidValue`] for options out of range.
    pub fn load(dir: &Path, options: &LoadOptions) -> Result<(Self, Report), Error> {
        options.checked()?;
        let (labels, mut report) = Labels::read(dir, &options.read)?;
        report.refuse_malformed()?;
        let dataset = Self::from_labels(labels, options, &mut report)?;
        Ok((dataset, report))
    }

    /// Makes a data set of the labels of a folder: one object an image, and a validation split where
    /// there is none. What is left out on the way is added to the report.
    ///
    /// # Errors
    ///
    /// As [`Dataset::load`].
    pub fn from_labels(
        labels: Labels,
        options: &LoadOptions,
        report: &mut Report,
    ) -> Result<Self, Error> {
        options.checked()?;
        let mut dataset = choose::one_object(labels, options.several_objects, &mut report.problems);
        report.refuse_malformed()?;
        if dataset.samples.is_empty() {
            return Err(Error::Labels(paso_labels::Error::NotADataset {
                path: report.dir.clone(),
                message: format!("no image can be used\n{report}"),
            }));
        }
        split::complete(&mut dataset.samples, options, report);
        dataset.samples.sort_by(|a, b| (a.split, &a.name).cmp(&(b.split, &b.name)));
        report.problems.extend(dataset.duplicates());
        report.count(dataset.classes_and_splits());
        Ok(dataset)
    }

    /// The class and the split of each sample: what [`paso_labels::split_warnings`] takes.
    pub fn classes_and_splits(&self) -> impl Iterator<Item = (&str, Split)> {
        self.samples.iter().map(|s| (&*self.classes[s.class], s.split))
    }

    /// Samples that are the same file under another name: see [`paso_labels::same_files`]. The
    /// report of [`Dataset::load`] has them; after [`Dataset::fold`] other samples lie in different
    /// splits.
    #[must_use]
    pub fn duplicates(&self) -> Vec<Problem> {
        let files = self.samples.iter().filter_map(|sample| match &sample.source {
            Source::File(path) => {
                let split = Some(sample.split);
                Some(paso_labels::ImageFile { path, name: &sample.name, split })
            }
            Source::Scene(_) => None,
        });
        paso_labels::same_files(files.collect())
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
