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
use super::line::Keypoints;
use super::names;
use super::places::{Place, Places};
use super::yaml::{self, Node, Value};
use crate::Split;
use crate::folder::{base_name, folder};
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
    count: Option<usize>,
    splits: Vec<(Split, Place)>,
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
        None => darknet(input, &places, problems)?,
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

fn malformed(
    input: &Input<'_>,
    name: &str,
    line: impl Into<Option<usize>>,
    message: String,
) -> Problem {
    Problem::new(ProblemKind::Malformed, input.files.shown(name), line, message)
}

/// Reads one file.
struct Reader<'a, 'p> {
    input: &'a Input<'a>,
    places: &'a Places<'a>,
    /// The file, below the root.
    name: &'a str,
    problems: &'p mut Vec<Problem>,
    config: Config,
}

impl Reader<'_, '_> {
    fn yaml(&mut self, root: Option<&Node>) -> Result<(), Problem> {
        let Some(Value::Map(pairs)) = root.map(|root| &root.value) else {
            let message = "is not what a data.yaml is; it must have keys, such as names: [cat, dog]";
            return Err(self.malformed(None, message.into()));
        };
        let mut known: Vec<(&str, &Node)> = Vec::new();
        for (at, (key, value)) in pairs.iter().enumerate() {
            let Value::Scalar(name, _) = &key.value else { continue };
            // Three words for one split.
            let word = match &name[..] {
                "valid" | "validation" => "val",
                name => name,
            };
            let same = pairs[..at].iter().find(|(other, _)| matches!(&other.value, Value::Scalar(other, _) if other == name));
            let same = same.map(|(other, _)| other.line).or_else(|| {
                let differs = |(other, v): &&(&str, &Node)| *other == word && v.value != value.value;
                known.iter().find(differs).map(|(_, v)| v.line)
            });
            if let Some(line) = same {
                let name = super::shown(word);
                let message =
                    format!("has the key {name} twice, in lines {line} and {}; remove one", key.line);
                return Err(self.malformed(key.line, message));
            }
            if ["path", "train", "val", "test", "nc", "names", "kpt_shape"].contains(&word) {
                known.push((word, value));
            }
        }
        let get = |key: &str| known.iter().find(|(k, _)| *k == key).map(|(_, value)| *value);
        if let Some(node) = get("names").filter(|node| !node.is_null()) {
            self.config.names = self.names(node)?;
            self.config.from = Some(self.name.to_owned());
        }
        if let Some(node) = get("nc").filter(|node| !node.is_null()) {
            self.count(node);
        }
        if let Some(node) = get("kpt_shape").filter(|node| !node.is_null()) {
            self.config.keypoints = Some(self.keypoints(node)?);
        }
        let base = get("path").and_then(Node::stated);
        for (split, key) in [(Split::Train, "train"), (Split::Val, "val"), (Split::Test, "test")] {
            let Some(node) = get(key) else { continue };
            for (line, path) in self.paths(key, node)? {
                self.split(split, base, line, &path);
            }
        }
        Ok(())
    }

    fn malformed(&self, line: impl Into<Option<usize>>, message: String) -> Problem {
        malformed(self.input, self.name, line, message)
    }

    fn names(&mut self, node: &Node) -> Result<Vec<String>, Problem> {
        // names: data/obj.names
        let file = node.stated().filter(|path| path.contains('.'));
        if let Some(list) = file.and_then(|p| self.places.named_file(folder(self.name), p)) {
            let text = self.input.files.text(list)?;
            return names::lines(&text)
                .map_err(|(line, message)| malformed(self.input, list, line, message));
        }
        names::from_yaml(node).map_err(|(line, message)| {
            self.malformed(line.unwrap_or(node.line), message)
        })
    }

    /// `nc`, which repeats how many names there are.
    fn count(&mut self, node: &Node) {
        let count = node.stated().and_then(|text| text.trim().parse::<usize>().ok());
        let named = self.config.names.len();
        let message = match count {
            None => format!("nc is {}; it must be the number of classes", node.kind()),
            Some(count) if named > 0 && count != named => format!(
                "nc is {count}, but names has {named}; the names are used, correct one of them"
            ),
            Some(count) => {
                self.config.count = Some(count);
                return;
            }
        };
        self.problems.push(Problem::new(
            ProblemKind::Warning,
            self.input.files.shown(self.name),
            node.line,
            message,
        ));
    }

