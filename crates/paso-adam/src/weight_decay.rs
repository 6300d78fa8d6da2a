//! [`WeightDecay`]: the ways to shrink weights, and what each is multiplied with.

use crate::checks::{non_negative, positive};
use crate::error::Error;

/// Weight decay, and what it is multiplied with.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum WeightDecay {
    /// None.
    None,
    /// L2 regularization: `gradient += value * weight`, before the moments. PyTorch's
    /// `Adam(weight_decay=…)`.
    L2(f64),
    /// `weight *= 1 - lr * value`, apart from the gradient: AdamW (Loshchilov & Hutter, arXiv
    /// 1711.05101, algorithm 2) as every library ships it, so that a schedule of the learning rate
    /// also schedules the decay. [`Rule::Lamb`](crate::Rule::Lamb): `value * weight` is added to
    /// the update before its norm is taken.
    Decoupled(f64),
    /// `weight *= 1 - (lr / peak) * value`: the paper's own form, where the schedule `lr / peak`
    /// scales the decay and the size of the learning rate does not.
    ScheduleOnly {
        /// The decay at the peak of the schedule, at least 0.
        value: f64,
        /// The highest learning rate of the schedule, above 0.
        peak: f64,
    },
    /// `weight *= 1 - (lr^2 / peak) * value`: Defazio, arXiv 2506.02285; timm's
    /// `corrected_weight_decay`. It keeps the norm of normalized layers in balance while the
    /// learning rate decays.
    Corrected {
        /// The decay, at least 0.
        value: f64,
        /// The highest learning rate of the schedule, above 0.
        peak: f64,
    },
    /// `weight *= 1 - value` before every step, whatever the learning rate is: no schedule scales
    /// it, and neither does [`Param::lr_scale`](crate::Param::lr_scale)
    /// ([`Param::decay_scale`](crate::Param::decay_scale) does). In `[0, 1)`. The weight is rounded
    /// once more than under [`WeightDecay::Decoupled`]. Not for `Lamb` and `ScheduleFree`.
    Constant(f64),
}

/// What weight decay does in one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DecayStep {
    /// Times the weight, added to the gradient.
    pub(crate) l2: f64,
    /// The share that the weight loses in the step.
    pub(crate) shrink: f64,
    /// The share that the weight loses before the step.
    pub(crate) shrink_before: f64,
}

impl DecayStep {
    pub(crate) const NONE: Self = Self { l2: 0.0, shrink: 0.0, shrink_before: 0.0 };
}

impl WeightDecay {
    /// The decay of a step with the learning rate `lr`.
    #[inline]
    pub(crate) fn at(self, lr: f64) -> DecayStep {
        let none = DecayStep::NONE;
        match self {
            Self::None => none,
            Self::L2(l2) => DecayStep { l2, ..none },
            Self::Decoupled(value) => DecayStep { shrink: lr * value, ..none },
            Self::ScheduleOnly { value, peak } => DecayStep { shrink: lr / peak * value, ..none },
            Self::Corrected { value, peak } => DecayStep { shrink: lr * lr / peak * value, ..none },
            Self::Constant(shrink_before) => DecayStep { shrink_before, ..none },
        }
    }

    /// The same mode with `scale` times the decay.
    pub(crate) fn scaled(mut self, scale: f64) -> Self {
        match &mut self {
            Self::None => {}
            Self::L2(value)
            | Self::Decoupled(value)
            | Self::ScheduleOnly { value, .. }
            | Self::Corrected { value, .. }
            | Self::Constant(value) => *value *= scale,
        }
        self
    }

    /// Names the first field that is out of range.
    pub(crate) fn validate(self) -> Result<(), Error> {
        match self {
            Self::None => Ok(()),
            Self::L2(value) | Self::Decoupled(value) => non_negative("decay", value),
            Self::ScheduleOnly { value, peak } | Self::Corrected { value, peak } => {
                non_negative("decay", value)?;
                positive("decay.peak", peak)
            }
            Self::Constant(value) => crate::checks::decay_rate("decay", value),
        }
    }
}
