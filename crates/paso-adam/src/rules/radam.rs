//! RAdam (Liu et al., arXiv 1908.03265, algorithm 2).
//!
//! ```text
//! r_inf = 2 / (1 - beta2) - 1          r_t = r_inf - 2 t beta2^t / (1 - beta2^t)
//! r_t > 5:  Adam's step, times sqrt((r_t - 4)(r_t - 2) r_inf / ((r_inf - 4)(r_inf - 2) r_t))
//! else:     w = w - lr * m / (1 - beta1^t)
//! ```
//!
//! 5 is PyTorch's and Optax's threshold; the paper has 4.

use paso_isa::Isa;
use pulp::Simd;

use super::adam::{self, AdamKernel};
use super::formula::{Formula, Inputs, Job, Kernel, RunJob, StepContext, Update};
use super::moments::{Moments};
use super::bias_correction::bias_correction1;
use crate::checks::require;
use crate::error::Error;
use crate::hyper_params::HyperParams;
use crate::math;

/// The rule without options.
pub(crate) struct RAdam;

/// What Adam's step is multiplied with, or `None` while the variance cannot be estimated.
fn rectification(beta2: f64, t: u64) -> Option<f64> {
    let power = math::power(beta2, t);
    let last = 2.0 / (1.0 - beta2) - 1.0;
    let now = last - 2.0 * t as f64 * power / (1.0 - power);
    let square = (now - 4.0) * (now - 2.0) * last / ((last - 4.0) * (last - 2.0) * now);
    (now > 5.0).then(|| libm::sqrt(square))
}

impl RAdam {
    pub(crate) fn kernel(&self, at: &StepContext) -> (RAdamKernel, f64) {
        if let Some(r) = rectification(at.hyper.beta2, at.t) {
            let (kernel, gain) = AdamKernel::new(at, at.lr * r);
            return (RAdamKernel::Rectified(kernel), gain);
        }
        let lr = math::round(at.lr / bias_correction1(at));
        let kernel = MomentumKernel { moments: Moments::new(&at.hyper), lr };
        (RAdamKernel::Momentum(kernel), at.lr)
    }
}

impl Formula for RAdam {
    fn moment_names(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    fn validate(&self, hyper: &HyperParams) -> Result<(), Error> {
        require("beta2", hyper.beta2, hyper.beta2 > 0.0, "above 0 and below 1 for RAdam")
    }

    fn longest_step(&self, hyper: &HyperParams, t: u64) -> Option<f64> {
        rectification(hyper.beta2, t).and_then(|r| adam::longest_step(hyper, t).map(|x| r * x))
    }

    fn textbook(&self, at: &StepContext, _: f64, g: f64, moments: &mut [f64; 3]) -> f64 {
        let adam = adam::textbook(at, g, moments);
        match rectification(at.hyper.beta2, at.t) {
            Some(r) => at.lr * r * adam,
            None => at.lr * moments[0] / bias_correction1(at),
        }
    }
}

/// The kernel of a step: which one depends on the number of the step alone.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RAdamKernel {
    Rectified(AdamKernel),
    Momentum(MomentumKernel),
}

impl RunJob for RAdamKernel {
    fn run_job<J: Job>(self, isa: Isa, job: J) -> J::Output {
        match self {
            Self::Rectified(kernel) => kernel.run_job(isa, job),
            Self::Momentum(kernel) => kernel.run_job(isa, job),
        }
    }
}

/// The step before rectification: momentum alone. The second moment is updated all the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MomentumKernel {
    moments: Moments,
    lr: f32,
}

impl Kernel for MomentumKernel {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn update<S: Simd>(self, simd: S, at: Inputs<S::f32s>) -> Update<S::f32s> {
        let (m, v) = self.moments.update(simd, &at);
        let step = simd.mul_f32s(simd.splat_f32s(self.lr), m);
        Update { step, denominator: simd.splat_f32s(1.0), moments: [m, v, at.moments[2]] }
    }
}
