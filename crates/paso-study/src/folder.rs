//! The folder of a study: one process works in it at a time, or any number of workers.
//!
//! The lock is that of `paso_files`: it ends with its process, and says which one it is. Workers
//! share a folder on purpose: they claim single runs, and each has a journal of its own.
//!
//! A folder that a study makes, or finds empty, is marked as paso's, so that a reader of images
//! passes it over. A folder in which a program keeps other things, too, is used and not marked.

use crate::error::Error;
use crate::journal::{self, Journal};
use paso_files::{LOCK, Lock, LockError, MARKER, foreign_file, mark};
use std::path::{Path, PathBuf};

/// What a folder's marker says of who made it.
const BY: &str = concat!("a study, paso ", env!("CARGO_PKG_VERSION"));

/// Whether a study with this fingerprint can be kept in a folder of its own, which need not be there
/// yet. Nothing is written, so it can be asked before anything is trained.
///
/// # Errors
/// [`Error::Folder`] for a folder with files that no study wrote, and one in which another process
/// works; [`Error::MalformedFile`] for one that holds another study.
pub fn check_folder(folder: &Path, fingerprint: &str) -> Result<(), Error> {
    if let Some(name) = foreign(folder)? {
        return Err(Error::Folder {
            folder: folder.into(),
            reason: format!(
                "there are files in this folder that paso did not write, such as {}; choose a new or an empty folder",
                name.display()
            ),
        });
    }
    Lock::check(&folder.join(LOCK)).map_err(|e| refused(folder, &e))?;
    Journal::read(folder, fingerprint).map(drop)
}

/// Makes the folder if need be, locks it for this process and marks it.
pub(crate) fn claim(folder: &Path) -> Result<Lock, Error> {
    std::fs::create_dir_all(folder).map_err(failed(folder.into()))?;
    let lock = Lock::take(&folder.join(LOCK)).map_err(|e| match e {
        LockError::Io(source) => failed(folder.join(LOCK))(source),
        held => refused(folder, &held),
    })?;
    mark_own(folder)?;
    Ok(lock)
}

/// Makes the folder if need be and marks it, for one of several workers. There is no lock: each run
/// is claimed by itself (`claims.rs`).
pub(crate) fn join(folder: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(failed(folder.into()))?;
    Lock::check(&folder.join(LOCK)).map_err(|e| refused(folder, &e))?;
    mark_own(folder)
}

fn mark_own(folder: &Path) -> Result<(), Error> {
    if foreign(folder)?.is_none() {
        mark(folder, BY).map_err(failed(folder.join(MARKER)))?;
    }
    Ok(())
}

fn failed(path: PathBuf) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::Io { path, source }
}

/// A file that is not of a study. One with runs of a version that did not mark folders is none of
/// them.
fn foreign(folder: &Path) -> Result<Option<std::ffi::OsString>, Error> {
    let name = foreign_file(folder).map_err(|source| Error::Io { path: folder.into(), source })?;
    Ok(name.filter(|_| !holds_runs(folder)))
}

fn holds_runs(folder: &Path) -> bool {
    let runs = |path: &PathBuf| journal::read(path).is_ok_and(|lines| !lines.is_empty());
    journal::files(folder).is_ok_and(|paths| paths.iter().any(runs))
}

fn refused(folder: &Path, held: &LockError) -> Error {
    Error::Folder { folder: folder.into(), reason: held.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Outcome;
    use crate::run_spec::RunSpec;

    fn refused(folder: &Path, fingerprint: &str) -> String {
        check_folder(folder, fingerprint).expect_err("refused").to_string()
    }

    #[test]
    fn a_folder_is_refused_before_anything_is_written_in_it() {
        let base = tempfile::tempdir().expect("a temporary folder");
        let folder = base.path().join("study");
        check_folder(&folder, "a").expect("it is not there yet");
        assert!(!folder.exists(), "and it is not made");
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join("report.html"), "mine").expect("a file");
        let said = refused(&folder, "a");
        assert!(said.contains("did not write, such as report.html"), "{said}");
        assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 1);
    }

    #[test]
    fn a_study_is_known_by_its_runs_and_one_of_a_version_without_markers_is_marked() {
        let base = tempfile::tempdir().expect("a temporary folder");
        let folder = base.path().join("study");
        let mut journal = Journal::open(&folder, None, None, "a").expect("a new one");
        let said = refused(&folder, "a");
        assert!(said.contains(&format!("process {}", std::process::id())), "{said}");
        journal.add(&RunSpec::new("constant", 1e-3, 9, 0), Outcome::default()).expect("written");
        drop(journal);
        check_folder(&folder, "a").expect("the same study");
        assert!(refused(&folder, "b").contains("another study"), "another one");
        std::fs::remove_file(folder.join(MARKER)).expect("it is marked");
        check_folder(&folder, "a").expect("its runs are known");
        Journal::open(&folder, None, None, "b").expect_err("another study");
        assert!(!paso_files::is_marked(&folder), "nothing is written for another study");
        Journal::open(&folder, None, None, "a").expect("the same study");
        assert!(paso_files::is_marked(&folder));
    }

    #[test]
    fn a_program_may_keep_its_study_among_its_own_files_and_its_folder_is_not_marked() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("weights.bin"), "mine").expect("a file");
        Journal::open(folder.path(), None, None, "a").expect("a study");
        assert!(!paso_files::is_marked(folder.path()));
    }
}
