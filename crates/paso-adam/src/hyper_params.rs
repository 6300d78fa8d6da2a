//! [`HyperParams`]: the settings that every update rule shares.

use crate::weight_decay::WeightDecay;

/// Where `eps` is added: libraries differ silently here, by a factor of 32 at the first step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Epsilon {
    /// To the root of the bias-corrected moment, `sqrt(v / (1 - beta2^t)) + eps`: algorithm 1 of
    /// the paper, PyTorch, Optax. [`Rule::Adamax`](crate::Rule::Adamax): to the gradient's
    /// magnitude, inside the maximum (PyTorch, Optax).
    Corrected,
    /// To the root of the raw moment, `sqrt(v) + eps`, with the correction moved into the learning
    /// rate: the paper's "epsilon hat" (end of section 2), Keras, TensorFlow, and PyTorch's
    /// `RAdam`. It acts as `eps / sqrt(1 - beta2^t)` would: 31.6 times as large at the first step,
    /// at the default `beta2`. [`Rule::Adamax`](crate::Rule::Adamax): outside of the maximum
    /// (Keras).
    Hat,
}

/// What of [`AdamConfig`](crate::AdamConfig) the formula of a rule depends on. It is a type of its
/// own so that rules do not depend on the configuration, which contains a rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct HyperParams {
    pub(crate) beta1: f64,
    pub(crate) beta2: f64,
    pub(crate) eps: f64,
    pub(crate) epsilon: Epsilon,
    pub(crate) eps_root: f64,
    pub(crate) decay: WeightDecay,
    pub(crate) cautious: bool,
}
