//! [`StepOptions`]: what one step does beside the update.

use crate::audit::StepAudit;
use crate::config::{require, size};
use crate::error::Error;

/// What a step does beside the update, all in the same pass over memory but for what needs a norm first.
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
    /// Multiplies the gradient before all else: the inverse of the loss scale, or of the number of batches that were
    /// added up. Finite, above 0. Default 1.
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

/// Bounds on the gradient, after unscaling. Norms are added in f64, in an order that depends on the lengths of the
/// tensors alone.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Clip {
    /// None.
    None,
    /// Each value is held within plus and minus this. Keras' `clipvalue`, PyTorch's `clip_grad_value_`.
    Value(f64),
    /// A tensor whose gradient has a larger norm is scaled to it. Keras' `clipnorm`.
    TensorNorm(f64),
    /// All gradients are multiplied with `max / (norm + eps)` where that is below 1, for the norm over all tensors.
    GlobalNorm {
        /// The largest norm, above 0.
        max: f64,
        /// Added to the norm: 1e-6 in PyTorch's `clip_grad_norm_`, 0 in Optax and Keras.
        eps: f64,
    },
    /// As [`Clip::GlobalNorm`], for the largest magnitude of any value. PyTorch's `clip_grad_norm_` with `norm_type=inf`.
    GlobalMax {
        /// The largest magnitude, above 0.
        max: f64,
        /// Added to the magnitude, as for the norm.
        eps: f64,
    },
}

impl Clip {
    /// The global norm as PyTorch's `clip_grad_norm_` bounds it.
    #[must_use]
    pub fn global_norm(max: f64) -> Self {
        Self::GlobalNorm { max, eps: 1e-6 }
    }
}

/// What happens when a gradient is NaN or infinite. All but [`NonFinite::Pass`] read the gradients once before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NonFinite {
    /// Nothing: the weight and its moments become NaN. Other weights do not (unless a norm was clipped).
    Pass,
    /// The step is not taken and not counted, and nothing is changed: [`StepReport::taken`] is `false`. As PyTorch's
    /// `GradScaler`.
    Skip,
    /// As [`NonFinite::Skip`], with [`Error::NonFinite`], which names the tensor, the index and the value.
    Refuse,
}

/// What came of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct StepReport {
    /// Whether the step was taken: not under [`NonFinite::Skip`] when a gradient was not finite.
    pub taken: bool,
    /// The norm of all unscaled gradients before clipping (for [`Clip::GlobalMax`] the largest magnitude), where it was
    /// needed: for global clipping, or for another policy than [`NonFinite::Pass`].
    pub norm: Option<f64>,
    /// What the step did, where it was asked for and taken.
    pub audit: Option<StepAudit>,
}

impl StepOptions {
    /// Names the first field that is out of range.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        let positive = |x: f64| size(x) && x > 0.0;
        let above = "finite and above 0";
        require("unscale", self.unscale, positive(self.unscale), above)?;
        let unit = "at least 0 and below 1";
        require("average", self.average, (0.0..1.0).contains(&self.average), unit)?;
        match self.clip {
            Clip::None => Ok(()),
            Clip::Value(max) | Clip::TensorNorm(max) => require("clip", max, positive(max), above),
            Clip::GlobalNorm { max, eps } | Clip::GlobalMax { max, eps } => {
                require("clip.max", max, positive(max), above)?;
                require("clip.eps", eps, size(eps), "finite and at least 0")
            }
        }
    }

    /// Whether the gradients must be measured before the step.
    pub(crate) fn measures(&self) -> bool {
        let global = matches!(self.clip, Clip::GlobalNorm { .. } | Clip::GlobalMax { .. });
        global || self.non_finite != NonFinite::Pass
    }
}
