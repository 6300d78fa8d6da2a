//! Where a command keeps what it makes: the folder that was asked for, or the next free one below
//! `runs`.
//!
//! A command that takes minutes keeps its results without being asked to: nobody should lose a run
//! because of a forgotten flag. Folders are numbered, and one that exists is never taken again, so
//! an older run is never overwritten.
//!
//! The paths are relative to the working folder. The number of a new folder is the lowest free one,
//! so after deleting a run its number is given again. A folder is made once everything that can be
//! refused was checked, so a command that is refused leaves none.
//!
//! A folder is paso's own if it is new, empty, or marked (`paso_files::MARKER`); what else is in a
//! folder that somebody names may be anybody's, and is never replaced.

use anyhow::{Context, Result, bail};
use paso_files::{foreign_file, mark};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The folder given by `--out`, or a new `runs/KIND-1`, `-2`, … Where that cannot be made (a folder
/// that is only for reading), the command continues and says that it keeps nothing.
///
/// `kind` is the name of the command. The folder of `--out` is returned without being made or
/// checked. `None` means that nothing can be kept.
pub(crate) fn chosen(asked: Option<&Path>, kind: &str) -> Option<PathBuf> {
    if let Some(folder) = asked {
        return Some(folder.to_owned());
    }
    match next(Path::new("runs"), kind) {
        Ok(folder) => {
            eprintln!("kept in {}", folder.display());
            Some(folder)
        }
        Err(e) => {
            eprintln!(
                "note: nothing is kept, since runs/{kind}-1 cannot be made here: {e}; give a folder with --out"
            );
            None
        }
    }
}

/// Whether a folder is paso's own, or can become it. Nothing is made.
///
/// # Errors
/// If there is something in the folder, and paso did not put it there.
pub(crate) fn check_own(folder: &Path) -> Result<()> {
    let foreign = foreign_file(folder).with_context(|| folder.display().to_string())?;
    if let Some(name) = foreign {
        bail!(
            "{}: there are files in this folder that paso did not write, such as {}; choose a new or an empty folder",
            folder.display(),
            name.display()
        )
    }
    Ok(())
}

/// Makes a folder if need be, and marks it as paso's, made by this command.
pub(crate) fn make_own(folder: &Path, command: &str) -> Result<()> {
    let named = || folder.display().to_string();
    std::fs::create_dir_all(folder).with_context(named)?;
    check_own(folder)?;
    mark(folder, &format!("{command}, paso {}", env!("CARGO_PKG_VERSION"))).with_context(named)
}

/// Makes the first folder of its kind that is not there yet. Making it is also what claims it, so
/// that two programs that start together never share one.
fn next(runs: &Path, kind: &str) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(runs)?;
    for n in 1.. {
        let folder = runs.join(format!("{kind}-{n}"));
        match std::fs::create_dir(&folder) {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            made => return made.map(|()| folder),
        }
    }
    unreachable!("there are fewer folders than numbers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_there_is_never_taken_again() {
        let base = tempfile::tempdir().expect("a temporary folder");
        let runs = base.path().join("runs");
        assert_eq!(next(&runs, "train").expect("it can be made"), runs.join("train-1"));
        assert_eq!(next(&runs, "train").expect("it can be made"), runs.join("train-2"));
        assert_eq!(next(&runs, "settle").expect("it can be made"), runs.join("settle-1"));
    }

    #[test]
    fn a_folder_that_was_asked_for_is_taken_as_it_is_and_not_made_yet() {
        let base = tempfile::tempdir().expect("a temporary folder");
        let asked = base.path().join("out");
        assert_eq!(chosen(Some(&asked), "train"), Some(asked.clone()));
        assert!(!asked.exists(), "the command makes it, once it is sure to run");
    }

    #[test]
    fn a_folder_with_files_of_somebody_is_named_with_one_of_them_and_stays_as_it_is() {
        let base = tempfile::tempdir().expect("a temporary folder");
        let [own, theirs] = ["own", "theirs"].map(|name| base.path().join(name));
        make_own(&own, "predict").expect("it is new");
        std::fs::write(own.join("x.png"), "drawn").expect("a file");
        make_own(&own, "predict").expect("it is marked");
        std::fs::create_dir(&theirs).expect("a folder");
        check_own(&theirs).expect("it is empty");
        std::fs::write(theirs.join("x.png"), "mine").expect("a file");
        for refused in [check_own(&theirs), make_own(&theirs, "predict")] {
            let said = refused.expect_err("a file of the user").to_string();
            assert!(said.contains("theirs: ") && said.contains("such as x.png"), "{said}");
        }
        assert_eq!(std::fs::read_dir(&theirs).expect("a folder").count(), 1, "nothing was written");
    }

    #[test]
    fn a_place_that_cannot_hold_runs_is_an_error_and_no_panic() {
        let base = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(base.path().join("runs"), "a file").expect("a file");
        assert!(next(&base.path().join("runs"), "train").is_err());
    }
}
