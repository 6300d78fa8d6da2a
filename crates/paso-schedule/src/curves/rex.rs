//! The reflected exponential (REX).
//!
//! The paper's form is `(1 - p) / (1/2 + (1 - p) / 2)`, which is the same. It falls slowly at first
//! and fastest at its end.

use super::{Ease, Ramp, Signature};
use crate::error::Error;
use crate::schedule::Schedule;
use crate::spec::Spec;

/// The reflected exponential: slow at first, then constant. In text: `rex(FROM -> TO, STEPS)`.
///
/// `to + (from - to) * (1 - p) / (1 - p / 2)` with `p = t / steps`:
/// [Chen et al. 2021](https://arxiv.org/abs/2107.04197).
///
/// ```
/// use paso_schedule::{Schedule, Rex};
/// let lr = Rex { from: 1.5, to: 0.0, steps: 2 };
/// assert_eq!(lr.at(1), 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rex {
    /// Learning rate at step 0, finite, 0 or more.
    pub from: f64,
    /// Learning rate at step `steps` and after it, finite, 0 or more.
    pub to: f64,
    /// Length in steps.
    pub steps: u64,
}

impl Schedule for Rex {
    fn build(&self) -> Result<Spec, Error> {
        Ramp::spec(self.from, self.to, self.steps as f64, RexEase, [])
    }
}

/// The form of a [`Rex`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct RexEase;

impl Ease<0> for RexEase {
    const SIGNATURE: Signature = Signature {
        name: "rex",
        usage: "rex(FROM -> TO, LENGTH)",
        formula: "(1 - p) / (1 - p / 2)",
        ..Signature::RAMP
    };

    fn weight([]: [f64; 0], p: f64) -> f64 {
        (1.0 - p) / (1.0 - 0.5 * p)
    }
}
