//! How far a study is, for whoever asks from outside. Nothing is written, so it can be asked of a folder
//! that is only for reading, and at any time.

use crate::claims::holders;
use crate::error::Error;
use crate::journal;
use std::collections::BTreeSet;
use std::path::Path;

/// The state of a study's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Runs that are finished, each counted once.
    pub finished: usize,
    /// Those that were trained more than once, since a worker came back after its lease.
    pub repeated: usize,
    /// Names of the workers that have runs in hand. One that was killed on another machine is among
    /// them until its runs are taken over.
    pub workers: Vec<String>,
    /// Runs in hand.
    pub in_hand: usize,
    /// What trained the finished runs, as far as it is recorded.
    pub machines: Vec<String>,
}

/// Reads the state of a study's folder.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let status = paso_study::status(folder.path())?;
/// assert_eq!((status.finished, status.in_hand), (0, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Io`] and [`Error::MalformedFile`] for files that cannot be read.
pub fn status(folder: &Path) -> Result<Status, Error> {
    let (mut runs, mut lines, mut machines) = (BTreeSet::new(), 0, BTreeSet::new());
    for path in journal::files(folder)? {
        for line in journal::read(&path)? {
            machines.extend(line.machine);
            runs.insert(journal::key(&line.run));
            lines += 1;
        }
    }
    let mut workers = holders(folder);
    let in_hand = workers.len();
    workers.dedup();
    let repeated = lines - runs.len();
    Ok(Status {
        finished: runs.len(),
        repeated,
        workers,
        in_hand,
        machines: machines.into_iter().collect(),
    })
}
