//! Adam (Kingma & Ba, arXiv 1412.6980v9, algorithm 1).
//!
//! ```text
//! m = beta1 * m + (1 - beta1) * g                  v = beta2 * v + (1 - beta2) * g^2
//! w = w - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t) + eps_root) + eps)
//! ```
//!
//! The bias corrections are the same for every element, so they are folded into three constants;
//! one square root and one division an element remain. The means are written as
//! `m + (1 - beta1) * (g - m)`: `1 - 0.999` keeps all its digits in f32, where the rounding of
//! 0.999 itself would be an error of 1.3e-5 in `1 - beta2`.

use pulp::Simd;

use super::formula::{Formula, Inputs, Kernel, StepContext, Update};
use super::moments::{Denominator, Moments, textbook_denominator, textbook_moments};
use super::bias_correction::bias_correction1;
use crate::hyper_params::HyperParams;
use crate::math;

/// The rule without options.
pub(crate) struct Adam;

impl Formula for Adam {
    fn moment_names(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    fn longest_step(&self, hyper: &HyperParams, t: u64) -> Option<f64> {
        longest_step(hyper, t)
    }

    fn textbook(&self, at: &StepContext, _: f64, g: f64, moments: &mut [f64; 3]) -> f64 {
        at.lr * textbook(at, g, moments)
    }
}

impl Adam {
    pub(crate) fn kernel(&self, at: &StepContext) -> (AdamKernel, f64) {
        AdamKernel::new(at, at.lr)
    }
}

/// The bound of [`Adam::longest_step`](crate::Adam::longest_step).
pub(crate) fn longest_step(hyper: &HyperParams, t: u64) -> Option<f64> {
    let (b1, b2) = (hyper.beta1, hyper.beta2);
    let q = b1 * b1 / b2;
    let left = (1.0 - math::power(b2, t)) / (1.0 - b2);
    let middle = (1.0 - b1) / (1.0 - math::power(b1, t));
    let sum = (1.0 - math::power(q, t)) / (1.0 - q);
    (q < 1.0).then(|| libm::sqrt(left * sum) * middle)
}

/// Adam's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdamKernel {
    moments: Moments,
    denominator: Denominator,
    lr: f32,
}

impl AdamKernel {
    /// The kernel for this learning rate, and what its denominator divides.
    pub(crate) fn new(at: &StepContext, lr: f64) -> (Self, f64) {
        let (denominator, gain) = Denominator::new(at, lr);
        let lr = math::round(gain / bias_correction1(at));
        (Self { moments: Moments::new(&at.hyper), denominator, lr }, gain)
    }
}

impl Kernel for AdamKernel {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn update<S: Simd>(self, simd: S, at: Inputs<S::f32s>) -> Update<S::f32s> {
        let (m, v) = self.moments.update(simd, &at);
        let denominator = self.denominator.of(simd, v);
        let step = simd.div_f32s(simd.mul_f32s(simd.splat_f32s(self.lr), m), denominator);
        Update { step, denominator, moments: [m, v, at.moments[2]] }
    }
}

/// One element of one step in f64, as the paper writes it, for a learning rate of 1.
pub(crate) fn textbook(at: &StepContext, g: f64, moments: &mut [f64; 3]) -> f64 {
    textbook_moments(&at.hyper, g, moments);
    let (denominator, lr_factor) = textbook_denominator(at, moments[1]);
    lr_factor * (moments[0] / bias_correction1(at)) / denominator
}
