//! Files and their checksums, with errors that name the path.
//!
//! What is written whole is written to a temporary file next to its place and renamed: a reader
//! sees the old file or the new one, never a part. `paso_files` says what holds on which file
//! system.

use crate::Error;
use std::path::Path;

/// Writes a whole file: see [`paso_files::write`].
///
/// ```
/// let place = tempfile::tempdir().expect("a temporary folder");
/// let path = place.path().join("notes.txt");
/// paso_locate::files::write_whole(&path, b"123456789")?;
/// // The check value of CRC-32.
/// assert_eq!(paso_locate::files::checksum(&path)?, 0xcbf4_3926);
/// # Ok::<(), paso_locate::Error>(())
/// ```
///
/// # Errors
/// When the folder cannot be written or is full; the old file is then unchanged.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    paso_files::write(path, bytes).map_err(Error::io(path))
}

/// Removes what a killed program left half written in a folder that only one program writes to.
pub(crate) fn remove_leftovers(folder: &Path) -> Result<(), Error> {
    paso_files::remove_leftovers(folder).map_err(Error::io(folder))
}

/// The CRC-32 of a file: tells files apart that were taken for one another, not those that were
/// made to look alike.
///
/// # Errors
/// When the file cannot be read.
pub fn checksum(path: &Path) -> Result<u32, Error> {
    let bytes =
        std::fs::read(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
    Ok(crc32fast::hash(&bytes))
}
