//! The version of the states that a checkpoint keeps: those of [`Plateau`](crate::Plateau) and
//! [`Greedy`](crate::Greedy).
//!
//! A state of another version is refused rather than guessed at: a wrong state would continue a
//! training with a wrong learning rate and no message.

use crate::error::Error;
use crate::validate::invalid;

/// The version that this crate writes.
pub(crate) const VERSION: u32 = 1;

/// An error that names the version, unless it is the one that this crate reads.
pub(crate) fn known_version(version: u32) -> Result<(), Error> {
    if version == VERSION { Ok(()) } else { Err(invalid("version", f64::from(version), "1")) }
}
