//! A power of the remaining share.
//!
//! With the option `k` of the language the progress is replaced by its power, as in timm's k-decay:
//! the weight is `(1 - p^k)^power`.

use super::{Ease, Opt, Ramp, Signature};
use crate::error::Error;
use crate::power::pow;
use crate::schedule::Schedule;
use crate::spec::Spec;
use crate::validate::positive;

/// A power of the remaining share, then constant. In text:
/// `polynomial(FROM -> TO, STEPS, power POWER)`.
///
/// `to + (from - to) * (1 - p)^power` with `p = t / steps`; the "poly" policy of
/// [DeepLab](https://arxiv.org/abs/1606.00915) and PyTorch's `PolynomialLR`.
///
/// ```
/// use paso_schedule::{Schedule, Polynomial};
/// let lr = Polynomial { from: 1.0, to: 0.0, steps: 10, power: 2.0 };
/// assert_eq!(lr.at(5), 0.25);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Polynomial {
    /// Learning rate at step 0, finite, 0 or more.
    pub from: f64,
    /// Learning rate at step `steps` and after it, finite, 0 or more.
    pub to: f64,
    /// Length in steps.
    pub steps: u64,
    /// Finite, above 0; 1 is a line, 2 falls fast at first.
    pub power: f64,
}

impl Schedule for Polynomial {
    fn build(&self) -> Result<Spec, Error> {
        Ramp::spec(self.from, self.to, self.steps as f64, PolynomialEase, [self.power, 1.0])
    }
}

/// The form of a [`Polynomial`], whose `k` is 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct PolynomialEase;

impl Ease<2> for PolynomialEase {
    const SIGNATURE: Signature = Signature {
        name: "polynomial",
        options: &[Opt::number("power", positive), Opt::number_or("k", 1.0, positive)],
        usage: "polynomial(FROM -> TO, LENGTH, power P, k K)",
        formula: "(1 - p^K)^P",
        ..Signature::RAMP
    };

    fn weight([power, k]: [f64; 2], p: f64) -> f64 {
        pow(1.0 - pow(p, k), power)
    }
}
