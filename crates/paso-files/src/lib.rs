//! Files that are complete or absent.
//!
//! Every file that paso keeps is written here: to a temporary file in the same folder, synced, then
//! renamed, and the folder is synced too. A reader sees the old content or the new one, never a
//! part, also after a power cut. New files and folders have the permissions that the umask allows,
//! as any other new file, so that several users can share a folder.
//!
//! ```
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("report.json");
//! paso_files::write(&path, b"{}")?;
//! paso_files::write(&path, b"[]")?; // replaces it
//! assert!(paso_files::write_new(&path, b"").is_err()); // refuses to
//! assert_eq!(std::fs::read(&path)?, b"[]");
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Two files say whose a folder is: a [marker](MARKER) for as long as it is there, a [`Lock`] for
//! as long as a process works in it.

mod lock;
mod marker;
mod reading;

pub use lock::{Holder, LOCK, Lock, LockError, host};
pub use marker::{MARKER, foreign_file, is_marked, mark};
pub use reading::{open, read, read_text, regular};

use std::fs::File;
use std::io::{Result, Write};
use std::path::Path;

use tempfile::{NamedTempFile, TempDir};

/// How the names of incomplete files and folders begin.
const PREFIX: &str = ".paso-";

/// Writes a file, replacing one that is there.
///
/// # Errors
/// When the folder does not exist, cannot be written or is full. A file that was there is then
/// unchanged.
pub fn write(path: &Path, content: &[u8]) -> Result<()> {
    temporary_file(path, content)?.persist(path)?;
    sync_folder(parent(path));
    Ok(())
}

/// Writes a file that does not exist yet.
///
/// # Errors
/// As [`write`](fn@write); [`std::io::ErrorKind::AlreadyExists`] when there is a file of that name,
/// which is then unchanged.
pub fn write_new(path: &Path, content: &[u8]) -> Result<()> {
    temporary_file(path, content)?.persist_noclobber(path)?;
    sync_folder(parent(path));
    Ok(())
}

/// A temporary folder next to `path`, for [`rename_folder`].
///
/// # Errors
/// When the parent folder does not exist or cannot be written.
pub fn sibling_folder(path: &Path) -> Result<TempDir> {
    builder(0o777).tempdir_in(parent(path))
}

/// Gives a folder of [`sibling_folder`] its name. An empty folder of that name is replaced.
///
/// # Errors
/// When `path` exists and is not an empty folder. It is then unchanged, and the temporary folder is
/// removed.
pub fn rename_folder(folder: TempDir, path: &Path) -> Result<()> {
    if path.exists() {
        std::fs::remove_dir(path)?; // fails unless it is empty
    }
    std::fs::rename(folder.path(), path)?;
    let _renamed = folder.keep();
    sync_folder(parent(path));
    Ok(())
}

/// Removes the temporary files that a killed process left in a folder that only one process writes
/// to.
///
/// # Errors
/// When the folder cannot be read, or a file cannot be removed.
pub fn remove_leftovers(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let ours = entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes());
        // A folder of that name is one that is being converted to, or was.
        if ours && !entry.file_type()?.is_dir() {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The folder that a file is in.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn builder(mode: u32) -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    {
        // Temporary files are for their owner alone by default. The umask still applies.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = mode;
    builder
}

fn temporary_file(path: &Path, content: &[u8]) -> Result<NamedTempFile> {
    let mut file = builder(0o666).tempfile_in(parent(path))?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Makes a rename durable. Some file systems cannot sync a folder; the file is whole anyway.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        folder.sync_all().ok();
    }
}

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).expect("it is a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_temporary_is_left() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.txt");
        write(&path, b"old").expect("the folder can be written");
        write(&path, b"new and longer").expect("it can be replaced");
        assert_eq!(std::fs::read(&path).expect("it is there"), b"new and longer");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn a_missing_folder_is_an_error_and_is_not_made() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let missing = folder.path().join("no such folder");
        let error = write(&missing.join("a.txt"), b"x").expect_err("there is no such folder");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_new_file_never_replaces_one_that_is_there() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.txt");
        write_new(&path, b"first").expect("it is not there yet");
        let error = write_new(&path, b"second").expect_err("it is there");
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).expect("it is there"), b"first");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn a_folder_replaces_an_empty_one_and_no_other() {
        let base = tempfile::tempdir().expect("a temporary folder");
        let path = base.path().join("set");
        for (there, replaced) in [("nothing", true), ("empty", true), ("full", false)] {
            std::fs::remove_dir_all(&path).ok();
            if there != "nothing" {
                std::fs::create_dir(&path).expect("it is not there");
            }
            if there == "full" {
                std::fs::write(path.join("mine"), b"mine").expect("it can be written");
            }
            let folder = sibling_folder(&path).expect("the parent can be written");
            std::fs::write(folder.path().join("new"), b"new").expect("it can be written");
            assert_eq!(rename_folder(folder, &path).is_ok(), replaced, "{there}");
            assert_eq!(names(&path), [if replaced { "new" } else { "mine" }], "{there}");
            assert_eq!(names(base.path()), ["set"], "{there}: nothing temporary is left");
        }
    }

    #[test]
    fn leftovers_are_removed_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in [".paso-abc", ".pasolini", "paso-1"] {
            std::fs::write(folder.path().join(name), b"").expect("it can be written");
        }
        std::fs::create_dir(folder.path().join(".paso-folder")).expect("it can be made");
        remove_leftovers(folder.path()).expect("the folder can be read");
        assert_eq!(names(folder.path()), [".paso-folder", ".pasolini", "paso-1"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_has_the_permissions_that_the_umask_allows() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mode = |name: &str| {
            let path = folder.path().join(name);
            std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
        };
        File::create(folder.path().join("plain")).expect("it can be made");
        write(&folder.path().join("ours"), b"").expect("it can be written");
        assert_eq!(mode("ours"), mode("plain"), "the modes of a plain file and of ours");
    }
}
