//! What label files say, in one form for all formats: every object of every image, unchecked
//! against the pixels.
//!
//! Readers of all formats give this, so that everything after them is written once: what is
//! labeled twice, which split an image belongs to, what the numbers of boxes mean, and whether
//! boxes are possible.

use std::collections::HashMap;

use crate::folder::lookup::Place;
use crate::folder::{Files, split_of_folders};
use crate::report::{Problem, ProblemKind};
use crate::{BoxFormat, BoxUnits, Format, Split};

/// The labels of a folder, as its reader found them, and what it found wrong.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RawLabels {
    /// The format they were read from.
    pub(crate) format: Format,
    /// Class names; an object's class is an index into them.
    pub(crate) classes: Vec<String>,
    /// Their indices.
    by_name: HashMap<String, usize>,
    /// The labeled images.
    pub(crate) images: Vec<RawImage>,
    /// What is wrong, or was passed over.
    pub(crate) problems: Vec<Problem>,
}

/// An image and its objects, as one label file says it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RawImage {
    /// Where the image is, or what the label says it should be.
    pub(crate) place: Place,
    /// The label file's path below the data set's folder.
    pub(crate) label: String,
    /// The line in the label file, from 1, if it has many images and lines.
    pub(crate) line: Option<usize>,
    /// Width and height that the label states; `None` if it states none, or 0.
    pub(crate) stated_size: Option<(u32, u32)>,
    /// Its split, if the format itself says so.
    pub(crate) split: Option<Split>,
    /// What is on it.
    pub(crate) objects: Vec<RawObject>,
    /// True if one of its annotations was refused: what is known of it is not all.
    pub(crate) incomplete: bool,
}

/// One object, as the file says it: its box may be inverted or beyond its image.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RawObject {
    /// An index into [`RawLabels::classes`].
    pub(crate) class: usize,
    /// The four numbers of its box, each finite.
    pub(crate) values: [f64; 4],
    /// What they are, by the rules of the format.
    pub(crate) format: BoxFormat,
    /// What they are measured in, by the rules of the format.
    pub(crate) units: BoxUnits,
    /// True if the reader computed the box from an outline (always [`BoxFormat::Xyxy`]): then what
    /// the user says of the numbers of boxes does not apply.
    pub(crate) outline: bool,
    /// The line in the label file, from 1, where objects have lines of their own.
    pub(crate) line: Option<usize>,
    /// Its number or name in the label file, where objects have one.
    pub(crate) id: Option<String>,
}

impl RawImage {
    /// An image without objects, of which nothing else is known.
    pub(crate) fn new(place: Place, label: &str) -> Self {
        let label = label.to_owned();
        Self {
            place,
            label,
            line: None,
            stated_size: None,
            split: None,
            objects: Vec::new(),
            incomplete: false,
        }
    }
}

impl RawObject {
    /// An object whose box the file states as four numbers.
    pub(crate) fn stated(
        class: usize,
        values: [f64; 4],
        format: BoxFormat,
        units: BoxUnits,
    ) -> Self {
        Self { class, values, format, units, outline: false, line: None, id: None }
    }

    /// An object of which the file has the outline: the box around it is `xyxy`.
    pub(crate) fn around(class: usize, xyxy: [f64; 4], units: BoxUnits) -> Self {
        Self { outline: true, ..Self::stated(class, xyxy, BoxFormat::Xyxy, units) }
    }
}

impl RawLabels {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            format,
            classes: Vec::new(),
            by_name: HashMap::new(),
            images: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// The index of a class name, which is added if it is new.
    pub(crate) fn class(&mut self, name: &str) -> usize {
        if self.by_name.len() < self.classes.len() {
            // Names that the reader added itself; the first of two of one name counts.
            for (index, name) in self.classes.iter().enumerate() {
                self.by_name.entry(name.clone()).or_insert(index);
            }
        }
        if let Some(&index) = self.by_name.get(name) {
            return index;
        }
        self.classes.push(name.to_owned());
        self.by_name.insert(name.to_owned(), self.classes.len() - 1);
        self.classes.len() - 1
    }

    /// How many images are there and have an object: what detection compares.
    pub(crate) fn located(&self) -> usize {
        self.images.iter().filter(|i| i.place.exists && !i.objects.is_empty()).count()
    }

    /// True if a reader refused something.
    pub(crate) fn is_malformed(&self) -> bool {
        self.problems.iter().any(|p| p.kind == ProblemKind::Malformed)
    }

    /// What holds for all formats once everything is read: images in order, none of them labeled
    /// twice, splits by folder where the format names none, images without a label reported.
    pub(crate) fn complete(&mut self, files: &Files) {
        self.images.sort_by(|a, b| a.place.path.cmp(&b.place.path));
        let mut labels: HashMap<&str, &RawImage> = HashMap::new();
        for image in self.images.iter().filter(|image| image.place.exists) {
            let path = image.place.path.as_str();
            if let Some(other) = labels.insert(path, image) {
                let line = other.line.map_or(String::new(), |n| format!(", line {n}"));
                let message = format!(
                    "labels {path}, which {}{line} labels as well; remove one of them",
                    other.label
                );
                let label = files.shown(&image.label);
                let problem = Problem::new(ProblemKind::Malformed, label, image.line, message);
                self.problems.push(problem);
            }
        }
        for image in files.images().filter(|path| !labels.contains_key(path)) {
            let message = "has no label";
            let problem = Problem::new(ProblemKind::NoLabel, files.shown(image), None, message);
            self.problems.push(problem);
        }
        for image in &mut self.images {
            image.split = image.split.or_else(|| split_of_folders(&image.place.path));
        }
    }
}
