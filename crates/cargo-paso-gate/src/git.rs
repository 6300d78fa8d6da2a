//! What git is asked.

use crate::error::run;
use crate::{Error, Result};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The trimmed output of a git command in a folder.
///
/// # Errors
/// When git is not there, or fails.
pub fn git<S: AsRef<OsStr>>(
    folder: &Path,
    arguments: impl IntoIterator<Item = S>,
) -> Result<String> {
    run(Command::new("git").args(arguments).current_dir(folder))
}

/// A revision as people write it.
///
/// # Errors
/// When git does not know it.
pub fn short(folder: &Path, revision: &str) -> Result<String> {
    git(folder, ["rev-parse", "--short=9", revision])
}

/// The commit of a revision.
///
/// # Errors
/// When git does not know it.
pub fn commit(folder: &Path, revision: &str) -> Result<String> {
    git(folder, ["rev-parse", "--verify", "--quiet", &format!("{revision}^{{commit}}")]).map_err(
        |_| {
            Error::Request(format!(
                "{}: git knows no commit `{revision}` here; `git fetch` it, or name another one",
                folder.display()
            ))
        },
    )
}

/// When a commit was made, in UTC, as `2026-01-31T12:00:00Z`.
///
/// # Errors
/// When git does not know it.
pub fn date(folder: &Path, revision: &str) -> Result<String> {
    let format = ["--date=format-local:%Y-%m-%dT%H:%M:%SZ", "--format=%cd"];
    let mut show = Command::new("git");
    show.args(["show", "--no-patch"]).args(format).arg(revision).env("TZ", "UTC");
    run(show.current_dir(folder))
}

/// Whether all files are those of a commit.
///
/// # Errors
/// When git is not there, or the folder is no repository.
pub fn is_clean(folder: &Path) -> Result<bool> {
    Ok(git(folder, ["status", "--porcelain"])?.is_empty())
}

/// The commits after the first revision up to the second, one a line; none where git does not know
/// both.
#[must_use]
pub fn commits(folder: &Path, [from, to]: &[String; 2]) -> Vec<String> {
    let range = [from, to].map(|revision| revision.trim_end_matches("-dirty")).join("..");
    let log = git(folder, ["log", "--oneline", "--no-merges", &range]).unwrap_or_default();
    log.lines().map(str::to_owned).collect()
}

/// The repository of a folder: its top, and the folder relative to that.
pub(crate) fn top(folder: &Path) -> Option<(PathBuf, PathBuf)> {
    let top = git(folder, ["rev-parse", "--show-toplevel"]).ok()?;
    let prefix = git(folder, ["rev-parse", "--show-prefix"]).ok()?;
    Some((PathBuf::from(top), PathBuf::from(prefix)))
}

/// Where the current branch left `base`, as a short name; commits that `base` got since are not
/// ours. Where HEAD is `base` or comes before it, that is HEAD itself.
pub(crate) fn fork_point(folder: &Path, base: &str) -> Result<String> {
    let commit = commit(folder, base)?;
    let fork = git(folder, ["merge-base", &commit, "HEAD"]).map_err(|_| {
        Error::Request(format!("`{base}` has no common commit with HEAD; is the clone shallow?"))
    })?;
    short(folder, &fork)
}

/// All files that git does not ignore, as a tree object, without touching the index.
///
/// The index of this command is a file of its own. Git writes the files' contents into its object
/// store, where they stay until it collects garbage.
pub(crate) fn snapshot(top: &Path, index: &Path) -> Result<String> {
    let git = |arguments: &[&str]| {
        run(Command::new("git").args(arguments).current_dir(top).env("GIT_INDEX_FILE", index))
    };
    git(&["read-tree", "HEAD"])?;
    git(&["add", "--all"])?;
    git(&["write-tree"])
}

/// Makes the files of a folder those of a tree object or a commit. Files that are the same keep their
/// times, so cargo builds only what changed. Files that git does not know stay.
///
/// The folder is no worktree that git lists: `index` is all that is kept about it.
pub(crate) fn checkout(top: &Path, folder: &Path, index: &Path, files: &str) -> Result<()> {
    let directory = git(top, ["rev-parse", "--absolute-git-dir"])?;
    let mut read = Command::new("git");
    read.arg("--git-dir").arg(directory).arg("--work-tree").arg(folder);
    read.args(["read-tree", "--reset", "-u", files]).env("GIT_INDEX_FILE", index);
    run(read.current_dir(folder)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let all = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
        let run = |arguments: &[&str]| {
            git(folder.path(), all.iter().chain(arguments)).expect("git");
        };
        run(&["init", "--quiet", "--initial-branch", "main"]);
        for name in ["one", "two", "three"] {
            std::fs::write(folder.path().join("file"), name).expect("a file");
            run(&["add", "--all"]);
            run(&["commit", "--quiet", "--message", name, "--date", "2026-01-31T12:00:00+02:00"]);
        }
        folder
    }

    #[test]
    fn revisions_are_found_or_named() {
        let folder = repository();
        let commit = commit(folder.path(), "main").expect("a branch");
        assert_eq!(commit.len(), 40);
        assert_eq!(short(folder.path(), "HEAD").expect("a commit"), commit[..9]);
        let error = super::commit(folder.path(), "x").expect_err("no such branch").to_string();
        assert!(error.contains("`x`") && error.contains("git fetch"), "{error}");
        let fork = fork_point(folder.path(), "main~1").expect("a commit before");
        assert_eq!(fork, short(folder.path(), "main~1").expect("a commit"));
    }

    #[test]
    fn a_folder_is_clean_until_a_file_changes() {
        let folder = repository();
        assert!(is_clean(folder.path()).expect("a repository"));
        std::fs::write(folder.path().join("new"), "").expect("a file");
        assert!(!is_clean(folder.path()).expect("a repository"));
        assert!(top(folder.path()).is_some_and(|(_, prefix)| prefix.as_os_str().is_empty()));
        let nowhere = tempfile::tempdir().expect("a temporary folder");
        assert!(is_clean(nowhere.path()).is_err() && top(nowhere.path()).is_none());
    }

    #[test]
    fn commits_of_a_range_are_those_after_its_first() {
        let folder = repository();
        let range = ["main~2", "main"].map(|it| short(folder.path(), it).expect("a commit"));
        let found = commits(folder.path(), &range);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].ends_with("three") && found[1].ends_with("two"), "{found:?}");
        let dirty = [range[0].clone(), format!("{}-dirty", range[1])];
        assert_eq!(commits(folder.path(), &dirty), found, "the commit under the changes");
        let unknown = ["aaaaaaaaa".to_owned(), range[1].clone()];
        assert!(commits(folder.path(), &unknown).is_empty(), "git knows none");
    }

    #[test]
    fn dates_are_in_utc() {
        let folder = repository();
        let date = date(folder.path(), "HEAD").expect("a commit");
        assert!(date.len() == 20 && date.ends_with('Z') && date.contains('T'), "{date}");
    }
}
