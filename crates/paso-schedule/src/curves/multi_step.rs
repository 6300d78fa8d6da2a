//! A factor at each milestone.
//!
//! It ends at its last milestone: then another part can follow. Without any milestone it is a
//! constant of length 0.

use super::{Args, CurveDef, Opt, Signature, Value};
use crate::error::Error;
use crate::math::saturate;
use crate::power::pow;
use crate::schedule::Schedule;
use crate::spec::Spec;
use crate::validate::{lr_in, not_negative, steps_in};
use alloc::vec::Vec;

/// A factor at each milestone; the step of the milestone has the new learning rate. In text:
/// `multi_step(FROM, factor FACTOR, at STEP STEP ...)`. PyTorch's `MultiStepLR`.
///
/// ```
/// use paso_schedule::{MultiStep, Schedule};
/// let lr = MultiStep { from: 1.0, factor: 0.5, at: vec![30, 60] };
/// assert_eq!((lr.at(29), lr.at(30), lr.at(60)), (1.0, 0.5, 0.25));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MultiStep {
    /// Learning rate at step 0, finite, 0 or more.
    pub from: f64,
    /// What each milestone multiplies the learning rate by; finite, 0 or more.
    pub factor: f64,
    /// The milestones in steps; a repeated one counts twice, their order does not matter.
    pub at: Vec<u64>,
}

impl Schedule for MultiStep {
    fn build(&self) -> Result<Spec, Error> {
        let at = self.at.iter().map(|&at| at as f64).collect();
        Spec::from_node(MultiStepCurve::new(self.from, self.factor, at))
    }
}

/// The curve of times between steps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MultiStepCurve {
    pub(crate) from: f64,
    pub(crate) factor: f64,
    /// Milestones in order.
    pub(crate) at: Vec<f64>,
}

impl MultiStepCurve {
    /// Milestones in any order.
    pub(crate) fn new(from: f64, factor: f64, mut at: Vec<f64>) -> Self {
        at.sort_by(f64::total_cmp);
        Self { from, factor, at }
    }

    /// The learning rate after `n` milestones.
    fn after(&self, n: usize) -> f64 {
        if n == 0 { self.from } else { saturate(self.from * pow(self.factor, n as f64)) }
    }
}

impl CurveDef for MultiStepCurve {
    const SIGNATURE: Signature = Signature {
        name: "multi_step",
        options: &[Opt::number("factor", not_negative), Opt::lengths("at")],
        usage: "multi_step(LR, factor F, at STEP STEP ...)",
        formula: "LR F^n, where n counts the milestones up to t",
        ..Signature::ENDLESS
    };

    fn from_args(args: &Args) -> Self {
        let at = match args.option("at") {
            Some(Value::Lengths(at)) => at.clone(),
            _ => Vec::new(),
        };
        Self::new(args.first(), args.number("factor"), at)
    }

    fn args(&self) -> Args {
        let mut args = Args::starting(self.from).with_options(&Self::SIGNATURE, &[self.factor]);
        args.options.push(("at", Value::Lengths(self.at.clone())));
        args
    }

    fn validate(&self) -> Result<(), Error> {
        lr_in("from", self.from)?;
        not_negative("factor", self.factor)?;
        self.at.iter().try_for_each(|&at| steps_in("at", at))
    }

    fn value(&self, t: f64) -> f64 {
        self.after(self.at.partition_point(|&at| at <= t))
    }

    fn len(&self) -> Option<f64> {
        Some(self.at.last().copied().unwrap_or(0.0))
    }

    fn peak(&self) -> f64 {
        self.from.max(self.after(self.at.len()))
    }
}
