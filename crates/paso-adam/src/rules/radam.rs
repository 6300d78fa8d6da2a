//! RAdam (Liu et al., arXiv 1908.03265, algorithm 2).
//!
//! ```text
//! r_inf = 2 / (1 - beta2) - 1          r_t = r_inf - 2 t beta2^t / (1 - beta2^t)
//! r_t > 5:  Adam's step, times sqrt((r_t - 4)(r_t - 2) r_inf / ((r_inf - 4)(r_inf - 2) r_t))
//! else:     w = w - lr * m / (1 - beta1^t)
//! ```
//!
//! 5 is PyTorch's and Optax's threshold; the paper has 4.

use pulp::Simd;

use super::{Kernel, StepContext, Update, adam};
use crate::math::{self, Ema};

/// What Adam's step is multiplied with, or `None` while the variance cannot be told.
pub(crate) fn rectification(beta2: f64, t: u64) -> Option<f64> {
    let power = math::power(beta2, t);
    let last = 2.0 / (1.0 - beta2) - 1.0;
    let now = last - 2.0 * t as f64 * power / (1.0 - power);
    let square = (now - 4.0) * (now - 2.0) * last / ((last - 4.0) * (last - 2.0) * now);
    (now > 5.0).then(|| libm::sqrt(square))
}

/// The step before rectification: momentum alone. The second moment is kept up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MomentumKernel {
    mean: Ema,
    square: Ema,
    lr: f32,
    gain: f32,
}

impl MomentumKernel {
    pub(crate) fn new(StepContext { config, t, lr, .. }: StepContext<'_>) -> Self {
        Self {
            mean: Ema::new(config.beta1),
            square: Ema::new(config.beta2),
            lr: math::round(lr / (1.0 - math::power(config.beta1, t))),
            gain: math::round(lr),
        }
    }
}

impl Kernel for MomentumKernel {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn update<S: Simd>(
        self,
        simd: S,
        _: S::f32s,
        g: S::f32s,
        [m, v, unused]: [S::f32s; 3],
    ) -> Update<S::f32s> {
        let m = self.mean.update(simd, m, g);
        let v = self.square.update_squares(simd, v, g);
        let step = simd.mul_f32s(simd.splat_f32s(self.lr), m);
        Update { step, denominator: simd.splat_f32s(1.0), moments: [m, v, unused] }
    }

    #[inline(always)]
    fn gain(self) -> f32 {
        self.gain
    }
}

/// One element of one step in f64.
pub(crate) fn textbook(at: StepContext<'_>, g: f64, moments: &mut [f64; 3]) -> f64 {
    let adam = adam::textbook(at, g, moments);
    match rectification(at.config.beta2, at.t) {
        Some(r) => at.lr * r * adam,
        None => at.lr * moments[0] / (1.0 - math::power(at.config.beta1, at.t)),
    }
}
