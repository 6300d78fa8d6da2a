//! Adamax (Kingma & Ba, arXiv 1412.6980v9, algorithm 2).
//!
//! ```text
//! m = beta1 * m + (1 - beta1) * g      w = w - lr / (1 - beta1^t) * m / u
//! u = max(beta2 * u, |g| + eps)        PyTorch, Optax;  Keras: u = max(beta2 * u, |g|), and u + eps divides
//! ```

use pulp::Simd;

use super::formula::{Formula, Inputs, Kernel, StepContext, Update, require_eps_alone};
use super::moments::{textbook_mean};
use super::bias_correction::bias_correction1;
use crate::error::Error;
use crate::hyper_params::{Epsilon, HyperParams};
use crate::math::{self, Ema};

/// The rule without options.
pub(crate) struct Adamax;

/// What is added to the gradient's magnitude, and to the maximum.
fn eps_inside_and_outside(hyper: &HyperParams) -> (f64, f64) {
    match hyper.epsilon {
        Epsilon::Corrected => (hyper.eps, 0.0),
        Epsilon::Hat => (0.0, hyper.eps),
    }
}

impl Adamax {
    pub(crate) fn kernel(&self, at: &StepContext) -> (AdamaxKernel, f64) {
        let (inside, outside) = eps_inside_and_outside(&at.hyper);
        let kernel = AdamaxKernel {
            mean: Ema::new(at.hyper.beta1),
            beta2: math::round(at.hyper.beta2),
            inside: math::round(inside),
            outside: math::round(outside),
            lr: math::round(at.lr / bias_correction1(at)),
        };
        (kernel, at.lr)
    }
}

impl Formula for Adamax {
    /// No gradient is squared.
    fn largest_gradient(&self) -> f64 {
        f64::from(f32::MAX)
    }

    fn moment_names(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_inf"]
    }

    fn validate(&self, hyper: &HyperParams) -> Result<(), Error> {
        require_eps_alone(hyper)
    }

    fn flush_threshold(&self, hyper: &HyperParams) -> f32 {
        math::flush_threshold(hyper)
    }

    fn textbook(&self, at: &StepContext, _: f64, g: f64, [m, u, _]: &mut [f64; 3]) -> f64 {
        let (inside, outside) = eps_inside_and_outside(&at.hyper);
        *m = textbook_mean(at.hyper.beta1, *m, g);
        *u = (at.hyper.beta2 * *u).max(g.abs() + inside);
        at.lr / bias_correction1(at) * *m / (*u + outside)
    }
}

/// Adamax's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdamaxKernel {
    mean: Ema,
    beta2: f32,
    /// Added to the magnitude of the gradient.
    inside: f32,
    /// Added to the maximum.
    outside: f32,
    lr: f32,
}

impl Kernel for AdamaxKernel {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn update<S: Simd>(self, simd: S, at: Inputs<S::f32s>) -> Update<S::f32s> {
        let [m, u, unused] = at.moments;
        let m = self.mean.update(simd, m, at.gradient);
        let magnitude = simd.add_f32s(simd.abs_f32s(at.gradient), simd.splat_f32s(self.inside));
        let u = math::larger(simd, simd.mul_f32s(simd.splat_f32s(self.beta2), u), magnitude);
        let denominator = simd.add_f32s(u, simd.splat_f32s(self.outside));
        let step = simd.div_f32s(simd.mul_f32s(simd.splat_f32s(self.lr), m), denominator);
        Update { step, denominator, moments: [m, u, unused] }
    }
}
