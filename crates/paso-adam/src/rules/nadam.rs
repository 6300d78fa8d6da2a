//! NAdam (Dozat, *Incorporating Nesterov Momentum into Adam*, ICLR workshop 2016), in the forms
//! that libraries ship.
//!
//! ```text
//! m, v, denominator as Adam's          w = w - (a * g + b * m) / denominator
//! warming:   u_t = beta1 * (1 - 0.96^(t * decay) / 2),  P_t = u_1 * … * u_t
//!            a = lr * (1 - u_t) / (1 - P_t),          b = lr * u_(t+1) / (1 - P_t * u_(t+1))
//! constant:  a = lr * (1 - beta1) / (1 - beta1^t),    b = lr * beta1 / (1 - beta1^(t+1))
//! simple:    a as constant,                             b = lr * beta1 / (1 - beta1^t)
//! ```

use pulp::Simd;

use super::formula::{Formula, Inputs, Kernel, StepContext, Update};
use super::moments::{Denominator, Moments, textbook_denominator, textbook_moments};
use super::bias_correction::bias_correction1;
use crate::checks::non_negative;
use crate::error::Error;
use crate::hyper_params::HyperParams;
use crate::math;
use crate::scalars::Scalars;

/// The momentum of NAdam: four optimizers go by this name.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Nesterov {
    /// Warms up as `beta1 * (1 - 0.96^(t * decay) / 2)`. PyTorch with `decay` 0.004 (its
    /// `momentum_decay`), Keras with `decay` 1, 250 times as fast.
    Warming {
        /// The speed of the warm-up, at least 0.
        decay: f64,
    },
    /// Constant, each of the two parts with its own bias correction. Optax.
    Constant,
    /// Constant, both parts with the bias correction of this step. timm's `NAdamW`.
    Simple,
}

impl Default for Nesterov {
    /// PyTorch's.
    fn default() -> Self {
        Self::Warming { decay: 0.004 }
    }
}

/// `u_t`.
fn momentum(beta1: f64, decay: f64, t: u64) -> f64 {
    beta1 * (1.0 - 0.5 * libm::pow(0.96, t as f64 * decay))
}

impl Nesterov {
    /// The factors of the gradient and of the mean, for a learning rate of 1.
    fn factors(self, at: &StepContext) -> (f64, f64) {
        let (b1, t) = (at.hyper.beta1, at.t);
        let gradient = (1.0 - b1) / bias_correction1(at);
        match self {
            Self::Warming { decay } => {
                let (now, next) = (momentum(b1, decay, t), momentum(b1, decay, t + 1));
                let product = at.scalars.mu_product;
                ((1.0 - now) / (1.0 - product), next / (1.0 - product * next))
            }
            Self::Constant => (gradient, b1 / (1.0 - math::power(b1, t + 1))),
            Self::Simple => (gradient, b1 / bias_correction1(at)),
        }
    }

    pub(crate) fn kernel(self, at: &StepContext) -> (NAdamKernel, f64) {
        let (denominator, gain) = Denominator::new(at, at.lr);
        let (gradient, momentum) = self.factors(at);
        let kernel = NAdamKernel {
            moments: Moments::new(&at.hyper),
            denominator,
            gradient: math::round(gain * gradient),
            momentum: math::round(gain * momentum),
        };
        (kernel, gain)
    }
}

impl Formula for Nesterov {
    fn moment_names(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    fn validate(&self, _: &HyperParams) -> Result<(), Error> {
        match self {
            Self::Warming { decay } => non_negative("momentum decay", *decay),
            Self::Constant | Self::Simple => Ok(()),
        }
    }

    fn has_scalars(&self) -> bool {
        matches!(self, Self::Warming { .. })
    }

    fn scalars(&self, at: &StepContext) -> Scalars {
        let Self::Warming { decay } = *self else { return at.scalars };
        let mu_product = at.scalars.mu_product * momentum(at.hyper.beta1, decay, at.t);
        Scalars { mu_product, ..at.scalars }
    }

    fn textbook(&self, at: &StepContext, _: f64, g: f64, moments: &mut [f64; 3]) -> f64 {
        textbook_moments(&at.hyper, g, moments);
        let (denominator, lr_factor) = textbook_denominator(at, moments[1]);
        let (gradient, mean) = self.factors(at);
        at.lr * lr_factor * (gradient * g + mean * moments[0]) / denominator
    }
}

/// NAdam's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NAdamKernel {
    moments: Moments,
    denominator: Denominator,
    gradient: f32,
    momentum: f32,
}

impl Kernel for NAdamKernel {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn update<S: Simd>(self, simd: S, at: Inputs<S::f32s>) -> Update<S::f32s> {
        let (m, v) = self.moments.update(simd, &at);
        let denominator = self.denominator.of(simd, v);
        let mean = simd.mul_f32s(simd.splat_f32s(self.momentum), m);
        let numerator = simd.mul_add_f32s(simd.splat_f32s(self.gradient), at.gradient, mean);
        let step = simd.div_f32s(numerator, denominator);
        Update { step, denominator, moments: [m, v, at.moments[2]] }
    }
}
