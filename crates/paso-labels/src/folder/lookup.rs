//! Finding the image that a label file names: one way for all formats.
//!
//! People move folders, rename endings, and label on other systems. A name is tried in this order,
//! and the first step that finds an image decides:
//!
//! 1. **As it is**: next to the label file, below the root, and in the usual image folders, where
//!    `labels/a/` and `annotations/a/` correspond to `images/a/`.
//! 2. **At the same places**, in another case, another Unicode normalization (macOS writes `é` as
//!    two characters), or with another ending or none.
//! 3. **By its base name in any folder**; of several, the one that shares most folders with the
//!    name. An image in a folder of another split is never taken.
//!
//! Before that, `\` counts as `/`, `%20` is also tried as a blank, and of absolute paths, Windows
//! paths and URLs only the tail counts, since their beginning is of another computer.
//!
//! Two images that fit equally well are an error that names both: nothing is chosen silently. A
//! name that leads out of the folder with `..` is an error, too.

use std::collections::{BTreeMap, HashMap};

use unicode_normalization::UnicodeNormalization;

use super::Files;
use super::names::{
    IMAGE_FOLDERS, base_name, folder, has_ending, split_of_folders, split_of_name, stem,
};

/// Folders that hold label files, by custom.
const LABEL_FOLDERS: [&str; 7] =
    ["labels", "label", "annotations", "annotation", "xml", "json", "txt"];

/// Endings of label files, which are not there instead of an image.
const LABEL_ENDINGS: [&str; 6] = ["xml", "json", "txt", "csv", "yaml", "yml"];

/// Images by what label files call them.
#[derive(Debug)]
pub(crate) struct ImageIndex<'a> {
    files: &'a Files,
    /// Folded path without its ending, to the images.
    by_path: HashMap<String, Vec<&'a str>>,
    /// Folded base name without its ending, to the images; in order, for names that are similar.
    by_base: BTreeMap<String, Vec<&'a str>>,
    /// Folded base name without its ending, to the first file that is no label file.
    files_by_base: HashMap<String, &'a str>,
}

/// Where the image of a label is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The image's path below the root, or what the label calls it if it is not there.
    pub(crate) path: String,
    /// True if the image is there.
    pub(crate) exists: bool,
    /// If it is not there: what is there instead, in a few words.
    pub(crate) hint: Option<String>,
}

impl<'a> ImageIndex<'a> {
    pub(crate) fn new(files: &'a Files) -> Self {
        let mut by_path: HashMap<String, Vec<&str>> = HashMap::new();
        let mut by_base: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        let mut files_by_base = HashMap::new();
        for name in files.names().filter(|name| !has_ending(name, &LABEL_ENDINGS)) {
            let key = folded(stem(name));
            files_by_base.entry(base_name(&key).to_owned()).or_insert(name);
            if super::names::is_image(name) {
                by_base.entry(base_name(&key).to_owned()).or_default().push(name);
                by_path.entry(key).or_default().push(name);
            }
        }
        Self { files, by_path, by_base, files_by_base }
    }

    /// The image that the label file `label` calls `stated`, with or without its ending.
    ///
    /// # Errors
    ///
    /// A sentence about the name if it leads out of the folder, or fits several images equally
    /// well: the label is malformed.
    pub(crate) fn find(&self, label: &str, stated: &str) -> Result<Place, String> {
        let spellings = spellings(stated)?;
        let split = split_of_folders(&spellings[0].path).or_else(|| split_of_name(label));
        let mut places = Vec::new();
        for spelling in &spellings {
            places.extend(self.places(label, spelling, stated)?);
        }
        if let Some(path) = places.iter().find(|place| self.is_image(place)) {
            return Ok(found(path));
        }
        for place in &places {
            let here = with_and_without_ending(|key| self.by_path.get(key), place);
            if let Some(image) = only(&here, place, "", stated)? {
                return Ok(found(image));
            }
        }
        for Spelling { path, .. } in &spellings {
            let here =
                with_and_without_ending(|key| self.by_base.get(key), base_name(path)).into_iter();
            let other_split = |image: &str| {
                split.is_some_and(|s| split_of_folders(image).is_some_and(|o| o != s))
            };
            let here: Vec<&str> = here.filter(|image| !other_split(image)).collect();
            if let Some(image) = only(&here, path, folder(label), stated)? {
                return Ok(found(image));
            }
        }
        let hint = self.hint(base_name(&spellings[0].path));
        Ok(Place { path: spellings[0].path.clone(), exists: false, hint })
    }

