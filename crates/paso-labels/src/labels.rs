//! A folder of labeled images: everything that can be used of it, checked.

use std::path::{Path, PathBuf};

use crate::check::Checked;
use crate::folder::{Files, ImageIndex};
use crate::formats::Input;
use crate::image::Orientation;
use crate::report::Report;
use crate::{Error, ReadOptions, Split, check, detect, plausible, splits, warnings};

/// The images of a folder with all of their objects.
///
/// Only usable images are here: one that is missing, broken, of another size than its label says,
/// or has a box that cannot be is left out as a whole and is in the [`Report`]. Images without an
/// object are kept.
///
/// ```
/// use paso_labels::{Labels, ReadOptions};
///
/// # let place = tempfile::tempdir().expect("a temporary folder");
/// # let folder = place.path();
/// # image::RgbImage::new(40, 30).save(folder.join("cat.png")).expect("it is written");
/// # std::fs::write(folder.join("labels.csv"), "cat.png,10,5,30,25,cat\n").expect("written");
/// let (labels, report) = Labels::read(folder, &ReadOptions::default())?;
/// assert!(report.problems.is_empty(), "{report}");
/// for image in &labels.images {
///     for object in &image.objects {
///         let [x0, y0, x1, y1] = object.xyxy;
///         println!("{}: {} {x0} {y0} {x1} {y1}", image.name, labels.classes[object.class]);
///     }
/// }
/// # Ok::<(), paso_labels::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Labels {
    /// Class names; an object's class is an index into them.
    pub classes: Vec<String>,
    /// The images that can be used, sorted by path.
    pub images: Vec<LabeledImage>,
    /// True if split files were found: images in none of them are then not used.
    pub listed: bool,
    /// Images that were left out for a box that cannot be, with their boxes as the labels say them,
    /// so inverted or beyond the image: for people to look at.
    pub bad_boxes: Vec<LabeledImage>,
}

/// An image with all of its objects, checked against each other.
#[derive(Debug, Clone, PartialEq)]
pub struct LabeledImage {
    /// Where the image is.
    pub source: ImageSource,
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
    pub objects: Vec<Object>,
    /// What the image is for; `None` if nothing says it.
    pub split: Option<Split>,
}

/// Where an image is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSource {
    /// In a file.
    File(PathBuf),
    /// In memory, encoded (JPEG, PNG, ...): for data sets that are made and not read.
    Encoded(Vec<u8>),
}

/// An object of an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Object {
    /// An index into [`Labels::classes`].
    pub class: usize,
    /// `[x_min, y_min, x_max, y_max]` in pixels of the upright image, inside of it, not empty.
    pub xyxy: [f64; 4],
}

impl Object {
    /// Area in square pixels.
    #[must_use]
    pub fn area(&self) -> f64 {
        let [x0, y0, x1, y1] = self.xyxy;
        (x1 - x0) * (y1 - y0)
    }
}

impl Labels {
    /// Labels that are made and not read: of images that are all used.
    #[must_use]
    pub fn new(classes: Vec<String>, images: Vec<LabeledImage>) -> Self {
        Self { classes, images, listed: true, bad_boxes: Vec::new() }
    }

    /// Reads a folder: label files, and the header of every image; no image is decoded.
    ///
    /// Malformed labels are in the report; their images are left out, and nothing else is doubted;
    /// [`Report::refuse_malformed`] is for those who do not want to train on the rest.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] for a folder that cannot be read; [`Error::NotADataset`] where there is no
    /// folder or no labels are found, with what was looked at.
    pub fn read(dir: &Path, options: &ReadOptions) -> Result<(Self, Report), Error> {
        let mut problems = Vec::new();
        let files = Files::scan(dir, &mut problems)?;
        let index = ImageIndex::new(&files);
        let input = Input { files: &files, index: &index };
        let (mut raw, evidence) = detect::read(&input, options.format)?;
        raw.complete(&files);
        problems.append(&mut raw.problems);
        let lists = splits::read_lists(&input, &raw, &mut problems);
        let headers = check::headers(&files, &raw, &options.limits);
        plausible::apply(&mut raw, &headers, options, &files, &mut problems);
        let Checked { images, bad_boxes } =
            check::check_all(&raw, headers, &lists, &files, &mut problems);
        let mut report = Report::new(dir, raw.format, raw.images.len(), problems);
        report.evidence = evidence;
        let (classes, listed) = (raw.classes, lists.are_there());
        let labels = Self { classes, images, listed, bad_boxes };
        report.problems.extend(warnings::alike_classes(&labels, dir));
        Ok((labels, report))
    }
}
