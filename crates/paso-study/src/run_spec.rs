//! One training run that a study asks for.
//!
//! A run is identified by all fields together: two runs with equal fields have equal outcomes, or
//! the training loop does not follow its seed. The JSON of this type is the key of the journal;
//! floats are written with all digits that they need, so keys survive a round trip.

use crate::variant::Variant;
use paso_schedule::{Shape, Spec};
use serde::{Deserialize, Serialize};

/// One training run that a study asks for.
///
/// ```
/// use paso_study::RunSpec;
/// let constant = RunSpec::new("constant", 1e-3, 1_000, 7);
/// let decaying = RunSpec::new("constant(for 80%) then linear(to 0)", 1e-3, 1_000, 7);
/// assert_eq!(constant.schedule().at(999), 1e-3);
/// assert_eq!(constant.shared_steps(&decaying), 801); // the first update of the decay still has the peak
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunSpec {
    /// The schedule's shape: see [`paso_schedule::Shape`].
    pub spec: String,
    /// What the arm changes besides its schedule: [`Arm::variant`](crate::Arm::variant).
    pub variant: Variant,
    /// Peak learning rate of the schedule.
    pub peak_lr: f64,
    /// Number of updates that the schedule is bound to.
    pub steps: u64,
    /// The updates after which the run is evaluated, ascending. Usually `[steps]`. For a schedule
    /// that ends above 1 % of its peak: five, symmetric around `steps`, the last one 5 % later, since
    /// weights under a high learning rate change from step to step. The metric is then the mean of
    /// the five; see [`evaluates_after`](Self::evaluates_after).
    pub evaluate_at: Vec<u64>,
    /// Random seed of the run: initial weights, sample order, augmentation.
    pub seed: u64,
    /// Horizons, in steps, of the averaged weights to keep in addition to the trained ones. Each is
    /// an exponential moving average with decay factor `1 - 1 / horizon` per step. Empty if no arm
    /// needs them.
    pub averaging: Vec<u64>,
}

impl RunSpec {
    /// A run without variant and averages, for testing a [`Trial`](crate::Trial) without a study.
    #[must_use]
    pub fn new(spec: &str, peak_lr: f64, steps: u64, seed: u64) -> Self {
        let (spec, variant) = (spec.into(), Variant::DEFAULT);
        Self {
            spec,
            variant,
            peak_lr,
            steps,
            evaluate_at: vec![steps],
            seed,
            averaging: Vec::new(),
        }
    }

    /// The number of updates to take: [`steps`](Self::steps), or more where the run is also
    /// evaluated after them. The schedule holds its last learning rate there.
    #[must_use]
    pub fn last_step(&self) -> u64 {
        self.evaluate_at.iter().copied().fold(self.steps, u64::max)
    }

    /// Whether the run is evaluated after this many updates.
    ///
    /// ```
    /// use paso_study::{RunSpec, stats::mean};
    /// let mut run = RunSpec::new("constant", 0.1, 100, 0);
    /// run.evaluate_at = vec![95, 98, 100, 102, 105]; // as a study asks for
    /// let mut metrics = Vec::new();
    /// for done in 1..=run.last_step() {
    ///     // ... one update ...
    ///     if run.evaluates_after(done) {
    ///         metrics.push(0.5 + done as f64 / 1000.0);
    ///     }
    /// }
    /// assert_eq!((metrics.len(), mean(&metrics)), (5, 0.6));
    /// ```
    #[must_use]
    pub fn evaluates_after(&self, done: u64) -> bool {
        self.evaluate_at.contains(&done)
    }

    /// The learning rates of the run: `run.schedule().at(t)` for update number `t`, counted from 0.
    ///
    /// # Panics
    /// If the schedule cannot be parsed or does not fit `steps`. A study checks this before it
    /// starts.
    #[must_use]
    pub fn schedule(&self) -> Spec {
        let bound =
            self.spec.parse::<Shape>().and_then(|shape| shape.bind(self.peak_lr, self.steps));
        bound.unwrap_or_else(|error| panic!("{self}: {error}"))
    }

    /// Number of updates for which both runs are identical: 0 unless seed and variant agree, else
    /// the number of updates before their learning rates first differ.
    ///
    /// # Panics
    /// As [`schedule`](Self::schedule).
    #[must_use]
    pub fn shared_steps(&self, other: &Self) -> u64 {
        if (self.seed, &self.variant) != (other.seed, &other.variant) {
            return 0;
        }
        let (mine, others) = (self.schedule(), other.schedule());
        let steps = self.last_step().min(other.last_step());
        (0..steps).find(|t| mine.at(*t) != others.at(*t)).unwrap_or(steps)
    }
}

impl std::fmt::Display for RunSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`", self.spec)?;
        if !self.variant.is_default() {
            write!(f, " ({})", self.variant.name())?;
        }
        write!(
            f,
            ", peak learning rate {:e}, seed {}, {} steps",
            self.peak_lr, self.seed, self.steps
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(spec: &str) -> RunSpec {
        RunSpec { evaluate_at: vec![95, 98, 100, 102, 105], ..RunSpec::new(spec, 0.1, 100, 7) }
    }

    #[test]
    fn a_run_ends_at_its_last_evaluation_and_never_before_its_steps() {
        let plain = RunSpec::new("linear(to 0)", 0.1, 100, 7);
        assert_eq!((plain.last_step(), window("constant").last_step()), (100, 105));
        let early = RunSpec { evaluate_at: vec![10, 20], ..plain.clone() };
        assert_eq!(early.last_step(), 100, "the schedule is bound to as many");
        let asked = |run: &RunSpec| -> Vec<u64> {
            (0..=run.last_step()).filter(|done| run.evaluates_after(*done)).collect()
        };
        assert_eq!(asked(&plain), [100]);
        assert_eq!(asked(&window("constant")), [95, 98, 100, 102, 105]);
    }

    #[test]
    fn past_its_end_a_schedule_holds_its_last_learning_rate() {
        for (spec, last) in [("constant", 0.1), ("exponential(to 50%)", 0.05)] {
            let (run, at) = (window(spec), window(spec).schedule());
            assert!((at.at(run.steps) - last).abs() < 1e-12, "{spec}: {}", at.at(run.steps));
            for t in run.steps..=run.last_step() {
                assert_eq!(at.at(t), at.at(run.steps), "{spec}, update {t}");
            }
        }
    }

    #[test]
    fn a_run_with_a_window_and_one_without_share_what_they_shared_without_it() {
        let decay = RunSpec::new("constant(for 80%) then linear(to 0)", 0.1, 100, 7);
        let (long, short) = (window("constant"), RunSpec::new("constant", 0.1, 100, 7));
        assert_eq!((long.shared_steps(&decay), decay.shared_steps(&long)), (81, 81));
        assert_eq!(short.shared_steps(&decay), 81);
        assert_eq!(long.shared_steps(&short), 100, "the shorter one ends there");
        assert_eq!(long.shared_steps(&long), 105);
        let other = [RunSpec { seed: 8, ..long.clone() }, RunSpec { peak_lr: 0.2, ..long.clone() }];
        assert!(other.iter().all(|other| long.shared_steps(other) == 0));
        let variant = RunSpec { variant: Variant::new("other"), ..long.clone() };
        assert_eq!(long.shared_steps(&variant), 0);
    }
}
