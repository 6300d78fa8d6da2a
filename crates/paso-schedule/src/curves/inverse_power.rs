//! A negative power of the time, without an end.

use super::{Args, CurveDef, Opt, Signature};
use crate::error::Error;
use crate::power::pow;
use crate::validate::{lr_in, not_negative, period};


/// The curve of times between steps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InversePowerCurve {
    pub(crate) from: f64,
    pub(crate) timescale: f64,
    pub(crate) power: f64,
}

impl CurveDef for InversePowerCurve {
    const SIGNATURE: Signature = Signature::endless("inverse_power", &[Opt::length("timescale"), Opt::number("power")], "inverse_power(LR, timescale LENGTH, power P)", "LR (LENGTH / (LENGTH + t))^P");

    fn from_args(args: &Args) -> Self {
        Self { from: args.first(), timescale: args.number("timescale"), power: args.number("power") }
    }

    fn args(&self) -> Args {
        Args::starting(self.from)
            .with_length("timescale", self.timescale)
            .with_number("power", self.power)
    }

    fn validate(&self) -> Result<(), Error> {
        lr_in("from", self.from)?;
        period("timescale", self.timescale)?;
        not_negative("power", self.power)
    }

    fn value(&self, t: f64) -> f64 {
        self.from * pow(self.timescale / (self.timescale + t), self.power)
    }

    fn len(&self) -> Option<f64> {
        None
    }

    fn peak(&self) -> f64 {
        self.from
    }
}
