//! Reading files of a bounded size, from folders that anybody may have written to.
//!
//! A name that looks like a file may be a folder, a named pipe (opening it waits for a writer that
//! never comes), or a link to a device such as `/dev/zero` (reading it never ends). All three are
//! refused by what they are before they are opened, and no file is read beyond its bound.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// Refuses what is no regular file: a folder, a named pipe, a device. Links are followed.
///
/// # Errors
/// When nothing is there, or something else than a file; the message says what it is.
pub fn regular(path: &Path) -> Result<()> {
    let kind = std::fs::metadata(path)?.file_type();
    if kind.is_file() {
        return Ok(());
    }
    let (error, what) = if kind.is_dir() {
        (ErrorKind::IsADirectory, "a folder")
    } else {
        (ErrorKind::InvalidInput, "a named pipe, a device or a socket")
    };
    Err(Error::new(error, format!("is {what}; it must be a regular file")))
}

/// Opens a regular file for reading.
///
/// # Errors
/// As [`regular`], and when the file cannot be opened.
pub fn open(path: &Path) -> Result<File> {
    regular(path)?;
    File::open(path)
}

/// Reads a regular file of at most `largest` bytes.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("notes.txt");
/// std::fs::write(&path, "four")?;
/// assert_eq!(paso_files::read(&path, 4)?, b"four");
/// let error = paso_files::read(&path, 3).expect_err("too large");
/// assert_eq!(error.to_string(), "has 4 bytes; it must be a file of at most 3");
/// assert!(paso_files::read(folder.path(), 4).is_err()); // a folder
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// As [`open`]; [`ErrorKind::FileTooLarge`] when it has more bytes, which are not read then.
pub fn read(path: &Path, largest: u64) -> Result<Vec<u8>> {
    let file = open(path)?;
    let length = file.metadata()?.len();
    too_large(length, largest)?;
    let mut content = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    // A file that grows while it is read is not followed.
    file.take(largest.saturating_add(1)).read_to_end(&mut content)?;
    too_large(content.len() as u64, largest)?;
    Ok(content)
}

/// [`read`], for a text.
///
/// # Errors
/// As [`read`]; [`ErrorKind::InvalidData`] names the first byte that is no UTF-8.
pub fn read_text(path: &Path, largest: u64) -> Result<String> {
    String::from_utf8(read(path, largest)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..at].iter().filter(|&&byte| byte == b'\n').count();
        let byte = error.as_bytes()[at];
        let what = format!("byte {at} (line {line}) is {byte:#04x}; it must be UTF-8");
        Error::new(ErrorKind::InvalidData, what)
    })
}

fn too_large(length: u64, largest: u64) -> Result<()> {
    if length <= largest {
        return Ok(());
    }
    let what = format!("has {length} bytes; it must be a file of at most {largest}");
    Err(Error::new(ErrorKind::FileTooLarge, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_bound_and_not_beyond() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a");
        std::fs::write(&path, [7; 100]).expect("it can be written");
        assert_eq!(read(&path, 100).expect("it fits"), [7; 100]);
        assert_eq!(read(&path, u64::MAX).expect("any size"), [7; 100]);
        let error = read(&path, 99).expect_err("one byte too many");
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        assert_eq!(error.to_string(), "has 100 bytes; it must be a file of at most 99");
        assert_eq!(
            read(&folder.path().join("b"), 9).expect_err("none").kind(),
            ErrorKind::NotFound
        );
    }

    #[test]
    fn a_huge_file_takes_no_memory() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("sparse");
        File::create(&path).and_then(|file| file.set_len(1 << 40)).expect("a sparse file");
        assert_eq!(read(&path, 1 << 20).expect_err("1 TB").kind(), ErrorKind::FileTooLarge);
    }

    #[test]
    fn a_text_that_is_none_is_refused_at_its_line() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a");
        std::fs::write(&path, b"\xc3\xbc\nb\xff").expect("it can be written");
        let message = read_text(&path, 9).expect_err("no UTF-8").to_string();
        assert_eq!(message, "byte 4 (line 2) is 0xff; it must be UTF-8");
        std::fs::write(&path, "ü\n").expect("it can be written");
        assert_eq!(read_text(&path, 9).expect("UTF-8"), "ü\n");
    }

    #[test]
    fn a_folder_is_no_file() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let message = read(folder.path(), 9).expect_err("a folder").to_string();
        assert_eq!(message, "is a folder; it must be a regular file");
    }

    #[cfg(unix)]
    #[test]
    fn pipes_and_devices_are_refused_without_being_opened() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        let mut paths = vec![Path::new("/dev/zero").to_owned()];
        if made.is_ok_and(|status| status.success()) {
            paths.push(pipe);
        }
        for path in paths {
            let link = folder.path().join("link");
            std::os::unix::fs::symlink(&path, &link).expect("a link");
            for path in [&path, &link] {
                let message = read(path, 9).expect_err("no file").to_string();
                assert!(message.contains("a device"), "{}: {message}", path.display());
            }
            std::fs::remove_file(&link).expect("it is there");
        }
    }
}
