//! A negative power of the time, without an end.

use super::{EndlessForm, Opt, Signature};
use crate::power::pow;
use crate::validate::not_negative;
use alloc::vec::Vec;

/// The form of the curve, which has no type of its own in Rust: it is a part of timm's schedules.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InversePowerForm {
    pub(crate) timescale: f64,
    pub(crate) power: f64,
}

impl EndlessForm for InversePowerForm {
    const SIGNATURE: Signature = Signature {
        name: "inverse_power",
        options: &[Opt::length("timescale"), Opt::number("power", not_negative)],
        usage: "inverse_power(LR, timescale LENGTH, power P)",
        formula: "LR (LENGTH / (LENGTH + t))^P",
        ..Signature::ENDLESS
    };

    fn from_options(values: &[f64]) -> Self {
        Self { timescale: values[0], power: values[1] }
    }

    fn options(&self) -> Vec<f64> {
        Vec::from([self.timescale, self.power])
    }

    fn value(&self, from: f64, t: f64) -> f64 {
        from * pow(self.timescale / (self.timescale + t), self.power)
    }
}
