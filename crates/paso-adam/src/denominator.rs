//! `scale * sqrt(v + root) + eps`: the denominator that most rules share, in every dialect.

use pulp::Simd;

use crate::config::{AdamConfig, Epsilon};
use crate::math;

/// The denominator's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Denominator {
    scale: f32,
    root: f32,
    eps: f32,
}

impl Denominator {
    /// The denominator at step `t`, and the rate that goes with it. With c = `1 - beta2^t`:
    ///
    /// - corrected: `sqrt(v / c + eps_root) + eps`, written as `sqrt(v + c * eps_root) / sqrt(c) + eps`;
    /// - hat: `sqrt(v + eps_root) + eps`, and the rate takes `sqrt(c)`.
    pub(crate) fn new(config: &AdamConfig, t: u64, rate: f64) -> (Self, f64) {
        let c = 1.0 - math::power(config.beta2, t);
        let (scale, root, rate) = match config.epsilon {
            Epsilon::Corrected => (1.0 / libm::sqrt(c), c * config.eps_root, rate),
            Epsilon::Hat => (1.0, config.eps_root, rate * libm::sqrt(c)),
        };
        let denominator = Self {
            scale: math::round(scale),
            root: math::round(root),
            eps: math::round(config.eps),
        };
        (denominator, rate)
    }

    /// The denominator over a moment that is corrected already: `sqrt(v + eps_root) + eps`.
    pub(crate) fn corrected(config: &AdamConfig) -> Self {
        Self { scale: 1.0, root: math::round(config.eps_root), eps: math::round(config.eps) }
    }

    #[inline(always)]
    pub(crate) fn of<S: Simd>(self, simd: S, v: S::f32s) -> S::f32s {
        let rooted = if self.root > 0.0 { simd.add_f32s(v, simd.splat_f32s(self.root)) } else { v };
        let root = simd.sqrt_f32s(rooted);
        simd.mul_add_f32s(simd.splat_f32s(self.scale), root, simd.splat_f32s(self.eps))
    }
}
