//! What was found in a data set, and everything that was left out, repaired or wrong.
//!
//! A [`Problem`] is one finding at one place. Its [`ProblemKind`] decides what follows, its
//! [`Effect`]:
//!
//! | effect | what happens | examples |
//! |---|---|---|
//! | [`Effect::Refused`] | the data set is refused | a label file that cannot be parsed |
//! | [`Effect::LeftOut`] | the image is left out | a missing image, an inverted box |
//! | [`Effect::Noted`] | the image is used | a box cut at the edge, a duplicate |
//!
//! Refusing is for what makes everything else doubtful: if one file of labels is not what its
//! format says, nobody knows what the others are. Images that are left out are counted, never
//! silent.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::{Error, Format, Split};

/// One thing that is wrong, or was decided, at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What kind of thing.
    pub kind: ProblemKind,
    /// The file it is in.
    pub file: PathBuf,
    /// The line, from 1, where the file has lines.
    pub line: Option<usize>,
    /// What is wrong and what to do, in one sentence.
    pub message: String,
}

impl Problem {
    /// A problem in a file.
    #[must_use]
    pub fn new(
        kind: ProblemKind,
        file: impl Into<PathBuf>,
        line: impl Into<Option<usize>>,
        message: impl Into<String>,
    ) -> Self {
        Self { kind, file: file.into(), line: line.into(), message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// A name of somebody else in one line of text: control characters are escaped, all others are as
/// they are.
///
/// ```
/// assert_eq!(paso_labels::one_line("cat\nand dog's"), "cat\\nand dog's");
/// ```
#[must_use]
pub fn one_line(name: &str) -> String {
    let plain = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.into() };
    name.chars().map(plain).collect()
}

/// Kinds of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// A label file is not what its format says.
    Malformed,
    /// Most boxes are impossible as the format means their numbers.
    Implausible,
    /// The same image is in two splits under two names, so that what is evaluated was trained on.
    SplitLeak,
    /// An image that is labeled or listed is not there.
    ImageMissing,
    /// An image cannot be decoded or is too large.
    ImageUnreadable,
    /// A label speaks of an image of another size.
    SizeMismatch,
    /// A box is empty, inverted or outside of its image.
    BadBox,
    /// An image has no object.
    NoObject,
    /// An image has several objects.
    SeveralObjects,
    /// A split file names something that is not labeled.
    ListedNotLabeled,
    /// Labeled images are in no split file.
    InNoSplit,
    /// Images have no label file.
    NoLabel,
    /// Something that makes results worse than they could be.
    Warning,
    /// An annotation has nothing that a box can be made of, and was passed over.
    NoBox,
    /// A box was cut at its image's edge.
    BoxClamped,
    /// The same image is there twice, under two names.
    Duplicate,
    /// A file or folder cannot be read; it is none of the labels.
    Unreadable,
    /// Something that was understood in one of two ways.
    Note,
}

/// What a problem leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// The data set is refused.
    Refused,
    /// The image is left out.
    LeftOut,
    /// The image is used.
    Noted,
}

impl ProblemKind {
    /// What it leads to.
    #[must_use]
    pub fn effect(self) -> Effect {
        match self {
            Self::Malformed | Self::Implausible => Effect::Refused,
            Self::SplitLeak
            | Self::Duplicate
            | Self::BoxClamped
            | Self::Warning
            | Self::NoBox
            | Self::Unreadable
            | Self::Note => Effect::Noted,
            _ => Effect::LeftOut,
        }
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "malformed labels",
            Self::Implausible => "boxes in another form",
            Self::SplitLeak => "THE SAME IMAGE IN TWO SPLITS",
            Self::ImageMissing => "image missing",
            Self::ImageUnreadable => "image unreadable",
            Self::SizeMismatch => "label for an image of another size",
            Self::BadBox => "box empty, inverted or outside",
            Self::NoObject => "no object",
            Self::SeveralObjects => "several objects",
            Self::ListedNotLabeled => "in a split file, but not labeled",
            Self::InNoSplit => "in no split file",
            Self::NoLabel => "image without a label",
            Self::Warning => "warning",
            Self::NoBox => "annotation without a box",
            Self::BoxClamped => "box cut at the image's edge",
            Self::Duplicate => "the same image twice",
            Self::Unreadable => "cannot be read",
            Self::Note => "note",
        })
    }
}

