//! Inverse square root decay, without an end.

use super::{Args, CurveDef, Opt, Signature};
use crate::error::Error;
use crate::power::pow;
use crate::spec::{Schedule, Spec};
use crate::validate::{lr_in, period};

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
        Spec::from_node(InverseSqrtCurve { from: self.from, timescale: self.timescale as f64 })
    }
}

/// The curve of times between steps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InverseSqrtCurve {
    pub(crate) from: f64,
    pub(crate) timescale: f64,
}

impl CurveDef for InverseSqrtCurve {
    const SIGNATURE: Signature = Signature::endless("inverse_sqrt", &[Opt::length("timescale")], "inverse_sqrt(LR, timescale LENGTH)", "LR sqrt(LENGTH / (LENGTH + t))");

    fn from_args(args: &Args) -> Self {
        Self { from: args.first(), timescale: args.number("timescale") }
    }

    fn args(&self) -> Args {
        Args::starting(self.from).with_length("timescale", self.timescale)
    }

    fn validate(&self) -> Result<(), Error> {
        lr_in("from", self.from)?;
        period("timescale", self.timescale)
    }

    fn value(&self, t: f64) -> f64 {
        self.from * pow(self.timescale / (self.timescale + t), 0.5)
    }

    fn len(&self) -> Option<f64> {
        None
    }

    fn peak(&self) -> f64 {
        self.from
    }
}
