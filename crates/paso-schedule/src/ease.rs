//! How a ramp goes from its first rate to its last: the weight of the first one along the way.

use crate::math::{cos_quarter, sqrt};
use crate::power::{logistic, pow};

/// The form of a ramp. `p` is the share of its steps that is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ease {
    /// `1 - p`.
    Linear,
    /// `((1 + cos(pi * p^k)) / 2)^exponent`.
    Cosine { exponent: f64, k: f64 },
    /// `(1 - p^k)^power`.
    Polynomial { power: f64, k: f64 },
    /// The logarithm of the rate is linear.
    Geometric,
    /// `1 - sqrt(p)`.
    OneMinusSqrt,
    /// `(ratio^p - ratio) / (1 - ratio)`: an exponential decay that reaches its end.
    Normalized { ratio: f64 },
    /// `(1 - tanh(low (1 - p) + high p)) / 2`: neither end is reached exactly.
    Tanh { low: f64, high: f64 },
    /// `(1 - p) / (1 - p / 2)`.
    Rex,
}

impl Ease {
    /// Half a cosine wave, as everybody means it.
    pub(crate) const COSINE: Self = Self::Cosine { exponent: 1.0, k: 1.0 };

    /// The rate at the share `p` (in `0..1`) of a ramp between two rates.
    ///
    /// It never leaves the interval between them, whatever the rounding does.
    pub(crate) fn between(self, from: f64, to: f64, p: f64) -> f64 {
        let rate = if self == Self::Geometric {
            if p <= 0.0 { from } else { from * pow(to / from, p) }
        } else {
            let w = self.weight(p);
            // Each half starts from the end that it is next to, so that both ends are exact.
            if w > 0.5 { from + (to - from) * (1.0 - w) } else { to + (from - to) * w }
        };
        rate.clamp(from.min(to), from.max(to))
    }

    /// The weight of the first rate.
    fn weight(self, p: f64) -> f64 {
        match self {
            Self::Linear | Self::Geometric => 1.0 - p,
            Self::Cosine { exponent, k } => {
                // (1 + cos x) / 2 is the square of cos(x / 2), which does not cancel near its end.
                let c = cos_quarter(pow(p, k));
                pow(c * c, exponent)
            }
            Self::Polynomial { power, k } => pow(1.0 - pow(p, k), power),
            Self::OneMinusSqrt => 1.0 - sqrt(p),
            Self::Normalized { ratio } => (pow(ratio, p) - ratio) / (1.0 - ratio),
            // The logistic of twice the argument, without the cancellation of 1 - tanh.
            Self::Tanh { low, high } => logistic(2.0 * (low * (1.0 - p) + high * p)),
            Self::Rex => (1.0 - p) / (1.0 - 0.5 * p),
        }
    }
}
