//! Files are written whole or not at all.

use crate::{Error, Result};
use std::io::Write as _;
use std::path::Path;

/// Writes a file and its folder; a reader sees the old content or the new one.
///
/// The content goes to a temporary file in the same folder, which is synced and then renamed.
///
/// # Errors
/// When the folder cannot be made or written, or is full. A file that was there is then unchanged.
pub fn write(path: &Path, content: &[u8]) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder).map_err(Error::file(folder))?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".paso-gate-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // What any new file has; the umask takes from it.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder).map_err(Error::file(path))?;
    file.write_all(content).map_err(Error::file(path))?;
    file.as_file().sync_all().map_err(Error::file(path))?;
    file.persist(path).map_err(|e| Error::file(path)(e.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_its_folder_is_made() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("deep/er/file.txt");
        write(&path, b"a long first content").expect("written");
        write(&path, b"short").expect("written a second time");
        assert_eq!(std::fs::read(&path).expect("there"), b"short");
        let around = std::fs::read_dir(folder.path().join("deep/er")).expect("the folder");
        assert_eq!(around.count(), 1, "nothing temporary is left");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("a file");
        let error = write(&file.join("below"), b"x").expect_err("below a file");
        assert!(error.to_string().contains("file"), "{error}");
    }
}
