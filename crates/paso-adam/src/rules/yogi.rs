//! Yogi (Zaheer et al., *Adaptive Methods for Nonconvex Optimization*, NIPS 2018, algorithm 2),
//! with Adam's bias corrections, as Optax has it.
//!
//! ```text
//! m = beta1 * m + (1 - beta1) * g      v = v - (1 - beta2) * sign(v - g^2) * g^2
//! w = w - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t) + eps_root) + eps)
//! ```
//!
//! Both moments start at a small value instead of 0. v grows as fast as Adam's but falls slower: a
//! weight whose gradient dies keeps its small steps.

use pulp::Simd;

use super::formula::{Formula, Inputs, Kernel, StepContext, Update};
use super::moments::{Denominator, textbook_denominator, textbook_mean};
use super::bias_correction::bias_correction1;
use crate::checks::non_negative;
use crate::error::Error;
use crate::hyper_params::HyperParams;
use crate::math::{self, Ema};

/// The options of Yogi.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Yogi {
    /// What both moments are before the first step, at least 0. Default 1e-6 (paper, section 5, and
    /// Optax).
    pub initial: f64,
}

impl Default for Yogi {
    fn default() -> Self {
        Self { initial: 1e-6 }
    }
}

impl Yogi {
    pub(crate) fn kernel(self, at: &StepContext) -> (YogiKernel, f64) {
        let (denominator, gain) = Denominator::new(at, at.lr);
        let kernel = YogiKernel {
            initial: (at.t == 1).then_some(math::round(self.initial)),
            mean: Ema::new(at.hyper.beta1),
            share: math::round(1.0 - at.hyper.beta2),
            denominator,
            lr: math::round(gain / bias_correction1(at)),
        };
        (kernel, gain)
    }
}

impl Formula for Yogi {
    fn moment_names(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    fn validate(&self, _: &HyperParams) -> Result<(), Error> {
        non_negative("initial", self.initial)
    }

    fn textbook(&self, at: &StepContext, _: f64, g: f64, [m, v, _]: &mut [f64; 3]) -> f64 {
        if at.t == 1 {
            (*m, *v) = (self.initial, self.initial);
        }
        let square = g * g;
        let sign = if *v == square { 0.0 } else { (*v - square).signum() };
        *m = textbook_mean(at.hyper.beta1, *m, g);
        *v -= (1.0 - at.hyper.beta2) * sign * square;
        let (denominator, lr_factor) = textbook_denominator(at, *v);
        at.lr * lr_factor * (*m / bias_correction1(at)) / denominator
    }
}

/// Yogi's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct YogiKernel {
    /// What both moments are in the first step.
    initial: Option<f32>,
    mean: Ema,
    /// `1 - beta2`.
    share: f32,
    denominator: Denominator,
    lr: f32,
}

impl Kernel for YogiKernel {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn update<S: Simd>(self, simd: S, at: Inputs<S::f32s>) -> Update<S::f32s> {
        let [m, v, unused] = at.moments;
        let (m, v) = match self.initial {
            Some(initial) => (simd.splat_f32s(initial), simd.splat_f32s(initial)),
            None => (m, v),
        };
        let square = simd.mul_f32s(at.gradient, at.gradient);
        let m = self.mean.update(simd, m, at.gradient);
        let share = simd.splat_f32s(self.share);
        // Equal values differ by 0; NaN is neither above nor below, and its difference is NaN.
        let same = simd.add_f32s(v, simd.sub_f32s(v, square));
        let up = simd.mul_add_f32s(share, square, v);
        let down = simd.negate_mul_add_f32s(share, square, v);
        let new = simd.select_f32s(simd.greater_than_f32s(square, v), up, same);
        let v = simd.select_f32s(simd.greater_than_f32s(v, square), down, new);
        let denominator = self.denominator.of(simd, v);
        let step = simd.div_f32s(simd.mul_f32s(simd.splat_f32s(self.lr), m), denominator);
        Update { step, denominator, moments: [m, v, unused] }
    }
}
