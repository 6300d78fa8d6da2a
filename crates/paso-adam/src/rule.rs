//! [`Rule`]: which formula of the Adam family, with what only that formula needs.

use crate::config::{AdamConfig, WeightDecay, require, size};
use crate::error::Error;

/// The formula of the update. What a rule means by `beta1`, `beta2`, `eps` and `decay` is in [`AdamConfig`].
///
/// | rule | buffers beside the weights | paper |
/// |---|---|---|
/// | [`Rule::Adam`] | `exp_avg`, `exp_avg_sq` | Kingma & Ba, arXiv 1412.6980, algorithm 1; with [`WeightDecay::Decoupled`] AdamW, arXiv 1711.05101 |
/// | [`Rule::AmsGrad`] | and `max_exp_avg_sq` | Reddi et al., arXiv 1904.09237, algorithm 2 |
/// | [`Rule::NAdam`] | as Adam | Dozat, *Incorporating Nesterov Momentum into Adam*, 2016 |
/// | [`Rule::RAdam`] | as Adam | Liu et al., arXiv 1908.03265, algorithm 2 |
/// | [`Rule::Adamax`] | `exp_avg`, `exp_inf` | Kingma & Ba, algorithm 2 |
/// | [`Rule::AdaBelief`] | `exp_avg`, `exp_avg_var` | Zhuang et al., arXiv 2010.07468, algorithm 2 |
/// | [`Rule::Lion`] | `exp_avg` | Chen et al., arXiv 2302.06675, program 1 |
/// | [`Rule::Adopt`] | as Adam | Taniguchi et al., arXiv 2411.02853, algorithm 2 |
/// | [`Rule::ScheduleFree`] | `z`, `exp_avg_sq` | Defazio et al., arXiv 2405.15682, algorithm 1 |
/// | [`Rule::Lamb`] | as Adam | You et al., arXiv 1904.00962, algorithm 2 |
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// Adam and AdamW: which of them is a matter of [`WeightDecay`].
    Adam,
    /// The largest second moment so far takes the place of the second moment.
    AmsGrad(AmsGrad),
    /// Nesterov's look-ahead, in one of the forms that libraries ship under this name.
    NAdam(Nesterov),
    /// The rate grows as the variance of the second moment shrinks; momentum alone before that can be estimated.
    /// PyTorch's has [`Epsilon::Hat`](crate::Epsilon::Hat), Optax's `Corrected`.
    RAdam,
    /// The second moment is the largest gradient, fading by `beta2` a step.
    Adamax,
    /// The second moment is that of the gradient's distance from its mean.
    AdaBelief,
    /// The sign of a mean of gradients: no denominator. Wants a learning rate 3 to 10 times smaller than Adam's and a decay
    /// larger by as much (paper, section 5). Usual betas: 0.9 and 0.99.
    Lion,
    /// The gradient is divided by the second moment *before* it enters that moment. Its first step only fills the second
    /// moment. Usual `beta2`: 0.9999, `eps`: 1e-6.
    Adopt(Option<AdoptClip>),
    /// No schedule, no momentum: the gradient is taken between the running average of the weights and a fast
    /// sequence `z`. Evaluate through [`AdamGroup::evaluate`](crate::AdamGroup::evaluate).
    ScheduleFree(ScheduleFree),
    /// AdamW with the step of each tensor as long as the tensor, times the learning rate. Needs a second pass over memory.
    /// Usual `eps`: 1e-6.
    Lamb,
}

/// Which second moment the maximum of AMSGrad is taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AmsGrad {
    /// The raw one; the maximum is then bias-corrected. PyTorch, Keras.
    Raw,
    /// The bias-corrected one. Optax. The largest is then often that of the first step.
    BiasCorrected,
}

