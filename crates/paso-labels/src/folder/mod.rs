//! The files of a data set's folder: found once, and the only ones that are ever opened.
//!
//! # Why names are looked up and never joined
//!
//! A label file comes from outside. If `<filename>../../secret.jpg</filename>` were joined to the
//! folder's path, a data set could make a program read any file of the system. Here the folder is
//! walked first, and a name in a label file can only be one of what was found ([`ImageIndex`]).
//!
//! # What is passed over
//!
//! - Hidden files and folders, `__MACOSX`, and the `._name` files that archives of macOS bring.
//! - Folders that paso wrote as outputs: they hold the marker file [`paso_files::MARKER`], and
//!   their images are drawings. The folder that is asked for itself is always read.
//! - Links that lead nowhere or to a folder above themselves. They are named in the report.

pub(crate) mod lookup;
pub(crate) mod names;
pub(crate) mod text;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

pub(crate) use lookup::ImageIndex;
pub(crate) use names::{
    base_name, folder, image_name, is_below, split_of_folders, split_of_name, stem,
};
pub(crate) use text::Text;

use crate::Error;
use crate::report::{Problem, ProblemKind};

/// Label files larger than this are refused before they are read.
const MAX_LABEL_BYTES: u64 = 1 << 30;

/// How much of a file is looked at to tell what it is.
const FIRST_BYTES: u64 = 1 << 16;

/// A folder's files.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) root: PathBuf,
    /// Path below the root, with `/`, to what it is on this system.
    all: BTreeMap<String, PathBuf>,
}

/// The images below a folder, sorted by path; recognized by the endings of their names.
///
/// Hidden files and folders are left out, and so are folders that paso made, whose images are
/// drawings.
///
/// # Errors
/// When the folder does not exist or cannot be read.
pub fn image_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let files = Files::scan(folder, &mut Vec::new())?;
    Ok(files.images().map(|name| files.shown(name)).collect())
}

impl Files {
    /// Walks a folder. Links are followed. What cannot be read is in the problems, and the rest is
    /// used.
    pub(crate) fn scan(root: &Path, problems: &mut Vec<Problem>) -> Result<Self, Error> {
        if !root.is_dir() {
            return Err(Error::NotADataset { path: root.to_path_buf(), message: no_folder(root) });
        }
        let mut all: BTreeMap<String, PathBuf> = BTreeMap::new();
        let walk = walkdir::WalkDir::new(root).follow_links(true).sort_by_file_name();
        for entry in walk.into_iter().filter_entry(is_wanted) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) if error.depth() == 0 => {
                    return Err(Error::Io { path: root.to_path_buf(), source: error.into() });
                }
                Err(error) => {
                    problems.push(not_followed(root, error));
                    continue;
                }
            };
            if entry.file_type().is_file() {
                let below = entry.path().strip_prefix(root).expect("the walk stays below its root");
                let parts: Vec<String> =
                    below.components().map(|part| readable(part.as_os_str())).collect();
                let name = parts.join("/");
                if let Some(other) = all.get(&name) {
                    let message = format!("has the same readable name as {other:?}; rename one");
                    problems.push(Problem::new(ProblemKind::Note, root.join(&name), None, message));
                    continue;
                }
                all.insert(name, entry.into_path());
            }
        }
        Ok(Self { root: root.to_path_buf(), all })
    }

    /// The file at a path below the root, if there is one.
    pub(crate) fn get(&self, name: &str) -> Option<&Path> {
        self.all.get(name).map(PathBuf::as_path)
    }

    /// All paths below the root, sorted.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.all.keys().map(String::as_str)
    }

    /// Paths below the root with one of these endings (lower case, without a dot), sorted. Endings
    /// of files may be in any case.
    pub(crate) fn with_ending<'a>(
        &'a self,
        endings: &'a [&'a str],
    ) -> impl Iterator<Item = &'a str> {
        self.names().filter(move |name| names::has_ending(name, endings))
    }

    /// Paths below the root that look like images, sorted.
    pub(crate) fn images(&self) -> impl Iterator<Item = &str> {
        self.names().filter(|name| names::is_image(name))
    }

    /// The path to show for a name below the root, and to open where it exists.
    pub(crate) fn shown(&self, name: &str) -> PathBuf {
        self.get(name).map_or_else(|| self.root.join(name), Path::to_path_buf)
    }

    /// The first 64 KiB of a file as text, to tell what it is; empty if it cannot be read or is no
    /// text. Cut at a whole character.
    pub(crate) fn first_text(&self, name: &str) -> String {
        let mut bytes = Vec::new();
        if let Some(file) = self.get(name).and_then(|path| std::fs::File::open(path).ok()) {
            // What cannot be read here fails again, with its error, where it is read in earnest.
            file.take(FIRST_BYTES).read_to_end(&mut bytes).ok();
        }
        if bytes.len() as u64 == FIRST_BYTES {
            // A character may be cut in two; UTF-16 has an even number of bytes.
            while bytes.last().is_some_and(|byte| !byte.is_ascii()) && bytes.len() % 2 == 0 {
                bytes.truncate(bytes.len() - 2);
            }
        }
        Text::decode(&bytes).map_or_else(
            |_| String::from_utf8_lossy(&bytes).into_owned(),
            |text| text.as_str().to_owned(),
        )
    }

    /// Reads a label file. One that cannot be read is a problem of the data set.
    pub(crate) fn text(&self, name: &str) -> Result<Text, Problem> {
        let path = self.shown(name);
        let malformed =
            |message: String| Problem::new(ProblemKind::Malformed, &*path, None, message);
        let bytes = paso_files::read(&path, MAX_LABEL_BYTES)
            .map_err(|error| malformed(format!("cannot be read: {error}")))?;
        Text::decode(&bytes).map_err(malformed)
    }
}

/// Why a path is no folder of labels, and what to do.
fn no_folder(path: &Path) -> String {
    if !path.exists() {
        return "does not exist".into();
    }
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    if ["zip", "tar", "gz", "tgz", "7z", "rar"].iter().any(|e| ending.eq_ignore_ascii_case(e)) {
        return "is an archive; unpack it and give the folder".into();
    }
    "is a file; give the folder that holds the images and their labels".into()
}

fn is_wanted(entry: &walkdir::DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    entry.depth() == 0
        || !(name.starts_with('.')
            || name == "__MACOSX"
            || entry.file_type().is_dir() && paso_files::is_marked(entry.path()))
}

fn not_followed(root: &Path, error: walkdir::Error) -> Problem {
    let path = error.path().unwrap_or(root).to_path_buf();
    let message = if error.loop_ancestor().is_some() {
        "is a link to a folder above it; it is passed over".into()
    } else if path.symlink_metadata().is_ok_and(|m| m.file_type().is_symlink()) {
        "is a link that leads nowhere; it is passed over".into()
    } else {
        format!("cannot be read: {}; it is passed over", std::io::Error::from(error))
    };
    Problem::new(ProblemKind::Unreadable, path, None, message)
}

/// A file name as text. Bytes that are not UTF-8 are written as `%E9`, so that two names stay two.
fn readable(name: &std::ffi::OsStr) -> String {
    if let Some(name) = name.to_str() {
        return name.to_owned();
    }
    let mut text = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("%{byte:02X}")));
    }
    text
}

#[cfg(test)]
mod tests;
