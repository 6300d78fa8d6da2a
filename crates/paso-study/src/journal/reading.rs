//! Reading a journal line by line, so that no file takes more memory than its longest line.

use super::Line;
use crate::error::Error;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// A line has a curve of some 60 points and a histogram a layer: a few thousand bytes.
const LONGEST: u64 = 1 << 24;

/// The lines of a journal that somebody else may be writing: what comes after the last end of a
/// line is left out.
pub(crate) fn read(path: &Path) -> Result<Vec<Line>, Error> {
    Ok(read_from(path, Place::default())?.0)
}

/// How far a journal has been read: whole lines, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) lines: usize,
    pub(super) bytes: u64,
}

/// The lines that have come since `from`, and where they end.
pub(super) fn read_from(path: &Path, from: Place) -> Result<(Vec<Line>, Place), Error> {
    let failed = |source| Error::Io { path: path.into(), source };
    let mut file = paso_files::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.len() <= from.bytes {
        return Ok((Vec::new(), from)); // nothing new, as nearly always
    }
    file.seek(SeekFrom::Start(from.bytes)).map_err(failed)?;
    parse(path, file, from)
}

/// The whole lines of a file that stands at `from`, and where they end.
pub(super) fn parse(
    path: &Path,
    file: impl Read,
    from: Place,
) -> Result<(Vec<Line>, Place), Error> {
    let mut file = BufReader::new(file);
    let (mut lines, mut place, mut text) = (Vec::new(), from, Vec::new());
    loop {
        text.clear();
        let wrong =
            |reason| Error::MalformedFile { path: path.into(), line: place.lines + 1, reason };
        let read = file.by_ref().take(LONGEST).read_until(b'\n', &mut text);
        let read = read.map_err(|source| Error::Io { path: path.into(), source })?;
        if text.pop_if(|last| *last == b'\n').is_none() {
            if read as u64 == LONGEST {
                return Err(wrong(format!(
                    "longer than {LONGEST} bytes; remove this line to do the run again"
                )));
            }
            return Ok((lines, place)); // the end, or what a crash has left
        }
        let line = Line::parse(&text).map_err(wrong)?;
        lines.push(line);
        place = Place { lines: place.lines + 1, bytes: place.bytes + read as u64 };
    }
}
