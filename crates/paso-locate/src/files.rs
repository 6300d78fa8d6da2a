//! Files that are complete or absent: written beside their place, synced, then renamed.

use crate::Error;
use std::io::Write;
use std::path::Path;

/// How the names of files begin that are not complete yet.
const PREFIX: &str = ".paso-";

/// Writes a whole file. Whoever looks sees the old content or the new one, never a part; after a
/// power cut too.
///
/// # Errors
/// When the folder cannot be written or is full; the old file is then untouched.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::Io { path: path.to_owned(), source };
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    {
        // As any new file: temporary ones are for their owner alone. The umask still applies.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|e| failed(e.error))?;
    sync_folder(folder);
    Ok(())
}

/// Removes what a killed program left half written in a folder that only one program writes to.
pub(crate) fn remove_leftovers(folder: &Path) -> Result<(), Error> {
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder))? {
        let entry = entry.map_err(Error::io(folder))?;
        if entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
            std::fs::remove_file(entry.path()).map_err(Error::io(entry.path()))?;
        }
    }
    Ok(())
}

/// The CRC-32 of a file: tells files apart that were taken for one another, not those that were made to look alike.
///
/// # Errors
/// When the file cannot be read.
pub fn checksum(path: &Path) -> Result<u32, Error> {
    let bytes =
        std::fs::read(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
    Ok(crc32fast::hash(&bytes))
}

/// Makes the rename itself last. Some file systems cannot sync a folder; the file is whole anyway.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = std::fs::File::open(folder) {
        folder.sync_all().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_file_stays_when_the_new_one_cannot_be_written() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.txt");
        write_whole(&path, b"old").expect("the folder can be written");
        write_whole(&path, b"new and longer").expect("it can be replaced");
        assert_eq!(std::fs::read(&path).expect("it is there"), b"new and longer");
        let missing = folder.path().join("no such folder").join("a.txt");
        let error = write_whole(&missing, b"x").expect_err("there is no such folder");
        assert!(error.to_string().contains("no such folder"), "the error names the path: {error}");
        assert_eq!(
            std::fs::read_dir(folder.path()).expect("a folder").count(),
            1,
            "nothing temporary is left"
        );
    }
}
