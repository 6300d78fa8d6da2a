//! [`StepOptions`]: what one step does in addition to the update.

use crate::audit::StepAudit;
use crate::checks::{decay_rate, positive};
use crate::clip_norm::ClipNorm;
use crate::error::Error;

/// What a step does in addition to the update, all in the same pass over memory except for what
/// needs a norm first.
///
/// ```
/// use paso_adam::{Clip, NonFinite, StepOptions};
///
/// let options = StepOptions {
///     unscale: 1.0 / 1024.0, // the loss was scaled by 1024
///     clip: Clip::global_norm(1.0),
///     non_finite: NonFinite::Skip,
///     ..StepOptions::default()
/// };
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepOptions {
    /// Multiplies the gradient before all else: the inverse of the loss scale, or of the number of
    /// batches that were added up. Finite, above 0. Default 1.
    pub unscale: f64,
    /// Bounds on the unscaled gradient. Default [`Clip::None`].
    pub clip: Clip,
    /// What happens when a gradient is NaN or infinite. Default [`NonFinite::Pass`].
    pub non_finite: NonFinite,
    /// Decay factor of the running averages that the tensors bring, in `[0, 1)`:
    /// `average = average * it + weight * (1 - it)`. Default 0.999.
    pub average: f64,
    /// Whether the step is audited. Default `false`.
    pub audit: bool,
}

impl Default for StepOptions {
    fn default() -> Self {
        Self {
            unscale: 1.0,
            clip: Clip::None,
            non_finite: NonFinite::Pass,
            average: 0.999,
            audit: false,
        }
    }
}

/// Bounds on the gradient, after unscaling. Norms are added in f64, in an order that depends on the
/// lengths of the tensors alone.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Clip {
    /// None.
    None,
    /// Each value is held within plus and minus this. Keras' `clipvalue`, PyTorch's
    /// `clip_grad_value_`.
    Value(f64),
    /// A tensor whose gradient has a larger norm is scaled to it. Keras' `clipnorm`.
    TensorNorm(f64),
    /// All gradients of the group are scaled by the norm over all tensors. PyTorch's
    /// `clip_grad_norm_`, of any `norm_type`; Keras' `global_clipnorm` and Optax's
    /// `clip_by_global_norm` with `eps` 0.
    GlobalNorm(ClipNorm),
}

impl Clip {
    /// The global Euclidean norm as PyTorch's `clip_grad_norm_` bounds it.
    #[must_use]
    pub fn global_norm(max_norm: f64) -> Self {
        Self::GlobalNorm(ClipNorm::new(max_norm))
    }
}

/// What happens when a gradient is NaN or infinite, or so large (above 1.8e19 once it is unscaled and
/// clipped) that its square is infinite in f32. All but [`NonFinite::Pass`] read the gradients once
/// before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NonFinite {
    /// Nothing: the weight and its moments become NaN, or after an infinite square the weight stays
    /// where it is. Other weights are as ever (unless a norm was clipped).
    Pass,
    /// The step is not taken and not counted, and nothing is changed: [`StepReport::taken`] is
    /// `false`. As PyTorch's `GradScaler`.
    Skip,
    /// As [`NonFinite::Skip`], with [`Error::NonFinite`], which names the tensor, the index and the
    /// value.
    Refuse,
}

/// What came of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct StepReport {
    /// Whether the step was taken: not under [`NonFinite::Skip`] when a gradient was not finite.
    pub taken: bool,
    /// The norm of all unscaled gradients before clipping, where it was needed: for
    /// [`Clip::GlobalNorm`] in its own `norm_type`, or, for another policy than
    /// [`NonFinite::Pass`], the Euclidean one.
    pub norm: Option<f64>,
    /// What the step did, where an audit was asked for and the step was taken.
    pub audit: Option<StepAudit>,
}

impl StepOptions {
    /// Names the first field that is out of range.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] with the field, its value and what is allowed.
    pub fn validate(&self) -> Result<(), Error> {
        positive("unscale", self.unscale)?;
        decay_rate("average", self.average)?;
        match self.clip {
            Clip::None => Ok(()),
            Clip::Value(max) | Clip::TensorNorm(max) => positive("clip", max),
            Clip::GlobalNorm(clip) => clip.validate(),
        }
    }

    /// The clipping by a norm over all tensors, or an infinite bound where the norm is wanted for a
    /// policy alone; `None` where the gradients need not be measured before the step.
    pub(crate) fn global_norm(&self) -> Option<ClipNorm> {
        match self.clip {
            Clip::GlobalNorm(clip) => Some(clip),
            _ if self.non_finite == NonFinite::Pass => None,
            _ => Some(ClipNorm::new(f64::INFINITY)),
        }
    }
}
