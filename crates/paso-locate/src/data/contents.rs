//! Everything that a folder holds, before one object an image is chosen.
//!
//! [`Contents`] is for those who want every object: a detector of several objects, statistics, or
//! another policy than [`SeveralObjects`]. [`Dataset::load`] starts from it.

use std::path::{Path, PathBuf};

use super::files::Files;
use super::report::{Problem, ProblemKind, Report};
use super::{
    Dataset, Labels, LoadOptions, Sample, SeveralObjects, Source, Split, check, detect, split,
};
use crate::image::Orientation;
use crate::{BBox, Error};

/// The images of a folder with all of their objects.
///
/// Only usable images are here: one that is missing, broken, of another size than its label says,
/// or has a box that cannot be is left out as a whole and is in the [`Report`]. Images without an
/// object are kept.
///
/// ```
/// use paso_locate::data::{Contents, LoadOptions};
/// use paso_locate::demo::{DemoOptions, write_voc};
///
/// let place = tempfile::tempdir().expect("a temporary folder");
/// let folder = place.path().join("scenes");
/// write_voc(&DemoOptions { train: 3, val: 1, seed: 0 }, 32, &folder)?;
///
/// let (contents, report) = Contents::read(&folder, &LoadOptions::default())?;
/// assert!(report.problems.is_empty());
/// for image in &contents.images {
///     let [x0, y0, x1, y1] = image.objects[0].xyxy;
///     assert!(x0 < x1 && x1 <= f64::from(image.width) && y0 < y1);
/// }
/// # Ok::<(), paso_locate::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Contents {
    /// Class names; an object's class is an index into them.
    pub classes: Vec<String>,
    /// The images that can be used, sorted by path.
    pub images: Vec<AnnotatedImage>,
    /// True if split files were found: images in none of them are then not used.
    pub listed: bool,
}

/// An image with all of its objects, checked against each other.
#[derive(Debug, Clone, PartialEq)]
pub struct AnnotatedImage {
    /// Where the pixels come from.
    pub source: Source,
    /// The image's name in its data set: its path below the image folder, with `/`.
    pub name: String,
    /// Its label file.
    pub label: PathBuf,
    /// The line in the label file, from 1, if that has a line an image.
    pub line: Option<usize>,
    /// Width in pixels, upright.
    pub width: u32,
    /// Height in pixels, upright.
    pub height: u32,
    /// How the stored image is turned upright.
    pub orientation: Orientation,
    /// What is on it, in the label's order.
    pub objects: Vec<Boxed>,
    /// What the image is for; `None` if nothing says it.
    pub split: Option<Split>,
}

/// An object of an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Boxed {
    /// An index into [`Contents::classes`].
    pub class: usize,
    /// `[x_min, y_min, x_max, y_max]` in pixels of the upright image, inside of it, not empty.
    pub xyxy: [f64; 4],
}

impl Boxed {
    /// Area in square pixels.
    #[must_use]
    pub fn area(&self) -> f64 {
        let [x0, y0, x1, y1] = self.xyxy;
        (x1 - x0) * (y1 - y0)
    }
}

impl Contents {
    /// Reads a folder as [`Dataset::load`] does, but keeps everything, and puts malformed labels
    /// into the report instead of refusing the folder for them.
    ///
    /// Of the options, the policy for several objects and the choice of a validation split are not
    /// used here: they are for [`Dataset`].
    ///
    /// # Errors
    ///
    /// [`Error::Io`] for a folder or a label file that cannot be read; [`Error::NotADataset`] where
    /// there is no folder or no labels are found.
    pub fn read(dir: &Path, options: &LoadOptions) -> Result<(Self, Report), Error> {
        let files = Files::scan(dir)?;
        let mut problems = Vec::new();
        let format = match options.format {
            Some(format) => format,
            None => detect::detect(&files, &mut problems)?,
        };
        let (mut labels, found) = format.read(&files)?;
        problems.extend(found);
        labels.complete(&files, &mut problems);
        let lists = split::read_lists(&files, &labels, &mut problems)?;
        let images = check::check_all(&labels, &lists, &options.limits, &mut problems);
        let report = Report::new(dir, labels.format, labels.images.len(), problems);
        let Labels { classes, .. } = labels;
        Ok((Self { classes, images, listed: lists.are_there() }, report))
    }

    /// Chooses one object an image, by the policy of the options, and numbers the classes that are
    /// left by the order of their names.
    pub(crate) fn into_dataset(
        self,
        several: SeveralObjects,
        problems: &mut Vec<Problem>,
    ) -> Dataset {
        let Self { classes, images, listed } = self;
        let mut samples = Vec::with_capacity(images.len());
        for image in images {
            let split = match image.split {
                None if listed => continue,
                split => split.unwrap_or(Split::Train),
            };
            match image.one(several) {
                Ok(object) => samples.push(image.into_sample(object, split)),
                Err((kind, what)) => {
                    let message = format!("{}: {what}", image.name);
                    problems.push(Problem::new(kind, image.label, image.line, message));
                }
            }
        }
        let mut used: Vec<usize> = samples.iter().map(|s| s.class).collect();
        used.sort_by(|a, b| classes[*a].cmp(&classes[*b]));
        used.dedup();
        for sample in &mut samples {
            sample.class = used
                .binary_search_by(|u| classes[*u].cmp(&classes[sample.class]))
                .expect("every sample's class was collected");
        }
        Dataset { classes: used.iter().map(|&u| classes[u].clone()).collect(), samples }
    }
}

impl AnnotatedImage {
    /// The object to find, or why there is none.
    fn one(&self, several: SeveralObjects) -> Result<Boxed, (ProblemKind, String)> {
        match (&self.objects[..], several) {
            ([], _) => Err((ProblemKind::NoObject, "has no object".into())),
            ([one], _) => Ok(*one),
            (many, SeveralObjects::Skip) => {
                let what = "objects; several_objects = largest would keep one";
                Err((ProblemKind::SeveralObjects, format!("has {} {what}", many.len())))
            }
            (many, SeveralObjects::Error) => {
                let message = format!("has {} objects, and several_objects is error", many.len());
                Err((ProblemKind::Malformed, message))
            }
            (many, SeveralObjects::Largest) => {
                // The first of equals: `max_by` alone would take the last.
                let largest = many.iter().rev().max_by(|a, b| a.area().total_cmp(&b.area()));
                Ok(*largest.expect("there are several"))
            }
        }
    }

    fn into_sample(self, object: Boxed, split: Split) -> Sample {
        Sample {
            bbox: BBox::from_pixels(object.xyxy, self.width, self.height),
            class: object.class,
            source: self.source,
            name: self.name,
            width: self.width,
            height: self.height,
            orientation: self.orientation,
            split,
        }
    }
}
