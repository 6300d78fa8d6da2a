//! Reading a journal line by line, so that no file takes more memory than its longest line.

use super::Line;
use crate::error::Error;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// A line has a curve of some 60 points and a histogram a layer: a few thousand bytes.
const LONGEST: u64 = 1 << 24;

/// The lines of a journal that somebody else may be writing: what comes after the last end of a
/// line is left out.
pub(crate) fn read(path: &Path) -> Result<Vec<Line>, Error> {
    let file = paso_files::open(path).map_err(|source| Error::Io { path: path.into(), source })?;
    Ok(parse(path, file)?.0)
}

/// The whole lines, and how many bytes they are.
pub(super) fn parse(path: &Path, file: impl Read) -> Result<(Vec<Line>, u64), Error> {
    let mut file = BufReader::new(file);
    let (mut lines, mut bytes, mut text) = (Vec::new(), 0, Vec::new());
    loop {
        text.clear();
        let wrong =
            |reason| Error::MalformedFile { path: path.into(), line: lines.len() + 1, reason };
        let read = file.by_ref().take(LONGEST).read_until(b'\n', &mut text);
        let read = read.map_err(|source| Error::Io { path: path.into(), source })?;
        if text.pop_if(|last| *last == b'\n').is_none() {
            if read as u64 == LONGEST {
                return Err(wrong(format!(
                    "longer than {LONGEST} bytes; remove this line to do the run again"
                )));
            }
            return Ok((lines, bytes)); // the end, or what a crash has left
        }
        let line = Line::parse(&text).map_err(wrong)?;
        lines.push(line);
        bytes += read as u64;
    }
}
