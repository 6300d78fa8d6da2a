//! The one error type of this crate.
//!
//! Variants are by what the reader of the message can do: look at a file ([`Error::Io`],
//! [`Error::Image`], [`Error::Labels`]), choose another folder ([`Error::NotADataset`],
//! [`Error::Folder`]), or change a setting ([`Error::InvalidValue`]). Messages name the file, the
//! line where there is one, the value, and what to do.

use std::fmt;
use std::path::PathBuf;

use crate::Problem;

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
    /// The folder holds nothing that is known as a data set.
    #[error("{}: {message}", path.display())]
    NotADataset {
        /// The folder.
        path: PathBuf,
        /// What was looked for.
        message: String,
    },
    /// Label files are malformed, so that nothing in them can be trusted.
    #[error("{first}{}", AndMore(*more))]
    Labels {
        /// The first thing that is wrong.
        first: Box<Problem>,
        /// How many more files or lines are wrong.
        more: usize,
    },
    /// An image could not be used.
    #[error("{}: {message}", path.display())]
    Image {
        /// The image's file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
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
    /// A folder cannot be written to.
    #[error("{}: {message}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why, and what to do.
        message: String,
    },
}

impl Error {
    /// An [`Error::Io`] of this file.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    /// An [`Error::Image`] of this file.
    #[must_use]
    pub fn image(path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self::Image { path: path.into(), message: message.into() }
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

struct AndMore(usize);

impl fmt::Display for AndMore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            1 => write!(f, " (and 1 more problem of this kind)"),
            n => write!(f, " (and {n} more problems of this kind)"),
        }
    }
}
