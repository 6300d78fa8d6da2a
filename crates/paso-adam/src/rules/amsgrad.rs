//! AMSGrad (Reddi, Kale & Kumar, arXiv 1904.09237, algorithm 2), with Adam's bias corrections.
//!
//! ```text
//! m, v as Adam's      x = max(x, v)  or, bias-corrected,  x = max(x, v / (1 - beta2^t))
//! ```
//!
//! and x takes the place of v in Adam's denominator.

use pulp::Simd;

use super::adam;
use super::formula::{Formula, Inputs, Kernel, StepContext, Update};
use super::moments::{Denominator, Moments, textbook_denominator, textbook_moments};
use super::bias_correction::{bias_correction1, bias_correction2};
use crate::hyper_params::HyperParams;
use crate::math;

/// Which second moment the maximum of AMSGrad is taken over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AmsGrad {
    /// The raw one; the maximum is then bias-corrected. PyTorch, Keras. The default.
    #[default]
    Raw,
    /// The bias-corrected one. Optax. The largest is then often that of the first step.
    BiasCorrected,
}

impl AmsGrad {
    /// The denominator of the maximum, and the learning rate that goes with it.
    fn denominator(self, at: &StepContext) -> (Denominator, f64) {
        match self {
            Self::Raw => Denominator::new(at, at.lr),
            Self::BiasCorrected => (Denominator::of_corrected(&at.hyper), at.lr),
        }
    }

    /// What v is multiplied with before the maximum.
    fn bias_correction(self, at: &StepContext) -> f64 {
        match self {
            Self::Raw => 1.0,
            Self::BiasCorrected => 1.0 / bias_correction2(at),
        }
    }

    pub(crate) fn kernel(self, at: &StepContext) -> (AmsGradKernel, f64) {
        let (denominator, gain) = self.denominator(at);
        let kernel = AmsGradKernel {
            moments: Moments::new(&at.hyper),
            bias_correction: math::round(self.bias_correction(at)),
            denominator,
            lr: math::round(gain / bias_correction1(at)),
        };
        (kernel, gain)
    }
}

impl Formula for AmsGrad {
    fn moment_names(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq", "max_exp_avg_sq"]
    }

    fn longest_step(&self, hyper: &HyperParams, t: u64) -> Option<f64> {
        adam::longest_step(hyper, t)
    }

    fn textbook(&self, at: &StepContext, _: f64, g: f64, moments: &mut [f64; 3]) -> f64 {
        textbook_moments(&at.hyper, g, moments);
        let [m, v, x] = moments;
        let (denominator, lr_factor) = match self {
            Self::Raw => {
                *x = x.max(*v);
                textbook_denominator(at, *x)
            }
            Self::BiasCorrected => {
                *x = x.max(*v / bias_correction2(at));
                (libm::sqrt(*x + at.hyper.eps_root) + at.hyper.eps, 1.0)
            }
        };
        at.lr * lr_factor * *m / bias_correction1(at) / denominator
    }
}

/// AMSGrad's constants at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AmsGradKernel {
    moments: Moments,
    bias_correction: f32,
    denominator: Denominator,
    lr: f32,
}

impl Kernel for AmsGradKernel {
    const MOMENTS: usize = 3;

    #[inline(always)]
    fn update<S: Simd>(self, simd: S, at: Inputs<S::f32s>) -> Update<S::f32s> {
        let (m, v) = self.moments.update(simd, &at);
        let corrected = simd.mul_f32s(simd.splat_f32s(self.bias_correction), v);
        let x = math::larger(simd, at.moments[2], corrected);
        let denominator = self.denominator.of(simd, x);
        let step = simd.div_f32s(simd.mul_f32s(simd.splat_f32s(self.lr), m), denominator);
        Update { step, denominator, moments: [m, v, x] }
    }
}