/// Label files of a format that were found in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The format.
    pub format: Format,
    /// How many label files it has.
    pub files: usize,
    /// One of them, below the folder.
    pub example: String,
    /// How many images are there and have an object in these files.
    pub images: usize,
}

/// What reading a folder found. `Display` shows it in a few lines: at most three examples of each
/// kind of problem. JSON (through `Serialize`) has all of them.
///
/// ```
/// use paso_labels::{Effect, Labels, ProblemKind, ReadOptions};
///
/// # let place = tempfile::tempdir().expect("a temporary folder");
/// # let folder = place.path();
/// // A table of two images, of which one is there.
/// image::RgbImage::new(40, 30).save(folder.join("a.png")).expect("it is written");
/// let table = "a.png,10,5,30,25,cat\nb.png,10,5,30,25,cat\n";
/// std::fs::write(folder.join("labels.csv"), table).expect("it is written");
///
/// let (labels, report) = Labels::read(folder, &ReadOptions::default())?;
/// assert_eq!((labels.images.len(), report.labeled), (1, 2));
/// assert_eq!(report.counts()[&ProblemKind::ImageMissing], 1);
/// assert_eq!(report.problems[0].kind.effect(), Effect::LeftOut);
/// println!("{report}");
/// # Ok::<(), paso_labels::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The folder.
    pub dir: PathBuf,
    /// The format that was detected or asked for.
    pub format: Format,
    /// All formats that were found, this one included.
    pub evidence: Vec<Evidence>,
    /// Labeled images, before anything was left out.
    pub labeled: usize,
    /// Samples by split, once a caller has chosen them.
    pub samples: BTreeMap<Split, usize>,
    /// Samples by class and split, likewise.
    pub classes: BTreeMap<String, BTreeMap<Split, usize>>,
    /// Everything that was left out, repaired or noted.
    pub problems: Vec<Problem>,
}

impl Report {
    pub(crate) fn new(dir: &Path, format: Format, labeled: usize, problems: Vec<Problem>) -> Self {
        Self {
            dir: dir.to_path_buf(),
            format,
            evidence: Vec::new(),
            labeled,
            samples: BTreeMap::new(),
            classes: BTreeMap::new(),
            problems,
        }
    }

    /// How many problems there are of each kind; kinds without one are not in the map.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<ProblemKind, usize> {
        let mut counts = BTreeMap::new();
        for problem in &self.problems {
            *counts.entry(problem.kind).or_default() += 1;
        }
        counts
    }

    /// The error for what is malformed, if anything is.
    ///
    /// # Errors
    ///
    /// [`Error::Labels`] with the first problem whose effect is [`Effect::Refused`].
    pub fn refuse_malformed(&self) -> Result<(), Error> {
        let mut bad = self.problems.iter().filter(|p| p.kind.effect() == Effect::Refused);
        match bad.next() {
            Some(first) => Err(Error::Labels { first: Box::new(first.clone()), more: bad.count() }),
            None => Ok(()),
        }
    }

    /// Counts the samples that were chosen, by class and split.
    pub fn count<'a>(&mut self, samples: impl IntoIterator<Item = (&'a str, Split)>) {
        for (class, split) in samples {
            *self.samples.entry(split).or_default() += 1;
            *self.classes.entry(class.to_owned()).or_default().entry(split).or_default() += 1;
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, {} labeled images", self.dir.display(), self.format, self.labeled)?;
        for (split, n) in &self.samples {
            write!(f, ", {n} {split}")?;
        }
        for (kind, n) in self.counts() {
            write!(f, "\n  {kind}: ")?;
            match kind.effect() {
                Effect::LeftOut => write!(f, "{n} left out")?,
                // A single one is no list.
                _ if n == 1 => {}
                _ => write!(f, "{n}")?,
            }
            // One line, however many there are: `paso data` lists them.
            if let Some(problem) = self.problems.iter().find(|p| p.kind == kind) {
                let before = match kind.effect() {
                    Effect::LeftOut if n == 1 => ": ",
                    _ if n == 1 => "",
                    _ => ", such as ",
                };
                write!(f, "{before}{problem}")?;
            }
        }
        Ok(())
    }
}
