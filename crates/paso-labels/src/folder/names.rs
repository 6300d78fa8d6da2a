//! Names inside a data set's folder: paths with `/`, on every system, and what they say.
//!
//! # Splits from names
//!
//! A folder or label file that is called `train`, `val` or `test` (or `training`, `valid`,
//! `validation`, `testing`, also with a year as in `val2017`) says what its images are for. A name
//! that says two of them says nothing.

use crate::Split;

/// Endings of files that look like images. Decoding looks at the content.
const IMAGE_ENDINGS: [&str; 13] = [
    "jpg", "jpeg", "jfif", "png", "webp", "bmp", "gif", "tif", "tiff", "avif", "heic", "heif",
    "jp2",
];

/// Folders that hold images, by custom; not part of an image's name.
pub(super) const IMAGE_FOLDERS: [&str; 4] = ["images/", "JPEGImages/", "image/", "img/"];

/// An image's name: its path without the folder that holds all images.
pub(crate) fn image_name(path: &str) -> &str {
    IMAGE_FOLDERS.iter().find_map(|folder| path.strip_prefix(folder)).unwrap_or(path)
}

/// The folder of a path, with its `/`, or nothing.
pub(crate) fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..=at])
}

/// The part of a path behind its folder.
pub(crate) fn base_name(path: &str) -> &str {
    &path[folder(path).len()..]
}

/// True if a path lies below a folder; every path lies below the empty one.
pub(crate) fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// A path without its ending.
pub(crate) fn stem(path: &str) -> &str {
    let start = folder(path).len();
    path[start..].rfind('.').filter(|&at| at > 0).map_or(path, |at| &path[..start + at])
}

/// True if a name has the ending of an image file.
pub(crate) fn is_image(name: &str) -> bool {
    has_ending(name, &IMAGE_ENDINGS)
}

/// True if a name has one of these endings, in any case.
pub(crate) fn has_ending(name: &str, endings: &[&str]) -> bool {
    let ending = base_name(name).rsplit_once('.');
    ending.is_some_and(|(_, e)| endings.iter().any(|w| e.eq_ignore_ascii_case(w)))
}

/// The split that a word names, as data sets call it.
fn split_of_word(word: &str) -> Option<Split> {
    match word.to_ascii_lowercase().as_str() {
        "train" | "training" => Some(Split::Train),
        "val" | "valid" | "validation" => Some(Split::Val),
        "test" | "testing" => Some(Split::Test),
        _ => None,
    }
}

/// The split that a label file's path names, such as `annotations/instances_val2017.json`. None if
/// it names none, or several.
pub(crate) fn split_of_name(path: &str) -> Option<Split> {
    only(path.split(|c: char| !c.is_ascii_alphabetic()).filter_map(split_of_word))
}

/// The split that one of an image's folders names, such as `train2017/`.
pub(crate) fn split_of_folders(path: &str) -> Option<Split> {
    let word = |part: &str| split_of_word(part.trim_end_matches(|c: char| c.is_ascii_digit()));
    only(folder(path).split('/').filter_map(word))
}

fn only(mut splits: impl Iterator<Item = Split>) -> Option<Split> {
    let first = splits.next()?;
    splits.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_paths() {
        assert_eq!(stem("a.b/c"), "a.b/c");
        assert_eq!(stem("a.b/c.d.jpg"), "a.b/c.d");
        assert_eq!(stem(".hidden"), ".hidden");
        assert_eq!((folder("a/b/c.jpg"), base_name("a/b/c.jpg")), ("a/b/", "c.jpg"));
        assert_eq!((folder("c.jpg"), base_name("c.jpg")), ("", "c.jpg"));
        assert_eq!(image_name("images/a/b.jpg"), "a/b.jpg");
        assert_eq!(image_name("JPEGImages/b.jpg"), "b.jpg");
        assert_eq!(image_name("other/b.jpg"), "other/b.jpg");
        assert!(is_below("a/b", "a") && is_below("a", "") && !is_below("ab/c", "a"));
        assert!(is_image("a/b.JPG") && is_image("x.tiff") && !is_image("a.jpg/b"));
    }

    #[test]
    fn names_that_tell_a_split() {
        assert_eq!(split_of_name("annotations/instances_val2017.json"), Some(Split::Val));
        assert_eq!(split_of_name("train/_annotations.coco.json"), Some(Split::Train));
        assert_eq!(split_of_name("test_labels.csv"), Some(Split::Test));
        assert_eq!(split_of_name("train_and_test.csv"), None);
        assert_eq!(split_of_name("trainer.csv"), None);
        assert_eq!(split_of_folders("images/train2017/test.jpg"), Some(Split::Train));
        assert_eq!(split_of_folders("test.jpg"), None);
    }
}
