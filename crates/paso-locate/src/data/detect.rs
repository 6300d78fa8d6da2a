//! Which format a folder is in, found out by looking at its files.
//!
//! Every format answers for itself whether its files are there, from names and the first 64 KiB of
//! files. More than one may say yes: people keep the labels that they converted from. Then the
//! first of the list is read, and a note says which others were found; `--format` chooses.
//!
//! The order is a part of the behavior: a new format goes to the end of the list, so that a folder
//! that was read as one format is still read as that one.

use super::Format;
use super::files::Files;
use super::report::{Problem, ProblemKind};
use crate::Error;

/// The format of a folder. Where labels come in several formats, the first of [`Format::ALL`] is
/// read, and the others are noted.
pub(crate) fn detect(files: &Files, problems: &mut Vec<Problem>) -> Result<Format, Error> {
    let mut found = Format::ALL.into_iter().filter(|format| format.is_here(files));
    let Some(first) = found.next() else {
        let looked_for = Format::ALL.map(|format| format!("{format} ({})", format.looked_for()));
        return Err(Error::NotADataset {
            path: files.root.clone(),
            message: format!("no labels found; looked for {}", looked_for.join(", ")),
        });
    };
    for other in found {
        let message = format!("holds {other} labels too; the {first} ones are read");
        problems.push(Problem::new(ProblemKind::Note, &*files.root, None, message));
    }
    Ok(first)
}
