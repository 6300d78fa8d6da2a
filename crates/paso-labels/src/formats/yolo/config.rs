//! `data.yaml` of a YOLO folder: names of classes, folders of splits.
//!
//! ```yaml
//! path: ../datasets/cats   # where the author had it
//! train: images/train      # a folder, a list of images, or several of them
//! val: images/val
//! names: [cat, dog]        # or 0: cat, 1: dog
//! ```
//!
//! Nothing outside of the data set's folder is ever meant: a `..` at the start of a path, as
//! Roboflow writes it, stands for the folder itself. A test split that is not there is normal; a
//! train or val split that is not there is an error, since training would silently be on something
//! else.
//!
//! Some name the same images for train and val. Then no split is taken from the file: what is
//! evaluated would have been trained on.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;

use crate::Error;
use crate::Split;
use crate::files::{Files, folder, is_below};
use crate::report::{Problem, ProblemKind};

/// What is known of classes and splits.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// Class names by number.
    pub(crate) names: Vec<String>,
    /// The file that gave them, below the root; `None` if there is none.
    pub(crate) from: Option<String>,
    /// Folders or images (for lists) of each split, below the root.
    splits: Vec<(Split, Place)>,
}

#[derive(Debug, PartialEq)]
enum Place {
    Folder(String),
    Images(HashSet<String>),
}

