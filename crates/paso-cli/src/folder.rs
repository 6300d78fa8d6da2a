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
//!
//! A folder of a study or a run has `command.txt`, the command that made it. The same command
//! continues in the newest folder of `runs` that it did not finish, so that nobody has to remember
//! one; `--new` begins another.

use crate::command_line;
use anyhow::{Context, Result, bail};
use paso_files::{foreign_file, mark, read_text, write};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Where folders are made that nobody named.
const RUNS: &str = "runs";

/// The file with the command that made a folder.
const COMMAND: &str = "command.txt";

/// A command line is shorter than this.
const LONGEST_COMMAND: u64 = 1 << 20;

/// The folder given by `--out`, or a new `runs/KIND-1`, `-2`, … Where that cannot be made (a folder
/// that is only for reading), the command continues and says that it keeps nothing.
///
/// `kind` is the name of the command. The folder of `--out` is returned without being made or
/// checked. `None` means that nothing can be kept.
pub(crate) fn chosen(asked: Option<&Path>, kind: &str) -> Option<PathBuf> {
    if let Some(folder) = asked {
        return Some(folder.to_owned());
    }
    match next(Path::new(RUNS), kind) {
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

/// Keeps the command of this process in a folder that it works in, for [`of_this_command`] and for
/// people. A folder that cannot be written has said so already.
pub(crate) fn keep_command(folder: &Path) {
    let path = folder.join(COMMAND);
    if !path.exists() {
        write(&path, format!("{}\n", command_line::this()).as_bytes()).ok();
    }
}

/// The folders below `runs` that were made by this command, or by one that asks for the same result,
/// the newest first.
pub(crate) fn of_this_command(kind: &str) -> Vec<PathBuf> {
    made_by(Path::new(RUNS), kind, &command_line::result())
}

/// Says that a folder of an earlier call is continued.
pub(crate) fn continues(folder: &Path) {
    eprintln!(
        "continues in {}, where this command was interrupted (--new begins another one)",
        folder.display()
    );
}

fn made_by(runs: &Path, kind: &str, result: &str) -> Vec<PathBuf> {
    let numbered = |name: &str| name.strip_prefix(kind)?.strip_prefix('-')?.parse::<u64>().ok();
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten();
    let mut folders: Vec<(u64, PathBuf)> = entries
        .filter_map(|entry| Some((numbered(entry.file_name().to_str()?)?, entry.path())))
        .filter(|(_, folder)| {
            let kept = read_text(&folder.join(COMMAND), LONGEST_COMMAND);
            kept.is_ok_and(|line| command_line::same_result(line.trim_end(), result))
        })
        .collect();
    folders.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    folders.into_iter().map(|(_, folder)| folder).collect()
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
    fn the_folders_of_a_command_are_found_newest_first_and_no_others() {
        let base = tempfile::tempdir().expect("a temporary folder");
        for (name, command) in [
            ("settle-2", "paso settle --data demo --threads 1\n"),
            ("settle-10", "paso settle --data demo\n"),
            ("settle-11", "paso settle --data photos\n"),
            ("settle-x", "paso settle --data demo\n"),
            ("train-12", "paso settle --data demo\n"),
        ] {
            std::fs::create_dir(base.path().join(name)).expect("a folder");
            std::fs::write(base.path().join(name).join(COMMAND), command).expect("a file");
        }
        std::fs::create_dir(base.path().join("settle-20")).expect("a folder without a command");
        let found = made_by(base.path(), "settle", "paso settle --data demo");
        assert_eq!(found, ["settle-10", "settle-2"].map(|name| base.path().join(name)));
        assert!(made_by(&base.path().join("none"), "settle", "").is_empty());
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
