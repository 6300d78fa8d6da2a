//! NAdam (Dozat, *Incorporating Nesterov Momentum into Adam*, ICLR workshop 2016), in the forms that libraries ship.
//!
//! ```text
//! m, v, denominator as Adam's          w = w - (a * g + b * m) / denominator
//! warming:   u_t = beta1 * (1 - 0.96^(t * decay) / 2),  P_t = u_1 * … * u_t
//!            a = lr * (1 - u_t) / (1 - P_t),          b = lr * u_(t+1) / (1 - P_t * u_(t+1))
//! constant:  a = lr * (1 - beta1) / (1 - beta1^t),    b = lr * beta1 / (1 - beta1^(t+1))
//! simple:    a as constant,                             b = lr * beta1 / (1 - beta1^t)
//! ```

use pulp::Simd;

use super::adam::{self, Denominator};
use super::{Kernel, StepContext, Update};
use crate::math::{self, Ema};
use crate::rule::Nesterov;

/// `u_t`.
pub(crate) fn momentum(beta1: f64, decay: f64, t: u64) -> f64 {
    beta1 * (1.0 - 0.5 * libm::pow(0.96, t as f64 * decay))
}

/// The factors of the gradient and of the mean, for a learning rate of 1.
fn factors(StepContext { config, t, scalars, .. }: StepContext<'_>, kind: Nesterov) -> (f64, f64) {
    let b1 = config.beta1;
    let summary = (1.0 - b1) / (1.0 - math::power(b1, t));
    match kind {
        Nesterov::Warming { decay } => {
            let (now, next) = (momentum(b1, decay, t), momentum(b1, decay, t + 1));
            let product = scalars.mu_product;
            ((1.0 - now) / (1.0 - product), next / (1.0 - product * next))
        }
        Nesterov::Constant => (summary, b1 / (1.0 - math::power(b1, t + 1))),
        Nesterov::Simple => (summary, b1 / (1.0 - math::power(b1, t))),
    }
}

/// NAdam's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NAdamKernel {
    mean: Ema,
    square: Ema,
    denominator: Denominator,
    gradient: f32,
    momentum: f32,
    gain: f32,
}

impl NAdamKernel {
    pub(crate) fn new(at: StepContext<'_>, kind: Nesterov) -> Self {
        let config = at.config;
        let (denominator, gain) = Denominator::new(config, at.t, at.lr);
        let (gradient, momentum) = factors(at, kind);
        Self {
            mean: Ema::new(config.beta1),
            square: Ema::new(config.beta2),
            denominator,
            gradient: math::round(gain * gradient),
            momentum: math::round(gain * momentum),
            gain: math::round(gain),
        }
    }
}

impl Kernel for NAdamKernel {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn update<S: Simd>(
        self,
        simd: S,
        _: S::f32s,
        g: S::f32s,
        [m, v, unused]: [S::f32s; 3],
    ) -> Update<S::f32s> {
        let m = self.mean.update(simd, m, g);
        let v = self.square.update_squares(simd, v, g);
        let denominator = self.denominator.of(simd, v);
        let mean = simd.mul_f32s(simd.splat_f32s(self.momentum), m);
        let summary = simd.mul_add_f32s(simd.splat_f32s(self.gradient), g, mean);
        let step = simd.div_f32s(summary, denominator);
        Update { step, denominator, moments: [m, v, unused] }
    }

    #[inline(always)]
    fn gain(self) -> f32 {
        self.gain
    }
}

/// One element of one step in f64.
pub(crate) fn textbook(at: StepContext<'_>, kind: Nesterov, g: f64, moments: &mut [f64; 3]) -> f64 {
    adam::textbook_moments(at.config, g, moments);
    let (denominator, lr_factor) = adam::textbook_denominator(at.config, at.t, moments[1]);
    let (gradient, mean) = factors(at, kind);
    at.lr * lr_factor * (gradient * g + mean * moments[0]) / denominator
}