    /// The image that a label file's own name means: `labels/a/b.txt` is for `images/a/b.jpg`.
    ///
    /// # Errors
    ///
    /// As [`ImageIndex::find`].
    pub(crate) fn find_own(&self, label: &str) -> Result<Place, String> {
        self.find(label, stem(base_name(label)))
    }

    fn is_image(&self, path: &str) -> bool {
        self.files.get(path).is_some() && super::names::is_image(path)
    }

    /// The paths that a name may mean, without a search.
    fn places(
        &self,
        label: &str,
        Spelling { path, absolute }: &Spelling,
        stated: &str,
    ) -> Result<Vec<String>, String> {
        if *absolute {
            return Ok(Vec::new());
        }
        let here = folder(label);
        if path.split('/').any(|part| part == "..") {
            return Ok(vec![resolved(here, path).ok_or_else(|| leads_out(stated))?]);
        }
        // annotations/a/b.xml -> a/
        let below = here.split_once('/').map_or("", |(_, rest)| rest);
        let mut places = vec![format!("{here}{path}"), path.clone()];
        for images in IMAGE_FOLDERS {
            places.extend(mirrored(here, images).map(|mirrored| format!("{mirrored}{path}")));
            places.push(format!("{images}{below}{path}"));
            places.push(format!("{images}{path}"));
        }
        Ok(places)
    }

    /// What is there instead of an image. Sets are met in which every image is missing, so this
    /// must not look at all files.
    fn hint(&self, base: &str) -> Option<String> {
        let wanted = folded(stem(base));
        if let Some(other) = self.files_by_base.get(&wanted) {
            return Some(format!("{other} is there"));
        }
        // The longest common beginning, of at least three characters: in order, it is next to it.
        let before = self.by_base.range(..wanted.clone()).next_back();
        let after = self.by_base.range(wanted.clone()..).next();
        let shared = |(key, _): (&String, &Vec<&str>)| {
            key.chars().zip(wanted.chars()).take_while(|(a, b)| a == b).count()
        };
        let length = before.into_iter().chain(after).map(shared).max().filter(|n| *n >= 3)?;
        let beginning: String = wanted.chars().take(length).collect();
        let (_, images) = self.by_base.range(beginning..).next()?;
        Some(format!("the most similar name is {}", images[0]))
    }
}

/// The images of a map by a name that may have an ending: `a.b` is also the start of `a.b.jpg`.
fn with_and_without_ending<'i, 'a: 'i>(
    images: impl Fn(&str) -> Option<&'i Vec<&'a str>>,
    name: &str,
) -> Vec<&'a str> {
    let mut keys = vec![folded(name), folded(stem(name))];
    keys.dedup();
    keys.iter().filter_map(|key| images(key)).flatten().copied().collect()
}

fn found(path: &str) -> Place {
    Place { path: path.to_owned(), exists: true, hint: None }
}

/// A name as one may have meant it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Spelling {
    path: String,
    /// It begins on some computer and not in this folder: only its tail counts.
    absolute: bool,
}

/// The ways to read a name, the most literal first.
fn spellings(stated: &str) -> Result<Vec<Spelling>, String> {
    if stated.contains('\0') {
        return Err(leads_out(stated));
    }
    let mut all: Vec<Spelling> = Vec::new();
    let literal = stated.trim_start_matches("./");
    let slashed = stated.replace('\\', "/");
    for text in [literal.to_owned(), slashed.clone(), percent_decoded(&slashed)] {
        let (text, absolute) = without_host(&text);
        let path = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect::<Vec<_>>();
        if absolute && path.contains(&"..") {
            return Err(leads_out(stated));
        }
        let spelling = Spelling { path: path.join("/"), absolute };
        if !all.contains(&spelling) {
            all.push(spelling);
        }
    }
    Ok(all)
}

