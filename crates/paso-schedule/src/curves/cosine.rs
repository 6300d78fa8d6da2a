//! Half a cosine wave, and its two generalizations by an exponent and by k-decay.
//!
//! With the options the weight of the first learning rate is `((1 + cos(pi p^k)) / 2)^exponent`:
//! the exponent is that of Optax' `cosine_decay_schedule`, and k is k-decay (Zhang and Li 2020,
//! "k-decay: A New Method For Learning Rate Schedule", arXiv 2004.05909), which timm has. Both are
//! 1 in the type that users construct.

use super::{Ease, Opt, Ramp, Signature};
use crate::error::Error;
use crate::math::cos_quarter;
use crate::power::pow;
use crate::schedule::Schedule;
use crate::spec::Spec;
use crate::validate::positive;

/// Half a cosine wave from one learning rate to another, then constant. In text:
/// `cosine(FROM -> TO, STEPS)`.
///
/// `to + (from - to) * (1 + cos(pi * p)) / 2` with `p = t / steps`: [Loshchilov and Hutter
/// 2017](https://arxiv.org/abs/1608.03983), equation 5, without the restarts. PyTorch's
/// `CosineAnnealingLR` rises again after its end; this does not.
///
/// ```
/// use paso_schedule::{Schedule, Cosine};
/// let lr = Cosine { from: 3e-4, to: 0.0, steps: 1_000 };
/// assert!((lr.at(500) - 1.5e-4).abs() < 1e-18);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cosine {
    /// Learning rate at step 0, finite, 0 or more.
    pub from: f64,
    /// Learning rate at step `steps` and after it, finite, 0 or more.
    pub to: f64,
    /// Length in steps.
    pub steps: u64,
}

impl Schedule for Cosine {
    fn build(&self) -> Result<Spec, Error> {
        Ramp::spec(self.from, self.to, self.steps as f64, CosineEase, CosineEase::HALF_WAVE)
    }
}

/// The form of a [`Cosine`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct CosineEase;

impl CosineEase {
    /// The options of half a cosine wave, without generalizations.
    pub(crate) const HALF_WAVE: [f64; 2] = [1.0, 1.0];
}

impl Ease<2> for CosineEase {
    const SIGNATURE: Signature = Signature {
        name: "cosine",
        options: &[Opt::number_or("exponent", 1.0, positive), Opt::number_or("k", 1.0, positive)],
        usage: "cosine(FROM -> TO, LENGTH, exponent E, k K)",
        formula: "((1 + cos(pi p^K)) / 2)^E",
        ..Signature::RAMP
    };

    fn weight([exponent, k]: [f64; 2], p: f64) -> f64 {
        // (1 + cos x) / 2 is the square of cos(x / 2), which does not cancel near its end.
        let c = cos_quarter(pow(p, k));
        pow(c * c, exponent)
    }
}
