//! LAMB (You et al., arXiv 1904.00962, algorithm 2).
//!
//! ```text
//! u = m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps) + decay * w        m, v as Adam's
//! w = w - lr * |w| / |u| * u                                                 1 where a norm is 0
//! ```
//!
//! The norms are those of a whole tensor, so a step takes a second pass over memory; the ratio
//! becomes the gain of the pass, and the kernel is Adam's with a learning rate of 1.

use super::adam::{self, AdamKernel};
use super::formula::{Formula, StepContext, refuse_cautious};
use crate::checks::require;
use crate::weight_decay::WeightDecay;
use crate::error::Error;
use crate::hyper_params::HyperParams;

/// The rule without options.
pub(crate) struct Lamb;

/// Adam's.
pub(crate) type LambKernel = AdamKernel;

impl Lamb {
    pub(crate) fn kernel(&self, at: &StepContext) -> (LambKernel, f64) {
        AdamKernel::new(at, 1.0)
    }
}

impl Formula for Lamb {
    fn moment_names(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    fn validate(&self, hyper: &HyperParams) -> Result<(), Error> {
        refuse_cautious(hyper, "Lamb")?;
        match hyper.decay {
            WeightDecay::None | WeightDecay::L2(_) | WeightDecay::Decoupled(_) => Ok(()),
            WeightDecay::ScheduleOnly { value, .. }
            | WeightDecay::Corrected { value, .. }
            | WeightDecay::Constant(value) => {
                require("decay", value, value == 0.0, "None, L2 or Decoupled for Lamb")
            }
        }
    }

    fn decays_weights(&self, _: u64) -> bool {
        false
    }

    fn has_trust_ratio(&self) -> bool {
        true
    }

    fn textbook(&self, at: &StepContext, _: f64, g: f64, moments: &mut [f64; 3]) -> f64 {
        adam::textbook(at, g, moments)
    }
}
