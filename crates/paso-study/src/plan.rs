//! The plan of a study: how many runs, on which seeds, with which learning rates.
//!
//! How many runs a study needs is not known before it has begun: the grid may widen, and two arms
//! that only differ in averaging share their runs when they choose the same learning rate. Hence
//! two counts,
//!
//! `min_runs = trained * (points * tuning_seeds + seeds)` and
//! `max_runs = trained * max_points * tuning_seeds + arms * seeds`,
//!
//! where `trained` counts the arms with different schedules or variants.

use crate::config::StudyConfig;
use crate::stats::smallest_p;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The size of a study, for printing before anything runs.
/// ```
/// use paso_study::{Session, Study, StudyConfig};
/// let study = Study::new(StudyConfig { seeds: 10, ..StudyConfig::default() })?;
/// let plan = study.plan(&Session { parallel_runs: 2, ..Session::default() });
/// assert_eq!((plan.min_runs, plan.max_runs), (5 * (3 * 2 + 10), 5 * 7 * 2 + 6 * 10));
/// assert!(plan.duration_of(plan.min_runs).is_none(), "no run has been timed");
/// # Ok::<(), paso_study::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// Names of the arms and their schedules.
    pub arms: Vec<(String, String)>,
    /// Peak learning rates for every arm, ascending, before any widening.
    #[serde(rename = "rates")]
    pub lrs: Vec<f64>,
    /// Largest number of learning rates after widening.
    #[serde(rename = "most_rates")]
    pub max_lrs: usize,
    /// Seeds on which learning rates are tuned.
    pub tuning_seeds: usize,
    /// Seeds of the verdict.
    pub seeds: usize,
    /// Updates per run.
    pub steps: u64,
    /// Runs if no grid widens and arms that share runs choose the same learning rate.
    #[serde(rename = "least_runs")]
    pub min_runs: usize,
    /// Runs if every grid widens to its limit and no run is shared.
    #[serde(rename = "most_runs")]
    pub max_runs: usize,
    /// Runs at the same time.
    #[serde(rename = "side_by_side")]
    pub parallel_runs: usize,
    /// Mean duration of a run, once one is known.
    pub seconds_per_run: Option<f64>,
}

impl Plan {
    /// The plan of a checked configuration.
    pub(crate) fn new(
        config: &StudyConfig,
        parallel_runs: usize,
        seconds_per_run: Option<f64>,
    ) -> Self {
        let (low, high) = config.grid.start();
        Self {
            arms: config.arms.iter().map(|arm| (arm.name.clone(), arm.spec.clone())).collect(),
            lrs: (low..=high).map(|index| config.grid.lr(index)).collect(),
            max_lrs: config.grid.max_points,
            tuning_seeds: config.tuning_seeds,
            seeds: config.seeds,
            steps: config.steps,
            min_runs: runs(config),
            max_runs: trained(config) * config.grid.max_points * config.tuning_seeds
                + config.arms.len() * config.seeds,
            parallel_runs: parallel_runs.max(1),
            seconds_per_run,
        }
    }

    /// Estimated duration of `runs` runs; `None` before the first run.
    #[must_use]
    pub fn duration_of(&self, runs: usize) -> Option<Duration> {
        let seconds = self.seconds_per_run? * runs.div_ceil(self.parallel_runs) as f64;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let width = self.arms.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, spec) in &self.arms {
            writeln!(f, "arm   {name:width$}  {spec}")?;
        }
        let rates: Vec<String> = self.lrs.iter().map(|rate| format!("{rate:e}")).collect();
        let tuning = self.tuning_seeds;
        writeln!(
            f,
            "lr    {} on {tuning} tuning seed{}, for every arm; up to {} values if the best is at an end",
            rates.join(", "),
            if tuning == 1 { "" } else { "s" },
            self.max_lrs
        )?;
        writeln!(
            f,
            "seeds {} for the verdict, distinct from tuning; the smallest possible p-value is {:.2}",
            self.seeds,
            smallest_p(self.seeds)
        )?;
        write!(
            f,
            "runs  {} to {} of {} steps, {} at a time",
            self.min_runs, self.max_runs, self.steps, self.parallel_runs
        )?;
        if let (Some(least), Some(most)) =
            (self.duration_of(self.min_runs), self.duration_of(self.max_runs))
        {
            write!(f, ": {} to {}", minutes(least), minutes(most))?;
        }
        Ok(())
    }
}

fn minutes(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 90.0 { format!("{seconds:.0} s") } else { format!("{:.0} min", seconds / 60.0) }
}

/// How many different arms have to be trained: arms that only differ in averaging share their runs.
pub(crate) fn trained(config: &StudyConfig) -> usize {
    config
        .arms
        .iter()
        .enumerate()
        .filter(|(i, arm)| !config.arms[..*i].iter().any(|a| a.trains_like(arm)))
        .count()
}

/// Runs of a study whose grid does not widen.
pub(crate) fn runs(config: &StudyConfig) -> usize {
    trained(config) * (config.grid.points * config.tuning_seeds + config.seeds)
}
