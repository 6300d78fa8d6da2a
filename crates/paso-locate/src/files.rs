//! Files and their checksums, with errors that name the path.
//!
//! What is written whole is written to a temporary file next to its place and renamed: a reader
//! sees the old file or the new one, never a part. `paso_files` says what holds on which file
//! system.

use crate::Error;
use std::io::{ErrorKind, Read};
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
/// When it is no regular file or cannot be read.
pub fn checksum(path: &Path) -> Result<u32, Error> {
    const PART: usize = 1 << 16;
    let mut file = paso_files::open(path).map_err(Error::io(path))?;
    let (mut sum, mut part) = (crc32fast::Hasher::new(), vec![0; PART]);
    loop {
        match file.read(&mut part) {
            Ok(0) => return Ok(sum.finalize()),
            Ok(count) => sum.update(&part[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(source) => return Err(Error::Io { path: path.to_owned(), source }),
        }
    }
}
