//! [`Step`]: one step with all its constants folded, ready to be applied to tensors.

use crate::audit::Audit;
use crate::blocks::Blocks;
use crate::config::{AdamConfig, Decay};
use crate::math;
use crate::measure::{Ahead, Gradient as Measure, Look, Size};
use crate::pass::{Frame, Pass};
use crate::piece::{Piece, Threads};
use crate::rule::Rule;
use crate::rules::{AnyKernel, At, Kernel};
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
    frame: Frame,
    kernel: AnyKernel,
    need: Need,
    rate: f64,
}

/// What is done beside the step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beside {
    /// How far the running average moves towards the weights.
    pub(crate) towards: f32,
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
        let mut keep = 1.0 - shrink;
        match config.rule {
            Rule::Lamb => {
                let decay = if let Decay::Decoupled(value) = config.decay { value } else { 0.0 };
                (need, keep) = (Need::Trust { decay }, 1.0);
            }
            // Its kernel adds the decay to the direction.
            Rule::ScheduleFree(_) => keep = 1.0,
            Rule::Adopt(_) if t == 1 => keep = 1.0,
            _ => {}
        }
        let sign = if config.maximize { -1.0 } else { 1.0 };
        let squared = !config.cautious && !matches!(config.rule, Rule::Lion | Rule::Adamax);
        let faint = if squared { math::faint_square(config.beta2) } else { math::faint(config) };
        let frame = Frame {
            scale: math::round(sign * scale),
            clip: math::round(clip),
            l2: math::round(l2),
            faint,
            keep: math::round(keep),
            gain: 1.0,
            cautious: config.cautious,
        };
        let kernel = AnyKernel::new(At { config, t, lr, scalars });
        Self { isa, frame, kernel, need, rate: lr }
    }

    /// Steps a whole tensor, with nothing beside it.
    pub(crate) fn tensor(&self, threads: Threads, mut piece: Piece<'_>) {
        let mut step = *self;
        step.look_ahead(threads, piece.reborrow());
        let leaf = |Piece { weights, gradient, moments, .. }: Piece<'_>| {
            let Self { isa, frame, .. } = step;
            let gradient = gradient.values();
            let taking = Taking { isa, frame, weights, gradient, moments };
            step.kernel.visit(taking);
        };
        threads.pieces(piece, &leaf, &|(), ()| ());
    }

    /// Steps a whole tensor, and does what is to be done beside it.
    pub(crate) fn tensor_with(
        &self,
        threads: Threads,
        mut piece: Piece<'_>,
        beside: Beside,
    ) -> Audit {
        let mut step = *self;
        if beside.tensor_norm < f64::INFINITY {
            let size = self.measure(threads, piece.reborrow());
            let norm = libm::sqrt(size.squares) * f64::from(step.frame.scale.abs());
            if norm > beside.tensor_norm {
                let scale = f64::from(step.frame.scale) * (beside.tensor_norm / norm);
                step.frame.scale = math::round(scale);
            }
        }
        step.look_ahead(threads, piece.reborrow());
        let leaf = |piece: Piece<'_>| {
            let Self { isa, frame, rate, .. } = step;
            step.kernel.visit(TakingWith { isa, frame, rate, piece, beside })
        };
        threads.pieces(piece, &leaf, &|a: Audit, b| a.merge(&b))
    }

    /// The gradient's size.
    pub(crate) fn measure(&self, threads: Threads, piece: Piece<'_>) -> Size {
        let leaf = |piece: Piece<'_>| self.isa.run(Measure(piece.gradient.values()));
        threads.pieces(piece, &leaf, &Size::merge)
    }

    /// Finds the gain of the tensor's step, where that depends on all of it.
    fn look_ahead(&mut self, threads: Threads, piece: Piece<'_>) {
        let decay = match self.need {
            Need::Nothing => return,
            Need::Trust { decay } => Some(decay),
            Need::Caution => None,
        };
        let frame = Frame { gain: 1.0, cautious: false, ..self.frame };
        let (isa, kernel, n) = (self.isa, self.kernel, piece.weights.len());
        let leaf = |piece: Piece<'_>| {
            let [a, b, c] = piece.moments;
            let (weights, gradient) = (&*piece.weights, piece.gradient.values());
            kernel.visit(Looking { isa, frame, decay, weights, gradient, moments: [a, b, c] })
        };
        let ahead = threads.pieces(piece, &leaf, &Ahead::merge);
        if self.need == Need::Caution {
            let share = ahead.agreeing as f64 / (n.max(1) as f64);
            self.frame.gain = math::round(1.0 / share.max(1e-3));
            return;
        }
        let (weights, update) = (libm::sqrt(ahead.weights), libm::sqrt(ahead.updates));
        let trust = if weights == 0.0 || update == 0.0 { 1.0 } else { weights / update };
        self.frame.gain = math::round(self.rate * trust);
        self.frame.keep = math::round(1.0 - self.rate * trust * decay.unwrap_or(0.0));
    }
}

/// Something to do with the kernel of any rule.
pub(crate) trait Visit {
    type Output;
    fn visit<K: Kernel>(self, kernel: K) -> Self::Output;
}

struct Looking<'a> {
    isa: Isa,
    frame: Frame,
    decay: Option<f64>,
    weights: &'a [f32],
    gradient: &'a [f32],
    moments: [&'a mut [f32]; 3],
}

impl Visit for Looking<'_> {
    type Output = Ahead;
    fn visit<K: Kernel>(self, kernel: K) -> Ahead {
        let Self { isa, frame, decay, weights, gradient, moments: [a, b, c] } = self;
        isa.run(Look { frame, kernel, decay, weights, gradient, moments: [a, b, c] })
    }
}

struct Taking<'a> {
    isa: Isa,
    frame: Frame,
    weights: &'a mut [f32],
    gradient: &'a [f32],
    moments: [&'a mut [f32]; 3],
}

impl Visit for Taking<'_> {
    type Output = ();
    fn visit<K: Kernel>(self, kernel: K) {
        let Self { isa, frame, weights, gradient, moments } = self;
        isa.run(Pass { frame, kernel, weights, gradient, moments });
    }
}

struct TakingWith<'a> {
    isa: Isa,
    frame: Frame,
    rate: f64,
    piece: Piece<'a>,
    beside: Beside,
}

impl Visit for TakingWith<'_> {
    type Output = Audit;
    fn visit<K: Kernel>(self, kernel: K) -> Audit {
        let Self { isa, frame, rate, piece, beside } = self;
        let Piece { weights, gradient, average, moments } = piece;
        isa.run(Blocks {
            frame,
            kernel,
            weights,
            gradient,
            moments,
            average,
            towards: beside.towards,
            audit: beside.audit.then_some(rate),
        })
    }
}

/// The longest step there can be at step `t`, in units of the rate, for any gradients: see
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
