//! The error type of the crate.
//!
//! Three kinds. Mistakes in the settings are found by [`Study::new`](crate::Study::new), before
//! anything runs. Files and runs fail with their name and what to do next. [`Error::Cancelled`] is no
//! failure: all finished runs are kept, and the same call continues.

use std::path::PathBuf;

/// The error of a [`Trial`](crate::Trial): any error of the caller's training loop.
pub type TrialError = Box<dyn std::error::Error + Send + Sync>;

/// Why a study could not be configured, run or continued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value is outside its range.
    #[error("{field} is {value}; it must be {allowed}")]
    InvalidValue {
        /// Name of the field.
        field: &'static str,
        /// Its value.
        value: String,
        /// The allowed range.
        allowed: &'static str,
    },
    /// A schedule that cannot be read, or does not fit the number of steps.
    #[error("arm `{arm}`: schedule `{spec}`: {reason}")]
    Schedule {
        /// The arm's name.
        arm: String,
        /// The schedule as it was given.
        spec: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A training run failed (not: diverged, which is an outcome).
    #[error("the run of {run} failed: {source}")]
    Trial {
        /// Which run.
        run: String,
        /// The error of the training loop.
        source: TrialError,
    },
    /// The trial returned the wrong number of outcomes or averages.
    #[error("the run of {run} returned {got} {what}, asked for {expected}")]
    Count {
        /// Which run.
        run: String,
        /// What was counted.
        what: &'static str,
        /// How many came.
        got: usize,
        /// How many were asked for.
        expected: usize,
    },
    /// No run of an arm reached a finite metric, so that there is nothing to compare.
    #[error(
        "no run reached a finite metric: every arm diverged at every learning rate between {lowest:e} and {highest:e}; try a lower one"
    )]
    AllDiverged {
        /// Lowest peak learning rate tried.
        lowest: f64,
        /// Highest peak learning rate tried.
        highest: f64,
    },
    /// The caller asked to stop. Finished runs are kept.
    #[error(
        "stopped before the end; {finished} finished runs are kept, and the same command in the same folder continues from there"
    )]
    Cancelled {
        /// Runs finished so far, earlier sessions included.
        finished: usize,
    },
    /// A folder that a study cannot be kept in.
    #[error("{}: {reason}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why not, and what to do.
        reason: String,
    },
    /// A file of the study's folder could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A file of the study's folder has unexpected content.
    #[error("{}, line {line}: {reason}", path.display())]
    MalformedFile {
        /// The file.
        path: PathBuf,
        /// One-based line.
        line: usize,
        /// What is wrong, and what to do.
        reason: String,
    },
}
