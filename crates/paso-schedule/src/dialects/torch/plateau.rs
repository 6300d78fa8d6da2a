//! PyTorch's `ReduceLROnPlateau`.

use crate::error::Error;
use crate::improvement::Better;
use crate::plateau::{Plateau, PlateauConfig};

/// `ReduceLROnPlateau` on an optimizer with the learning rate `base`, for the schedule to be
/// multiplied with.
///
/// PyTorch reduces at the observation after `patience` bad ones, which is number `patience + 1`.
/// Its relative margin is `best * (1 - threshold)`, which is *above* a negative best, so that worse
/// values count as improvements; here the margin always asks for an improvement.
///
/// # Errors
/// [`Error::InvalidValue`].
#[expect(clippy::too_many_arguments, reason = "they are PyTorch's, in PyTorch's order")]
pub fn reduce_lr_on_plateau(
    base: f64,
    better: Better,
    factor: f64,
    patience: u64,
    threshold: Threshold,
    cooldown: u64,
    min_lr: f64,
    eps: f64,
) -> Result<Plateau, Error> {
    let (relative, absolute) = threshold.margins();
    Plateau::new(PlateauConfig {
        better,
        factor,
        patience: patience.saturating_add(1),
        relative,
        absolute,
        cooldown,
        min_scale: min_lr / base,
        min_change: eps / base,
        average: 1,
    })
}

/// By how much a metric has to improve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// A share of the best value (`threshold_mode="rel"`).
    Relative(f64),
    /// A difference (`threshold_mode="abs"`).
    Absolute(f64),
}

impl Threshold {
    /// The relative and the absolute margin.
    fn margins(self) -> (f64, f64) {
        match self {
            Self::Relative(share) => (share, 0.0),
            Self::Absolute(difference) => (0.0, difference),
        }
    }
}
