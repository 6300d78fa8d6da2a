//! RAdam (Liu et al., *On the Variance of the Adaptive Learning Rate and Beyond*, arXiv 1908.03265, algorithm 2).
//!
//! ```text
//! m, v as in Adam;  n = 2 / (1 - beta2) - 1;  p = n - 2 t beta2^t / (1 - beta2^t)
//! p > 5:  Adam's step times sqrt((p - 4) (p - 2) n / ((n - 4) (n - 2) p));  else w = w - rate * m / (1 - beta1^t)
//! ```
//!
//! PyTorch adds `eps` to the root of the raw moment ([`Epsilon::Hat`](crate::Epsilon::Hat)), Optax to that of the
//! corrected one.

use pulp::Simd;

use super::{Kernel, Update, adam};
use crate::config::AdamConfig;
use crate::math;

/// RAdam's constants at one step: Adam's, with a rate that is rectified.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Folded {
    adam: adam::Folded,
    /// In place of the denominator while the second moment is not known well enough.
    rate_alone: Option<f32>,
}

impl Folded {
    pub(crate) fn new(config: &AdamConfig, t: u64, lr: f64) -> Self {
        let rectify = rectification(config.beta2, t);
        let alone = lr / (1.0 - math::power(config.beta1, t));
        Self {
            adam: adam::Folded::new(config, t, lr * rectify.unwrap_or(1.0)),
            rate_alone: rectify.is_none().then(|| math::round(alone)),
        }
    }
}

impl Kernel for Folded {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn update<S: Simd>(self, simd: S, g: S::f32s, moments: [S::f32s; 3]) -> Update<S::f32s> {
        let update = self.adam.update(simd, g, moments);
        match self.rate_alone {
            None => update,
            Some(rate) => {
                let step = simd.mul_f32s(simd.splat_f32s(rate), update.moments[0]);
                Update { step, ..update }
            }
        }
    }
}

/// What Adam's step is multiplied with, or `None` where the variance of its denominator is not bounded yet.
fn rectification(beta2: f64, t: u64) -> Option<f64> {
    let power = math::power(beta2, t);
    let most = 2.0 / (1.0 - beta2) - 1.0;
    let now = most - 2.0 * t as f64 * power / (1.0 - power);
    (now > 5.0)
        .then(|| libm::sqrt((now - 4.0) * (now - 2.0) * most / ((most - 4.0) * (most - 2.0) * now)))
}

/// One element of one step in f64.
pub(crate) fn textbook(
    config: &AdamConfig,
    t: u64,
    lr: f64,
    g: f64,
    moments: &mut [f64; 3],
) -> f64 {
    let step = adam::textbook(config, t, lr, g, moments);
    match rectification(config.beta2, t) {
        Some(r) => r * step,
        None => lr * moments[0] / (1.0 - math::power(config.beta1, t)),
    }
}
