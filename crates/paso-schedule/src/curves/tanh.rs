//! A hyperbolic tangent.
//!
//! `low` and `high` are the ends of the piece of the hyperbolic tangent that is used. The further
//! they are from 0, the closer the curve comes to its ends.

use super::{Ease, Opt, Ramp, Signature};
use crate::error::Error;
use crate::power::logistic;
use crate::schedule::Schedule;
use crate::spec::Spec;
use crate::validate::invalid;

/// A hyperbolic tangent, then constant. In text: `tanh(FROM -> TO, STEPS, low LOW, high HIGH)`.
///
/// `to + (from - to) * (1 - tanh(low * (1 - p) + high * p)) / 2` with `p = t / steps`: [Hsueh et
/// al. 2018](https://arxiv.org/abs/1806.01593). The formula reaches neither end exactly, so the
/// last step is a small jump.
///
/// ```
/// use paso_schedule::{Schedule, Tanh};
/// let lr = Tanh { from: 1.0, to: 0.0, steps: 10, low: -5.0, high: 5.0 };
/// assert_eq!(lr.at(5), 0.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tanh {
    /// Learning rate at step 0, finite, 0 or more.
    pub from: f64,
    /// Learning rate at step `steps` and after it, finite, 0 or more.
    pub to: f64,
    /// Length in steps.
    pub steps: u64,
    /// From -1000 to 1000; -7 in timm.
    pub low: f64,
    /// From -1000 to 1000; 3 in timm.
    pub high: f64,
}

impl Schedule for Tanh {
    fn build(&self) -> Result<Spec, Error> {
        Ramp::spec(self.from, self.to, self.steps as f64, TanhEase, [self.low, self.high])
    }
}

/// The form of a [`Tanh`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct TanhEase;

impl Ease<2> for TanhEase {
    const SIGNATURE: Signature = Signature {
        name: "tanh",
        options: &[
            Opt::number_or("low", -7.0, within_1000),
            Opt::number_or("high", 3.0, within_1000),
        ],
        usage: "tanh(FROM -> TO, LENGTH, low L, high H)",
        formula: "(1 - tanh(L (1 - p) + H p)) / 2",
        ..Signature::RAMP
    };

    fn weight([low, high]: [f64; 2], p: f64) -> f64 {
        // The logistic of twice the argument, without the cancellation of 1 - tanh.
        logistic(2.0 * (low * (1.0 - p) + high * p))
    }
}

/// Far more than a double can tell from the ends of the curve.
fn within_1000(field: &'static str, x: f64) -> Result<(), Error> {
    if x.abs() <= 1e3 { Ok(()) } else { Err(invalid(field, x, "between -1000 and 1000")) }
}
