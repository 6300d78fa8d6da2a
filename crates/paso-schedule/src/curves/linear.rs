//! A straight line.
//!
//! The ends are exact, and no rounding leaves the interval between them. PyTorch's `LinearLR`
//! multiplies the learning rate by a factor at each step, so its last bits depend on the number of
//! steps; here each step is computed from the formula.

use super::{Ease, Ramp, Signature};
use crate::error::Error;
use crate::schedule::Schedule;
use crate::spec::Spec;

/// A straight line from one learning rate to another, then constant. In text:
/// `linear(FROM -> TO, STEPS)`.
///
/// `from + (to - from) * p` with `p = t / steps`; PyTorch's `LinearLR`.
///
/// ```
/// use paso_schedule::{Schedule, Linear};
/// let lr = Linear { from: 0.5, to: 0.0, steps: 100 };
/// assert_eq!(lr.at(50), 0.25);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    /// Learning rate at step 0, finite, 0 or more.
    pub from: f64,
    /// Learning rate at step `steps` and after it, finite, 0 or more.
    pub to: f64,
    /// Length in steps.
    pub steps: u64,
}

impl Schedule for Linear {
    fn build(&self) -> Result<Spec, Error> {
        Ramp::spec(self.from, self.to, self.steps as f64, LinearEase, [])
    }
}

/// The form of a [`Linear`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct LinearEase;

impl Ease<0> for LinearEase {
    const SIGNATURE: Signature = Signature {
        name: "linear",
        usage: "linear(FROM -> TO, LENGTH)",
        formula: "1 - p",
        ..Signature::RAMP
    };

    fn weight([]: [f64; 0], p: f64) -> f64 {
        1.0 - p
    }
}
