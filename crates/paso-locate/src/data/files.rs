//! The files of a data set's folder: found once, and the only ones that are ever opened.
//!
//! A name inside a label file is looked up here, so it can only reach what lies in the folder.
//!
//! # Why names are looked up and never joined
//!
//! A label file comes from outside. If `<filename>../../secret.jpg</filename>` were joined to the
//! folder's path, a data set could make paso read any file of the system. Here the folder is walked
//! first, and a name can only be one of what was found. [`check_inside`] exists for the message:
//! such a name is refused with its reason, and not as a missing image.
//!
//! # Splits from names
//!
//! A folder or label file that is called `train`, `val` or `test` (or `training`, `valid`,
//! `validation`, `testing`, also with a year as in `val2017`) says what its images are for. A name
//! that says two of them says nothing.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Split;
use super::report::{Problem, ProblemKind};
use crate::Error;

/// Endings of image files. Only for finding images; decoding looks at the content.
const IMAGE_EXTENSIONS: [&str; 7] = ["jpg", "jpeg", "png", "webp", "bmp", "gif", "jfif"];

/// Label files larger than this are refused before they are read.
const MAX_LABEL_BYTES: u64 = 1 << 30;

/// Folders that hold images, by custom; not part of an image's name.
const IMAGE_FOLDERS: [&str; 4] = ["images/", "JPEGImages/", "image/", "img/"];

/// A folder's files.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) root: PathBuf,
    /// Path below the root, with `/`, to what it is on this system.
    all: BTreeMap<String, PathBuf>,
}

impl Files {
    /// Walks a folder. Hidden files and folders are passed over, links are followed.
    pub(crate) fn scan(root: &Path) -> Result<Self, Error> {
        if !root.is_dir() {
            return Err(Error::NotADataset {
                path: root.to_path_buf(),
                message: if root.exists() { "is no folder" } else { "does not exist" }.into(),
            });
        }
        let visible = |entry: &walkdir::DirEntry| {
            entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.')
        };
        let mut all = BTreeMap::new();
        for entry in
            walkdir::WalkDir::new(root).follow_links(true).into_iter().filter_entry(visible)
        {
            let entry = entry.map_err(|e| {
                let path = e.path().unwrap_or(root).to_path_buf();
                Error::Io { path, source: e.into() }
            })?;
            if entry.file_type().is_file() {
                let below = entry.path().strip_prefix(root).expect("the walk stays below its root");
                let parts: Vec<_> =
                    below.components().map(|c| c.as_os_str().to_string_lossy()).collect();
                all.insert(parts.join("/"), entry.into_path());
            }
        }
        Ok(Self { root: root.to_path_buf(), all })
    }

    /// The file at a path below the root, if there is one.
    pub(crate) fn get(&self, name: &str) -> Option<&Path> {
        self.all.get(name).map(PathBuf::as_path)
    }

    /// Paths below the root with this ending (lower case, without a dot), sorted.
    pub(crate) fn with_ending<'a>(&'a self, ending: &'a str) -> impl Iterator<Item = &'a str> {
        self.all.keys().map(String::as_str).filter(move |name| has_ending(name, &[ending]))
    }

    /// Paths below the root that look like images, sorted.
    pub(crate) fn images(&self) -> impl Iterator<Item = &str> {
        self.all.keys().map(String::as_str).filter(|name| is_image(name))
    }

