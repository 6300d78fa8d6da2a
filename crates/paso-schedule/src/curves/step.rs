//! Exponential decay as a staircase, without an end.
//!
//! The first change is at step `every`. The formula is `decay` at the last multiple of `every`, so
//! that both have the same bits there. PyTorch multiplies by the factor at each change instead,
//! which may differ in the last bits.

use super::{DecayForm, Endless, EndlessForm, Opt, Signature};
use crate::error::Error;
use crate::math::{floor, saturate};
use crate::schedule::Schedule;
use crate::spec::Spec;
use crate::validate::not_negative;

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
        Endless::spec(self.from, StepForm, [self.factor, self.every as f64])
    }
}

/// The form of a [`Step`]: an exponential decay, looked at only every so many steps.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct StepForm;

impl EndlessForm<2> for StepForm {
    const SIGNATURE: Signature = Signature {
        name: "step",
        options: &[Opt::number("factor", not_negative), Opt::length("every")],
        usage: "step(LR, factor F, every LENGTH)",
        formula: "LR F^floor(t / LENGTH)",
        ..Signature::ENDLESS
    };

    fn value([factor, every]: [f64; 2], from: f64, t: f64) -> f64 {
        DecayForm::value([factor, every], from, saturate(floor(saturate(t / every)) * every))
    }

    fn peak(options: [f64; 2], from: f64) -> f64 {
        DecayForm::peak(options, from)
    }
}
