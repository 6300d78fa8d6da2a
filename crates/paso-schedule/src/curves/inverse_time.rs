//! Inverse time decay, without an end.

use super::{Args, CurveDef, Opt, Signature};
use crate::error::Error;
use crate::math::saturate;
use crate::spec::{Schedule, Spec};
use crate::validate::{lr_in, not_negative, period};

/// `from / (1 + rate * t / every)`, without an end. In text: `inverse_time(FROM, rate RATE, every STEPS)`;
/// `every` is 1 if left out. Keras' `InverseTimeDecay`.
///
/// ```
/// use paso_schedule::{Schedule, InverseTime};
/// let lr = InverseTime { from: 1.0, rate: 0.5, every: 1 };
/// assert_eq!(lr.at(2), 0.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InverseTime {
    /// Learning rate at step 0, finite, 0 or more.
    pub from: f64,
    /// Decay rate, finite, 0 or more.
    pub rate: f64,
    /// Steps per unit of the decay rate, above 0.
    pub every: u64,
}

impl Schedule for InverseTime {
    fn build(&self) -> Result<Spec, Error> {
        let every = self.every as f64;
        Spec::from_node(InverseTimeCurve { from: self.from, rate: self.rate, every })
    }
}

/// The curve of times between steps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InverseTimeCurve {
    pub(crate) from: f64,
    pub(crate) rate: f64,
    pub(crate) every: f64,
}

impl CurveDef for InverseTimeCurve {
    const SIGNATURE: Signature = Signature::endless("inverse_time", &[Opt::number("rate"), Opt::length_or("every", 1.0)], "inverse_time(LR, rate R, every LENGTH)", "LR / (1 + R t / LENGTH)");

    fn from_args(args: &Args) -> Self {
        Self { from: args.first(), rate: args.number("rate"), every: args.number("every") }
    }

    fn args(&self) -> Args {
        Args::starting(self.from).with_number("rate", self.rate).with_length("every", self.every)
    }

    fn validate(&self) -> Result<(), Error> {
        lr_in("from", self.from)?;
        not_negative("rate", self.rate)?;
        period("every", self.every)
    }

    fn value(&self, t: f64) -> f64 {
        self.from / (1.0 + saturate(self.rate * saturate(t / self.every)))
    }

    fn len(&self) -> Option<f64> {
        None
    }

    fn peak(&self) -> f64 {
        self.from
    }
}