    /// The path to show for a name below the root.
    pub(crate) fn shown(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The first 64 KiB of a file as text, to guess by what it is; empty if it cannot be read.
    pub(crate) fn first_text(&self, name: &str) -> String {
        let mut bytes = Vec::new();
        if let Ok(file) = std::fs::File::open(self.shown(name)) {
            // What cannot be read here fails again, with its error, where it is read in earnest.
            file.take(1 << 16).read_to_end(&mut bytes).ok();
        }
        String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').to_owned()
    }

    /// True if a file lies below this folder (without a `/` at its end).
    pub(crate) fn has_folder(&self, folder: &str) -> bool {
        folder.is_empty() || self.all.keys().any(|name| is_below(name, folder))
    }

    /// Reads a label file of many; one that cannot be read is a problem of the data set.
    pub(crate) fn read_labels(&self, name: &str) -> Result<String, Problem> {
        self.read_text(name).map_err(|error| {
            let message = match error {
                Error::Io { source, .. } => source.to_string(),
                error => error.to_string(),
            };
            Problem::new(ProblemKind::Malformed, self.shown(name), None, message)
        })
    }

    /// Reads a label file as UTF-8, without a byte order mark.
    pub(crate) fn read_text(&self, name: &str) -> Result<String, Error> {
        let path = self.shown(name);
        let bytes = crate::image::read_bounded(&path, MAX_LABEL_BYTES)?;
        let mut text = String::from_utf8(bytes).map_err(|e| {
            let at = e.utf8_error().valid_up_to();
            let source = std::io::Error::new(
                std::io::ErrorKind::InvalidData,
                format!("is not UTF-8 (byte {at}); save it as UTF-8"),
            );
            Error::Io { path, source }
        })?;
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        Ok(text)
    }
}

/// Checks a file name that stands in a label file: it must stay below the folder.
pub(crate) fn check_inside(name: &str) -> Result<(), String> {
    let outside = name.starts_with('/')
        || name.contains('\\')
        || name.get(1..2) == Some(":")
        || name.contains('\0')
        || name.split('/').any(|part| part == "..");
    if outside {
        return Err(format!(
            "{name:?} leads out of the data set's folder; give the path below it, with /"
        ));
    }
    Ok(())
}

/// An image's name: its path without the folder that holds all images.
pub(crate) fn image_name(path: &str) -> &str {
    IMAGE_FOLDERS.iter().find_map(|folder| path.strip_prefix(folder)).unwrap_or(path)
}

/// The folder of a path, with its `/`, or nothing.
pub(crate) fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..=at])
}

/// True if a path lies below a folder; every path lies below the empty one.
pub(crate) fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
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

/// A path without its ending.
pub(crate) fn stem(path: &str) -> &str {
    let start = folder(path).len();
    path[start..].rfind('.').filter(|&at| at > 0).map_or(path, |at| &path[..start + at])
}

/// True if a name has the ending of an image file.
pub(crate) fn is_image(name: &str) -> bool {
    has_ending(name, &IMAGE_EXTENSIONS)
}

fn has_ending(name: &str, endings: &[&str]) -> bool {
    name.rsplit_once('.').is_some_and(|(_, e)| endings.iter().any(|w| e.eq_ignore_ascii_case(w)))
}

/// Finds images by what a label file calls them.
#[derive(Debug)]
pub(crate) struct ImageIndex<'a> {
    files: &'a Files,
    /// Path without its ending, to the image.
    by_stem: BTreeMap<&'a str, &'a str>,
}

impl<'a> ImageIndex<'a> {
    pub(crate) fn new(files: &'a Files) -> Self {
        Self { files, by_stem: files.images().map(|path| (stem(path), path)).collect() }
    }

    /// The image that a label file in `label_folder` calls `name`, with or without its ending:
    /// next to the label file, in an image folder (under the same subfolder, or at its top), or
    /// below the root.
    pub(crate) fn find(&self, label_folder: &str, name: &str) -> Option<&'a str> {
        let name = name.trim_start_matches("./");
        // annotations/a/b.xml -> a/
        let below = label_folder.split_once('/').map_or("", |(_, rest)| rest);
        let mut candidates = vec![format!("{label_folder}{name}"), name.to_owned()];
        for images in IMAGE_FOLDERS {
            candidates.push(format!("{images}{below}{name}"));
            candidates.push(format!("{images}{name}"));
        }
        candidates.iter().find_map(|candidate| {
            match self.files.all.get_key_value(candidate.as_str()) {
                Some((path, _)) => Some(path.as_str()),
                None => self.by_stem.get(candidate.as_str()).copied(),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_climb_are_refused() {
        for bad in ["../x.jpg", "a/../../x.jpg", "/etc/passwd", "C:\\x.jpg", "c:/x.jpg", "a\\b.jpg"]
        {
            assert!(check_inside(bad).is_err(), "{bad}");
        }
        for good in ["x.jpg", "a/b.jpg", "./x.jpg", "a..b.jpg", "..x.jpg", ""] {
            assert!(check_inside(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn parts_of_paths() {
        assert_eq!(stem("a.b/c"), "a.b/c");
        assert_eq!(stem("a.b/c.d.jpg"), "a.b/c.d");
        assert_eq!(stem(".hidden"), ".hidden");
        assert_eq!(folder("a/b/c.jpg"), "a/b/");
        assert_eq!(folder("c.jpg"), "");
        assert_eq!(image_name("images/a/b.jpg"), "a/b.jpg");
        assert_eq!(image_name("other/b.jpg"), "other/b.jpg");
        assert!(is_below("a/b", "a") && is_below("a", "") && !is_below("ab/c", "a"));
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
