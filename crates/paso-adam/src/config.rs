//! The settings of the optimizer: plain data, checked once by [`Adam::new`](crate::Adam::new).

use crate::error::Error;
use crate::rule::Rule;

/// The settings of one optimizer. Plain data; [`Adam::new`](crate::Adam::new) checks it.
///
/// The defaults are those of the paper (Kingma & Ba, *Adam: A Method for Stochastic Optimization*,
/// arXiv 1412.6980v9, algorithm 1) and of PyTorch's `Adam`. The learning rate is not in here: it is given with
/// every step, so that a schedule needs nothing from the optimizer. [`AdamConfig::torch`], [`AdamConfig::keras`] and
/// [`AdamConfig::optax`] start from the defaults of those libraries.
///
/// ```
/// use paso_adam::{Adam, AdamConfig, WeightDecay};
///
/// let adamw = Adam::new(AdamConfig { decay: WeightDecay::Decoupled(0.01), ..AdamConfig::default() })?;
/// # Ok::<(), paso_adam::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamConfig {
    /// The formula of the update. Default [`Rule::Adam`].
    pub rule: Rule,
    /// Decay factor of the first moment (the mean of gradients), in `[0, 1)`. Default 0.9.
    pub beta1: f64,
    /// Decay factor of the second moment (the mean of squared gradients), in `[0, 1)`. Default 0.999.
    pub beta2: f64,
    /// Added to the denominator, at least 0; at least one of `eps` and `eps_root` is above 0. Default 1e-8
    /// (paper, PyTorch, Optax); Keras has 1e-7. [`Rule::Lion`] has no denominator and ignores it.
    pub eps: f64,
    /// Where `eps` is added. Default [`Epsilon::Corrected`].
    pub epsilon: Epsilon,
    /// Added under the square root, at least 0. Default 0. It is Optax's `eps_root`. [`Rule::AdaBelief`] adds it to
    /// the second moment itself, every step.
    pub eps_root: f64,
    /// Weight decay. Default [`WeightDecay::None`].
    pub decay: WeightDecay,
    /// Walk up the gradient instead of down. Default `false`.
    pub maximize: bool,
    /// Take only those parts of a step that agree in sign with the gradient, and lengthen them by as much as was left
    /// out: Liang et al., *Cautious Optimizers*, arXiv 2411.16085, algorithm 1, with timm's least share of 1e-3.
    /// Needs a second pass over memory. Default `false`.
    pub cautious: bool,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self {
            rule: Rule::Adam,
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
            epsilon: Epsilon::Corrected,
            eps_root: 0.0,
            decay: WeightDecay::None,
            maximize: false,
            cautious: false,
        }
    }
}

/// Where `eps` is added: libraries differ silently here, by a factor of 32 at the first step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Epsilon {
    /// To the root of the bias-corrected moment, `sqrt(v / (1 - beta2^t)) + eps`: algorithm 1 of the paper,
    /// PyTorch, Optax. [`Rule::Adamax`]: to the gradient's magnitude, inside the maximum (PyTorch, Optax).
    Corrected,
    /// To the root of the raw moment, `sqrt(v) + eps`, with the correction moved into the learning rate: the paper's
    /// "epsilon hat" (end of section 2), Keras, TensorFlow, and PyTorch's `RAdam`. It acts as
    /// `eps / sqrt(1 - beta2^t)` would: 31.6 times as large at the first step, at the default `beta2`.
    /// [`Rule::Adamax`]: outside of the maximum (Keras).
    Hat,
}

/// Weight decay, and what it is multiplied with.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum WeightDecay {
    /// None.
    None,
    /// L2 regularization: `gradient += value * weight`, before the moments. PyTorch's `Adam(weight_decay=…)`.
    L2(f64),
    /// `weight *= 1 - rate * value`, apart from the gradient: AdamW (Loshchilov & Hutter, arXiv 1711.05101,
    /// algorithm 2) as every library ships it, so that a schedule of the learning rate also schedules the decay.
    /// [`Rule::Lamb`]: `value * weight` is added to the update before its norm is taken.
    Decoupled(f64),
    /// `weight *= 1 - (rate / peak) * value`: the paper's own form, where the schedule `rate / peak` scales the decay
    /// and the size of the learning rate does not.
    ScheduleOnly {
        /// The decay at the peak of the schedule, at least 0.
        value: f64,
        /// The highest rate of the schedule, above 0.
        peak: f64,
    },
    /// `weight *= 1 - (rate^2 / peak) * value`: Defazio, arXiv 2506.02285; timm's `corrected_weight_decay`.
    /// It keeps the norm of normalized layers in balance while the learning rate decays.
    Corrected {
        /// The decay, at least 0.
        value: f64,
        /// The highest rate of the schedule, above 0.
        peak: f64,
    },
}

impl WeightDecay {
    /// What is added to the gradient for each unit of weight, and what a weight shrinks by, at the learning rate `lr`.
    pub(crate) fn at(self, lr: f64) -> (f64, f64) {
        match self {
            Self::None => (0.0, 0.0),
            Self::L2(value) => (value, 0.0),
            Self::Decoupled(value) => (0.0, lr * value),
            Self::ScheduleOnly { value, peak } => (0.0, lr / peak * value),
            Self::Corrected { value, peak } => (0.0, lr * lr / peak * value),
        }
    }

    /// The same mode with `scale` times the decay.
    pub(crate) fn scaled(self, scale: f64) -> Self {
        match self {
            Self::None => Self::None,
            Self::L2(value) => Self::L2(value * scale),
            Self::Decoupled(value) => Self::Decoupled(value * scale),
            Self::ScheduleOnly { value, peak } => Self::ScheduleOnly { value: value * scale, peak },
            Self::Corrected { value, peak } => Self::Corrected { value: value * scale, peak },
        }
    }
}

/// One rule for every range: `Err` with the field, its value and the range in words.
pub(crate) fn require(
    field: &'static str,
    value: f64,
    ok: bool,
    range: &'static str,
) -> Result<(), Error> {
    if ok { Ok(()) } else { Err(Error::InvalidValue { field, value, allowed: range }) }
}

/// Finite and not negative.
pub(crate) fn size(x: f64) -> bool {
    x >= 0.0 && x.is_finite()
}

impl AdamConfig {
    /// Names the first field that is out of range.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        let unit = "at least 0 and below 1";
        require("beta1", self.beta1, (0.0..1.0).contains(&self.beta1), unit)?;
        require("beta2", self.beta2, (0.0..1.0).contains(&self.beta2), unit)?;
        let not_negative = "finite and at least 0";
        require("eps", self.eps, size(self.eps), not_negative)?;
        require("eps_root", self.eps_root, size(self.eps_root), not_negative)?;
        if self.rule != Rule::Lion {
            let range = "above 0 where eps_root is 0";
            require("eps", self.eps, self.eps + self.eps_root > 0.0, range)?;
        }
        let (decay, peak) = match self.decay {
            WeightDecay::None => (0.0, 1.0),
            WeightDecay::L2(value) | WeightDecay::Decoupled(value) => (value, 1.0),
            WeightDecay::ScheduleOnly { value, peak } | WeightDecay::Corrected { value, peak } => {
                (value, peak)
            }
        };
        require("decay", decay, size(decay), not_negative)?;
        require("decay.peak", peak, size(peak) && peak > 0.0, "finite and above 0")?;
        self.rule.validate(self)
    }
}