    fn keypoints(&self, node: &Node) -> Result<(usize, usize), Problem> {
        let read = match &node.value {
            Value::List(items) => items
                .iter()
                .map(|item| item.stated().and_then(|text| text.trim().parse::<usize>().ok()))
                .collect::<Option<Vec<usize>>>(),
            _ => None,
        };
        match read.as_deref() {
            Some(&[0]) | Some(&[0, _]) | Some(&[]) => Ok((0, 2)),
            Some(&[count @ 1..=10_000, each @ 2..=3]) => Ok((count, each)),
            _ => {
                let message = format!(
                    "kpt_shape is {}; it must be [K, 2] or [K, 3] for K keypoints of x y or \
                     x y visible, or [0, 2] for none",
                    node.kind()
                );
                Err(self.malformed(node.line, message))
            }
        }
    }

    fn paths(&self, key: &str, node: &Node) -> Result<Vec<(usize, String)>, Problem> {
        let one = |node: &Node| match node.stated() {
            Some(path) => Ok(Some((node.line, path.to_owned()))),
            None if node.is_null() => Ok(None),
            None => {
                let message = format!("{key} is {}; it must be a path, or a list of paths", node.kind());
                Err(self.malformed(node.line, message))
            }
        };
        match &node.value {
            Value::List(items) => items.iter().filter_map(|item| one(item).transpose()).collect(),
            _ => Ok(one(node)?.into_iter().collect()),
        }
    }

    fn split(&mut self, split: Split, base: Option<&str>, line: usize, path: &str) {
        let here = folder(self.name);
        if let Some(place) = self.places.find(here, base, path, self.problems) {
            self.config.splits.push((split, place));
            return;
        }
        // Many name a test split that nobody has.
        let kind = if split == Split::Test { ProblemKind::Note } else { ProblemKind::Malformed };
        let message = format!(
            "{split} is {}, and the folder holds no folder or list of that name; correct the path \
             or remove the line",
            super::shown(path)
        );
        let file = self.input.files.shown(self.name);
        self.problems.push(Problem::new(kind, file, line, message));
    }
}

/// Darknet's `obj.data`: `train = data/train.txt`, `names = data/obj.names`.
fn darknet(
    input: &Input<'_>,
    places: &Places<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Config> {
    let mut config = Config::default();
    let is_here = |name: &&str| input.files.first_text(name).contains("names");
    let Some(name) = input.files.with_ending(&["data"]).find(is_here) else { return Some(config) };
    let text = match input.files.text(name) {
        Ok(text) => text,
        Err(problem) => {
            problems.push(problem);
            return None;
        }
    };
    let mut keys: Vec<(&str, usize)> = Vec::new();
    for (line, content) in text.lines() {
        let Some((key, value)) = content.split_once('=').map(|(k, v)| (k.trim(), v.trim())) else {
            continue;
        };
        if let Some((_, other)) = keys.iter().find(|(other, _)| *other == key) {
            let message = format!("has the key {key:?} twice, in lines {other} and {line}; remove one");
            problems.push(malformed(input, name, line, message));
            return None;
        }
        keys.push((key, line));
        let split = match key {
            "train" => Split::Train,
            "valid" | "val" => Split::Val,
            "test" => Split::Test,
            _ => continue,
        };
        let file = input.files.shown(name);
        // Darknet is started above its folder `data`, so that the folders may be others here.
        let value = value.replace('\\', "/");
        let (base, list) = (folder(&value), base_name(&value));
        if let Some(place) = places.find(folder(name), Some(base), list, problems) {
            config.splits.push((split, place));
        } else {
            // Without its val list, all would silently be for training.
            let is_val = split == Split::Val;
            let kind = if is_val { ProblemKind::Malformed } else { ProblemKind::Note };
            let message = format!(
                "{key} is {}, and the folder holds no list of that name; correct the path or \
                 remove the line",
                super::shown(&value)
            );
            problems.push(Problem::new(kind, file, line, message));
        }
    }
    Some(config)
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
