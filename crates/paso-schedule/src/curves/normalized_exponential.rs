//! An exponential decay, shifted and scaled so that it reaches its end.

use super::{Ease, Opt, Signature};
use crate::power::pow;
use crate::validate::fraction;

/// The form of the ramp: an exponential decay, shifted and scaled so that it reaches its end.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct NormalizedExponentialEase;

impl Ease<1> for NormalizedExponentialEase {
    const SIGNATURE: Signature = Signature {
        name: "normalized_exponential",
        options: &[Opt::number("ratio", fraction)],
        usage: "normalized_exponential(FROM -> TO, LENGTH, ratio R)",
        formula: "(R^p - R) / (1 - R)",
        ..Signature::RAMP
    };

    fn weight([ratio]: [f64; 1], p: f64) -> f64 {
        (pow(ratio, p) - ratio) / (1.0 - ratio)
    }
}
