//! Exponential decay by a factor per number of steps, without an end.

use super::{Args, CurveDef, Opt, Signature};
use crate::error::Error;
use crate::math::saturate;
use crate::power::pow;
use crate::spec::{Schedule, Spec};
use crate::validate::{lr_in, not_negative, period};

/// `from * factor^(t / every)`: smooth exponential decay without an end. In text:
/// `decay(FROM, factor FACTOR, every STEPS)`; `every` is 1 if left out.
///
/// Keras' `ExponentialDecay`; with `every` 1 PyTorch's `ExponentialLR`. [`Step`](crate::Step) is the
/// same as a staircase, [`Exponential`](crate::Exponential) the same between two learning rates.
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
        let every = self.every as f64;
        Spec::from_node(DecayCurve { from: self.from, factor: self.factor, every })
    }
}

/// The curve of times between steps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DecayCurve {
    pub(crate) from: f64,
    pub(crate) factor: f64,
    pub(crate) every: f64,
}

impl CurveDef for DecayCurve {
    const SIGNATURE: Signature = Signature::endless("decay", &[Opt::number("factor"), Opt::length_or("every", 1.0)], "decay(LR, factor F, every LENGTH)", "LR F^(t / LENGTH)");

    fn from_args(args: &Args) -> Self {
        Self { from: args.first(), factor: args.number("factor"), every: args.number("every") }
    }

    fn args(&self) -> Args {
        Args::starting(self.from).with_number("factor", self.factor).with_length("every", self.every)
    }

    fn validate(&self) -> Result<(), Error> {
        lr_in("from", self.from)?;
        not_negative("factor", self.factor)?;
        period("every", self.every)
    }

    fn value(&self, t: f64) -> f64 {
        saturate(self.from * pow(self.factor, saturate(t / self.every)))
    }

    fn len(&self) -> Option<f64> {
        None
    }

    fn peak(&self) -> f64 {
        if self.factor > 1.0 && self.from > 0.0 { f64::MAX } else { self.from }
    }
}
