//! Lion (Chen et al., *Symbolic Discovery of Optimization Algorithms*, arXiv 2302.06675, program
//! 1).
//!
//! ```text
//! w = w - lr * sign(beta1 * m + (1 - beta1) * g)      m = beta2 * m + (1 - beta2) * g
//! ```
//!
//! The sign of zero is zero.

use pulp::Simd;

use super::formula::{Formula, Inputs, Kernel, StepContext, Update};
use super::moments::textbook_mean;
use crate::hyper_params::HyperParams;
use crate::math::{self, Ema};

/// The rule without options.
pub(crate) struct Lion;

impl Lion {
    pub(crate) fn kernel(&self, at: &StepContext) -> (LionKernel, f64) {
        let kernel = LionKernel {
            interpolated: Ema::new(at.hyper.beta1),
            mean: Ema::new(at.hyper.beta2),
            lr: math::round(at.lr),
        };
        (kernel, at.lr)
    }
}

impl Formula for Lion {
    /// No gradient is squared.
    fn largest_gradient(&self) -> f64 {
        f64::from(f32::MAX)
    }

    fn moment_names(&self) -> &'static [&'static str] {
        &["exp_avg"]
    }

    fn flush_threshold(&self, hyper: &HyperParams) -> f32 {
        math::flush_threshold(hyper)
    }

    fn longest_step(&self, _: &HyperParams, _: u64) -> Option<f64> {
        Some(1.0)
    }

    fn textbook(&self, at: &StepContext, _: f64, g: f64, [m, ..]: &mut [f64; 3]) -> f64 {
        let interpolated = textbook_mean(at.hyper.beta1, *m, g);
        *m = textbook_mean(at.hyper.beta2, *m, g);
        if interpolated == 0.0 { 0.0 } else { at.lr * interpolated.signum() }
    }
}

/// Lion's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LionKernel {
    interpolated: Ema,
    mean: Ema,
    lr: f32,
}

impl Kernel for LionKernel {
    const MOMENTS: usize = 1;

    #[inline(always)]
    fn update<S: Simd>(self, simd: S, at: Inputs<S::f32s>) -> Update<S::f32s> {
        let [m, a, b] = at.moments;
        let interpolated = self.interpolated.update(simd, m, at.gradient);
        let none = simd.splat_f32s(0.0);
        let up = simd.greater_than_f32s(interpolated, none);
        let down = simd.greater_than_f32s(none, interpolated);
        let lr = simd.splat_f32s(self.lr);
        // Zero stays zero and NaN stays NaN: neither is above or below.
        let step = simd.select_f32s(down, simd.neg_f32s(lr), interpolated);
        let step = simd.select_f32s(up, lr, step);
        let m = self.mean.update(simd, m, at.gradient);
        Update { step, denominator: simd.splat_f32s(1.0), moments: [m, a, b] }
    }
}
