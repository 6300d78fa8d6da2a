//! What the targets share: a folder in memory, a bound on memory, and checksums that are right.
//!
//! A checksum keeps a fuzzer out: nearly every change is refused by it, and what comes after it is
//! never reached. So each target gives the code its input twice, as it is and with its checksums
//! computed anew.

pub mod labels;

use std::path::{Path, PathBuf};

/// A folder for the files of one input, in memory where the system has such a place.
///
/// # Panics
/// When no temporary folder can be made.
pub fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    tempfile::tempdir_in(base).expect("a temporary folder")
}

/// Writes a file of an input into a folder.
///
/// # Panics
/// When it cannot be written.
pub fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("it can be written");
    path
}

/// Runs `code` on an input of this length and refuses that it takes more memory at once than a
/// constant times that.
///
/// # Panics
/// When it takes more.
pub fn bounded<T>(length: usize, code: impl FnOnce() -> T) -> T {
    /// Bytes for each byte of the input: a header of JSON becomes a map of strings and lists.
    const EACH: u64 = 100;
    /// Buffers of readers, messages, the standard library.
    const ALWAYS: u64 = 1 << 20;
    let mut result = None;
    let taken = allocation_counter::measure(|| result = Some(code())).bytes_max;
    let allowed = ALWAYS + EACH * length as u64;
    assert!(taken <= allowed, "{taken} bytes of memory for {length} of input");
    result.expect("it ran")
}

/// How the metadata of a checkpoint begin.
const BEFORE: &[u8] = br#"{"__metadata__":{"paso":"{\"crc32\":\""#;

/// A checkpoint with the checksum that its bytes have; as it is where it has no place for one.
pub fn resealed_checkpoint(bytes: &[u8]) -> Vec<u8> {
    let (mut file, start) = (bytes.to_vec(), 8 + BEFORE.len());
    if file.len() >= start + 8 && file[8..start] == *BEFORE {
        file[start..start + 8].fill(b'0');
        let sum = crc32fast::hash(&file);
        file[start..start + 8].copy_from_slice(format!("{sum:08x}").as_bytes());
    }
    file
}

/// A journal whose lines have the checksums that their bytes have.
pub fn resealed_journal(bytes: &[u8]) -> Vec<u8> {
    const FIELD: &[u8] = b",\"crc32\":\"";
    let mut file = bytes.to_vec();
    for line in file.split_mut(|&byte| byte == b'\n') {
        let Some(end) = line.len().checked_sub(10) else { continue };
        let Some(start) = end.checked_sub(FIELD.len()) else { continue };
        if line[start..end] == *FIELD {
            let sum = crc32fast::hash(&line[..start]);
            line[end..end + 8].copy_from_slice(format!("{sum:08x}").as_bytes());
        }
    }
    file
}
