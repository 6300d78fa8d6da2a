//! The one error type of this crate.
//!
//! Everything that comes from outside (folders, label files, images, options) ends here, never in
//! a panic. A message names the file, the line where there is one, the value, and what to do.
//!
//! Variants are by what the reader of the message can do: look at the data ([`Error::Labels`]) or
//! at a file ([`Error::Io`], [`Error::Checkpoint`]), choose another folder ([`Error::Folder`]),
//! change a setting ([`Error::InvalidValue`]), or lower the learning rate ([`Error::Diverged`]).

use std::fmt;
use std::path::PathBuf;

/// What can go wrong with what came from outside.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A folder of labeled images, or an image, could not be used.
    #[error(transparent)]
    Labels(#[from] paso_labels::Error),
    /// An option has a value that makes no sense.
    #[error("{field} is {value}; it must be {allowed}")]
    InvalidValue {
        /// The option's name.
        field: &'static str,
        /// The value found.
        value: String,
        /// The values allowed.
        allowed: &'static str,
    },
    /// A checkpoint is damaged, foreign, or belongs to something else.
    #[error("{}: {what}", path.display())]
    Checkpoint {
        /// The checkpoint's file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A folder cannot be used for what it was given for.
    #[error("{}: {message}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why, and what to do.
        message: String,
    },
    /// Training produced a number that is not finite.
    #[error(
        "training diverged at step {step} (rate {lr:e}): {place} is not finite; a lower learning rate or a warm-up usually helps"
    )]
    Diverged {
        /// The step, counted from 0.
        step: u64,
        /// Its learning rate.
        lr: f64,
        /// Where the first such number was found.
        place: String,
    },
    /// A net has an operation that ONNX has no form for.
    #[error("{node}: the operation `{operation}` cannot be exported to ONNX")]
    Onnx {
        /// The operation's name.
        operation: String,
        /// The name of its node on the tape.
        node: String,
    },
    /// The learning-rate schedule cannot be read, or does not fit the run.
    #[error("schedule: {0}")]
    Schedule(#[from] paso_schedule::Error),
    /// The optimizer's settings are out of range.
    #[error(transparent)]
    Optimizer(#[from] paso_adam::Error),
}

impl Error {
    /// An [`Error::Io`] of this file.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    /// An image that could not be used.
    pub(crate) fn image(path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self::Labels(paso_labels::Error::image(path, message))
    }

    /// An [`Error::InvalidValue`].
    pub(crate) fn invalid_value(
        field: &'static str,
        value: impl fmt::Display,
        allowed: &'static str,
    ) -> Self {
        Self::InvalidValue { field, value: value.to_string(), allowed }
    }
}

/// The names that are allowed, in a sentence: `a, b or c`.
///
/// # Panics
///
/// Without a name.
pub(crate) fn one_of(names: &[&str]) -> String {
    match names.split_last().expect("at least one name is allowed") {
        (last, []) => (*last).to_owned(),
        (last, others) => format!("{} or {last}", others.join(", ")),
    }
}
