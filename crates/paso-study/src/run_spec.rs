//! One training run that a study asks for.

use crate::variant::Variant;
use paso_schedule::{Shape, Spec};
use serde::{Deserialize, Serialize};

/// One training run that the study asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunSpec {
    /// The schedule's shape: see [`paso_schedule::Shape`].
    pub spec: String,
    /// Whatever else distinguishes the arm, handed through from [`Arm::variant`](crate::Arm::variant); usually empty.
    pub variant: Variant,
    /// Highest rate of the schedule.
    pub peak_lr: f64,
    /// Number of updates.
    pub steps: u64,
    /// Source of everything random in the run.
    pub seed: u64,
    /// Horizons, in steps, over which averaged weights are to be kept beside the trained ones: an exponential moving
    /// average that forgets a share of `1 / horizon` a step. Empty when no arm wants them.
    pub averaging: Vec<u64>,
}

impl RunSpec {
    /// A run that no study asked for, to try a [`Trial`] with: no variant, no averages.
    #[must_use]
    pub fn new(spec: &str, peak_lr: f64, steps: u64, seed: u64) -> Self {
        let (spec, variant) = (spec.into(), Variant::DEFAULT);
        Self { spec, variant, peak_lr, steps, seed, averaging: Vec::new() }
    }

    /// The rates of the run: `run.schedule().at(t)` for update number `t`, counted from 0.
    ///
    /// # Panics
    /// If the shape cannot be bound. A study checks that before it starts.
    #[must_use]
    pub fn schedule(&self) -> Spec {
        let bound =
            self.spec.parse::<Shape>().and_then(|shape| shape.bind(self.peak_lr, self.steps));
        bound.unwrap_or_else(|error| panic!("{self}: {error}"))
    }

    /// For how many updates both runs are the same run: 0 unless seed and variant agree, else the number of updates before
    /// their rates differ for the first time.
    ///
    /// # Panics
    /// As [`schedule`](Self::schedule).
    #[must_use]
    pub fn shared_steps(&self, other: &Self) -> u64 {
        if (self.seed, &self.variant) != (other.seed, &other.variant) {
            return 0;
        }
        let (mine, others) = (self.schedule(), other.schedule());
        let steps = self.steps.min(other.steps);
        (0..steps).find(|t| mine.at(*t) != others.at(*t)).unwrap_or(steps)
    }
}

impl std::fmt::Display for RunSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`", self.spec)?;
        if !self.variant.is_default() {
            write!(f, " ({})", self.variant.name())?;
        }
        write!(f, ", peak rate {:e}, seed {}, {} steps", self.peak_lr, self.seed, self.steps)
    }
}
