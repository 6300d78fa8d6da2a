//! Adamax: Adam by the largest gradient (Kingma & Ba, arXiv 1412.6980v9, algorithm 2).
//!
//! ```text
//! m as in Adam;  u = max(beta2 * u, |g| + eps);  w = w - rate * (m / (1 - beta1^t)) / u
//! ```

use pulp::Simd;

use super::{Kernel, Update};
use crate::config::{AdamConfig, Epsilon};
use crate::math::{self, Mean, larger};

/// Adamax's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Folded {
    mean: Mean,
    beta2: f32,
    /// Added to the gradient's magnitude.
    eps_inside: f32,
    /// Added to the denominator.
    eps_outside: f32,
    rate: f32,
}

impl Folded {
    pub(crate) fn new(config: &AdamConfig, t: u64, lr: f64) -> Self {
        let [inside, outside] = epsilons(config);
        Self {
            mean: Mean::new(config.beta1),
            beta2: math::round(config.beta2),
            eps_inside: math::round(inside),
            eps_outside: math::round(outside),
            rate: math::round(lr / (1.0 - math::power(config.beta1, t))),
        }
    }
}

fn epsilons(config: &AdamConfig) -> [f64; 2] {
    match config.epsilon {
        Epsilon::Corrected => [config.eps, 0.0],
        Epsilon::Hat => [0.0, config.eps],
    }
}

impl Kernel for Folded {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn update<S: Simd>(self, simd: S, g: S::f32s, [m, u, unused]: [S::f32s; 3]) -> Update<S::f32s> {
        let m = self.mean.of(simd, m, g);
        let faded = simd.mul_f32s(simd.splat_f32s(self.beta2), u);
        let u =
            larger(simd, faded, simd.add_f32s(simd.abs_f32s(g), simd.splat_f32s(self.eps_inside)));
        let denominator = simd.add_f32s(u, simd.splat_f32s(self.eps_outside));
        let step = simd.div_f32s(simd.mul_f32s(simd.splat_f32s(self.rate), m), denominator);
        Update { step, moments: [m, u, unused] }
    }
}

/// One element of one step in f64.
pub(crate) fn textbook(
    config: &AdamConfig,
    t: u64,
    lr: f64,
    g: f64,
    [m, u, _]: &mut [f64; 3],
) -> f64 {
    let [inside, outside] = epsilons(config);
    *m = config.beta1 * *m + (1.0 - config.beta1) * g;
    *u = (config.beta2 * *u).max(g.abs() + inside);
    lr / (1.0 - math::power(config.beta1, t)) * *m / (*u + outside)
}