/// The momentum of NAdam: four optimizers go by this name.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Nesterov {
    /// Warms up as `beta1 * (1 - 0.96^(t * decay) / 2)`. PyTorch with `decay` 0.004 (its `momentum_decay`), Keras with
    /// `decay` 1, 250 times as fast.
    Warming {
        /// The speed of the warm-up, at least 0.
        decay: f64,
    },
    /// Constant, each of the two parts with its own bias correction. Optax.
    Constant,
    /// Constant, both parts with the bias correction of this step. timm's `NAdamW`.
    Simple,
}

/// The bound on ADOPT's normalized gradient: `(t - shift)^power`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdoptClip {
    /// The exponent, at least 0. Default 0.25 (paper, Optax); timm has 0.333.
    pub power: f64,
    /// 1 (default: paper, Optax, timm) or 0 (`pytorch_optimizer`).
    pub shift: u8,
}

impl Default for AdoptClip {
    fn default() -> Self {
        Self { power: 0.25, shift: 1 }
    }
}

/// Schedule-Free's average of the weights and its warm-up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScheduleFree {
    /// Steps over which the learning rate rises linearly to what is given with the step. Default 0; the paper advises a warm-up.
    pub warmup: u64,
    /// A step weighs `t^r`. Default 0.
    pub r: f64,
    /// A step weighs `rate^power`, with the highest learning rate so far. Default 2; Keras has 0.
    pub power: f64,
}

impl Default for ScheduleFree {
    fn default() -> Self {
        Self { warmup: 0, r: 0.0, power: 2.0 }
    }
}

impl Rule {
    /// PyTorch's names of the buffers, in the order of the moments.
    pub(crate) fn names(self) -> &'static [&'static str] {
        match self {
            Self::Adam | Self::NAdam(_) | Self::RAdam | Self::Adopt(_) | Self::Lamb => {
                &["exp_avg", "exp_avg_sq"]
            }
            Self::AmsGrad(_) => &["exp_avg", "exp_avg_sq", "max_exp_avg_sq"],
            Self::Adamax => &["exp_avg", "exp_inf"],
            Self::AdaBelief => &["exp_avg", "exp_avg_var"],
            Self::Lion => &["exp_avg"],
            Self::ScheduleFree(_) => &["z", "exp_avg_sq"],
        }
    }

    /// What only this rule requires of the settings.
    pub(crate) fn validate(self, config: &AdamConfig) -> Result<(), Error> {
        let not_negative = "finite and at least 0";
        match self {
            Self::NAdam(Nesterov::Warming { decay }) => {
                require("momentum decay", decay, size(decay), not_negative)
            }
            Self::RAdam => {
                require("beta2", config.beta2, config.beta2 > 0.0, "above 0 and below 1 for RAdam")
            }
            Self::Adamax | Self::Adopt(_) => {
                let range = "above 0 for this rule, which has no root to add eps_root to";
                require("eps", config.eps, config.eps > 0.0, range)?;
                require("eps_root", config.eps_root, config.eps_root == 0.0, "0 for this rule")?;
                let Self::Adopt(Some(clip)) = self else { return Ok(()) };
                require("clip power", clip.power, size(clip.power), not_negative)?;
                require("clip shift", clip.shift.into(), clip.shift <= 1, "0 or 1")
            }
            Self::ScheduleFree(average) => {
                require("r", average.r, size(average.r), not_negative)?;
                require("power", average.power, size(average.power), not_negative)?;
                require("beta1", config.beta1, config.beta1 > 0.0, "above 0 for ScheduleFree")?;
                not_cautious(config, "ScheduleFree")
            }
            Self::Lamb => {
                not_cautious(config, "Lamb")?;
                match config.decay {
                    WeightDecay::ScheduleOnly { value, .. }
                    | WeightDecay::Corrected { value, .. } => {
                        require("decay", value, value == 0.0, "None, L2 or Decoupled for Lamb")
                    }
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

fn not_cautious(config: &AdamConfig, rule: &'static str) -> Result<(), Error> {
    if config.cautious { Err(Error::Unsupported { field: "cautious", rule }) } else { Ok(()) }
}
