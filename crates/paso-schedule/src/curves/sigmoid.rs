//! Sigmoid decay, without an end.
//!
//! Both logistic functions come from `crate::power`, so that far from the center nothing overflows.

use super::{Endless, EndlessForm, Opt, Signature};
use crate::error::Error;
use crate::power::logistic;
use crate::schedule::Schedule;
use crate::spec::Spec;

/// A fall around one step: `from` at first, half of it at step `center`, almost 0 a few `width`s
/// later. In text: `sigmoid(FROM, center STEP, width STEPS)`.
///
/// `from * (1 + e^(-center / width)) / (1 + e^((t - center) / width))`: the policy `sigmoid` of
/// Caffe (`lr_policy`, with `gamma = -1 / width` and `stepsize = center`), scaled so that step 0
/// has `from`. Unlike [`Tanh`](crate::Tanh) it has no end: where the run stops does not change its
/// form.
///
/// ```
/// use paso_schedule::{Schedule, Sigmoid};
/// let lr = Sigmoid { from: 1.0, center: 1000, width: 50 };
/// assert!(lr.at(800) > 0.98 && (lr.at(1000) - 0.5).abs() < 1e-8 && lr.at(1200) < 0.02);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sigmoid {
    /// Learning rate at step 0, finite, 0 or more.
    pub from: f64,
    /// The step at which half of it is left, above 0.
    pub center: u64,
    /// Steps over which it falls from 73 % to 27 % are twice this, above 0.
    pub width: u64,
}

impl Schedule for Sigmoid {
    fn build(&self) -> Result<Spec, Error> {
        Endless::spec(self.from, SigmoidForm, [self.center as f64, self.width as f64])
    }
}

/// The form of a [`Sigmoid`]; lengths may be fractions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct SigmoidForm;

impl EndlessForm<2> for SigmoidForm {
    const SIGNATURE: Signature = Signature {
        name: "sigmoid",
        options: &[Opt::length("center"), Opt::length("width")],
        usage: "sigmoid(LR, center STEP, width LENGTH)",
        formula: "LR (1 + e^(-C / W)) / (1 + e^((t - C) / W)), with C the step and W the length",
        ..Signature::ENDLESS
    };

    fn value([center, width]: [f64; 2], from: f64, t: f64) -> f64 {
        from * (logistic((t - center) / width) / logistic(-center / width))
    }
}
