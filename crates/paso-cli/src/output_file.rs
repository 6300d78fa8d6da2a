//! Files that a command writes because its user named them: never over one that is there.
//!
//! A drawing, a sheet or an export has the name that somebody typed, and a typed name can be that
//! of a photograph. So the name is [checked](check) before anything is computed, and the file is
//! [written](write_new) only if the name is still free then.
//!
//! What belongs to a folder of paso (`metrics.csv`, `report.html`) is not written here: those
//! folders are marked, see `paso_files::MARKER`.

use anyhow::{Context, Error, Result, anyhow, ensure};
use image::{ImageFormat, RgbImage};
use std::io::{Cursor, ErrorKind};
use std::path::Path;

/// Whether a file of this name can be written later.
///
/// # Errors
/// If something of that name is there, or there is no folder that it could be in.
pub(crate) fn check(path: &Path) -> Result<()> {
    // Also a link that leads nowhere is there.
    ensure!(path.symlink_metadata().is_err(), taken(path));
    ensure!(path.file_name().is_some(), "{} is no file name", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    ensure!(
        folder.is_none_or(Path::is_dir),
        "{}: there is no folder {}; make it first, or choose another one",
        path.display(),
        folder.unwrap_or(path).display()
    );
    Ok(())
}

/// Writes a file whole or not at all, and never over another one.
///
/// # Errors
/// As [`check`], and if the folder cannot be written or is full.
pub(crate) fn write_new(path: &Path, content: &[u8]) -> Result<()> {
    match paso_files::write_new(path, content) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Err(taken(path)),
        written => written.with_context(|| path.display().to_string()),
    }
}

/// Likewise, an image as PNG.
///
/// # Errors
/// As [`write_new`], and if the image is empty.
pub(crate) fn write_new_png(path: &Path, image: &RgbImage) -> Result<()> {
    let mut png = Cursor::new(Vec::new());
    image.write_to(&mut png, ImageFormat::Png).with_context(|| path.display().to_string())?;
    write_new(path, png.get_ref())
}

/// What is said of a name that is taken.
pub(crate) fn taken(path: &Path) -> Error {
    anyhow!(
        "{}: already exists; refusing to overwrite; choose another name or remove it",
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_is_refused_before_and_after_and_the_file_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.svg");
        check(&path).expect("nothing is there yet");
        write_new(&path, b"mine").expect("the first time");
        for refused in [check(&path), write_new(&path, b"other"), check(folder.path())] {
            let said = refused.expect_err("it is there").to_string();
            assert!(said.contains("already exists; refusing to overwrite"), "{said}");
        }
        assert_eq!(std::fs::read(&path).expect("it is there"), b"mine");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named_before_anything_is_computed() {
        let folder = tempfile::tempdir().expect("a folder");
        let said = check(&folder.path().join("missing/a.svg")).expect_err("no folder").to_string();
        assert!(said.contains("a.svg: there is no folder "), "{said}");
        assert!(write_new(&folder.path().join("missing/a.svg"), b"").is_err());
        check(Path::new("a-name-without-a-folder.svg")).expect("the working folder is there");
        assert!(check(Path::new("..")).is_err() && check(Path::new("")).is_err(), "no names");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_nowhere_is_not_written_through() {
        let folder = tempfile::tempdir().expect("a folder");
        let [link, target] = ["a.svg", "target.svg"].map(|name| folder.path().join(name));
        std::os::unix::fs::symlink(&target, &link).expect("a link");
        assert!(check(&link).is_err() && write_new(&link, b"x").is_err());
        assert!(!target.exists(), "nothing was written");
    }
}
