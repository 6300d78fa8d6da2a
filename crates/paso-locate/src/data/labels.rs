//! What label files say, in one form for all formats: every object of every image, unchecked
//! against the pixels.
//!
//! Readers of all formats give this, so that everything after them is written once: what is
//! missing, what is labeled twice, which split an image belongs to, and whether boxes are possible.
//!
//! Corners are as the file has them: they may be inverted or beyond the image, but they are finite.

use std::collections::HashMap;

use super::files::{Files, split_of_folders};
use super::report::{Problem, ProblemKind};
use super::{Format, Split};

/// The labels of a data set, as its reader found them. See [`Contents`](super::Contents) for what
/// was checked against the images.
#[derive(Debug, Clone, PartialEq)]
pub struct Labels {
    /// The format they were read from.
    pub format: Format,
    /// Class names; an object's class is an index into them.
    pub classes: Vec<String>,
    /// The labeled images, sorted by path.
    pub images: Vec<LabeledImage>,
}

impl Labels {
    pub(crate) fn new(format: Format) -> Self {
        Self { format, classes: Vec::new(), images: Vec::new() }
    }

    /// What holds for all formats once everything is read: images in order, none of them labeled
    /// twice, splits by folder where the format names none, images without a label reported.
    pub(crate) fn complete(&mut self, files: &Files, problems: &mut Vec<Problem>) {
        self.images.sort_by(|a, b| a.path.cmp(&b.path));
        let mut labels: HashMap<&str, &LabeledImage> = HashMap::new();
        for image in &self.images {
            if let Some(other) = labels.insert(&image.path, image) {
                let line = other.line.map_or(String::new(), |n| format!(", line {n}"));
                let message = format!(
                    "labels {}, which {}{line} labels as well; remove one of them",
                    image.path, other.label
                );
                let label = files.shown(&image.label);
                problems.push(Problem::new(ProblemKind::Malformed, label, image.line, message));
            }
        }
        for image in files.images().filter(|p| !labels.contains_key(p)) {
            let message = "has no label";
            problems.push(Problem::new(ProblemKind::NoLabel, files.shown(image), None, message));
        }
        for image in &mut self.images {
            image.split = image.split.or_else(|| split_of_folders(&image.path));
        }
    }

    /// The index of a class name, which is added if it is new.
    pub(crate) fn class(&mut self, name: &str) -> usize {
        // Data sets have tens of classes: a scan is as fast as a map and keeps one list.
        self.classes.iter().position(|c| c == name).unwrap_or_else(|| {
            self.classes.push(name.to_owned());
            self.classes.len() - 1
        })
    }
}

/// An image and its objects, as one label file says it.
#[derive(Debug, Clone, PartialEq)]
pub struct LabeledImage {
    /// The image's path below the data set's folder, with `/`; what the label says it should be
    /// if there is no such file.
    pub path: String,
    /// True if that file is there.
    pub exists: bool,
    /// The label file's path below the data set's folder.
    pub label: String,
    /// The line in the label file, from 1, if it has many images.
    pub line: Option<usize>,
    /// Width and height that the label states; `None` if it states none, or 0.
    pub stated_size: Option<(u32, u32)>,
    /// Its split, if the format itself says so.
    pub split: Option<Split>,
    /// What is on it.
    pub objects: Vec<Object>,
}

/// One object, as the file says it: its box may be inverted or beyond its image.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// An index into [`Labels::classes`].
    pub class: usize,
    /// `[x_min, y_min, x_max, y_max]`, each finite.
    pub xyxy: [f64; 4],
    /// What the corners are measured in.
    pub unit: Unit,
    /// The line in the label file, from 1, where objects have lines of their own.
    pub line: Option<usize>,
    /// Its number in the label file, where objects have one.
    pub id: Option<i64>,
}

/// What corners are measured in.
///
/// Pixels are of the image that the label states the size of, which may be the stored one.
/// Fractions (YOLO) are of the upright image: the tools that write them show images upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Pixels of the image, edges (0 to width and height).
    Pixels,
    /// Fractions of the upright image's sides.
    Fractions,
}
