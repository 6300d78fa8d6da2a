//! One `data.yaml`: the keys that are read, each by its own line.

use super::super::Input;
use super::config::{Config, malformed};
use super::names;
use super::places::Places;
use super::yaml::{Node, Value};
use crate::Split;
use crate::folder::folder;
use crate::report::{Problem, ProblemKind};

/// Reads one file.
pub(super) struct Reader<'a, 'p> {
    pub(super) input: &'a Input<'a>,
    pub(super) places: &'a Places<'a>,
    /// The file, below the root.
    pub(super) name: &'a str,
    pub(super) problems: &'p mut Vec<Problem>,
    pub(super) config: Config,
}

impl Reader<'_, '_> {
    pub(super) fn yaml(&mut self, root: Option<&Node>) -> Result<(), Problem> {
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
