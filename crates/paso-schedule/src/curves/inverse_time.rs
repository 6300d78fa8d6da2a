//! Inverse time decay, without an end.

use super::{Endless, EndlessForm, Opt, Signature};
use crate::error::Error;
use crate::math::saturate;
use crate::schedule::Schedule;
use crate::spec::Spec;
use crate::validate::not_negative;

/// `from / (1 + rate * t / every)`, without an end. In text:
/// `inverse_time(FROM, rate RATE, every STEPS)`; `every` is 1 if left out. Keras'
/// `InverseTimeDecay`.
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
        Endless::spec(self.from, InverseTimeForm, [self.rate, self.every as f64])
    }
}

/// The form of an [`InverseTime`]; lengths may be fractions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct InverseTimeForm;

impl EndlessForm<2> for InverseTimeForm {
    const SIGNATURE: Signature = Signature {
        name: "inverse_time",
        options: &[Opt::number("rate", not_negative), Opt::length_or("every", 1.0)],
        usage: "inverse_time(LR, rate R, every LENGTH)",
        formula: "LR / (1 + R t / LENGTH)",
        ..Signature::ENDLESS
    };

    fn value([rate, every]: [f64; 2], from: f64, t: f64) -> f64 {
        from / (1.0 + saturate(rate * saturate(t / every)))
    }
}
