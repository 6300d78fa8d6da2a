//! The settings of the optimizer: plain data, checked once by [`Adam::new`](crate::Adam::new).

use crate::error::Error;

/// The settings of one optimizer. Plain data; [`Adam::new`](crate::Adam::new) checks it.
///
/// The defaults are those of the paper (Kingma & Ba, *Adam: A Method for Stochastic Optimization*,
/// arXiv 1412.6980v9, algorithm 1) and of PyTorch's `Adam`. The learning rate is not in here: it is given with
/// every step, so that a schedule needs nothing from the optimizer.
///
/// ```
/// use paso_adam::{Adam, AdamConfig, Decay};
///
/// let adamw = Adam::new(AdamConfig { decay: Decay::Decoupled(0.01), ..AdamConfig::default() })?;
/// # Ok::<(), paso_adam::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamConfig {
    /// Which member of the family. Default [`Rule::Adam`].
    pub rule: Rule,
    /// Decay rate of the first moment (the mean of gradients), in `[0, 1)`. Default 0.9.
    pub beta1: f64,
    /// Decay rate of the second moment (the mean of squared gradients), in `[0, 1)`. Default 0.999.
    pub beta2: f64,
    /// Added to the denominator, at least 0; at least one of `eps` and `eps_root` is above 0. Default 1e-8
    /// (paper, PyTorch, Optax); Keras has 1e-7.
    pub eps: f64,
    /// Where `eps` is added. Default [`Epsilon::Corrected`].
    pub epsilon: Epsilon,
    /// Added under the square root, at least 0. Default 0. It is Optax's `eps_root`.
    pub eps_root: f64,
    /// Weight decay. Default [`Decay::None`].
    pub decay: Decay,
    /// Walk up the gradient instead of down. Default `false`.
    pub maximize: bool,
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
            decay: Decay::None,
            maximize: false,
        }
    }
}

/// The members of the family: how a gradient and its moments become a step. All take `beta1`, `beta2` and the decay;
/// where another field means something else, it says so.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// Adam (Kingma & Ba, arXiv 1412.6980v9, algorithm 1); with [`Decay::Decoupled`] it is `AdamW`.
    Adam,
    /// Adam whose second moment never falls (Reddi, Kale & Kumar, arXiv 1904.09237, algorithm 2).
    AmsGrad(Largest),
    /// Adam with Nesterov's momentum (Dozat, 2016). Three optimizers share the name: see [`Nesterov`].
    NAdam(Nesterov),
    /// Adam that waits until its second moment is known well enough (Liu et al., arXiv 1908.03265, algorithm 2). Until
    /// then, about six steps at the default `beta2`, the step is `rate * m`, without a denominator.
    RAdam,
    /// Adam by the largest gradient instead of the mean square (Kingma & Ba, algorithm 2). `eps` is added to each
    /// gradient's magnitude (PyTorch, Optax), or with [`Epsilon::Hat`] to the denominator (Keras). `eps_root` is unused.
    Adamax,
    /// Adam by how far a gradient is from its expectation (Zhuang et al., arXiv 2010.07468, algorithm 1). Here
    /// `eps_root` is added to the second moment itself, at each step, and stays in it; the paper has 1e-16.
    AdaBelief(Expected),
    /// The sign of a mean (Chen et al., arXiv 2302.06675, algorithm 2). One moment, no square root, no division; the
    /// rate wants to be 3 to 10 times smaller than Adam's, the decay as much larger. `eps` and `eps_root` are unused.
    Lion,
    /// Adam that divides by the second moment of *earlier* gradients, so that it converges for any `beta2` (Taniguchi
    /// et al., arXiv 2411.02853, algorithm 2). Its first step only fills the second moment. The denominator is
    /// `max(sqrt(v), eps)`; the paper has `beta2` 0.9999 and `eps` 1e-6. `eps_root` is unused.
    Adopt {
        /// Gradients over the denominator are cut to `±(t - 1)^clip` at step `t`. The paper has 0.25; none cuts nothing.
        clip: Option<f64>,
    },
}

/// Of which second moment [`Rule::AmsGrad`] keeps the largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Largest {
    /// The raw one, which is then bias-corrected: PyTorch, Keras.
    Raw,
    /// The bias-corrected one: Optax. The very first gradients then count for ever.
    Corrected,
}

/// The momentum of [`Rule::NAdam`] at step `t`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Nesterov {
    /// `beta1 * (1 - 0.96^(t * decay) / 2)`: a warm-up of the momentum. `decay` is 0.004 in PyTorch and timm (their
    /// `momentum_decay`), and 1 in Keras, where the warm-up is over 250 times as soon.
    WarmedUp {
        /// At least 0.
        decay: f64,
    },
    /// `beta1` at each step: Optax.
    Constant,
}

/// What [`Rule::AdaBelief`] takes for the expectation of a gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The first moment before this gradient: Optax.
    Before,
    /// The first moment with this gradient in it: the paper, timm.
    After,
}

/// Where `eps` is added: libraries differ silently here, by a factor of 32 at the first step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Epsilon {
    /// To the root of the bias-corrected moment, `sqrt(v / (1 - beta2^t)) + eps`: algorithm 1 of the paper,
    /// PyTorch, Optax.
    Corrected,
    /// To the root of the raw moment, `sqrt(v) + eps`, with the correction moved into the rate: the paper's
    /// "epsilon hat" (end of section 2), Keras, TensorFlow. It acts as `eps / sqrt(1 - beta2^t)` would:
    /// 31.6 times as large at the first step, at the default `beta2`.
    Hat,
}

/// Weight decay, and what it is multiplied with.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Decay {
    /// None.
    None,
    /// L2 regularization: `gradient += value * weight`, before the moments. PyTorch's `Adam(weight_decay=…)`.
    L2(f64),
    /// `weight *= 1 - rate * value`, apart from the gradient: AdamW (Loshchilov & Hutter, arXiv 1711.05101,
    /// algorithm 2) as every library ships it, so that a schedule of the rate also schedules the decay.
    Decoupled(f64),
}

impl AdamConfig {
    /// Names the first field that is out of range.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let in_range = |field, value: f64, ok: bool, range| {
            if ok { Ok(()) } else { Err(Error::Config { field, value, range }) }
        };
        let unit = "at least 0 and below 1";
        in_range("beta1", self.beta1, (0.0..1.0).contains(&self.beta1), unit)?;
        in_range("beta2", self.beta2, (0.0..1.0).contains(&self.beta2), unit)?;
        let not_negative = |x: f64| x >= 0.0 && x.is_finite();
        in_range("eps", self.eps, not_negative(self.eps), "finite and at least 0")?;
        in_range("eps_root", self.eps_root, not_negative(self.eps_root), "finite and at least 0")?;
        let divides = !matches!(self.rule, Rule::Lion);
        let guarded = self.eps + self.eps_root > 0.0;
        in_range("eps", self.eps, guarded || !divides, "above 0 where eps_root is 0")?;
        let decay = match self.decay {
            Decay::None => 0.0,
            Decay::L2(value) | Decay::Decoupled(value) => value,
        };
        in_range("decay", decay, not_negative(decay), "finite and at least 0")?;
        let (field, value) = match self.rule {
            Rule::NAdam(Nesterov::WarmedUp { decay }) => ("rule.NAdam.decay", decay),
            Rule::Adopt { clip: Some(clip) } => ("rule.Adopt.clip", clip),
            _ => return Ok(()),
        };
        in_range(field, value, not_negative(value), "finite and at least 0")
    }
}
