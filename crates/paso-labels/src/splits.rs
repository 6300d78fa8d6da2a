//! Splits as the data set says: split files, the format, folders.
//!
//! What decides the split of an image, the first that applies:
//!
//! 1. split files, `train.txt` and the like, at the top of the folder, in `ImageSets/Main/` or in `splits/`;
//!    an image that none of them names is then not used;
//! 2. what the format says: `data.yaml` of YOLO, the name of a COCO or CSV file;
//! 3. a folder of the image's path, such as `train/`;
//! 4. else it is for training.
//!
//! Traps: a split file that names an image by its base name only names several images where folders
//! repeat names; such a line is refused.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::folder::{image_name, stem};
use crate::formats::Input;
use crate::raw::{RawImage, RawLabels};
use crate::report::{Problem, ProblemKind};

/// What an image is for. Written and parsed as `train`, `val` and `test`.
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

/// Where split files are looked for, and what they may be called.
const FOLDERS: [&str; 3] = ["", "ImageSets/Main/", "splits/"];
const NAMES: [(Split, &str); 5] = [
    (Split::Train, "train.txt"),
    (Split::Val, "val.txt"),
    (Split::Val, "valid.txt"),
    (Split::Val, "validation.txt"),
    (Split::Test, "test.txt"),
];

/// What the split files say.
#[derive(Debug)]
pub(crate) struct Lists {
    /// The split of each labeled image; `None` where no split file was found at all.
    listed: Option<Vec<Option<Split>>>,
}

impl Lists {
    /// The split of an image, or `None` if nothing names one for it.
    pub(crate) fn split_of(&self, index: usize, image: &RawImage) -> Option<Split> {
        self.listed.as_ref().map_or(image.split, |listed| listed[index])
    }

    /// True if split files were found. An image in none of them is then not used.
    pub(crate) fn are_there(&self) -> bool {
        self.listed.is_some()
    }
}

/// Reads the split files, if there are any. Lines name images, with or without folder and ending, or
/// as any label file may name them.
pub(crate) fn read_lists(
    input: &Input<'_>,
    labels: &RawLabels,
    problems: &mut Vec<Problem>,
) -> Lists {
    let files = input.files;
    let mut lists = Lists { listed: None };
    let Some(found) = FOLDERS.iter().find_map(|folder| {
        let here: Vec<(Split, String)> = NAMES
            .iter()
            .map(|(split, name)| (*split, format!("{folder}{name}")))
            .filter(|(_, path)| files.get(path).is_some())
            .collect();
        (!here.is_empty()).then_some(here)
    }) else {
        return lists;
    };

    let known = Known::new(input, labels);
    let mut listed = vec![None; labels.images.len()];
    for (split, path) in found {
        let text = match files.text(&path) {
            Ok(text) => text,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        for (number, line) in text.lines().filter(|(_, line)| !line.trim().is_empty()) {
            let mut problem = |kind, message: String| {
                problems.push(Problem::new(kind, files.shown(&path), number, message));
            };
            match known.image(&path, line) {
                Err(message) => problem(ProblemKind::Malformed, message),
                Ok(None) => problem(
                    ProblemKind::ListedNotLabeled,
                    format!("no labeled image is called {:?}", line.trim()),
                ),
                Ok(Some(i)) => match listed[i] {
                    Some(other) if other != split => problem(
                        ProblemKind::Malformed,
                        format!(
                            "{:?} is in the {other} split as well; it can only be in one",
                            line.trim()
                        ),
                    ),
                    _ => listed[i] = Some(split),
                },
            }
        }
    }
    for (image, split) in labels.images.iter().zip(&listed) {
        if split.is_none() {
            problems.push(Problem::new(
                ProblemKind::InNoSplit,
                files.shown(&image.label),
                image.line,
                "is labeled, but its image is in no split file",
            ));
        }
    }
    lists.listed = Some(listed);
    lists
}

/// The labeled images by all of their names.
struct Known<'a> {
    input: &'a Input<'a>,
    by_name: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Known<'a> {
    fn new(input: &'a Input<'a>, labels: &'a RawLabels) -> Self {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (i, image) in labels.images.iter().enumerate() {
            let path = image.place.path.as_str();
            let mut names = vec![path, stem(path), image_name(path), image_name(stem(path))];
            names.push(stem(&image.label));
            names.sort_unstable();
            names.dedup();
            for name in names {
                by_name.entry(name).or_default().push(i);
            }
        }
        Self { input, by_name }
    }

    /// The image that a line of a split file names, if it is labeled. A name of several images is an
    /// error.
    fn image(&self, list: &str, line: &str) -> Result<Option<usize>, String> {
        // Names may begin or end with a blank, and lists may be indented.
        for name in [line, line.trim(), line.trim().trim_start_matches("./")] {
            match self.by_name.get(name).map(Vec::as_slice) {
                Some([i]) => return Ok(Some(*i)),
                Some(_) => {
                    return Err(format!("{name:?} is the name of several images; give its path"));
                }
                None => {}
            }
        }
        // A path of another computer that leads out of the folder is no attempt to read it.
        let place = self.input.index.find(list, line.trim()).ok().filter(|place| place.exists);
        let found = place.and_then(|place| self.by_name.get(place.path.as_str())?.first().copied());
        Ok(found)
    }
}
