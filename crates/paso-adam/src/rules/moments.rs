//! The two moments and the denominator that most rules share, for vectors and in f64.

use pulp::Simd;

use super::bias_correction::bias_correction2;
use super::formula::{Inputs, StepContext};
use crate::hyper_params::{Epsilon, HyperParams};
use crate::math::{self, Ema};

/// Adam's moments: the running means of the gradient and of its square.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments {
    mean: Ema,
    square: Ema,
}

impl Moments {
    pub(crate) fn new(hyper: &HyperParams) -> Self {
        Self { mean: Ema::new(hyper.beta1), square: Ema::new(hyper.beta2) }
    }

    /// Both after the gradient.
    #[inline(always)]
    pub(crate) fn update<S: Simd>(self, simd: S, at: &Inputs<S::f32s>) -> (S::f32s, S::f32s) {
        let [m, v, _] = at.moments;
        let m = self.mean.update(simd, m, at.gradient);
        (m, self.square.update_squares(simd, v, at.gradient))
    }
}

/// `scale * sqrt(v + root) + eps`: the denominator that most rules share, in every dialect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Denominator {
    scale: f32,
    root: f32,
    eps: f32,
}

impl Denominator {
    /// The denominator of a step, and the learning rate that goes with it, from `lr`. With c =
    /// `1 - beta2^t`:
    ///
    /// - corrected: `sqrt(v / c + eps_root) + eps`, written as `sqrt(v + c * eps_root) / sqrt(c) + eps`;
    /// - hat: `sqrt(v + eps_root) + eps`, and the learning rate is multiplied with `sqrt(c)`.
    pub(crate) fn new(at: &StepContext, lr: f64) -> (Self, f64) {
        let hyper = &at.hyper;
        let c = bias_correction2(at);
        let (scale, root, lr) = match hyper.epsilon {
            Epsilon::Corrected => (1.0 / libm::sqrt(c), c * hyper.eps_root, lr),
            Epsilon::Hat => (1.0, hyper.eps_root, lr * libm::sqrt(c)),
        };
        let denominator = Self {
            scale: math::round(scale),
            root: math::round(root),
            eps: math::round(hyper.eps),
        };
        (denominator, lr)
    }

    /// The same for a moment that has `eps_root` in it already.
    pub(crate) fn without_root(self) -> Self {
        Self { root: 0.0, ..self }
    }

    /// The denominator of a moment that was bias-corrected already.
    pub(crate) fn of_corrected(hyper: &HyperParams) -> Self {
        Self { scale: 1.0, root: math::round(hyper.eps_root), eps: math::round(hyper.eps) }
    }

    /// The denominator of this moment.
    #[inline(always)]
    pub(crate) fn of<S: Simd>(self, simd: S, v: S::f32s) -> S::f32s {
        let rooted = if self.root > 0.0 { simd.add_f32s(v, simd.splat_f32s(self.root)) } else { v };
        let root = simd.sqrt_f32s(rooted);
        simd.mul_add_f32s(simd.splat_f32s(self.scale), root, simd.splat_f32s(self.eps))
    }
}

/// Both moments after `g`, in f64.
pub(crate) fn textbook_moments(hyper: &HyperParams, g: f64, [m, v, _]: &mut [f64; 3]) {
    *m = textbook_mean(hyper.beta1, *m, g);
    *v = textbook_mean(hyper.beta2, *v, g * g);
}

/// A running mean after `x`, in f64.
pub(crate) fn textbook_mean(beta: f64, mean: f64, x: f64) -> f64 {
    beta * mean + (1.0 - beta) * x
}

/// The denominator in f64, for a raw second moment; and the factor of the learning rate.
pub(crate) fn textbook_denominator(at: &StepContext, v: f64) -> (f64, f64) {
    let hyper = &at.hyper;
    let c = bias_correction2(at);
    match hyper.epsilon {
        Epsilon::Corrected => (libm::sqrt(v / c + hyper.eps_root) + hyper.eps, 1.0),
        Epsilon::Hat => (libm::sqrt(v + hyper.eps_root) + hyper.eps, libm::sqrt(c)),
    }
}
