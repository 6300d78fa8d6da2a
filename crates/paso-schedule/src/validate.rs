//! The ranges that curves and combinators share. A tree that passed gives a finite learning rate of
//! 0 or more at every time.
//!
//! Checks happen once, when a node is made, so that evaluation needs none. NaN is in no range. The
//! messages name the field of the program or the argument of the text, and the range that is
//! allowed. A stretch just above 1 is refused, because the formula for the number of a cycle would
//! lose most digits.

use crate::error::Error;
use crate::node::Node;

const LR: &str = "a finite learning rate of 0 or more";
const STEPS: &str = "a finite number of steps of 0 or more";
const PERIOD: &str = "a finite number of steps of at least 1e-9";
const POSITIVE: &str = "a finite number above 0";
const NOT_NEGATIVE: &str = "a finite number of 0 or more";

impl Node {
    /// Whether the numbers of this node are in their ranges; its inner nodes were checked when they
    /// were built.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        match self {
            Self::Curve(curve) => curve.validate(),
            Self::Then { .. } | Self::Times { .. } => Ok(()),
            Self::Repeat { inner, times, stretch, scale } => {
                if times.is_some_and(|times| times == 0 || times > 1 << 53) {
                    return Err(invalid("times", times.unwrap_or(0) as f64, "between 1 and 2^53"));
                }
                if *stretch != 1.0 && !(1.001..=1e6).contains(stretch) {
                    return Err(invalid("stretch", *stretch, "1, or between 1.001 and 1e6"));
                }
                not_negative("scale", *scale)?;
                match inner.len() {
                    Some(len) => period("steps of a cycle", len),
                    None => Err(Error::Endless { part: alloc::format!("{inner}"), column: None }),
                }
            }
            Self::Scale { factor, .. } => not_negative("scale", *factor),
            Self::Plus { lr, .. } => lr_in("plus", *lr),
            Self::Below { lr, .. } => lr_in("below", *lr),
            Self::Floor { lr, .. } => lr_in("floor", *lr),
            Self::Cap { lr, .. } => lr_in("cap", *lr),
            Self::Delay { steps, .. } | Self::Skip { steps, .. } | Self::Take { steps, .. } => {
                steps_in("steps", *steps)
            }
            Self::Stretch { factor, .. } => positive("stretch", *factor),
            Self::Every { steps, .. } => period("every", *steps),
        }
    }
}

pub(crate) fn lr_in(field: &'static str, lr: f64) -> Result<(), Error> {
    check(field, lr, lr >= 0.0 && lr.is_finite(), LR)
}

pub(crate) fn steps_in(field: &'static str, steps: f64) -> Result<(), Error> {
    check(field, steps, steps >= 0.0 && steps.is_finite(), STEPS)
}

/// Shorter ones would make the number of a cycle lose its digits.
pub(crate) fn period(field: &'static str, steps: f64) -> Result<(), Error> {
    check(field, steps, steps >= 1e-9 && steps.is_finite(), PERIOD)
}

pub(crate) fn positive(field: &'static str, x: f64) -> Result<(), Error> {
    check(field, x, x > 0.0 && x.is_finite(), POSITIVE)
}

pub(crate) fn not_negative(field: &'static str, x: f64) -> Result<(), Error> {
    check(field, x, x >= 0.0 && x.is_finite(), NOT_NEGATIVE)
}

pub(crate) fn fraction(field: &'static str, x: f64) -> Result<(), Error> {
    check(field, x, x > 0.0 && x < 1.0, "above 0 and below 1")
}

pub(crate) fn at_least_one(field: &'static str, n: u64) -> Result<(), Error> {
    check(field, n as f64, n > 0, "1 or more")
}

fn check(field: &'static str, value: f64, ok: bool, allowed: &'static str) -> Result<(), Error> {
    if ok { Ok(()) } else { Err(invalid(field, value, allowed)) }
}

/// A value that is out of its range, without a place in a text.
pub(crate) fn invalid(field: &'static str, value: f64, allowed: &'static str) -> Error {
    Error::InvalidValue { field, value, allowed, column: None }
}
