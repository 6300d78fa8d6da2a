//! One minus a square root: fast at first.
//!
//! Near its start the slope is infinite, so that the first step of a cooldown is its largest.

use super::{Ease, Ramp, Signature};
use crate::error::Error;
use crate::math::sqrt;
use crate::schedule::Schedule;
use crate::spec::Spec;

/// `1 - sqrt(p)` with `p = t / steps`: fast at first, then constant. In text:
/// `one_minus_sqrt(FROM -> TO, STEPS)`.
///
/// The cooldown of [Hägele et al. 2024](https://arxiv.org/abs/2405.18392), section 3.
///
/// ```
/// use paso_schedule::{Schedule, OneMinusSqrt};
/// let lr = OneMinusSqrt { from: 1.0, to: 0.0, steps: 4 };
/// assert_eq!(lr.at(1), 0.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OneMinusSqrt {
    /// Learning rate at step 0, finite, 0 or more.
    pub from: f64,
    /// Learning rate at step `steps` and after it, finite, 0 or more.
    pub to: f64,
    /// Length in steps.
    pub steps: u64,
}

impl Schedule for OneMinusSqrt {
    fn build(&self) -> Result<Spec, Error> {
        Ramp::spec(self.from, self.to, self.steps as f64, OneMinusSqrtEase, [])
    }
}

/// The form of a [`OneMinusSqrt`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct OneMinusSqrtEase;

impl Ease<0> for OneMinusSqrtEase {
    const SIGNATURE: Signature = Signature {
        name: "one_minus_sqrt",
        usage: "one_minus_sqrt(FROM -> TO, LENGTH)",
        formula: "1 - sqrt(p)",
        ..Signature::RAMP
    };

    fn weight([]: [f64; 0], p: f64) -> f64 {
        1.0 - sqrt(p)
    }
}
