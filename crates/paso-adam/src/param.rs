//! [`Param`]: a tensor of a group, and how its settings differ from the group's.

use alloc::string::String;

use crate::config::{require, size};
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
    /// Another `eps` than the group's. Default `None`.
    pub eps: Option<f64>,
}

impl Param {
    /// A tensor with the group's own settings.
    #[must_use]
    pub fn new(name: impl Into<String>, len: usize) -> Self {
        Self { name: name.into(), len, lr_scale: 1.0, decay_scale: 1.0, eps: None }
    }

    /// A tensor of this shape, without decay where it is a scalar or a vector: biases, and the scales and shifts of
    /// normalization layers. That is the custom of timm (`param_groups_weight_decay`) and of GPT-style training.
    #[must_use]
    pub fn shaped(name: impl Into<String>, shape: &[usize]) -> Self {
        let decay_scale = if shape.len() > 1 { 1.0 } else { 0.0 };
        Self { decay_scale, ..Self::new(name, shape.iter().product()) }
    }

    /// Names the first field that is out of range.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        let range = "finite and at least 0";
        require("lr_scale", self.lr_scale, size(self.lr_scale), range)?;
        require("decay_scale", self.decay_scale, size(self.decay_scale), range)
    }
}
