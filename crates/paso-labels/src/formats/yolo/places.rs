//! What the paths of `data.yaml` mean here: folders and lists of images.
//!
//! Nothing outside of the data set's folder is ever meant. Paths are of the computer where the set
//! was made, so that:
//!
//! - `\` is `/`, a drive, `..` at the start (as Roboflow writes it) and the beginning of an absolute
//!   path stand for the folder itself;
//! - `path: ../datasets/cats` may be this folder, above it, or a folder in it;
//! - letters may be in another case.

use std::collections::{BTreeMap, HashSet};

use super::super::Input;
use crate::folder::names::has_ending;
use crate::folder::{base_name, folder, is_below, split_of_folders};
use crate::report::{Problem, ProblemKind};

/// Images that a path means.
#[derive(Debug, PartialEq)]
pub(super) enum Place {
    Folder(String),
    Images(HashSet<String>),
}

/// Folders and files of a data set by their names in lower case.
pub(super) struct Places<'a> {
    input: &'a Input<'a>,
    folders: BTreeMap<String, HashSet<&'a str>>,
    files: BTreeMap<String, Vec<&'a str>>,
}

impl<'a> Places<'a> {
    pub(super) fn new(input: &'a Input<'a>) -> Self {
        let mut places = Self { input, folders: BTreeMap::new(), files: BTreeMap::new() };
        places.folders.entry(String::new()).or_default().insert("");
        for name in input.files.names() {
            places.files.entry(name.to_lowercase()).or_default().push(name);
            let mut here = folder(name);
            while let Some(path) = here.strip_suffix('/') {
                if !places.folders.entry(path.to_lowercase()).or_default().insert(path) {
                    break;
                }
                here = folder(path);
            }
        }
        places
    }

    /// What a path of a file in the folder `here` (with `/` at its end, or empty) means, below
    /// `base` if that is given. Problems are of lists, which are read.
    pub(super) fn find(
        &self,
        here: &str,
        base: Option<&str>,
        path: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<Place> {
        self.candidates(here, base, path).iter().find_map(|candidate| {
            if let Some(file) = self.file(candidate) {
                // A single image is its own list; any other file is none.
                return has_ending(file, &["txt"]).then(|| self.list(file, problems));
            }
            let found = self.folders.get(&candidate.to_lowercase())?;
            let exact = found.get(&candidate[..]).or_else(|| found.iter().min());
            exact.map(|folder| Place::Folder((*folder).to_owned()))
        })
    }

    /// The file that a path means, such as a list of names.
    pub(super) fn named_file(&self, here: &str, path: &str) -> Option<&'a str> {
        self.candidates(here, None, path).iter().find_map(|candidate| self.file(candidate))
    }

    fn file(&self, path: &str) -> Option<&'a str> {
        let found = self.files.get(&path.to_lowercase())?;
        found.iter().find(|name| **name == path).or_else(|| found.first()).copied()
    }

    /// Paths below the root, the most literal first.
    fn candidates(&self, here: &str, base: Option<&str>, path: &str) -> Vec<String> {
        let (own, is_absolute) = parts(path);
        let mut ways: Vec<Vec<String>> = Vec::new();
        if let (Some(base), false) = (base, is_absolute) {
            // Parts of the base may be of another computer, and those of the path are not.
            let (base, _) = parts(base);
            for skipped in 0..base.len() {
                ways.push(base[skipped..].iter().chain(&own).cloned().collect());
            }
        }
        ways.push(own.clone());
        if is_absolute {
            let is_split = |part: &str| split_of_folders(&format!("{part}/")).is_some();
            for skipped in 1..own.len() {
                // What is left of valid/images is not images/, which may be all of them.
                if is_split(&own[skipped - 1]) {
                    break;
                }
                ways.push(own[skipped..].to_vec());
            }
        }
        let mut candidates = Vec::new();
        for way in ways {
            for start in [here, ""] {
                let path = format!("{start}{}", way.join("/"));
                let path = path.trim_end_matches('/').to_owned();
                if !candidates.contains(&path) {
                    candidates.push(path);
                }
            }
        }
        candidates
    }

    /// The images that a list names, a line each.
    fn list(&self, name: &str, problems: &mut Vec<Problem>) -> Place {
        let mut images = HashSet::new();
        let file = || self.input.files.shown(name);
        match self.input.files.text(name) {
            Err(problem) => problems.push(problem),
            Ok(text) => {
                for (line, stated) in text.lines() {
                    let stated = stated.trim();
                    if stated.is_empty() {
                        continue;
                    }
                    // `..` at the start is the folder, as in data.yaml itself.
                    let (parts, _) = parts(stated);
                    match self.input.index.find(name, &parts.join("/")) {
                        Ok(place) if place.exists => {
                            images.insert(place.path);
                        }
                        // Splits of lists at the usual places are checked line by line elsewhere.
                        Ok(_) => {}
                        Err(message) => problems.push(Problem::new(
                            ProblemKind::Malformed,
                            file(),
                            line,
                            message,
                        )),
                    }
                }
                if images.is_empty() {
                    let message = format!("names no image of this folder ({})", base_name(name));
                    problems.push(Problem::new(ProblemKind::Note, file(), None, message));
                }
            }
        }
        Place::Images(images)
    }
}

