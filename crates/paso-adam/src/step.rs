//! [`Step`]: one step with all its constants folded, ready to be applied to tensors.

use crate::audit::StepAudit;
use crate::blocks::Blocks;
use crate::chunks::{Chunk, Threads};
use crate::clip_norm::{GradSize, Measure};
use crate::config::AdamConfig;
use crate::hyper_params::HyperParams;
use crate::math;
use crate::measure::{UpdateSummary, UpdateSums};
use crate::pass::{Pass, PassParams};
use crate::rules::{self, RuleKernel, StepContext};
use crate::scalars::Scalars;
use crate::weight_decay::DecayStep;
use paso_isa::Isa;

/// What the step of a tensor needs to know of the whole tensor first.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Need {
    Nothing,
    /// LAMB: the norms of the weights and of the update, with this decay in it.
    TrustRatio {
        decay: f64,
    },
    /// The share of steps that agree with the gradient.
    Caution,
}

/// Settings that tensors share, with what of them no step changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Setting {
    pub(crate) config: AdamConfig,
    pub(crate) lr_scale: f64,
    hyper: HyperParams,
    flush_threshold: f32,
    need: Need,
}

impl Setting {
    pub(crate) fn new(config: AdamConfig, lr_scale: f64) -> Self {
        let hyper = config.hyper_params();
        let formula = config.rule.formula();
        let need = if formula.has_trust_ratio() {
            Need::TrustRatio { decay: rules::decoupled_decay(&hyper) }
        } else if config.cautious {
            Need::Caution
        } else {
            Need::Nothing
        };
        // The cautious mask looks at the sign of a gradient of any size.
        let flush_threshold = if config.cautious {
            math::flush_threshold(&hyper)
        } else {
            formula.flush_threshold(&hyper)
        };
        Self { config, lr_scale, hyper, flush_threshold, need }
    }
}

/// One step with all its constants folded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    isa: Isa,
    params: PassParams,
    kernel: RuleKernel,
    need: Need,
    lr: f64,
    /// What the denominator divides: for audits.
    gain: f32,
    /// What the weights are multiplied with before the step.
    keep_before: f32,
}

/// What is done alongside the step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StepExtras {
    /// How far the running average moves towards the weights.
    pub(crate) ema_weight: f32,
    /// The largest norm of a tensor's scaled gradient; infinite for any.
    pub(crate) tensor_norm: f64,
    /// Whether the step is audited.
    pub(crate) audit: bool,
}

/// What multiplies the gradient, and the magnitude that it is held within afterwards.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GradScale {
    pub(crate) scale: f64,
    pub(crate) clip: f64,
}

impl GradScale {
    /// Leaves the gradient as it is.
    pub(crate) const NONE: Self = Self { scale: 1.0, clip: f64::INFINITY };
}

impl Step {
    /// Folds everything that is constant over step `t`, for the group's learning rate. `scalars` are
    /// those after the step.
    #[inline]
    pub(crate) fn new(
        setting: &Setting,
        isa: Isa,
        t: u64,
        lr: f64,
        scalars: Scalars,
        GradScale { scale, clip }: GradScale,
    ) -> Self {
        let Setting { config, lr_scale, hyper, flush_threshold, need } = *setting;
        let lr = lr * lr_scale;
        let at = StepContext { hyper, t, lr, scalars };
        let (kernel, gain) = RuleKernel::new(&config.rule, &at);
        let mut decay = config.decay.at(lr);
        if decay != DecayStep::NONE && !config.rule.formula().decays_weights(t) {
            (decay.shrink, decay.shrink_before) = (0.0, 0.0);
        }
        let sign = if config.maximize { -1.0 } else { 1.0 };
        let params = PassParams {
            scale: math::round(sign * scale),
            clip: math::round(clip),
            l2: math::round(decay.l2),
            flush_threshold,
            decay_factor: math::round(1.0 - decay.shrink),
            gain: 1.0,
            cautious: config.cautious,
        };
        let keep_before = math::round(1.0 - decay.shrink_before);
        Self { isa, params, kernel, need, lr, gain: math::round(gain), keep_before }
    }

