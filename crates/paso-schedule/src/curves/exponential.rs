//! A geometric ramp: the logarithm of the learning rate is linear.
//!
//! Neither end may be 0 or a denormal number, since the quotient of the ends would be infinite or
//! imprecise. At step 0 and from the last step on the ends are exact.

use super::{Ease, Form, Ramp, Signature};
use crate::error::Error;
use crate::power::pow;
use crate::schedule::Schedule;
use crate::spec::Spec;

/// From one learning rate to another by the same factor at each step, then constant. In text:
/// `exponential(FROM -> TO, STEPS)`.
///
/// `from * (to / from)^p` with `p = t / steps`. For a given factor instead of an end see
/// [`ExponentialDecay`](crate::ExponentialDecay).
///
/// ```
/// use paso_schedule::{Schedule, Exponential};
/// let lr = Exponential { from: 1.0, to: 0.25, steps: 2 };
/// assert_eq!(lr.at(1), 0.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exponential {
    /// Learning rate at step 0, finite, 0 or more and normal, so above 0.
    pub from: f64,
    /// Learning rate at step `steps` and after it, finite, 0 or more and normal, so above 0.
    pub to: f64,
    /// Length in steps.
    pub steps: u64,
}

impl Schedule for Exponential {
    fn build(&self) -> Result<Spec, Error> {
        Ramp::spec(self.from, self.to, self.steps as f64, ExponentialEase, [])
    }
}

/// The form of an [`Exponential`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct ExponentialEase;

impl Ease<0> for ExponentialEase {
    const SIGNATURE: Signature = Signature {
        name: "exponential",
        form: Form::FromToRequired,
        usage: "exponential(FROM -> TO, LENGTH)",
        formula: "FROM (TO / FROM)^p",
        ..Signature::RAMP
    };

    fn weight([]: [f64; 0], p: f64) -> f64 {
        1.0 - p
    }

    fn between([]: [f64; 0], from: f64, to: f64, p: f64) -> f64 {
        let lr = if p <= 0.0 { from } else { from * pow(to / from, p) };
        lr.clamp(from.min(to), from.max(to))
    }
}
