//! Why a range test gives no suggestion.
//!
//! A number that noise has chosen is worse than none, since it looks like a measurement. So every
//! way in which a sweep can say nothing has its own message, with what to do: sweep further, take
//! more steps, start lower.

/// Smallest number of usable losses.
pub(super) const MIN_POINTS: usize = 12;

/// Why no learning rate is suggested.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Too short a sweep, or one that diverged at once.
    #[error(
        "only {found} losses before divergence, at least {MIN_POINTS} are needed; start at a lower learning rate, or take more steps"
    )]
    TooFew {
        /// Usable losses.
        found: usize,
    },
    /// Learning rates and losses that do not belong together.
    #[error("{0}")]
    Malformed(String),
    /// The loss does not fall measurably anywhere.
    #[error(
        "the curve is flat: it falls by {fall:.2e}, and noise alone could give {noise:.2e}; take more steps or sweeps, or check that the net learns at all"
    )]
    Flat {
        /// Greatest fall.
        fall: f64,
        /// Four and a half of its standard errors.
        noise: f64,
    },
    /// The middle of the low losses cannot be located.
    #[error(
        "the rate to train with lies anywhere between {low:.1e} and {high:.1e}, more than a decade; take more steps or sweeps"
    )]
    Vague {
        /// Lower end of the interval.
        low: f64,
        /// Upper end of the interval.
        high: f64,
    },
    /// The steepest fall is at an end of the sweep.
    #[error(
        "the loss falls fastest at the {end} learning rate of the sweep, {rate:.1e}; sweep further {way}"
    )]
    AtEdge {
        /// `"lowest"` or `"highest"`.
        end: &'static str,
        /// That learning rate.
        rate: f64,
        /// `"down"` or `"up"`.
        way: &'static str,
    },
    /// The sweeps end before the loss rises again, and soon after it has fallen.
    #[error(
        "the loss is still low at the highest learning rate of the sweep, {rate:.1e}; sweep further up"
    )]
    Open {
        /// The highest learning rate.
        rate: f64,
    },
}
