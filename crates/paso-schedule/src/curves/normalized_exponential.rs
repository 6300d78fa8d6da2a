//! An exponential decay, shifted and scaled so that it reaches its end.
//!
//! The weight of the first learning rate is `(ratio^p - ratio) / (1 - ratio)`: 1 at the start and
//! exactly 0 at the end. `ratio` is above 0 and below 1, and is what a plain exponential decay
//! would be left with at the end. A small ratio falls faster at first; near 1 the curve becomes a
//! line. It is a decay of timm's `WSDLRScheduler`.

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
