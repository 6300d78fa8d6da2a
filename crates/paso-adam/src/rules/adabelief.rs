//! AdaBelief (Zhuang et al., arXiv 2010.07468, algorithm 1): Adam by how far a gradient is from its expectation.
//!
//! ```text
//! m as in Adam;  s = beta2 * s + (1 - beta2) * (g - m)^2 + eps_root
//! w = w - rate * (m / (1 - beta1^t)) / (sqrt(s / (1 - beta2^t)) + eps)
//! ```

use pulp::Simd;

use super::{Kernel, Update};
use crate::config::{AdamConfig, Epsilon, Expected};
use crate::denominator::Denominator;
use crate::math::{self, Mean};

/// AdaBelief's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Folded {
    expected: Expected,
    mean: Mean,
    square: Mean,
    eps_root: f32,
    denominator: Denominator,
    rate: f32,
}

impl Folded {
    pub(crate) fn new(config: &AdamConfig, expected: Expected, t: u64, lr: f64) -> Self {
        let rate = lr / (1.0 - math::power(config.beta1, t));
        // Here `eps_root` goes into the moment and not under its root.
        let (denominator, rate) =
            Denominator::new(&AdamConfig { eps_root: 0.0, ..*config }, t, rate);
        Self {
            expected,
            mean: Mean::new(config.beta1),
            square: Mean::new(config.beta2),
            eps_root: math::round(config.eps_root),
            denominator,
            rate: math::round(rate),
        }
    }
}

impl Kernel for Folded {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn update<S: Simd>(
        self,
        simd: S,
        g: S::f32s,
        [old, s, unused]: [S::f32s; 3],
    ) -> Update<S::f32s> {
        let m = self.mean.of(simd, old, g);
        let surprise = match self.expected {
            Expected::Before => simd.sub_f32s(g, old),
            Expected::After => simd.sub_f32s(g, m),
        };
        let s = self.square.of_squares(simd, s, surprise);
        let s = simd.add_f32s(s, simd.splat_f32s(self.eps_root));
        let step = simd
            .div_f32s(simd.mul_f32s(simd.splat_f32s(self.rate), m), self.denominator.of(simd, s));
        Update { step, moments: [m, s, unused] }
    }
}

/// One element of one step in f64.
pub(crate) fn textbook(
    config: &AdamConfig,
    expected: Expected,
    t: u64,
    lr: f64,
    g: f64,
    [m, s, _]: &mut [f64; 3],
) -> f64 {
    let before = *m;
    *m = config.beta1 * *m + (1.0 - config.beta1) * g;
    let surprise = match expected {
        Expected::Before => g - before,
        Expected::After => g - *m,
    };
    *s = config.beta2 * *s + (1.0 - config.beta2) * surprise * surprise + config.eps_root;
    let c1 = 1.0 - math::power(config.beta1, t);
    let c2 = 1.0 - math::power(config.beta2, t);
    match config.epsilon {
        Epsilon::Corrected => lr * (*m / c1) / (libm::sqrt(*s / c2) + config.eps),
        Epsilon::Hat => lr * libm::sqrt(c2) / c1 * *m / (libm::sqrt(*s) + config.eps),
    }
}
