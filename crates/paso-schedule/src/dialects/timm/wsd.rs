//! timm's `WSDLRScheduler`: warm-up, stable phase, decay.

use super::Warmup;
use crate::curves::{
    InversePowerForm, NormalizedExponentialEase, OneMinusSqrtEase, PolynomialEase,
};
use crate::dialects::build::{
    Built, below, cosine, endless, finish, hold, linear, plus, ramp, then, times,
};
use crate::error::Error;
use crate::spec::Spec;
use crate::validate::invalid;

/// The stable phase of [`WsdLr`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum StableFn {
    /// The base learning rate.
    #[default]
    Constant,
    /// `(1 + t / timescale)^-power`, where timm's `rsqrt` is the power 0.5 and its time scale, by
    /// default, the warm-up.
    Power {
        /// In steps, above 0.
        timescale: f64,
        /// Above 0.
        power: f64,
    },
}

/// The decay phase of [`WsdLr`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum DecayFn {
    /// A line.
    Linear,
    /// `1 - sqrt(p)`.
    #[default]
    OneMinusSqrt,
    /// Half a cosine wave.
    Cosine,
    /// `1 - p^power`.
    Power(f64),
    /// `(ratio^p - ratio) / (1 - ratio)`.
    Exp(f64),
}

/// `WSDLRScheduler`: warm-up, stable phase, decay. The warm-up is always a prefix.
///
/// With `s(t)` the stable phase at `t` steps after the warm-up and `d` the decay from 1 to 0, the
/// learning rate is `lr_min + (max(base s(t), lr_min) - lr_min) d`. [Hu et al.
/// 2024](https://arxiv.org/abs/2404.06395), [Hägele et al. 2024](https://arxiv.org/abs/2405.18392).
///
/// ```
/// use paso_schedule::timm::{DecayFn, StableFn, WsdLr};
/// let wsd = WsdLr {
///     base: 0.1,
///     t_initial: 40,
///     decay_t: 10,
///     lr_min: 0.01,
///     stable_fn: StableFn::Power { timescale: 10.0, power: 0.5 },
///     decay_fn: DecayFn::Linear,
///     warmup_t: 10,
///     warmup_lr_init: 0.0,
/// };
/// let lr = wsd.spec()?;
/// // 30 steps after the warm-up, sqrt(1 / (1 + 30 / 10)) of the base is left; 10 steps later `lr_min`.
/// assert!((lr.at(40) - 0.05).abs() < 1e-15 && (lr.at(50) - 0.01).abs() < 1e-15);
/// # Ok::<(), paso_schedule::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WsdLr {
    /// The learning rate at the end of the warm-up.
    pub base: f64,
    /// The length of the stable and the decay phase.
    pub t_initial: u64,
    /// The length of the decay phase, from 1 to `t_initial`.
    pub decay_t: u64,
    /// The last learning rate, and the lowest one of the stable phase.
    pub lr_min: f64,
    /// The stable phase, which goes on under the decay.
    pub stable_fn: StableFn,
    /// The decay phase.
    pub decay_fn: DecayFn,
    /// The steps of the warm-up.
    pub warmup_t: u64,
    /// Its first learning rate.
    pub warmup_lr_init: f64,
}

impl WsdLr {
    /// The schedule.
    ///
    /// # Errors
    /// [`Error::InvalidValue`].
    pub fn spec(&self) -> Result<Spec, Error> {
        if !(1..=self.t_initial).contains(&self.decay_t) {
            let allowed = "1 to `t_initial`";
            return Err(invalid("decay_t", self.decay_t as f64, allowed));
        }
        let (stable, len) = ((self.t_initial - self.decay_t) as f64, self.decay_t as f64);
        let tail = |from: f64, to: f64| match self.decay_fn {
            DecayFn::Linear => linear(from, to, len),
            DecayFn::OneMinusSqrt => ramp(from, to, len, OneMinusSqrtEase, []),
            DecayFn::Cosine => cosine(from, to, len),
            DecayFn::Power(k) => ramp(from, to, len, PolynomialEase, [1.0, k]),
            DecayFn::Exp(ratio) => ramp(from, to, len, NormalizedExponentialEase, [ratio]),
        };
        let curve = match self.stable_fn {
            StableFn::Constant => {
                let high = self.base.max(self.lr_min);
                then([hold(high, stable), tail(high, self.lr_min)])
            }
            StableFn::Power { timescale, power } => {
                let falling = endless(self.base, InversePowerForm, [timescale, power]);
                // The decay acts on what is left above `lr_min`, which the stable phase may reach
                // before.
                plus(
                    times(
                        above(falling, self.base, self.lr_min),
                        then([hold(1.0, stable), tail(1.0, 0.0)]),
                    ),
                    self.lr_min,
                )
            }
        };
        let warmup = Warmup { steps: self.warmup_t, init: self.warmup_lr_init, prefix: true };
        finish(warmup.before(self.base, curve))
    }
}

/// `max(node - lr, 0)` for a node that is never above `high`.
fn above(node: Built, high: f64, lr: f64) -> Built {
    if lr == 0.0 {
        return node;
    }
    // The tree has no subtraction of a number, but one from a number: (high - lr) - (high - node).
    below(below(node, high), (high - lr).max(0.0))
}
