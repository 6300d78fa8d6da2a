//! An exponential decay, shifted and scaled so that it reaches its end.

use super::{Ease, Opt, Signature};
use crate::power::pow;
use crate::validate::fraction;
use alloc::vec::Vec;

/// The form of the ramp: an exponential decay, shifted and scaled so that it reaches its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct NormalizedExponentialEase {
    pub(crate) ratio: f64,
}

impl Ease for NormalizedExponentialEase {
    const SIGNATURE: Signature = Signature {
        name: "normalized_exponential",
        options: &[Opt::number("ratio", fraction)],
        usage: "normalized_exponential(FROM -> TO, LENGTH, ratio R)",
        formula: "(R^p - R) / (1 - R)",
        ..Signature::RAMP
    };

    fn from_options(values: &[f64]) -> Self {
        Self { ratio: values[0] }
    }

    fn options(&self) -> Vec<f64> {
        Vec::from([self.ratio])
    }

    fn weight(&self, p: f64) -> f64 {
        (pow(self.ratio, p) - self.ratio) / (1.0 - self.ratio)
    }
}