/// A path without the part that names a computer, a drive or a server; and whether it had one.
fn without_host(text: &str) -> (&str, bool) {
    // Label Studio serves local files as /data/local-files/?d=photos/a.jpg.
    if let Some((_, path)) = text.split_once("/?d=") {
        return (path, true);
    }
    if let Some((_, rest)) = text.split_once("://") {
        return (rest.split(['?', '#']).next().unwrap_or(rest), true);
    }
    let drive = text.as_bytes();
    if drive.len() > 1 && drive[0].is_ascii_alphabetic() && drive[1] == b':' {
        return (&text[2..], true);
    }
    (text, text.starts_with('/'))
}

/// `%C3%A9` as the bytes that it stands for, where they are UTF-8.
fn percent_decoded(text: &str) -> String {
    let digit = |byte: Option<&u8>| byte.and_then(|b| char::from(*b).to_digit(16));
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        match (bytes[at], digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(16 * high + low).expect("two hexadecimal digits"));
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// A path with `..`, from a folder. None if it leads out of the data set.
fn resolved(here: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = here.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        if part == ".." {
            parts.pop()?;
        } else {
            parts.push(part);
        }
    }
    Some(parts.join("/"))
}

fn leads_out(stated: &str) -> String {
    format!("{stated:?} leads out of the data set's folder; give the path below it, with /")
}

/// The folder of the images for a folder of labels: its last part of such a name is replaced.
fn mirrored(here: &str, images: &str) -> Option<String> {
    let mut parts: Vec<&str> = here.split_inclusive('/').collect();
    let is_labels = |part: &&str| {
        LABEL_FOLDERS.iter().any(|name| part.trim_end_matches('/').eq_ignore_ascii_case(name))
    };
    let at = parts.iter().rposition(is_labels)?;
    parts[at] = images;
    Some(parts.concat())
}

/// A name by which names are equal that differ in case or in the normalization of Unicode.
fn folded(name: &str) -> String {
    name.nfc().collect::<String>().to_lowercase()
}

/// An image whose base name is farther than this from the stated one is another image.
const OTHER: u8 = 9;

/// How far an image's base name is from the one that a label states: the same, without an ending,
/// with another ending; each exactly, in another normalization, in another case.
fn distance(image: &str, stated: &str) -> u8 {
    let (image, stated) = (base_name(image), base_name(stated));
    let pairs = [(image, stated), (stem(image), stated), (stem(image), stem(stated))];
    let same =
        pairs.into_iter().flat_map(|(a, b)| [a == b, a.nfc().eq(b.nfc()), folded(a) == folded(b)]);
    (0..).zip(same).find(|(_, same)| *same).map_or(OTHER, |(at, _)| at)
}

/// The one image that fits best, or none. Several that fit equally well are an error.
fn only<'a>(
    images: &[&'a str],
    path: &str,
    label_folder: &str,
    stated: &str,
) -> Result<Option<&'a str>, String> {
    let shared = |image: &str, other: &str| {
        let parts = |path: &str| {
            folded(folder(path)).split('/').rev().map(String::from).collect::<Vec<_>>()
        };
        parts(image).iter().zip(&parts(other)).take_while(|(a, b)| a == b).count()
    };
    let rank = |image: &&'a str| {
        let far = usize::MAX - shared(image, path);
        (distance(image, path), far, usize::MAX - shared(image, label_folder))
    };
    let near: Vec<&'a str> = images.iter().copied().filter(|i| distance(i, path) < OTHER).collect();
    let Some(best) = near.iter().map(rank).min() else { return Ok(None) };
    let best: Vec<&str> = near.into_iter().filter(|image| rank(image) == best).collect();
    match best[..] {
        [image] => Ok(Some(image)),
        [one, other, ..] => Err(format!(
            "{stated:?} may be {one} or {other}{}; give the path below the folder, or rename one",
            if best.len() > 2 { " and others" } else { "" }
        )),
        [] => Ok(None),
    }
}

#[cfg(test)]
#[path = "lookup_tests.rs"]
mod tests;
