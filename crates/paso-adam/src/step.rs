//! [`Step`]: one step with all its constants folded, ready to be applied to tensors.

use crate::audit::StepAudit;
use crate::blocks::Blocks;
use crate::chunks::{Chunk, Threads};
use crate::config::{AdamConfig, WeightDecay};
use crate::math;
use crate::measure::{Gradient as Measure, Size, UpdateSummary, UpdateSums};
use crate::pass::{Pass, PassParams};
use crate::rule::Rule;
use crate::rules::{AnyKernel, Kernel, StepContext};
use crate::scalars::Scalars;
use paso_isa::Isa;

/// What the step of a tensor needs to know of the whole tensor first.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Need {
    Nothing,
    /// LAMB: the norms of the weights and of the update, with this decay in it.
    Trust {
        decay: f64,
    },
    /// The share of steps that agree with the gradient.
    Caution,
}

/// One step with all its constants folded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    isa: Isa,
    params: PassParams,
    kernel: AnyKernel,
    need: Need,
    lr: f64,
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

impl Step {
    /// Folds everything that is constant over step `t`. The gradient is multiplied with `scale` and then held within
    /// `clip`. `scalars` are those after the step.
    pub(crate) fn new(
        config: &AdamConfig,
        isa: Isa,
        t: u64,
        lr: f64,
        scalars: Scalars,
        [scale, clip]: [f64; 2],
    ) -> Self {
        let (l2, shrink) = config.decay.at(lr);
        let mut need = if config.cautious { Need::Caution } else { Need::Nothing };
        let mut decay_factor = 1.0 - shrink;
        match config.rule {
            Rule::Lamb => {
                let decay =
                    if let WeightDecay::Decoupled(value) = config.decay { value } else { 0.0 };
                (need, decay_factor) = (Need::Trust { decay }, 1.0);
            }
            // Its kernel adds the decay to the direction.
            Rule::ScheduleFree(_) => decay_factor = 1.0,
            Rule::Adopt(_) if t == 1 => decay_factor = 1.0,
            _ => {}
        }
        let sign = if config.maximize { -1.0 } else { 1.0 };
        let squared = !config.cautious && !matches!(config.rule, Rule::Lion | Rule::Adamax);
        let flush_threshold = if squared {
            math::flush_threshold_squared(config.beta2)
        } else {
            math::flush_threshold(config)
        };
        let params = PassParams {
            scale: math::round(sign * scale),
            clip: math::round(clip),
            l2: math::round(l2),
            flush_threshold,
            decay_factor: math::round(decay_factor),
            gain: 1.0,
            cautious: config.cautious,
        };
        let kernel = AnyKernel::new(StepContext { config, t, lr, scalars });
        Self { isa, params, kernel, need, lr }
    }

    /// Steps a whole tensor, without extras.
    pub(crate) fn tensor(&self, threads: Threads, mut chunk: Chunk<'_>) {
        let mut step = *self;
        step.measure_update(threads, chunk.reborrow());
        let leaf = |Chunk { weights, gradient, moments, .. }: Chunk<'_>| {
            let Self { isa, params, .. } = step;
            let gradient = gradient.values();
            let taking = Taking { isa, params, weights, gradient, moments };
            step.kernel.visit(taking);
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
            let size = self.measure(threads, chunk.reborrow());
            let norm = libm::sqrt(size.squares) * f64::from(step.params.scale.abs());
            if norm > extras.tensor_norm {
                let scale = f64::from(step.params.scale) * (extras.tensor_norm / norm);
                step.params.scale = math::round(scale);
            }
        }
        step.measure_update(threads, chunk.reborrow());
        let leaf = |chunk: Chunk<'_>| {
            let Self { isa, params, lr, .. } = step;
            step.kernel.visit(TakingWith { isa, params, lr, chunk, extras })
        };
        threads.chunks(chunk, &leaf, &|a: StepAudit, b| a.merge(&b))
    }

    /// The gradient's size.
    pub(crate) fn measure(&self, threads: Threads, chunk: Chunk<'_>) -> Size {
        let leaf = |chunk: Chunk<'_>| self.isa.run(Measure(chunk.gradient.values()));
        threads.chunks(chunk, &leaf, &Size::merge)
    }

    /// Finds the gain of the tensor's step, where that depends on all of it.
    fn measure_update(&mut self, threads: Threads, chunk: Chunk<'_>) {
        let decay = match self.need {
            Need::Nothing => return,
            Need::Trust { decay } => Some(decay),
            Need::Caution => None,
        };
        let params = PassParams { gain: 1.0, cautious: false, ..self.params };
        let (isa, kernel, n) = (self.isa, self.kernel, chunk.weights.len());
        let leaf = |chunk: Chunk<'_>| {
            let [a, b, c] = chunk.moments;
            let (weights, gradient) = (&*chunk.weights, chunk.gradient.values());
            kernel.visit(Looking { isa, params, decay, weights, gradient, moments: [a, b, c] })
        };
        let summary = threads.chunks(chunk, &leaf, &UpdateSummary::merge);
        if self.need == Need::Caution {
            let share = summary.agreeing as f64 / (n.max(1) as f64);
            self.params.gain = math::round(1.0 / share.max(1e-3));
            return;
        }
        let (weights, update) = (libm::sqrt(summary.weights), libm::sqrt(summary.updates));
        let trust = if weights == 0.0 || update == 0.0 { 1.0 } else { weights / update };
        self.params.gain = math::round(self.lr * trust);
        self.params.decay_factor = math::round(1.0 - self.lr * trust * decay.unwrap_or(0.0));
    }
}

