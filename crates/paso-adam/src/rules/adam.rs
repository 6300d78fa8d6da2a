//! Adam (Kingma & Ba, arXiv 1412.6980v9, algorithm 1).
//!
//! ```text
//! m = beta1 * m + (1 - beta1) * g                  v = beta2 * v + (1 - beta2) * g^2
//! w = w - rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t) + eps_root) + eps)
//! ```
//!
//! The bias corrections are the same for every element, so they are folded into three constants; one square
//! root and one division an element remain. The means are written as `m + (1 - beta1) * (g - m)`: `1 - 0.999`
//! keeps all its digits in f32, where the rounding of 0.999 itself would be an error of 1.3e-5 in `1 - beta2`.

use pulp::Simd;

use super::{Kernel, Update};
use crate::config::{AdamConfig, Epsilon};
use crate::denominator::Denominator;
use crate::math::{self, Mean};

/// Adam's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Folded {
    mean: Mean,
    square: Mean,
    denominator: Denominator,
    rate: f32,
}

impl Folded {
    pub(crate) fn new(config: &AdamConfig, t: u64, lr: f64) -> Self {
        let correct1 = 1.0 - math::power(config.beta1, t);
        let (denominator, rate) = Denominator::new(config, t, lr / correct1);
        Self {
            mean: Mean::new(config.beta1),
            square: Mean::new(config.beta2),
            denominator,
            rate: math::round(rate),
        }
    }
}

impl Kernel for Folded {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn update<S: Simd>(self, simd: S, g: S::f32s, [m, v, unused]: [S::f32s; 3]) -> Update<S::f32s> {
        let m = self.mean.of(simd, m, g);
        let v = self.square.of_squares(simd, v, g);
        let step = simd
            .div_f32s(simd.mul_f32s(simd.splat_f32s(self.rate), m), self.denominator.of(simd, v));
        Update { step, moments: [m, v, unused] }
    }
}

/// One element of one step in f64, as the paper writes it.
pub(crate) fn textbook(
    config: &AdamConfig,
    t: u64,
    lr: f64,
    g: f64,
    [m, v, _]: &mut [f64; 3],
) -> f64 {
    *m = config.beta1 * *m + (1.0 - config.beta1) * g;
    *v = config.beta2 * *v + (1.0 - config.beta2) * g * g;
    let c1 = 1.0 - math::power(config.beta1, t);
    let c2 = 1.0 - math::power(config.beta2, t);
    match config.epsilon {
        Epsilon::Corrected => lr * (*m / c1) / (libm::sqrt(*v / c2 + config.eps_root) + config.eps),
        Epsilon::Hat => {
            lr * libm::sqrt(c2) / c1 * *m / (libm::sqrt(*v + config.eps_root) + config.eps)
        }
    }
}
