//! Starting points that reproduce a library's optimizer of the same name.

use crate::config::AdamConfig;
use crate::hyper_params::Epsilon;
use crate::rules::{Adopt, AdoptClip, Nesterov, Rule};
use crate::weight_decay::WeightDecay;

/// Each of these has the library's defaults and the library's place for `eps`; the
/// [chapter on other libraries](crate#adam-in-other-libraries) has the rest.
impl AdamConfig {
    /// `torch.optim.Adam` (2.15): as the paper. `weight_decay` of `Adam` is [`WeightDecay::L2`], of
    /// `AdamW` [`WeightDecay::Decoupled`], 0.01 by default.
    #[must_use]
    pub fn torch() -> Self {
        Self::default()
    }

    /// `torch.optim.AdamW` (2.15), with its default decay of 0.01.
    #[must_use]
    pub fn torch_adamw() -> Self {
        Self { decay: WeightDecay::Decoupled(0.01), ..Self::torch() }
    }

    /// `torch.optim.NAdam` (2.15).
    #[must_use]
    pub fn torch_nadam() -> Self {
        Self { rule: Rule::NAdam(Nesterov::Warming { decay: 0.004 }), ..Self::torch() }
    }

    /// `torch.optim.RAdam` (2.15): `eps` is added to the raw moment.
    #[must_use]
    pub fn torch_radam() -> Self {
        Self { rule: Rule::RAdam, epsilon: Epsilon::Hat, ..Self::torch() }
    }

    /// `keras.optimizers.Adam` (3.15): `eps` is 1e-7 and added to the raw moment. Keras'
    /// `weight_decay` is always [`WeightDecay::Decoupled`].
    #[must_use]
    pub fn keras() -> Self {
        Self { eps: 1e-7, epsilon: Epsilon::Hat, ..Self::default() }
    }

    /// `keras.optimizers.Nadam` (3.15): unlike Keras' Adam it adds `eps` to the corrected moment.
    #[must_use]
    pub fn keras_nadam() -> Self {
        Self {
            rule: Rule::NAdam(Nesterov::Warming { decay: 1.0 }),
            epsilon: Epsilon::Corrected,
            ..Self::keras()
        }
    }

    /// `optax.adam` (0.2.8): as the paper, and with `eps_root`, 0 by default. `optax.adamw` is this
    /// with `WeightDecay::Decoupled(1e-4)`.
    #[must_use]
    pub fn optax() -> Self {
        Self::default()
    }

    /// `optax.adabelief` (0.2.8), timm's and `pytorch_optimizer`'s AdaBelief: 1e-16 in both places.
    #[must_use]
    pub fn adabelief() -> Self {
        Self { rule: Rule::AdaBelief, eps: 1e-16, eps_root: 1e-16, ..Self::default() }
    }

    /// Lion with the paper's betas, as in Optax, Keras and timm.
    #[must_use]
    pub fn lion() -> Self {
        Self { rule: Rule::Lion, beta2: 0.99, ..Self::default() }
    }

    /// ADOPT with the paper's clipping, as in Optax.
    #[must_use]
    pub fn adopt() -> Self {
        Self { rule: Rule::Adopt(Adopt::default()), beta2: 0.9999, eps: 1e-6, ..Self::default() }
    }

    /// `pytorch_optimizer.ADOPT` (3.x): its bound starts a step earlier, and decoupled decay acts
    /// in the first step.
    #[must_use]
    pub fn pytorch_optimizer_adopt() -> Self {
        let clip = Some(AdoptClip { shift: 0, ..AdoptClip::default() });
        Self { rule: Rule::Adopt(Adopt { clip, decay_in_first_step: true }), ..Self::adopt() }
    }

    /// LAMB with `eps` 1e-6, as in Optax and timm.
    #[must_use]
    pub fn lamb() -> Self {
        Self { rule: Rule::Lamb, eps: 1e-6, ..Self::default() }
    }
}
