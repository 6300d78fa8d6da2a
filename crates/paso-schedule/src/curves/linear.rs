//! A straight line.

use super::{Ease, Ramp, Signature};
use crate::error::Error;
use crate::spec::{Schedule, Spec};
use alloc::vec::Vec;

/// A straight line from one learning rate to another, then constant. In text: `linear(FROM -> TO, STEPS)`.
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
        Ramp::spec(self.from, self.to, self.steps, LinearEase)
    }
}

/// The form of a [`Linear`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LinearEase;

impl Ease for LinearEase {
    const SIGNATURE: Signature = Signature::ramp("linear", &[], "linear(FROM -> TO, LENGTH)", "1 - p");

    fn from_options(_: &[f64]) -> Self {
        Self
    }

    fn options(&self) -> Vec<f64> {
        Vec::new()
    }

    fn validate(&self, _: f64, _: f64) -> Result<(), Error> {
        Ok(())
    }

    fn weight(&self, p: f64) -> f64 {
        1.0 - p
    }
}
