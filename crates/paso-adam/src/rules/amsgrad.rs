//! AMSGrad (Reddi, Kale & Kumar, arXiv 1904.09237, algorithm 2), with bias correction as the libraries have it.
//!
//! ```text
//! m, v as in Adam;  x = max(x, v)                         or  x = max(x, v / (1 - beta2^t))
//! w = w - rate * (m / (1 - beta1^t)) / (sqrt(x / (1 - beta2^t)) + eps)   or  … / (sqrt(x) + eps)
//! ```

use pulp::Simd;

use super::{Kernel, Update};
use crate::config::{AdamConfig, Epsilon, Largest};
use crate::denominator::Denominator;
use crate::math::{self, Mean, larger};

/// AMSGrad's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Folded {
    mean: Mean,
    square: Mean,
    /// What the second moment is multiplied with before it is compared.
    correct: f32,
    denominator: Denominator,
    rate: f32,
}

impl Folded {
    pub(crate) fn new(config: &AdamConfig, largest: Largest, t: u64, lr: f64) -> Self {
        let rate = lr / (1.0 - math::power(config.beta1, t));
        let (correct, (denominator, rate)) = match largest {
            Largest::Raw => (1.0, Denominator::new(config, t, rate)),
            Largest::Corrected => {
                (1.0 / (1.0 - math::power(config.beta2, t)), (Denominator::corrected(config), rate))
            }
        };
        Self {
            mean: Mean::new(config.beta1),
            square: Mean::new(config.beta2),
            correct: math::round(correct),
            denominator,
            rate: math::round(rate),
        }
    }
}

impl Kernel for Folded {
    const MOMENTS: usize = 3;

    #[inline(always)]
    fn update<S: Simd>(self, simd: S, g: S::f32s, [m, v, x]: [S::f32s; 3]) -> Update<S::f32s> {
        let m = self.mean.of(simd, m, g);
        let v = self.square.of_squares(simd, v, g);
        let x = larger(simd, x, simd.mul_f32s(simd.splat_f32s(self.correct), v));
        let step = simd
            .div_f32s(simd.mul_f32s(simd.splat_f32s(self.rate), m), self.denominator.of(simd, x));
        Update { step, moments: [m, v, x] }
    }
}

/// One element of one step in f64.
pub(crate) fn textbook(
    config: &AdamConfig,
    largest: Largest,
    t: u64,
    lr: f64,
    g: f64,
    [m, v, x]: &mut [f64; 3],
) -> f64 {
    *m = config.beta1 * *m + (1.0 - config.beta1) * g;
    *v = config.beta2 * *v + (1.0 - config.beta2) * g * g;
    let c1 = 1.0 - math::power(config.beta1, t);
    let c2 = 1.0 - math::power(config.beta2, t);
    match (largest, config.epsilon) {
        (Largest::Corrected, _) => {
            *x = x.max(*v / c2);
            lr * (*m / c1) / (libm::sqrt(*x + config.eps_root) + config.eps)
        }
        (Largest::Raw, Epsilon::Corrected) => {
            *x = x.max(*v);
            lr * (*m / c1) / (libm::sqrt(*x / c2 + config.eps_root) + config.eps)
        }
        (Largest::Raw, Epsilon::Hat) => {
            *x = x.max(*v);
            lr * libm::sqrt(c2) / c1 * *m / (libm::sqrt(*x + config.eps_root) + config.eps)
        }
    }
}
