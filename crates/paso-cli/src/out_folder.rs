//! The folder that a command writes to: the one given by `--out`, or the next free one below `runs/`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The folder given by `--out`, or a new `runs/KIND-1`, `-2`, ... Where none can be created (a read-only working
/// directory), the command runs without one, with a note on stderr.
pub(crate) fn choose(out: Option<&Path>, kind: &str) -> Option<PathBuf> {
    if let Some(folder) = out {
        return Some(folder.to_owned());
    }
    match create_next(Path::new("runs"), kind) {
        Ok(folder) => {
            eprintln!("output folder: {}", folder.display());
            Some(folder)
        }
        Err(e) => {
            eprintln!(
                "note: nothing will be saved: runs/{kind}-N cannot be created here ({e}); choose a folder with --out"
            );
            None
        }
    }
}

/// Creates the first folder of its kind that does not exist yet. Creating it also claims it, so two programs that start at
/// the same time get different folders.
fn create_next(runs: &Path, kind: &str) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(runs)?;
    for n in 1.. {
        let folder = runs.join(format!("{kind}-{n}"));
        match std::fs::create_dir(&folder) {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            created => return created.map(|()| folder),
        }
    }
    unreachable!("fewer folders exist than integers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_folder_is_never_chosen_again() {
        let base = tempfile::tempdir().expect("a temporary folder");
        let runs = base.path().join("runs");
        let next = |kind| create_next(&runs, kind).expect("it can be created");
        assert_eq!(next("train"), runs.join("train-1"));
        assert_eq!(next("train"), runs.join("train-2"));
        assert_eq!(next("settle"), runs.join("settle-1"));
        std::fs::remove_dir(runs.join("train-1")).expect("it is empty");
        std::fs::write(runs.join("train-3"), "a file of that name").expect("a file");
        assert_eq!([next("train"), next("train")], ["train-1", "train-4"].map(|n| runs.join(n)));
    }

    #[test]
    fn the_folder_given_by_out_is_taken_as_it_is_and_not_created() {
        let base = tempfile::tempdir().expect("a temporary folder");
        let folder = base.path().join("mine");
        assert_eq!(choose(Some(&folder), "train"), Some(folder.clone()));
        assert!(!folder.exists());
    }

    #[test]
    fn a_file_where_runs_should_be_is_an_error() {
        let base = tempfile::tempdir().expect("a temporary folder");
        let runs = base.path().join("runs");
        std::fs::write(&runs, "a file").expect("a file");
        create_next(&runs, "train").expect_err("no folder fits below a file");
    }
}
