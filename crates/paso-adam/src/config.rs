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
        in_range("eps", self.eps, self.eps + self.eps_root > 0.0, "above 0 where eps_root is 0")?;
        let decay = match self.decay {
            Decay::None => 0.0,
            Decay::L2(value) | Decay::Decoupled(value) => value,
        };
        in_range("decay", decay, not_negative(decay), "finite and at least 0")
    }
}
