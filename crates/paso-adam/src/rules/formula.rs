//! What a file of this folder provides: the formula of a rule, once for vectors and once as the
//! paper writes it.

use paso_isa::Isa;
use pulp::{Simd, WithSimd};

use crate::checks::require;
use crate::error::Error;
use crate::hyper_params::HyperParams;
use crate::math;
use crate::scalars::Scalars;
use crate::weight_decay::WeightDecay;

/// One step of a rule: what its constants are folded from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StepContext {
    pub(crate) hyper: HyperParams,
    /// The number of the step, from 1.
    pub(crate) t: u64,
    /// The learning rate.
    pub(crate) lr: f64,
    /// The rule's scalars: after this step, except in [`Formula::scalars`].
    pub(crate) scalars: Scalars,
}

/// What is to be known of a rule outside of the loop over weights.
pub(crate) trait Formula {
    /// PyTorch's names of the moments, in order: as many as [`Kernel::MOMENTS`].
    fn moment_names(&self) -> &'static [&'static str];

    /// The largest magnitude of a scaled gradient that the rule can take in: the square of a larger
    /// one is infinite in f32.
    fn largest_gradient(&self) -> f64 {
        SQUARE_OVERFLOWS
    }

    /// What only this rule requires of the settings.
    fn validate(&self, _: &HyperParams) -> Result<(), Error> {
        Ok(())
    }

    /// Whether the rule carries scalars from step to step.
    fn has_scalars(&self) -> bool {
        false
    }

    /// The scalars after a step, from those before it.
    fn scalars(&self, at: &StepContext) -> Scalars {
        at.scalars
    }

    /// The magnitude up to which a gradient counts as zero.
    fn flush_threshold(&self, hyper: &HyperParams) -> f32 {
        math::flush_threshold_squared(hyper.beta2)
    }

    /// Whether decoupled weight decay acts on the weights in step `t`, next to the update.
    fn decays_weights(&self, _t: u64) -> bool {
        true
    }

    /// Whether the update of a tensor is scaled to the tensor's norm, as LAMB's is.
    fn has_trust_ratio(&self) -> bool {
        false
    }

    /// The longest step `t`, in units of the learning rate, for any gradients; `None` without such
    /// a bound.
    fn longest_step(&self, _: &HyperParams, _t: u64) -> Option<f64> {
        None
    }

    /// Where the weights to evaluate lie, on the line from the weights (0) to the first moment (1);
    /// `None` where the weights themselves are to be evaluated.
    fn evaluated_at(&self, _: &HyperParams) -> Option<f64> {
        None
    }

    /// One element of one step in f64, as the paper writes it: what is subtracted from the weight,
    /// with the new moments left in `moments`.
    fn textbook(&self, at: &StepContext, weight: f64, gradient: f64, moments: &mut [f64; 3])
    -> f64;
}

/// The arithmetic of a rule on one vector of weights, with everything that is constant over a step
/// inside.
///
/// Implementations use only operations that round correctly (add, subtract, multiply, fused
/// multiply-add, divide, square root, comparisons), always in the same order. That is why every
/// instruction set gives the same bits.
pub(crate) trait Kernel: Copy + Send + Sync {
    /// How many moments (buffers of the weights' length) the rule keeps: 1 to 3.
    const MOMENTS: usize;

    /// The new moments, and what is subtracted from the weights.
    fn update<S: Simd>(self, simd: S, at: Inputs<S::f32s>) -> Update<S::f32s>;
}

/// What a [`Kernel`] gets for one vector.
pub(crate) struct Inputs<V> {
    pub(crate) weight: V,
    pub(crate) gradient: V,
    /// The old moments; those beyond [`Kernel::MOMENTS`] are zero.
    pub(crate) moments: [V; 3],
}

/// What a [`Kernel`] returns for one vector.
pub(crate) struct Update<V> {
    /// What is subtracted from the weights; the learning rate is in it.
    pub(crate) step: V,
    /// What the gradient or its mean was divided by.
    pub(crate) denominator: V,
    /// The new moments; those beyond [`Kernel::MOMENTS`] are ignored.
    pub(crate) moments: [V; 3],
}

/// A loop over weights that calls the kernel of a rule for every vector.
pub(crate) trait Job {
    type Output;

    fn run<S: Simd, K: Kernel>(self, simd: S, kernel: K) -> Self::Output;
}

/// The kernel, or one of the kernels, of a rule.
pub(crate) trait RunJob {
    /// Runs the loop, compiled for this kernel and this instruction set.
    fn run_job<J: Job>(self, isa: Isa, job: J) -> J::Output;
}

impl<K: Kernel> RunJob for K {
    #[inline]
    fn run_job<J: Job>(self, isa: Isa, job: J) -> J::Output {
        isa.run(WithKernel { kernel: self, job })
    }
}

struct WithKernel<K, J> {
    kernel: K,
    job: J,
}

impl<K: Kernel, J: Job> WithSimd for WithKernel<K, J> {
    type Output = J::Output;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> J::Output {
        self.job.run(simd, self.kernel)
    }
}

/// `Err` where the cautious mask is on, which `rule` does not have.
pub(crate) fn refuse_cautious(hyper: &HyperParams, rule: &'static str) -> Result<(), Error> {
    if hyper.cautious { Err(Error::Unsupported { field: "cautious", rule }) } else { Ok(()) }
}

/// The value of decoupled decay, 0 for other modes.
pub(crate) fn decoupled_decay(hyper: &HyperParams) -> f64 {
    if let WeightDecay::Decoupled(value) = hyper.decay { value } else { 0.0 }
}

/// The root of the largest f32.
pub(crate) const SQUARE_OVERFLOWS: f64 = 1.844_674_3e19;

/// `Err` unless `eps` is above 0 and `eps_root` is 0: for rules without a root that `eps_root`
/// could be added to.
pub(crate) fn require_eps_alone(hyper: &HyperParams) -> Result<(), Error> {
    let allowed = "above 0 for this rule, which has no root to add eps_root to";
    require("eps", hyper.eps, hyper.eps > 0.0, allowed)?;
    require("eps_root", hyper.eps_root, hyper.eps_root == 0.0, "0 for this rule")
}
