//! An exponential decay, shifted and scaled so that it reaches its end.

use super::{Ease, Opt, Signature};
use crate::error::Error;
use crate::power::pow;
use crate::validate::invalid;
use alloc::vec::Vec;

/// The form of the ramp: an exponential decay, shifted and scaled so that it reaches its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct NormalizedExponentialEase {
    pub(crate) ratio: f64,
}

impl Ease for NormalizedExponentialEase {
    const SIGNATURE: Signature = Signature::ramp("normalized_exponential", &[Opt::number("ratio")], "normalized_exponential(FROM -> TO, LENGTH, ratio R)", "(R^p - R) / (1 - R)");

    fn from_options(values: &[f64]) -> Self {
        Self { ratio: values[0] }
    }

    fn options(&self) -> Vec<f64> {
        Vec::from([self.ratio])
    }

    fn validate(&self, _: f64, _: f64) -> Result<(), Error> {
        if self.ratio > 0.0 && self.ratio < 1.0 {
            return Ok(());
        }
        Err(invalid("ratio", self.ratio, "above 0 and below 1"))
    }

    fn weight(&self, p: f64) -> f64 {
        (pow(self.ratio, p) - self.ratio) / (1.0 - self.ratio)
    }
}
