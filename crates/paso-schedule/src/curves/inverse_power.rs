//! A negative power of the time, without an end.
//!
//! At `t = 0` it is the first learning rate, and at `t = timescale` that divided by `2^power`. The
//! time scale is above 0, so there is no division by 0. A power of 0 gives a constant. With 1/2 it
//! is `inverse_sqrt`.

use super::{EndlessForm, Opt, Signature};
use crate::power::pow;
use crate::validate::not_negative;

/// The form of the curve, which has no type of its own in Rust: it is a part of timm's schedules.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct InversePowerForm;

impl EndlessForm<2> for InversePowerForm {
    const SIGNATURE: Signature = Signature {
        name: "inverse_power",
        options: &[Opt::length("timescale"), Opt::number("power", not_negative)],
        usage: "inverse_power(LR, timescale LENGTH, power P)",
        formula: "LR (LENGTH / (LENGTH + t))^P",
        ..Signature::ENDLESS
    };

    fn value([timescale, power]: [f64; 2], from: f64, t: f64) -> f64 {
        from * pow(timescale / (timescale + t), power)
    }
}
