//! AdaBelief (Zhuang et al., arXiv 2010.07468, algorithm 2).
//!
//! ```text
//! m = beta1 * m + (1 - beta1) * g      s = beta2 * s + (1 - beta2) * (g - m)^2 + eps_root
//! w = w - lr * (m / (1 - beta1^t)) / (sqrt(s / (1 - beta2^t)) + eps)
//! ```
//!
//! `g - m`, with the new m, is computed as `beta1 * (g - m)` with the old one: a difference of two roundings less.

use pulp::Simd;

use super::adam::Denominator;
use super::{Kernel, StepContext, Update, adam};
use crate::math::{self, Ema};

/// AdaBelief's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdaBeliefKernel {
    mean: Ema,
    beta1: f32,
    square: Ema,
    root: f32,
    denominator: Denominator,
    lr: f32,
    gain: f32,
}

impl AdaBeliefKernel {
    pub(crate) fn new(StepContext { config, t, lr, .. }: StepContext<'_>) -> Self {
        let (denominator, gain) = Denominator::new(config, t, lr);
        Self {
            mean: Ema::new(config.beta1),
            beta1: math::round(config.beta1),
            square: Ema::new(config.beta2),
            root: math::round(config.eps_root),
            denominator: denominator.without_root(),
            lr: math::round(gain / (1.0 - math::power(config.beta1, t))),
            gain: math::round(gain),
        }
    }
}

impl Kernel for AdaBeliefKernel {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn update<S: Simd>(
        self,
        simd: S,
        _: S::f32s,
        g: S::f32s,
        [m, s, unused]: [S::f32s; 3],
    ) -> Update<S::f32s> {
        let deviation = simd.mul_f32s(simd.splat_f32s(self.beta1), simd.sub_f32s(g, m));
        let m = self.mean.update(simd, m, g);
        let s = self.square.update_squares(simd, s, deviation);
        let s = simd.add_f32s(s, simd.splat_f32s(self.root));
        let denominator = self.denominator.of(simd, s);
        let step = simd.div_f32s(simd.mul_f32s(simd.splat_f32s(self.lr), m), denominator);
        Update { step, denominator, moments: [m, s, unused] }
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
    [m, s, _]: &mut [f64; 3],
) -> f64 {
    *m = config.beta1 * *m + (1.0 - config.beta1) * g;
    *s = config.beta2 * *s + (1.0 - config.beta2) * (g - *m) * (g - *m) + config.eps_root;
    let bare = crate::config::AdamConfig { eps_root: 0.0, ..*config };
    let (denominator, lr_factor) = adam::textbook_denominator(&bare, t, *s);
    lr * lr_factor * (*m / (1.0 - math::power(config.beta1, t))) / denominator
}
