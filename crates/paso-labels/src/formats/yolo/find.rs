//! Which text files are labels, and of which image.
//!
//! Text files lie everywhere: lists of classes and of splits, captions, licenses. A file is a label
//! if it lies in a folder called `labels` and has the name of an image or the lines of a label, or
//! lies elsewhere and has both. An empty one says that there is nothing on its image; it counts
//! where labels lie.

use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization;

use super::super::{Finding, Input};
use super::names::is_list;
use crate::folder::lookup::Place;
use crate::folder::names::has_ending;
use crate::folder::{base_name, folder, stem};

/// Text files that are no labels unless they look like some: an image may be called `train.jpg`.
const OTHERS: [&str; 13] = [
    "train",
    "training",
    "val",
    "valid",
    "validation",
    "test",
    "testing",
    "trainval",
    "classes",
    "readme",
    "license",
    "notes",
    "requirements",
];

/// What a text file looks like.
#[derive(PartialEq)]
enum Look {
    Label,
    /// Empty: a label where other labels lie.
    Empty,
}

pub(super) fn find<'a>(input: &Input<'a>) -> Finding<'a> {
    let mut finding = Finding::default();
    let mut empty = Vec::new();
    for name in input.files.with_ending(&["txt"]) {
        match look(input, name) {
            Ok(Look::Label) => finding.labels.push(name),
            Ok(Look::Empty) => empty.push(name),
            Err(lacks) => finding.lacking.push((name, lacks)),
        }
    }
    let folders: HashSet<&str> = finding.labels.iter().map(|name| folder(name)).collect();
    for name in empty {
        if in_labels(name) || folders.contains(folder(name)) {
            finding.labels.push(name);
        } else {
            finding.lacking.push((name, "it is empty".into()));
        }
    }
    finding.labels.sort_unstable();
    finding.lacking.sort_unstable();
    finding
}

pub(super) fn examine(input: &Input<'_>, name: &str) -> Result<(), String> {
    match look(input, name)? {
        Look::Empty if !in_labels(name) => Err("it is empty".into()),
        _ => Ok(()),
    }
}

fn look(input: &Input<'_>, name: &str) -> Result<Look, String> {
    let text = input.files.first_text(name);
    let has_rows = super::has_rows(&text);
    let has_image = image_of(input, name).map_or(true, |place| place.exists);
    let is_other = OTHERS.iter().any(|o| stem(base_name(name)).eq_ignore_ascii_case(o));
    if is_list(name) && !has_rows {
        return Err("it has names of classes, or other words".into());
    }
    if text.trim().is_empty() {
        return if !is_other && (has_image || in_labels(name)) {
            Ok(Look::Empty)
        } else {
            Err("it is empty, and no image has its name".into())
        };
    }
    match (has_image, has_rows) {
        (true, true) => Ok(Look::Label),
        (true, false) if in_labels(name) && !is_other => Ok(Look::Label),
        // Its image is missing.
        (false, true) if in_labels(name) || is_strict(&text) => Ok(Look::Label),
        (true, false) => Err("its first line is not class x y width height".into()),
        (false, _) => Err("no image has its name".into()),
    }
}

/// True if a folder of the file is for labels.
fn in_labels(name: &str) -> bool {
    let is_one = |part: &str| {
        ["labels", "label"].iter().any(|word| part.eq_ignore_ascii_case(word))
    };
    folder(name).split('/').any(is_one)
}

/// True if all lines could be boxes of shares: no table of something else is like that by chance.
fn is_strict(text: &str) -> bool {
    let lines = || text.lines().filter(|line| !line.trim().is_empty()).take(20);
    let is_box = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().take(6).collect();
        let share = |f: &&str| f.parse::<f64>().is_ok_and(|v| (0.0..=1.0).contains(&v));
        fields.len() == 5
            && fields[0].parse::<f64>().is_ok_and(|class| class.fract() == 0.0)
            && fields[1..].iter().all(share)
    };
    lines().all(is_box)
}

/// The image of a label file.
///
/// # Errors
///
/// A sentence if several images fit.
pub(super) fn image_of(input: &Input<'_>, name: &str) -> Result<Place, String> {
    let place = input.index.find_own(name)?;
    let own = stem(base_name(name));
    // `a.1.txt` is not for `a.jpg`, though `a.jpg.txt` is for `a.png`.
    let folded = |text: &str| text.nfc().collect::<String>().to_lowercase();
    let image = folded(base_name(&place.path));
    let same = [stem(&image), &image[..]].contains(&&folded(own)[..]);
    let moved = has_ending(own, &["jpg", "jpeg", "png", "bmp", "tif", "tiff", "webp", "gif"]);
    if place.exists && !same && !moved {
        let hint = Some(format!("{} is there", place.path));
        return Ok(Place { path: own.to_owned(), exists: false, hint });
    }
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_labels_are_distinguished_from_words_and_tables() {
        let has_rows = super::super::has_rows;
        for text in ["0 .1 .2 .3 .4", "\r\n1.0 .1 .2 .3 .4 .5", "dog .1 .2 .3 .4", "0 .1 nine .3 .4"] {
            assert!(has_rows(text), "{text}");
        }
        for text in ["", "a photo of a cat", "images/a.jpg\nimages/b.jpg", "0 0.1 0.2 0.3", "1\n2"] {
            assert!(!has_rows(text), "{text}");
        }
        assert!(is_strict("0 .1 .2 .3 .4\n1 0 0 1 1\n") && !is_strict("0 10 20 30 40"));
        assert!(!is_strict("0 .1 .2 .3 .4\nand so on"));
    }

    #[test]
    fn folders_of_labels_have_that_name_in_any_case() {
        assert!(in_labels("Labels/a.txt") && in_labels("train/labels/x/a.txt"));
        assert!(!in_labels("labels.txt") && !in_labels("my labels/a.txt"));
    }
}
