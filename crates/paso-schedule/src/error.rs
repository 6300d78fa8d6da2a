//! What can be wrong with a schedule, and where.

use alloc::format;
use alloc::string::String;
use core::fmt;

/// Why a schedule was refused.
///
/// Columns count characters from 1, as editors do. [`Error::pointing_at`] shows the place.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// The text is not a schedule.
    Syntax {
        /// Where it stops making sense.
        column: usize,
        /// What was found, and what could stand there.
        message: String,
    },
    /// A value is outside its range.
    InvalidValue {
        /// The parameter: `from`, `steps`, `factor` ...
        field: &'static str,
        /// The number.
        value: f64,
        /// What is allowed.
        allowed: &'static str,
        /// Where, if the schedule came from text.
        column: Option<usize>,
    },
    /// A part depends on the run's peak learning rate or on its number of steps, which are not
    /// given.
    Open {
        /// What is missing, and how to write it.
        message: String,
        /// Where the part is.
        column: usize,
    },
    /// A part that never ends stands before another one.
    Endless {
        /// The part.
        part: String,
        /// Where, if the schedule came from text.
        column: Option<usize>,
    },
    /// The run has fewer steps than the schedule's parts need.
    TooShort {
        /// Which part does not fit, what it needs and what there is.
        message: String,
        /// Where the part is.
        column: usize,
    },
    /// A step after the end of a schedule whose policy is
    /// [`PastEnd::Error`](crate::PastEnd::Error).
    PastEnd {
        /// The step that was asked for.
        step: u64,
        /// The schedule's last step.
        end: f64,
    },
}

impl Error {
    /// The column in the text, from 1, where there is one.
    #[must_use]
    pub fn column(&self) -> Option<usize> {
        match self {
            Self::Syntax { column, .. }
            | Self::Open { column, .. }
            | Self::TooShort { column, .. } => Some(*column),
            Self::InvalidValue { column, .. } | Self::Endless { column, .. } => *column,
            Self::PastEnd { .. } => None,
        }
    }

    /// The message under the text, with a caret below the column it is about.
    ///
    /// ```
    /// let text = "warmup(500) then cosin(3e-4 -> 0, 9500)";
    /// let error = text.parse::<paso_schedule::Spec>().unwrap_err();
    /// assert!(error.pointing_at(text).starts_with(
    ///     "warmup(500) then cosin(3e-4 -> 0, 9500)\n                 ^\ncolumn 18: there is no `cosin`"
    /// ));
    /// ```
    #[must_use]
    pub fn pointing_at(&self, text: &str) -> String {
        match self.column() {
            Some(column) => format!("{text}\n{:>column$}\n{self}", '^'),
            None => format!("{self}"),
        }
    }

    /// The same error at a column, where it does not have one yet.
    pub(crate) fn at(mut self, place: usize) -> Self {
        if let Self::InvalidValue { column, .. } | Self::Endless { column, .. } = &mut self {
            column.get_or_insert(place);
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(column) = self.column() {
            write!(f, "column {column}: ")?;
        }
        match self {
            Self::Syntax { message, .. }
            | Self::Open { message, .. }
            | Self::TooShort { message, .. } => f.write_str(message),
            Self::InvalidValue { field, value, allowed, .. } => {
                write!(f, "`{field}` is {value}; it must be {allowed}")
            }
            Self::Endless { part, .. } => {
                write!(
                    f,
                    "`{part}` never ends, so what follows is never reached; give it a length, or end it with `.take(STEPS)`"
                )
            }
            Self::PastEnd { step, end } => {
                write!(f, "step {step} is after the schedule's end at step {end}")
            }
        }
    }
}

impl core::error::Error for Error {}
