//! Adamax (Kingma & Ba, arXiv 1412.6980v9, algorithm 2).
//!
//! ```text
//! m = beta1 * m + (1 - beta1) * g      w = w - lr / (1 - beta1^t) * m / u
//! u = max(beta2 * u, |g| + eps)        PyTorch, Optax;  Keras: u = max(beta2 * u, |g|), and u + eps divides
//! ```

use pulp::Simd;

use super::{Kernel, StepContext, Update};
use crate::config::Epsilon;
use crate::math::{self, Ema};

/// Adamax's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdamaxKernel {
    mean: Ema,
    beta2: f32,
    /// Added to the magnitude of the gradient.
    inside: f32,
    /// Added to the maximum.
    outside: f32,
    lr: f32,
    gain: f32,
}

impl AdamaxKernel {
    pub(crate) fn new(StepContext { config, t, lr, .. }: StepContext<'_>) -> Self {
        let eps = math::round(config.eps);
        let (inside, outside) = match config.epsilon {
            Epsilon::Corrected => (eps, 0.0),
            Epsilon::Hat => (0.0, eps),
        };
        Self {
            mean: Ema::new(config.beta1),
            beta2: math::round(config.beta2),
            inside,
            outside,
            lr: math::round(lr / (1.0 - math::power(config.beta1, t))),
            gain: math::round(lr),
        }
    }
}

impl Kernel for AdamaxKernel {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn update<S: Simd>(
        self,
        simd: S,
        _: S::f32s,
        g: S::f32s,
        [m, u, unused]: [S::f32s; 3],
    ) -> Update<S::f32s> {
        let m = self.mean.update(simd, m, g);
        let size = simd.add_f32s(simd.abs_f32s(g), simd.splat_f32s(self.inside));
        let u = math::larger(simd, simd.mul_f32s(simd.splat_f32s(self.beta2), u), size);
        let denominator = simd.add_f32s(u, simd.splat_f32s(self.outside));
        let step = simd.div_f32s(simd.mul_f32s(simd.splat_f32s(self.lr), m), denominator);
        Update { step, denominator, moments: [m, u, unused] }
    }

    #[inline(always)]
    fn gain(self) -> f32 {
        self.gain
    }
}

/// One element of one step in f64.
pub(crate) fn textbook(
    StepContext { config, t, lr, .. }: StepContext<'_>,
    g: f64,
    [m, u, _]: &mut [f64; 3],
) -> f64 {
    *m = config.beta1 * *m + (1.0 - config.beta1) * g;
    let lr = lr / (1.0 - math::power(config.beta1, t));
    match config.epsilon {
        Epsilon::Corrected => {
            *u = (config.beta2 * *u).max(g.abs() + config.eps);
            lr * *m / *u
        }
        Epsilon::Hat => {
            *u = (config.beta2 * *u).max(g.abs());
            lr * *m / (*u + config.eps)
        }
    }
}
