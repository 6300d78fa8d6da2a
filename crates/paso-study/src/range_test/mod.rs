//! The learning-rate range test: a short run with a rising learning rate, and a suggestion from its
//! losses.
//!
//! Train with a learning rate that grows by a constant factor at each update ([`RangeTest`]),
//! record the loss of each batch, and call [`suggest`]. The learning rate at which the loss falls
//! fastest per factor of the learning rate is a good center for a grid of peak learning rates.
//! Smith (2017, "Cyclical Learning Rates", section 3.3) introduced the test; the rule "steepest" is
//! fast.ai's.
//!
//! Other finders smooth with a moving average, whose delay moves the suggestion to learning rates
//! several times too high, or take the slope per unit of the learning rate, which moves it to the
//! lowest ones. Here the curve is fitted by local parabolas in the logarithm of the learning rate,
//! which have no delay. Spikes get no weight. The suggestion has an interval, or is refused with a
//! reason.
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
