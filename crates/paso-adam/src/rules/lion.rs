//! Lion (Chen et al., *Symbolic Discovery of Optimization Algorithms*, arXiv 2302.06675, program 1).
//!
//! ```text
//! w = w - lr * sign(beta1 * m + (1 - beta1) * g)      m = beta2 * m + (1 - beta2) * g
//! ```
//!
//! The sign of zero is zero.

use pulp::Simd;

use super::{Kernel, StepContext, Update};
use crate::math::{self, Ema};

/// Lion's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LionKernel {
    interpolated: Ema,
    mean: Ema,
    lr: f32,
}

impl LionKernel {
    pub(crate) fn new(StepContext { config, lr, .. }: StepContext<'_>) -> Self {
        Self {
            interpolated: Ema::new(config.beta1),
            mean: Ema::new(config.beta2),
            lr: math::round(lr),
        }
    }
}

impl Kernel for LionKernel {
    const MOMENTS: usize = 1;

    #[inline(always)]
    fn update<S: Simd>(
        self,
        simd: S,
        _: S::f32s,
        g: S::f32s,
        [m, a, b]: [S::f32s; 3],
    ) -> Update<S::f32s> {
        let interpolated = self.interpolated.update(simd, m, g);
        let none = simd.splat_f32s(0.0);
        let up = simd.greater_than_f32s(interpolated, none);
        let down = simd.greater_than_f32s(none, interpolated);
        let lr = simd.splat_f32s(self.lr);
        // Zero stays zero and NaN stays NaN: neither is above or below.
        let step = simd.select_f32s(down, simd.neg_f32s(lr), interpolated);
        let step = simd.select_f32s(up, lr, step);
        let m = self.mean.update(simd, m, g);
        Update { step, denominator: simd.splat_f32s(1.0), moments: [m, a, b] }
    }

    #[inline(always)]
    fn gain(self) -> f32 {
        self.lr
    }
}

/// One element of one step in f64.
pub(crate) fn textbook(
    StepContext { config, lr, .. }: StepContext<'_>,
    g: f64,
    [m, _, _]: &mut [f64; 3],
) -> f64 {
    let interpolated = config.beta1 * *m + (1.0 - config.beta1) * g;
    *m = config.beta2 * *m + (1.0 - config.beta2) * g;
    if interpolated == 0.0 { 0.0 } else { lr * interpolated.signum() }
}
