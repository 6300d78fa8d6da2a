//! `data.yaml` of a YOLO folder, or what came before it: names of classes, folders of splits.
//!
//! ```yaml
//! path: ../datasets/cats   # where the author had it
//! train: images/train      # a folder, a list of images, or several of them
//! val: images/val
//! names: [cat, dog]        # or 0: cat, 1: dog
//! kpt_shape: [17, 3]       # only for keypoints
//! ```
//!
//! The file may have any name and lie deeper; of several, `data.yaml` and the one nearest to the
//! root comes first, and the others must not name other classes. Without one, Darknet's `obj.data`
//! says where its lists are, and a text file has the names ([`names`]).
//!
//! A test split that is not there is normal; a train or val split that is not there is an error,
//! since training would silently be on something else.
//!
//! Some name the same images for train and val. Then no split is taken from the file: what is
//! evaluated would have been trained on.

use super::super::Input;
use super::data_yaml::Reader;
use super::line::Keypoints;
use super::names;
use super::places::{Place, Places};
use super::{darknet, yaml};
use crate::Split;
use crate::folder::base_name;
use crate::report::{Problem, ProblemKind};

/// What is known of classes and splits.
#[derive(Debug, Default)]
pub(super) struct Config {
    /// Class names by number; empty if nothing names them.
    pub(super) names: Vec<String>,
    /// The file that gave the names, below the root.
    pub(super) from: Option<String>,
    /// Numbers of keypoints, if the lines have some.
    pub(super) keypoints: Keypoints,
    /// How many classes there are, where only that is said.
    pub(super) count: Option<usize>,
    pub(super) splits: Vec<(Split, Place)>,
}

/// Reads what describes the folder. `None` if that is malformed, which is then in the problems.
pub(super) fn read(input: &Input<'_>, problems: &mut Vec<Problem>) -> Option<Config> {
    let places = Places::new(input);
    let found = yamls(input);
    let mut config = None;
    for name in &found {
        let read = input.files.text(name).and_then(|text| {
            yaml::parse(&text).map_err(|(line, message)| malformed(input, name, line, message))
        });
        let mut reader =
            Reader { input, places: &places, name, problems, config: Config::default() };
        let result = read.and_then(|root| reader.yaml(root.as_ref()));
        let read = reader.config;
        if let Err(problem) = result {
            problems.push(problem);
            return None;
        }
        match &config {
            None => config = Some(read),
            Some(first) => agree(input, first, &read, problems)?,
        }
    }
    let mut config = match config {
        Some(config) => config,
        None => darknet::read(input, &places, problems)?,
    };
    let listed = names::from_lists(input, problems);
    match listed {
        // data.yaml decides, whatever lies around.
        Err(()) if config.from.is_some() => {
            demote(problems);
        }
        Err(()) => return None,
        Ok(Some((file, names))) if config.names.is_empty() => {
            (config.names, config.from) = (names, Some(file));
        }
        Ok(Some((file, names))) if !names.starts_with(&config.names) => {
            let from = config.from.clone().unwrap_or_default();
            let message = format!("names other classes than {from}, which is used");
            let file = input.files.shown(&file);
            problems.push(Problem::new(ProblemKind::Warning, file, None, message));
        }
        Ok(_) => {}
    }
    if let (true, Some(count @ 1..=100_000)) = (config.names.is_empty(), config.count) {
        config.names = (0..count).map(|number| number.to_string()).collect();
        config.from = found.first().map(|name| (*name).to_owned());
        let file = input.files.shown(found.first().copied().unwrap_or_default());
        let message = "has nc and no names of classes; their numbers are used";
        problems.push(Problem::new(ProblemKind::Note, file, None, message));
    }
    if config.same_for_two() {
        config.splits.clear();
        let message = "names the same images for two splits; no split is taken from it";
        let name = found.first().copied().or(config.from.as_deref()).unwrap_or_default();
        problems.push(Problem::new(ProblemKind::Note, input.files.shown(name), None, message));
    }
    Some(config)
}

/// What is wrong with lists that are not used is a warning.
fn demote(problems: &mut [Problem]) {
    if let Some(last) = problems.last_mut() {
        last.kind = ProblemKind::Warning;
    }
}

/// Files that say something of classes: `data.yaml`, and the nearest to the root, first.
fn yamls<'a>(input: &Input<'a>) -> Vec<&'a str> {
    let is_data = |name: &str| {
        let stem = crate::folder::stem(base_name(name)).to_ascii_lowercase();
        ["data", "dataset"].contains(&&stem[..])
    };
    let endings = ["yaml", "yml"];
    let all = input.files.names().filter(|name| crate::folder::names::has_ending(name, &endings));
    let mut found: Vec<&str> = all.filter(|name| has_names(&input.files.first_text(name))).collect();
    found.sort_by_key(|name| (name.matches('/').count(), !is_data(name), *name));
    found
}

fn has_names(text: &str) -> bool {
    let starts = ["names", "nc", "\"names\"", "'names'", "kpt_shape"];
    text.lines().flat_map(|line| line.split('\r')).any(|line| {
        let line = line.trim_start_matches(['\u{feff}', '{']);
        starts.iter().any(|key| line.strip_prefix(key).is_some_and(|l| l.trim_start().starts_with(':')))
    })
}

/// Refuses a second file that names other classes.
fn agree(
    input: &Input<'_>,
    first: &Config,
    other: &Config,
    problems: &mut Vec<Problem>,
) -> Option<()> {
    let (Some(one), Some(two)) = (&first.from, &other.from) else { return Some(()) };
    if first.names == other.names {
        return Some(());
    }
    let same_depth = one.matches('/').count() == two.matches('/').count();
    let message = format!("names other classes than {one}");
    let problem = if same_depth {
        let message = format!("{message}, so that a number would be two classes; remove one of them");
        Problem::new(ProblemKind::Malformed, input.files.shown(two), None, message)
    } else {
        let message = format!("{message}, which is nearer to the top and is used");
        Problem::new(ProblemKind::Warning, input.files.shown(two), None, message)
    };
    problems.push(problem);
    (!same_depth).then_some(())
}

pub(super) fn malformed(
    input: &Input<'_>,
    name: &str,
    line: impl Into<Option<usize>>,
    message: String,
) -> Problem {
    Problem::new(ProblemKind::Malformed, input.files.shown(name), line, message)
}

impl Config {
    fn same_for_two(&self) -> bool {
        self.splits.iter().any(|(split, place)| {
            self.splits.iter().any(|(other, there)| split != other && place.overlaps(there))
        })
    }

    /// The split of an image, if one is named for it.
    pub(super) fn split_of(&self, image: &str) -> Option<Split> {
        self.splits.iter().find(|(_, place)| place.holds(image)).map(|(split, _)| *split)
    }
}