/// Something to do with the kernel of any rule.
pub(crate) trait Visit {
    type Output;
    fn visit<K: Kernel>(self, kernel: K) -> Self::Output;
}

struct Looking<'a> {
    isa: Isa,
    params: PassParams,
    decay: Option<f64>,
    weights: &'a [f32],
    gradient: &'a [f32],
    moments: [&'a mut [f32]; 3],
}

impl Visit for Looking<'_> {
    type Output = UpdateSummary;
    fn visit<K: Kernel>(self, kernel: K) -> UpdateSummary {
        let Self { isa, params, decay, weights, gradient, moments: [a, b, c] } = self;
        isa.run(UpdateSums { params, kernel, decay, weights, gradient, moments: [a, b, c] })
    }
}

struct Taking<'a> {
    isa: Isa,
    params: PassParams,
    weights: &'a mut [f32],
    gradient: &'a [f32],
    moments: [&'a mut [f32]; 3],
}

impl Visit for Taking<'_> {
    type Output = ();
    fn visit<K: Kernel>(self, kernel: K) {
        let Self { isa, params, weights, gradient, moments } = self;
        isa.run(Pass { params, kernel, weights, gradient, moments });
    }
}

struct TakingWith<'a> {
    isa: Isa,
    params: PassParams,
    lr: f64,
    chunk: Chunk<'a>,
    extras: StepExtras,
}

impl Visit for TakingWith<'_> {
    type Output = StepAudit;
    fn visit<K: Kernel>(self, kernel: K) -> StepAudit {
        let Self { isa, params, lr, chunk, extras } = self;
        let Chunk { weights, gradient, average, moments } = chunk;
        isa.run(Blocks {
            params,
            kernel,
            weights,
            gradient,
            moments,
            average,
            ema_weight: extras.ema_weight,
            audit: extras.audit.then_some(lr),
        })
    }
}

/// The longest step there can be at step `t`, in units of the learning rate, for any gradients: see
/// [`Adam::longest_step`](crate::Adam::longest_step).
pub(crate) fn longest(config: &AdamConfig, t: u64) -> Option<f64> {
    if config.cautious {
        return None;
    }
    let (b1, b2) = (config.beta1, config.beta2);
    let adam = || {
        let q = b1 * b1 / b2;
        let left = (1.0 - math::power(b2, t)) / (1.0 - b2);
        let middle = (1.0 - b1) / (1.0 - math::power(b1, t));
        let sum = (1.0 - math::power(q, t)) / (1.0 - q);
        (q < 1.0).then(|| libm::sqrt(left * sum) * middle)
    };
    match config.rule {
        Rule::Adam | Rule::AmsGrad(_) => adam(),
        Rule::RAdam => crate::rules::rectification(b2, t).and_then(|r| adam().map(|x| r * x)),
        Rule::Lion => Some(1.0),
        _ => None,
    }
}
