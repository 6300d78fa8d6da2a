//! Lion (Chen et al., *Symbolic Discovery of Optimization Algorithms*, arXiv 2302.06675, program 1).
//!
//! ```text
//! w = w - rate * sign(beta1 * m + (1 - beta1) * g)      m = beta2 * m + (1 - beta2) * g
//! ```
//!
//! The sign of zero is zero.

use pulp::Simd;

use super::{At, Kernel, Update};
use crate::math::{self, Mean};

/// Lion's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LionKernel {
    look: Mean,
    mean: Mean,
    rate: f32,
}

impl LionKernel {
    pub(crate) fn new(At { config, lr, .. }: At<'_>) -> Self {
        Self { look: Mean::new(config.beta1), mean: Mean::new(config.beta2), rate: math::round(lr) }
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
        let look = self.look.of(simd, m, g);
        let none = simd.splat_f32s(0.0);
        let up = simd.greater_than_f32s(look, none);
        let down = simd.greater_than_f32s(none, look);
        let rate = simd.splat_f32s(self.rate);
        // Zero stays zero and NaN stays NaN: neither is above or below.
        let step = simd.select_f32s(down, simd.neg_f32s(rate), look);
        let step = simd.select_f32s(up, rate, step);
        let m = self.mean.of(simd, m, g);
        Update { step, denominator: simd.splat_f32s(1.0), moments: [m, a, b] }
    }

    #[inline(always)]
    fn gain(self) -> f32 {
        self.rate
    }
}

/// One element of one step in f64.
pub(crate) fn textbook(At { config, lr, .. }: At<'_>, g: f64, [m, _, _]: &mut [f64; 3]) -> f64 {
    let look = config.beta1 * *m + (1.0 - config.beta1) * g;
    *m = config.beta2 * *m + (1.0 - config.beta2) * g;
    if look == 0.0 { 0.0 } else { lr * look.signum() }
}
