//! ADOPT (Taniguchi et al., arXiv 2411.02853, algorithm 2): Adam that divides by the second moment of earlier gradients.
//!
//! ```text
//! t = 1:  v = g^2, and nothing moves
//! t > 1:  n = clip(g / max(sqrt(v), eps), ±(t - 1)^clip);  m = beta1 * m + (1 - beta1) * n;  w = w - rate * m
//!         v = beta2 * v + (1 - beta2) * g^2
//! ```

use pulp::Simd;

use super::{Kernel, Update};
use crate::config::AdamConfig;
use crate::math::{self, Mean, larger, within};

/// ADOPT's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Folded {
    first: bool,
    mean: Mean,
    square: Mean,
    eps: f32,
    clip: Option<f32>,
    rate: f32,
}

impl Folded {
    pub(crate) fn new(config: &AdamConfig, clip: Option<f64>, t: u64, lr: f64) -> Self {
        Self {
            first: t == 1,
            mean: Mean::new(config.beta1),
            square: Mean::new(config.beta2),
            eps: math::round(config.eps),
            clip: clip.map(|power| math::round(libm::pow((t - 1) as f64, power))),
            rate: math::round(lr),
        }
    }
}

impl Kernel for Folded {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn update<S: Simd>(self, simd: S, g: S::f32s, [m, v, unused]: [S::f32s; 3]) -> Update<S::f32s> {
        if self.first {
            let none = simd.splat_f32s(0.0);
            return Update { step: none, moments: [m, simd.mul_f32s(g, g), unused] };
        }
        let denominator = larger(simd, simd.splat_f32s(self.eps), simd.sqrt_f32s(v));
        let normal = simd.div_f32s(g, denominator);
        let normal = match self.clip {
            Some(limit) => within(simd, limit, normal),
            None => normal,
        };
        let m = self.mean.of(simd, m, normal);
        let v = self.square.of_squares(simd, v, g);
        let step = simd.mul_f32s(simd.splat_f32s(self.rate), m);
        Update { step, moments: [m, v, unused] }
    }
}

/// One element of one step in f64.
pub(crate) fn textbook(
    config: &AdamConfig,
    clip: Option<f64>,
    t: u64,
    lr: f64,
    g: f64,
    [m, v, _]: &mut [f64; 3],
) -> f64 {
    if t == 1 {
        *v = g * g;
        return 0.0;
    }
    let limit = clip.map_or(f64::INFINITY, |power| libm::pow((t - 1) as f64, power));
    let normal = (g / libm::sqrt(*v).max(config.eps)).clamp(-limit, limit);
    *m = config.beta1 * *m + (1.0 - config.beta1) * normal;
    *v = config.beta2 * *v + (1.0 - config.beta2) * g * g;
    lr * *m
}
