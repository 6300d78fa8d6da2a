//! AdaBelief (Zhuang et al., arXiv 2010.07468, algorithm 2).
//!
//! ```text
//! m = beta1 * m + (1 - beta1) * g      s = beta2 * s + (1 - beta2) * (g - m)^2 + eps_root
//! w = w - lr * (m / (1 - beta1^t)) / (sqrt(s / (1 - beta2^t)) + eps)
//! ```
//!
//! `g - m`, with the new m, is computed as `beta1 * (g - m)` with the old one: a difference of two
//! roundings less.

use pulp::Simd;

use super::formula::{Formula, Inputs, Kernel, StepContext, Update, SQUARE_OVERFLOWS};
use super::moments::{Denominator, textbook_denominator, textbook_mean};
use super::bias_correction::bias_correction1;
use crate::hyper_params::HyperParams;
use crate::math::{self, Ema};

/// The rule without options.
pub(crate) struct AdaBelief;

impl AdaBelief {
    pub(crate) fn kernel(&self, at: &StepContext) -> (AdaBeliefKernel, f64) {
        let (denominator, gain) = Denominator::new(at, at.lr);
        let kernel = AdaBeliefKernel {
            mean: Ema::new(at.hyper.beta1),
            beta1: math::round(at.hyper.beta1),
            square: Ema::new(at.hyper.beta2),
            root: math::round(at.hyper.eps_root),
            denominator: denominator.without_root(),
            lr: math::round(gain / bias_correction1(at)),
        };
        (kernel, gain)
    }
}

impl Formula for AdaBelief {
    /// It is the distance to the mean that is squared.
    fn largest_gradient(&self) -> f64 {
        SQUARE_OVERFLOWS / 2.0
    }

    fn moment_names(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_var"]
    }

    fn textbook(&self, at: &StepContext, _: f64, g: f64, [m, s, _]: &mut [f64; 3]) -> f64 {
        let hyper = at.hyper;
        *m = textbook_mean(hyper.beta1, *m, g);
        *s = textbook_mean(hyper.beta2, *s, (g - *m) * (g - *m)) + hyper.eps_root;
        let without_root = StepContext { hyper: HyperParams { eps_root: 0.0, ..hyper }, ..*at };
        let (denominator, lr_factor) = textbook_denominator(&without_root, *s);
        at.lr * lr_factor * (*m / bias_correction1(at)) / denominator
    }
}

/// AdaBelief's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdaBeliefKernel {
    mean: Ema,
    beta1: f32,
    square: Ema,
    root: f32,
    denominator: Denominator,
    lr: f32,
}

impl Kernel for AdaBeliefKernel {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn update<S: Simd>(self, simd: S, at: Inputs<S::f32s>) -> Update<S::f32s> {
        let [m, s, unused] = at.moments;
        let gap = simd.sub_f32s(at.gradient, m);
        let deviation = simd.mul_f32s(simd.splat_f32s(self.beta1), gap);
        let m = self.mean.update(simd, m, at.gradient);
        let s = self.square.update_squares(simd, s, deviation);
        let s = simd.add_f32s(s, simd.splat_f32s(self.root));
        let denominator = self.denominator.of(simd, s);
        let step = simd.div_f32s(simd.mul_f32s(simd.splat_f32s(self.lr), m), denominator);
        Update { step, denominator, moments: [m, s, unused] }
    }
}
