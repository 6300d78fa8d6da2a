//! Inverse square root decay, without an end.
//!
//! The original formula, `sqrt(warmup / t)`, has a pole at 0 and needs its warm-up. This one is
//! shifted by the time scale, so that it starts at its first learning rate. Where it follows a
//! warm-up of `timescale` steps, the two agree.

use super::{Endless, EndlessForm, Opt, Signature};
use crate::error::Error;
use crate::power::pow;
use crate::schedule::Schedule;
use crate::spec::Spec;

/// `from * sqrt(timescale / (timescale + t))`, without an end. In text:
/// `inverse_sqrt(FROM, timescale STEPS)`.
///
/// The decay of [Vaswani et al. 2017](https://arxiv.org/abs/1706.03762); with its warm-up see
/// [`Noam`](crate::Noam).
///
/// ```
/// use paso_schedule::{Schedule, InverseSqrt};
/// let lr = InverseSqrt { from: 1.0, timescale: 100 };
/// assert_eq!(lr.at(300), 0.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InverseSqrt {
    /// Learning rate at step 0, finite, 0 or more.
    pub from: f64,
    /// In steps, above 0; after three times as many steps the learning rate is half.
    pub timescale: u64,
}

impl Schedule for InverseSqrt {
    fn build(&self) -> Result<Spec, Error> {
        Endless::spec(self.from, InverseSqrtForm, [self.timescale as f64])
    }
}

/// The form of an [`InverseSqrt`]; the time scale may be a fraction.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct InverseSqrtForm;

impl EndlessForm<1> for InverseSqrtForm {
    const SIGNATURE: Signature = Signature {
        name: "inverse_sqrt",
        options: &[Opt::length("timescale")],
        usage: "inverse_sqrt(LR, timescale LENGTH)",
        formula: "LR sqrt(LENGTH / (LENGTH + t))",
        ..Signature::ENDLESS
    };

    fn value([timescale]: [f64; 1], from: f64, t: f64) -> f64 {
        from * pow(timescale / (timescale + t), 0.5)
    }
}
