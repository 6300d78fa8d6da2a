//! Lion (Chen et al., *Symbolic Discovery of Optimization Algorithms*, arXiv 2302.06675, algorithm 2).
//!
//! ```text
//! w = w - rate * sign(beta1 * m + (1 - beta1) * g);  m = beta2 * m + (1 - beta2) * g
//! ```

use pulp::Simd;

use super::{Kernel, Update};
use crate::config::AdamConfig;
use crate::math::{self, Mean};

/// Lion's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Folded {
    look: Mean,
    mean: Mean,
    rate: f32,
}

impl Folded {
    pub(crate) fn new(config: &AdamConfig, lr: f64) -> Self {
        Self { look: Mean::new(config.beta1), mean: Mean::new(config.beta2), rate: math::round(lr) }
    }
}

impl Kernel for Folded {
    const MOMENTS: usize = 1;

    #[inline(always)]
    fn update<S: Simd>(self, simd: S, g: S::f32s, [m, a, b]: [S::f32s; 3]) -> Update<S::f32s> {
        let look = self.look.of(simd, m, g);
        let sign = simd.and_f32s(look, simd.splat_f32s(-0.0));
        let step = simd.or_f32s(sign, simd.splat_f32s(self.rate));
        // Zero stays zero, and NaN stays NaN.
        let moves = simd.greater_than_f32s(simd.abs_f32s(look), simd.splat_f32s(0.0));
        let step = simd.select_f32s(moves, step, look);
        Update { step, moments: [self.mean.of(simd, m, g), a, b] }
    }
}

/// One element of one step in f64.
pub(crate) fn textbook(config: &AdamConfig, lr: f64, g: f64, [m, ..]: &mut [f64; 3]) -> f64 {
    let look = config.beta1 * *m + (1.0 - config.beta1) * g;
    *m = config.beta2 * *m + (1.0 - config.beta2) * g;
    if look == 0.0 { 0.0 } else { lr * look.signum() }
}
