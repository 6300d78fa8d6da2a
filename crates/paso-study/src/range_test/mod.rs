//! The learning-rate range test: a short run with a rising learning rate, and a suggestion from its
//! losses.
//!
//! Train with a learning rate that grows by a constant factor at each update ([`RangeTest`]),
//! record the loss of each batch, and call [`suggest`]. The suggestion is a peak learning rate to
//! train with, with an interval, or is refused with a reason. Smith (2017, "Cyclical Learning Rates
//! for Training Neural Networks", section 3.3) introduced the test.
//!
//! # Why the middle of the low losses
//!
//! The usual rules take the place where the loss falls fastest (fast.ai), or a tenth of the place
//! where it is lowest. Against whole trainings over grids of peak rates (`tests/real_sweeps.rs`)
//! both fail:
//!
//! * Where the loss falls fastest depends on the net. A net with batch norm learns the mean answer
//!   at low learning rates: on seven sets of photographs and scenes the steepest place is 1e-4 to
//!   5e-4, and the best peaks are around 4e-3. A net without it falls late, and in a fast sweep just
//!   before training becomes unstable, since the loss lags behind the learning rate: of four sets of
//!   sweeps of convolutions over digits, 13 updates per decade, two had the steepest place at 0.12
//!   and 0.16, where the best peaks are 0.05 to 0.1 and 0.2 is worse.
//! * The lowest place is a point of a flat bottom, which noise chooses.
//!
//! The middle of the basin, where at least 70 % of the fall is had, is placed by the fall and by
//! the rise. It lags as well: at 12, 24, 48 and 96 steps per decade it lies lower and lower, about
//! with the inverse square root, in six nets. `sqrt(steps per decade / 100)` corrects that, and then
//! agrees with the best peaks to a factor of two, with and without batch norm, from 0.004 to 0.2.
//!
//! # Why medians
//!
//! Other finders smooth with a moving average, whose delay moves the suggestion to learning rates
//! several times too high, or take the slope per unit of the learning rate, which moves it to the
//! lowest ones. Here several sweeps are pooled by a running median in the logarithm of the learning
//! rate, which has no delay and ignores single huge losses. A sweep that has diverged counts as high;
//! it does not end the curve for the others.
//!
//! For comparison the steepest place is found as well, by local parabolas up to where the loss
//! rises. Beyond that, spikes of training that is about to become unstable were taken for noise of
//! the fall: most sets of such sweeps were refused as flat.
//!
//! Sweep on a copy of the training state (weights, moments, step count, random state), so that
//! nothing has to be restored. A few sweeps over different seeds are more informative than one long
//! one.

mod basin;
mod fit;
mod pool;
mod refusal;
mod steepest;
mod suggest;
mod sweep;
mod valley;

pub use refusal::Refusal;
pub use suggest::{Suggestion, suggest};
pub use sweep::{RangeTest, Sweep};
