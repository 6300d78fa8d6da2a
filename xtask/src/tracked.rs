//! The files that git tracks, and new ones that it does not ignore.
//!
//! Git knows what belongs to the project: no list of folders to skip has to be kept, and build
//! results, reference data and a user's own files are left out by `.gitignore`. A new file counts
//! before it is added, so that `tidy` sees it before the commit.

use crate::root;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The existing files that match one of the git path patterns, relative to the root folder.
///
/// # Errors
/// When git cannot list them.
pub(crate) fn files(patterns: &[&str]) -> Result<Vec<PathBuf>> {
    let listing = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate"])
        .args(patterns)
        .current_dir(root())
        .output()
        .context("git ls-files")?;
    if !listing.status.success() {
        bail!("git ls-files: {}", String::from_utf8_lossy(&listing.stderr));
    }
    let text = String::from_utf8(listing.stdout).context("git ls-files printed no UTF-8")?;
    Ok(text.lines().map(PathBuf::from).filter(|path| root().join(path).is_file()).collect())
}

/// As [`files`], each with its text.
///
/// # Errors
/// When git cannot list them, or one cannot be read as UTF-8.
pub(crate) fn texts(patterns: &[&str]) -> Result<Vec<(PathBuf, String)>> {
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(root().join(&path));
        text.with_context(|| path.display().to_string()).map(|text| (path, text))
    };
    files(patterns)?.into_iter().map(read).collect()
}

/// `crates/NAME`, or the first folder of the path.
pub(crate) fn package(path: &Path) -> String {
    let mut folders = path.iter().map(|part| part.to_string_lossy());
    match (folders.next(), folders.next()) {
        (Some(first), Some(second)) if first == "crates" => format!("{first}/{second}"),
        (first, _) => first.unwrap_or_default().into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_file_is_listed_and_other_patterns_leave_it_out() {
        let this = PathBuf::from("xtask/src/tracked.rs");
        assert!(files(&["xtask/*.rs"]).expect("git lists files").contains(&this));
        assert!(!files(&["*.md"]).expect("git lists files").contains(&this));
        let texts = texts(&["xtask/src/tracked.rs"]).expect("it is UTF-8");
        assert_eq!(texts.len(), 1, "one file matches");
        assert!(texts[0].1.starts_with("//! The files that git tracks"), "{}", texts[0].1);
    }

    #[test]
    fn crates_are_packages_and_so_are_other_folders_and_files_of_the_root() {
        for (path, expected) in [
            ("crates/paso-adam/src/lib.rs", "crates/paso-adam"),
            ("xtask/src/main.rs", "xtask"),
            ("README.md", "README.md"),
            ("", ""),
        ] {
            assert_eq!(package(Path::new(path)), expected, "{path}");
        }
    }
}
