//! Exponential decay as a staircase, without an end.

use super::{Args, CurveDef, DecayCurve, Opt, Signature};
use crate::error::Error;
use crate::math::{floor, saturate};
use crate::spec::{Schedule, Spec};

/// `from * factor^floor(t / every)`, without an end: step decay. In text:
/// `step(FROM, factor FACTOR, every STEPS)`. PyTorch's `StepLR`.
///
/// ```
/// use paso_schedule::{Schedule, Step};
/// let lr = Step { from: 1.0, factor: 0.5, every: 10 };
/// assert_eq!(lr.at(19), 0.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Learning rate at step 0, finite, 0 or more.
    pub from: f64,
    /// What `every` steps multiply the learning rate by; finite, 0 or more.
    pub factor: f64,
    /// Steps per factor, above 0.
    pub every: u64,
}

impl Schedule for Step {
    fn build(&self) -> Result<Spec, Error> {
        let every = self.every as f64;
        Spec::from_node(StepCurve(DecayCurve { from: self.from, factor: self.factor, every }))
    }
}

/// The curve of times between steps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StepCurve(pub(crate) DecayCurve);

impl CurveDef for StepCurve {
    const SIGNATURE: Signature = Signature::endless("step", &[Opt::number("factor"), Opt::length("every")], "step(LR, factor F, every LENGTH)", "LR F^floor(t / LENGTH)");

    fn from_args(args: &Args) -> Self {
        Self(DecayCurve::from_args(args))
    }

    fn args(&self) -> Args {
        self.0.args()
    }

    fn validate(&self) -> Result<(), Error> {
        self.0.validate()
    }

    fn value(&self, t: f64) -> f64 {
        let every = self.0.every;
        self.0.value(saturate(floor(saturate(t / every)) * every))
    }

    fn len(&self) -> Option<f64> {
        None
    }

    fn peak(&self) -> f64 {
        self.0.peak()
    }
}
