//! What label files say, in one form for all formats: every object of every picture, unchecked
//! against the pixels.

use super::{Format, Split};

/// The labels of a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Labels {
    /// The format they were read from.
    pub format: Format,
    /// Class names; an object's class is an index into them.
    pub classes: Vec<String>,
    /// The labeled pictures, sorted by path.
    pub images: Vec<LabeledImage>,
}

impl Labels {
    pub(crate) fn new(format: Format) -> Self {
        Self { format, classes: Vec::new(), images: Vec::new() }
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

/// A picture and its objects.
#[derive(Debug, Clone, PartialEq)]
pub struct LabeledImage {
    /// The picture's path below the data set's folder, with `/`; what the label says it should be
    /// if there is no such file.
    pub path: String,
    /// True if that file is there.
    pub exists: bool,
    /// The label file's path below the data set's folder.
    pub label: String,
    /// The line in the label file, from 1, if it has many pictures.
    pub line: Option<usize>,
    /// Width and height that the label states; `None` if it states none, or 0.
    pub stated_size: Option<(u32, u32)>,
    /// Its split, if the format itself says so.
    pub split: Option<Split>,
    /// What is on it.
    pub objects: Vec<Object>,
}

/// One object.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// An index into [`Labels::classes`].
    pub class: usize,
    /// `[x_min, y_min, x_max, y_max]`, each finite.
    pub corners: [f64; 4],
    /// What the corners are measured in.
    pub unit: Unit,
    /// The line in the label file, from 1.
    pub line: Option<usize>,
}

/// What corners are measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Pixels of the picture, edges (0 to width and height).
    Pixels,
    /// Fractions of the upright picture's sides.
    Fractions,
}
