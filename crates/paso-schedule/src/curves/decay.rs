//! Exponential decay by a factor per number of steps, without an end.
//!
//! With a factor of 0 it is `from` at step 0 and 0 after it. With a factor above 1 it rises and
//! saturates at `f64::MAX`.

use super::{Endless, EndlessForm, Opt, Signature};
use crate::error::Error;
use crate::math::saturate;
use crate::power::pow;
use crate::schedule::Schedule;
use crate::spec::Spec;
use crate::validate::not_negative;

/// `from * factor^(t / every)`: smooth exponential decay without an end. In text:
/// `decay(FROM, factor FACTOR, every STEPS)`; `every` is 1 if left out.
///
/// Keras' `ExponentialDecay`; with `every` 1 PyTorch's `ExponentialLR`. [`Step`](crate::Step) is
/// the same as a staircase, [`Exponential`](crate::Exponential) the same between two learning
/// rates.
///
/// ```
/// use paso_schedule::{Schedule, ExponentialDecay};
/// let lr = ExponentialDecay { from: 1.0, factor: 0.5, every: 10 };
/// assert_eq!(lr.at(20), 0.25);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExponentialDecay {
    /// Learning rate at step 0, finite, 0 or more.
    pub from: f64,
    /// What `every` steps multiply the learning rate by; finite, 0 or more.
    pub factor: f64,
    /// Steps per factor, above 0; 1 is a decay per step.
    pub every: u64,
}

impl Schedule for ExponentialDecay {
    fn build(&self) -> Result<Spec, Error> {
        Endless::spec(self.from, DecayForm, [self.factor, self.every as f64])
    }
}

/// The form of an [`ExponentialDecay`]; lengths may be fractions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct DecayForm;

impl EndlessForm<2> for DecayForm {
    const SIGNATURE: Signature = Signature {
        name: "decay",
        options: &[Opt::number("factor", not_negative), Opt::length_or("every", 1.0)],
        usage: "decay(LR, factor F, every LENGTH)",
        formula: "LR F^(t / LENGTH)",
        ..Signature::ENDLESS
    };

    fn value([factor, every]: [f64; 2], from: f64, t: f64) -> f64 {
        saturate(from * pow(factor, saturate(t / every)))
    }

    fn peak([factor, _]: [f64; 2], from: f64) -> f64 {
        if factor > 1.0 && from > 0.0 { f64::MAX } else { from }
    }
}
