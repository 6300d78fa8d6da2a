//! [`Param`]: a tensor of a group, and how its settings differ from the group's.

use alloc::string::String;

use crate::checks::{non_negative, require};
use crate::config::AdamConfig;
use crate::error::Error;

/// A tensor of a group: its name, its length, and how its settings differ from the group's.
///
/// ```
/// use paso_adam::{Adam, AdamConfig, AdamGroup, Param};
///
/// let adam = Adam::new(AdamConfig::torch_adamw())?;
/// let group = AdamGroup::with_params(adam, [
///     Param::shaped("conv1.weight", &[16, 3, 3, 3]),
///     Param::shaped("conv1.bias", &[16]), // no decay
///     Param { lr_scale: 0.1, ..Param::shaped("head.weight", &[4, 16]) },
/// ])?;
/// # Ok::<(), paso_adam::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// The name, which saved states and errors go by; unique in its group.
    pub name: String,
    /// The number of weights.
    pub len: usize,
    /// Multiplies the learning rate, finite and at least 0. Default 1.
    pub lr_scale: f64,
    /// Multiplies the decay, finite and at least 0. Default 1; 0 to exclude the tensor from decay.
    pub decay_scale: f64,
    /// Another `beta1` than the group's, in `[0, 1)`; not for rules that carry scalars from step to
    /// step (the warming [`Rule::NAdam`](crate::Rule::NAdam),
    /// [`Rule::ScheduleFree`](crate::Rule::ScheduleFree)). Default `None`.
    pub beta1: Option<f64>,
    /// Another `beta2` than the group's, in `[0, 1)`. Default `None`.
    pub beta2: Option<f64>,
    /// Another `eps` than the group's. Default `None`.
    pub eps: Option<f64>,
}

impl Param {
    /// A tensor with the group's own settings.
    #[must_use]
    pub fn new(name: impl Into<String>, len: usize) -> Self {
        Self {
            name: name.into(),
            len,
            lr_scale: 1.0,
            decay_scale: 1.0,
            beta1: None,
            beta2: None,
            eps: None,
        }
    }

    /// A tensor of this shape, without decay where it is a scalar or a vector: biases, and the
    /// scales and shifts of normalization layers. That is the custom of timm
    /// (`param_groups_weight_decay`) and of GPT-style training.
    #[must_use]
    pub fn shaped(name: impl Into<String>, shape: &[usize]) -> Self {
        let decay_scale = if shape.len() > 1 { 1.0 } else { 0.0 };
        Self { decay_scale, ..Self::new(name, shape.iter().product()) }
    }

    /// The settings of the tensor, in a group with these settings.
    pub(crate) fn config(&self, group: &AdamConfig) -> Result<AdamConfig, Error> {
        non_negative("lr_scale", self.lr_scale)?;
        non_negative("decay_scale", self.decay_scale)?;
        let beta1 = self.beta1.unwrap_or(group.beta1);
        let shared = beta1 == group.beta1 || !group.rule.formula().has_scalars();
        require("beta1", beta1, shared, "the group's, for a rule that carries scalars")?;
        let config = AdamConfig {
            beta1,
            beta2: self.beta2.unwrap_or(group.beta2),
            eps: self.eps.unwrap_or(group.eps),
            decay: group.decay.scaled(self.decay_scale),
            ..*group
        };
        config.validate()?;
        Ok(config)
    }
}
