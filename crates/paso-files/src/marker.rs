//! The marker of a folder that paso made, and what else is in a folder.
//!
//! A folder that paso fills with its own files has a small file named `.paso`, which is written
//! before anything else. Two questions are answered by it, and by nothing else: whether a file of a
//! usual name (`metrics.csv`, `report.html`) may be replaced, and whether a reader of images has to
//! pass a folder over, because its images are drawings of paso.
//!
//! The marker is text, so that whoever finds it can see what it is:
//!
//! ```text
//! paso
//! train, paso 0.1.0
//! The program paso made this folder and replaces files of its own in it.
//! ```

use crate::lock::is_lock;
use crate::{PREFIX, open, write_new};
use std::ffi::OsString;
use std::io::{ErrorKind, Read, Result};
use std::path::Path;

/// The name of the marker in a folder that paso made.
pub const MARKER: &str = ".paso";

/// How a marker begins. Another file of that name is no marker.
const FIRST_LINE: &str = "paso";

/// Whether paso made this folder. A folder that is not there or cannot be read is not marked.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// assert!(!paso_files::is_marked(folder.path()));
/// paso_files::mark(folder.path(), "train, paso 0.1.0")?;
/// assert!(paso_files::is_marked(folder.path()));
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use]
pub fn is_marked(folder: &Path) -> bool {
    let mut start = [0; FIRST_LINE.len() + 1];
    let read = open(&folder.join(MARKER)).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok()
        && start.starts_with(FIRST_LINE.as_bytes())
        && matches!(start.last(), Some(b'\n' | b'\r'))
}

/// Marks a folder that is there, unless it is marked already. `by` says what made it, and in which
/// version.
///
/// # Errors
/// When the folder cannot be written, or has another file of the marker's name, which stays as it
/// is.
pub fn mark(folder: &Path, by: &str) -> Result<()> {
    if is_marked(folder) {
        return Ok(());
    }
    let text = format!(
        "{FIRST_LINE}\n{by}\nThe program paso made this folder and replaces files of its own in it.\n"
    );
    match write_new(&folder.join(MARKER), text.as_bytes()) {
        // Another process may have marked it in the meantime.
        Err(e) if e.kind() == ErrorKind::AlreadyExists && is_marked(folder) => Ok(()),
        written => written,
    }
}

/// The name of a file or folder that is in the way of making this folder paso's own: the first by
/// name that paso did not put there. None where the folder is not there, is empty, or is marked.
///
/// Locks, and what a killed process left half written, are passed over.
///
/// # Errors
/// When the folder cannot be read, or is no folder.
pub fn foreign_file(folder: &Path) -> Result<Option<OsString>> {
    if is_marked(folder) {
        return Ok(None);
    }
    let entries = match std::fs::read_dir(folder) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    let mut first: Option<OsString> = None;
    for entry in entries {
        let name = entry?.file_name();
        let ours = is_lock(&name) || name.as_encoded_bytes().starts_with(PREFIX.as_bytes());
        if !ours && first.as_ref().is_none_or(|first| name < *first) {
            first = Some(name);
        }
    }
    // Another process may have marked the folder in the meantime: then what was found is its own.
    Ok(first.filter(|_| !is_marked(folder)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LOCK, Lock};

    fn foreign(folder: &Path) -> Option<String> {
        let name = foreign_file(folder).expect("it can be read");
        name.map(|name| name.to_string_lossy().into_owned())
    }

    #[test]
    fn a_marker_says_who_made_the_folder_and_is_written_once() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        mark(folder.path(), "train, paso 1.2.3").expect("it can be written");
        mark(folder.path(), "settle, paso 4.5.6").expect("it is marked already");
        let text = std::fs::read_to_string(folder.path().join(MARKER)).expect("it is text");
        assert!(text.starts_with("paso\ntrain, paso 1.2.3\n"), "{text}");
        assert_eq!(foreign(folder.path()), None);
        assert!(mark(&folder.path().join("missing"), "x").is_err(), "it makes no folder");
    }

    #[test]
    fn another_file_of_that_name_is_no_marker_and_stays() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for text in ["", "paso", "pasolini\n", "# paso\n", "\u{feff}paso\n"] {
            std::fs::write(folder.path().join(MARKER), text).expect("it can be written");
            assert!(!is_marked(folder.path()), "{text:?}");
            assert!(mark(folder.path(), "train").is_err(), "{text:?}");
            let left = std::fs::read_to_string(folder.path().join(MARKER)).expect("it is text");
            assert_eq!(left, text);
            assert_eq!(foreign(folder.path()).as_deref(), Some(MARKER), "{text:?}");
        }
        for text in ["paso\n", "paso\r\n", "paso\nanything"] {
            std::fs::write(folder.path().join(MARKER), text).expect("it can be written");
            assert!(is_marked(folder.path()), "{text:?}");
        }
    }

    #[test]
    fn the_first_foreign_file_is_named_and_what_paso_leaves_is_passed_over() {
        let base = tempfile::tempdir().expect("a temporary folder");
        let folder = base.path().join("out");
        assert_eq!(foreign(&folder), None, "it is not there");
        std::fs::create_dir(&folder).expect("a folder");
        assert_eq!(foreign(&folder), None, "it is empty");
        drop(Lock::take(&folder.join(LOCK)).expect("free"));
        drop(Lock::take(&folder.join(".paso.2-of-4.lock")).expect("free"));
        std::fs::write(folder.join(".paso-abc123"), "half").expect("a file");
        assert_eq!(foreign(&folder), None, "a process was killed before it had marked the folder");
        for name in ["notes.txt", "metrics.csv", "zebra.png"] {
            std::fs::write(folder.join(name), "mine").expect("a file");
        }
        assert_eq!(foreign(&folder).as_deref(), Some("metrics.csv"));
        mark(&folder, "train").expect("it can be written");
        assert_eq!(foreign(&folder), None, "a marked folder is paso's, whatever is in it");
        assert!(foreign_file(&folder.join("notes.txt")).is_err(), "a file is no folder");
    }
}
