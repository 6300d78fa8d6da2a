//! Darknet's `obj.data`, which CVAT writes, too: where the lists of images are.

use super::super::Input;
use super::config::{Config, malformed};
use super::places::Places;
use crate::Split;
use crate::folder::{base_name, folder};
use crate::report::{Problem, ProblemKind};

/// Darknet's `obj.data`: `train = data/train.txt`, `names = data/obj.names`.
pub(super) fn read(
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
