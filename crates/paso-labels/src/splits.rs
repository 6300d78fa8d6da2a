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

/// Reads the split files, if there are any. Lines name images, with or without folder and ending.
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

    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, image) in labels.images.iter().enumerate() {
        let mut names = vec![&image.place.path[..], stem(&image.place.path)];
        names.extend([image_name(names[0]), image_name(names[1])]);
        names.push(stem(&image.label));
        names.sort_unstable();
        names.dedup();
        for name in names {
            by_name.entry(name).or_default().push(i);
        }
    }

    let mut listed = vec![None; labels.images.len()];
    for (split, path) in found {
        let text = match files.text(&path) {
            Ok(text) => text,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        for (number, line) in text.lines() {
            let name = line.trim().trim_start_matches("./");
            if name.is_empty() {
                continue;
            }
            let mut problem = |kind, message: String| {
                problems.push(Problem::new(kind, files.shown(&path), number, message));
            };
            // `data/obj_train_data/a.png`, `C:\x\a.png`: paths of another computer.
            let elsewhere = || match input.index.find(&path, name) {
                Ok(place) if place.exists => by_name.get(&place.path[..]),
                _ => None,
            };
            match by_name.get(name).or_else(elsewhere).map(Vec::as_slice) {
                None => problem(
                    ProblemKind::ListedNotLabeled,
                    format!("no labeled image is called {name:?}"),
                ),
                Some([i]) => match listed[*i] {
                    Some(other) if other != split => problem(
                        ProblemKind::Malformed,
                        format!("{name:?} is in the {other} split as well; it can only be in one"),
                    ),
                    _ => listed[*i] = Some(split),
                },
                Some(_) => problem(
                    ProblemKind::Malformed,
                    format!("{name:?} is the name of several images; give its path"),
                ),
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