/// The keys that are read; others are for other programs.
#[derive(Debug, Deserialize)]
struct Yaml {
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    train: Option<Paths>,
    #[serde(default, alias = "valid", alias = "validation")]
    val: Option<Paths>,
    #[serde(default)]
    test: Option<Paths>,
    names: Names,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Paths {
    One(String),
    Several(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Names {
    List(Vec<String>),
    Numbered(BTreeMap<usize, String>),
}

impl Config {
    /// The file that describes the folder, if there is one.
    pub(crate) fn file(files: &Files) -> Option<&str> {
        let mut found: Vec<&str> = ["yaml", "yml"]
            .iter()
            .flat_map(|ending| files.with_ending(ending))
            .filter(|name| folder(name).is_empty() && has_names(&files.first_text(name)))
            .collect();
        // `data.yaml` before any other that names classes.
        found.sort_by_key(|name| (!name.starts_with("data."), *name));
        found.first().copied()
    }

    /// Reads what describes the folder. `None` if that is malformed, which is then in the problems.
    pub(crate) fn read(files: &Files, problems: &mut Vec<Problem>) -> Result<Option<Self>, Error> {
        let (name, read) = if let Some(name) = Self::file(files) {
            (name, Self::parse(files, name, &files.read_text(name)?, problems))
        } else if files.get("classes.txt").is_some() {
            let text = files.read_text("classes.txt")?;
            let names = text.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>();
            let last = names.iter().rposition(|name| !name.is_empty()).map_or(0, |at| at + 1);
            let names = names[..last].to_vec();
            ("classes.txt", Ok(Self { names, ..Self::default() }))
        } else {
            return Ok(Some(Self::default()));
        };
        let checked = read.and_then(|config| match wrong_name(&config.names) {
            Some(message) => Err((None, message)),
            None => Ok(Self { from: Some(name.to_owned()), ..config }),
        });
        Ok(checked
            .map_err(|(line, message)| {
                let file = files.shown(name);
                problems.push(Problem::new(ProblemKind::Malformed, file, line, message));
            })
            .ok())
    }

    fn parse(
        files: &Files,
        name: &str,
        text: &str,
        problems: &mut Vec<Problem>,
    ) -> Result<Self, (Option<usize>, String)> {
        let yaml: Yaml = serde_saphyr::from_str(text).map_err(|e| {
            let line = e.location().and_then(|l| usize::try_from(l.line()).ok());
            // The message shows the lines around; one sentence is enough here.
            let message = e.without_snippet().to_string();
            let message = message.lines().next().unwrap_or_default();
            (line, format!("is not what a data.yaml is: {message}"))
        })?;
        let mut config = Self { names: yaml.names.in_order()?, ..Self::default() };
        let parts = [(Split::Train, yaml.train), (Split::Val, yaml.val), (Split::Test, yaml.test)];
        for (split, paths) in parts {
            for path in paths.into_iter().flat_map(Paths::all) {
                match Place::find(files, yaml.path.as_deref(), &path) {
                    Some(place) => config.splits.push((split, place)),
                    // Many name a test split that nobody has.
                    None => problems.push(Problem::new(
                        if split == Split::Test {
                            ProblemKind::Note
                        } else {
                            ProblemKind::Malformed
                        },
                        files.shown(name),
                        None,
                        format!("{split} is {path:?}, and the folder holds nothing of that name"),
                    )),
                }
            }
        }
        if config.same_for_two() {
            config.splits.clear();
            let message = "names the same images for two splits; no split is taken from it";
            problems.push(Problem::new(ProblemKind::Note, files.shown(name), None, message));
        }
        Ok(config)
    }

    fn same_for_two(&self) -> bool {
        self.splits.iter().any(|(split, place)| {
            self.splits.iter().any(|(other, there)| split != other && place.overlaps(there))
        })
    }

    /// The split of an image, if one is named for it.
    pub(crate) fn split_of(&self, image: &str) -> Option<Split> {
        self.splits.iter().find(|(_, place)| place.holds(image)).map(|(split, _)| *split)
    }
}

fn has_names(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("names:") || line.starts_with("\"names\":"))
}

/// What is wrong with a list of names.
fn wrong_name(names: &[String]) -> Option<String> {
    if names.is_empty() {
        return Some("names no class".into());
    }
    let mut seen = HashSet::new();
    for (number, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Some(format!("class {number} has no name"));
        }
        if !seen.insert(name) {
            return Some(format!("two classes have the name {name:?}"));
        }
    }
    None
}

impl Names {
    fn in_order(self) -> Result<Vec<String>, (Option<usize>, String)> {
        match self {
            Self::List(names) => Ok(names),
            Self::Numbered(names) => {
                if let Some((expected, (found, _))) =
                    names.iter().enumerate().find(|(at, (number, _))| at != *number)
                {
                    let message = format!("names class {found}, but not class {expected}");
                    return Err((None, message));
                }
                Ok(names.into_values().collect())
            }
        }
    }
}

impl Paths {
    fn all(self) -> Vec<String> {
        match self {
            Self::One(path) => vec![path],
            Self::Several(paths) => paths,
        }
    }
}

impl Place {
    /// What a path of the file means here: below `path`, or below the root. A `..` at the start, as
    /// Roboflow writes it, is the root itself, so nothing outside of the folder is ever meant.
    fn find(files: &Files, base: Option<&str>, path: &str) -> Option<Self> {
        let clean = |text: &str| {
            let parts: Vec<&str> =
                text.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect();
            parts.join("/")
        };
        let own = clean(path);
        let below = base.map(|base| clean(&format!("{base}/{path}")));
        [below, Some(own)].into_iter().flatten().find_map(|place| {
            if files.get(&place).is_some() {
                let text = files.read_text(&place).ok()?;
                let here = folder(&place).to_owned();
                let lines = text.lines().map(|line| clean(line.trim())).filter(|l| !l.is_empty());
                return Some(Self::Images(
                    lines.flat_map(|line| [format!("{here}{line}"), line]).collect(),
                ));
            }
            files.has_folder(&place).then_some(Self::Folder(place))
        })
    }

    fn holds(&self, image: &str) -> bool {
        match self {
            Self::Folder(folder) => is_below(image, folder),
            Self::Images(images) => images.contains(image),
        }
    }

    fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Folder(a), Self::Folder(b)) => a == b || is_below(a, b) || is_below(b, a),
            (Self::Images(a), Self::Images(b)) => !a.is_disjoint(b),
            (Self::Folder(folder), Self::Images(images))
            | (Self::Images(images), Self::Folder(folder)) => {
                images.iter().any(|image| is_below(image, folder))
            }
        }
    }
}