    /// Steps a whole tensor, without extras.
    pub(crate) fn tensor(&self, threads: Threads, mut chunk: Chunk<'_>) {
        let prepared;
        let mut step = self;
        // A copy costs a small tensor more than its step.
        if self.need != Need::Nothing || self.keep_before != 1.0 {
            let mut own = *self;
            own.prepare(threads, chunk.reborrow());
            prepared = own;
            step = &prepared;
        }
        let leaf = |Chunk { weights, gradient, moments, .. }: Chunk<'_>| {
            let &Self { isa, params, kernel, .. } = step;
            let gradient = gradient.values();
            rules::run(isa, kernel, Pass { params, weights, gradient, moments });
        };
        threads.chunks(chunk, &leaf, &|(), ()| ());
    }

    /// Steps a whole tensor, with extras.
    pub(crate) fn tensor_with(
        &self,
        threads: Threads,
        mut chunk: Chunk<'_>,
        extras: StepExtras,
    ) -> StepAudit {
        let mut step = *self;
        if extras.tensor_norm < f64::INFINITY {
            let norm = measure(self.isa, threads, chunk.reborrow(), 2.0).norm(2.0);
            let norm = norm * f64::from(step.params.scale.abs());
            if norm > extras.tensor_norm {
                let scale = f64::from(step.params.scale) * (extras.tensor_norm / norm);
                step.params.scale = math::round(scale);
            }
        }
        step.prepare(threads, chunk.reborrow());
        let leaf = |Chunk { weights, gradient, average, moments }: Chunk<'_>| {
            let Self { isa, params, kernel, lr, gain, .. } = step;
            let StepExtras { ema_weight, audit, .. } = extras;
            let audit = audit.then_some(lr);
            let blocks =
                Blocks { params, gain, weights, gradient, moments, average, ema_weight, audit };
            rules::run(isa, kernel, blocks)
        };
        threads.chunks(chunk, &leaf, &|a: StepAudit, b| a.merge(&b))
    }

    /// What comes before the pass over a tensor: decay that no schedule scales, and the gain of the
    /// tensor's step, where that depends on all of it.
    fn prepare(&mut self, threads: Threads, mut chunk: Chunk<'_>) {
        if self.keep_before != 1.0 {
            let keep = self.keep_before;
            let leaf = |chunk: Chunk<'_>| chunk.weights.iter_mut().for_each(|w| *w *= keep);
            threads.chunks(chunk.reborrow(), &leaf, &|(), ()| ());
        }
        let decay = match self.need {
            Need::Nothing => return,
            Need::TrustRatio { decay } => Some(decay),
            Need::Caution => None,
        };
        let params = PassParams { gain: 1.0, cautious: false, ..self.params };
        let (isa, kernel, n) = (self.isa, self.kernel, chunk.weights.len());
        let leaf = |chunk: Chunk<'_>| {
            let [a, b, c] = chunk.moments;
            let (weights, gradient) = (&*chunk.weights, chunk.gradient.values());
            let sums = UpdateSums { params, decay, weights, gradient, moments: [a, b, c] };
            rules::run(isa, kernel, sums)
        };
        let summary = threads.chunks(chunk, &leaf, &UpdateSummary::merge);
        let Some(decay) = decay else {
            let share = summary.agreeing as f64 / (n.max(1) as f64);
            self.params.gain = math::round(1.0 / share.max(1e-3));
            return;
        };
        let (weights, update) = (libm::sqrt(summary.weights), libm::sqrt(summary.updates));
        let trust = if weights == 0.0 || update == 0.0 { 1.0 } else { weights / update };
        self.params.gain = math::round(self.lr * trust);
        self.params.decay_factor = math::round(1.0 - self.lr * trust * decay);
    }
}

/// The size of a tensor's gradient, for this norm.
pub(crate) fn measure(isa: Isa, threads: Threads, chunk: Chunk<'_>, norm_type: f64) -> GradSize {
    let leaf = |chunk: Chunk<'_>| isa.run(Measure { values: chunk.gradient.values(), norm_type });
    threads.chunks(chunk, &leaf, &GradSize::merge)
}
