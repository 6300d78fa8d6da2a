//! The files of a data set's folder: found once, and the only ones that are ever opened.
//!
//! A name inside a label file is looked up here, so it can only reach what lies in the folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::Error;

/// Endings of picture files. Only for finding pictures; decoding looks at the content.
const PICTURES: [&str; 7] = ["jpg", "jpeg", "png", "webp", "bmp", "gif", "jfif"];

/// Label files larger than this are refused before they are read.
const MAX_LABEL_BYTES: u64 = 1 << 30;

/// Folders that hold pictures, by custom; not part of a picture's name.
const PICTURE_FOLDERS: [&str; 4] = ["images/", "JPEGImages/", "image/", "img/"];

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

    /// Paths below the root that look like pictures, sorted.
    pub(crate) fn pictures(&self) -> impl Iterator<Item = &str> {
        self.all.keys().map(String::as_str).filter(|name| has_ending(name, &PICTURES))
    }

    /// The path to show for a name below the root.
    pub(crate) fn shown(&self, name: &str) -> PathBuf {
        self.root.join(name)
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

/// A picture's name: its path without the folder that holds all pictures.
pub(crate) fn picture_name(path: &str) -> &str {
    PICTURE_FOLDERS.iter().find_map(|folder| path.strip_prefix(folder)).unwrap_or(path)
}

/// The folder of a path, with its `/`, or nothing.
pub(crate) fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..=at])
}

/// A path without its ending.
pub(crate) fn stem(path: &str) -> &str {
    let start = folder(path).len();
    path[start..].rfind('.').filter(|&at| at > 0).map_or(path, |at| &path[..start + at])
}

fn has_ending(name: &str, endings: &[&str]) -> bool {
    name.rsplit_once('.').is_some_and(|(_, e)| endings.iter().any(|w| e.eq_ignore_ascii_case(w)))
}

/// Finds pictures by what a label file calls them.
#[derive(Debug)]
pub(crate) struct PictureIndex<'a> {
    files: &'a Files,
    /// Path without its ending, to the picture.
    by_stem: BTreeMap<&'a str, &'a str>,
}

impl<'a> PictureIndex<'a> {
    pub(crate) fn new(files: &'a Files) -> Self {
        Self { files, by_stem: files.pictures().map(|path| (stem(path), path)).collect() }
    }

    /// The picture that a label file in `label_folder` calls `name`, with or without its ending:
    /// beside the label file, in a picture folder (under the same subfolder, or at its top), or
    /// below the root.
    pub(crate) fn find(&self, label_folder: &str, name: &str) -> Option<&'a str> {
        let name = name.trim_start_matches("./");
        // annotations/a/b.xml -> a/
        let below = label_folder.split_once('/').map_or("", |(_, rest)| rest);
        let mut candidates = vec![format!("{label_folder}{name}"), name.to_owned()];
        for pictures in PICTURE_FOLDERS {
            candidates.push(format!("{pictures}{below}{name}"));
            candidates.push(format!("{pictures}{name}"));
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
        assert_eq!(picture_name("images/a/b.jpg"), "a/b.jpg");
        assert_eq!(picture_name("other/b.jpg"), "other/b.jpg");
    }
}
