//! The settings of the optimizer: plain data, checked once by [`Adam::new`](crate::Adam::new).

use crate::checks::{decay_rate, non_negative, require};
use crate::error::Error;
use crate::hyper_params::{Epsilon, HyperParams};
use crate::rules::Rule;
use crate::weight_decay::WeightDecay;

/// The settings of one optimizer. Plain data; [`Adam::new`](crate::Adam::new) checks it.
///
/// The defaults are those of the paper (Kingma & Ba, *Adam: A Method for Stochastic Optimization*,
/// arXiv 1412.6980v9, algorithm 1) and of PyTorch's `Adam`. The learning rate is not in here: it is
/// given with every step, so that a schedule needs nothing from the optimizer.
/// [`AdamConfig::torch`], [`AdamConfig::keras`] and [`AdamConfig::optax`] start from the defaults
/// of those libraries.
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
    /// Decay factor of the second moment (the mean of squared gradients), in `[0, 1)`. Default
    /// 0.999.
    pub beta2: f64,
    /// Added to the denominator, at least 0; at least one of `eps` and `eps_root` is
    /// at least `f32::MIN_POSITIVE`.
    /// Default 1e-8 (paper, PyTorch, Optax); Keras has 1e-7. [`Rule::Lion`] has no denominator and
    /// ignores it.
    pub eps: f64,
    /// Where `eps` is added. Default [`Epsilon::Corrected`].
    pub epsilon: Epsilon,
    /// Added under the square root, at least 0. Default 0. It is Optax's `eps_root`.
    /// [`Rule::AdaBelief`] adds it to the second moment itself, every step.
    pub eps_root: f64,
    /// Weight decay. Default [`WeightDecay::None`].
    pub decay: WeightDecay,
    /// Step up the gradient instead of down. Default `false`.
    pub maximize: bool,
    /// Take only those parts of a step that agree in sign with the gradient, and lengthen them by
    /// as much as was left out: Liang et al., *Cautious Optimizers*, arXiv 2411.16085, algorithm 1,
    /// with timm's least share of 1e-3. Needs a second pass over memory. Default `false`.
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

impl AdamConfig {
    /// What the rule's formula depends on.
    pub(crate) fn hyper_params(&self) -> HyperParams {
        let &Self { beta1, beta2, eps, epsilon, eps_root, decay, cautious, .. } = self;
        HyperParams { beta1, beta2, eps, epsilon, eps_root, decay, cautious }
    }

    /// The bound of [`Adam::longest_step`](crate::Adam::longest_step).
    pub(crate) fn longest_step(&self, t: u64) -> Option<f64> {
        if self.cautious {
            return None;
        }
        self.rule.formula().longest_step(&self.hyper_params(), t)
    }

    /// Names the first field that is out of range.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] with the field, its value and what is allowed;
    /// [`Error::Unsupported`] for a switch that the rule does not have.
    pub fn validate(&self) -> Result<(), Error> {
        decay_rate("beta1", self.beta1)?;
        decay_rate("beta2", self.beta2)?;
        non_negative("eps", self.eps)?;
        non_negative("eps_root", self.eps_root)?;
        if self.rule != Rule::Lion {
            // Steps are f32 and take what is smaller for 0: then 0 / 0 would be NaN.
            let allowed = "at least 1.2e-38, the smallest that f32 has, where eps_root is 0";
            let smallest = f64::from(f32::MIN_POSITIVE);
            require("eps", self.eps, self.eps.max(self.eps_root) >= smallest, allowed)?;
        }
        self.decay.validate()?;
        self.rule.formula().validate(&self.hyper_params())
    }
}