/// The parts of a path that may be below the folder, and whether it was absolute.
fn parts(path: &str) -> (Vec<String>, bool) {
    let path = path.trim().replace('\\', "/");
    let (path, is_url) = match path.split_once("://") {
        Some((_, rest)) => (rest.split_once('/').map_or("", |(_, rest)| rest).to_owned(), true),
        None => (path, false),
    };
    let bytes = path.as_bytes();
    let has_drive = bytes.len() > 1 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':';
    let path = if has_drive { &path[2..] } else { &path[..] };
    let mut parts: Vec<String> = Vec::new();
    for part in path.split('/').map(str::trim) {
        match part {
            "" | "." => {}
            // Above the start is the start.
            ".." => {
                parts.pop();
            }
            part => parts.push(part.to_owned()),
        }
    }
    let is_absolute = is_url || has_drive || path.starts_with('/') || path.starts_with('~');
    (parts, is_absolute)
}

impl Place {
    pub(super) fn holds(&self, image: &str) -> bool {
        match self {
            Self::Folder(folder) => is_below(image, folder),
            Self::Images(images) => images.contains(image),
        }
    }

    pub(super) fn overlaps(&self, other: &Self) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::{Files, ImageIndex};

    const FILES: [&str; 7] = [
        "train/images/a.png",
        "valid/images/b.png",
        "Photos/c.png",
        "set/images/train/d.png",
        "set/val.txt",
        "cats/images/e.png",
        "list.txt",
    ];

    fn found(here: &str, base: Option<&str>, path: &str) -> Option<String> {
        let place = tempfile::tempdir().expect("a temporary folder");
        for name in FILES {
            let path = place.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
            std::fs::write(path, "./images/train/d.png\r\n\nC:\\x\\e.png\n").expect("written");
        }
        let files = Files::scan(place.path(), &mut Vec::new()).expect("a folder");
        let index = ImageIndex::new(&files);
        let input = Input { files: &files, index: &index };
        let mut problems = Vec::new();
        let place = Places::new(&input).find(here, base, path, &mut problems);
        assert_eq!(problems, [], "{path}");
        place.map(|place| match place {
            Place::Folder(folder) => folder,
            Place::Images(images) => {
                let mut images: Vec<String> = images.into_iter().collect();
                images.sort();
                images.join(" ")
            }
        })
    }

    #[test]
    fn paths_of_other_computers_mean_folders_of_this_one() {
        for (here, base, path, is) in [
            ("", None, "train/images", Some("train/images")),
            ("", None, "../train/images", Some("train/images")),
            ("", None, "./train/images/", Some("train/images")),
            ("", None, "train\\images", Some("train/images")),
            ("", Some("C:\\ds"), "train\\images", Some("train/images")),
            ("", Some("../datasets/x"), "valid/images", Some("valid/images")),
            ("", Some("/home/me/cats"), "images", Some("cats/images")),
            ("", None, "/home/me/x/valid/images", Some("valid/images")),
            ("", None, "D:/x/train/images", Some("train/images")),
            ("", None, "https://host/x/train/images", Some("train/images")),
            ("", None, "photos", Some("Photos")),
            ("", None, ".", Some("")),
            ("set/", None, "images/train", Some("set/images/train")),
            ("set/", None, "val.txt", Some("cats/images/e.png set/images/train/d.png")),
            ("", None, "/home/me/test/images", None),
            ("", Some("set"), "images/val", None),
            ("", None, "valid/pictures", None),
            ("", None, "Photos/c.png", None),
        ] {
            assert_eq!(found(here, base, path).as_deref(), is, "{here} {base:?} {path}");
        }
    }
}
