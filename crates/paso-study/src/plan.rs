//! What a study is going to do.

use crate::config::StudyConfig;
use crate::stats::smallest_p;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The size of a study, for printing before anything runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// Names of the arms and their schedules.
    pub arms: Vec<(String, String)>,
    /// Peak rates tried for every arm, ascending, before any widening.
    pub rates: Vec<f64>,
    /// Most rates after widening.
    pub most_rates: usize,
    /// Seeds on which rates are tuned.
    pub tuning_seeds: usize,
    /// Seeds of the verdict.
    pub seeds: usize,
    /// Updates a run.
    pub steps: u64,
    /// Runs when no grid widens, and arms that share runs choose the same rate.
    pub least_runs: usize,
    /// Runs when every grid widens to its limit and no run is shared.
    pub most_runs: usize,
    /// Runs at the same time.
    pub side_by_side: usize,
    /// Mean duration of a run, once one is known.
    pub seconds_per_run: Option<f64>,
}

impl Plan {
    /// The plan of a checked configuration.
    pub(crate) fn of(
        config: &StudyConfig,
        side_by_side: usize,
        seconds_per_run: Option<f64>,
    ) -> Self {
        let (low, high) = config.grid.start();
        Self {
            arms: config.arms.iter().map(|arm| (arm.name.clone(), arm.spec.clone())).collect(),
            rates: (low..=high).map(|index| config.grid.rate(index)).collect(),
            most_rates: config.grid.max_points,
            tuning_seeds: config.tuning_seeds,
            seeds: config.seeds,
            steps: config.steps,
            least_runs: runs(config),
            most_runs: trained(config) * config.grid.max_points * config.tuning_seeds
                + config.arms.len() * config.seeds,
            side_by_side: side_by_side.max(1),
            seconds_per_run,
        }
    }

    /// Estimated duration of `runs` runs; `None` before the first run.
    #[must_use]
    pub fn time_of(&self, runs: usize) -> Option<Duration> {
        let seconds = self.seconds_per_run? * runs.div_ceil(self.side_by_side) as f64;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let width = self.arms.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, spec) in &self.arms {
            writeln!(f, "arm   {name:width$}  {spec}")?;
        }
        let rates: Vec<String> = self.rates.iter().map(|rate| format!("{rate:e}")).collect();
        let tuning = self.tuning_seeds;
        writeln!(
            f,
            "rates {} on {tuning} tuning seed{}, for every arm; up to {} rates if the best is at an end",
            rates.join(", "),
            if tuning == 1 { "" } else { "s" },
            self.most_rates
        )?;
        writeln!(
            f,
            "seeds {} for the verdict, other ones; the least p-value is {:.2}",
            self.seeds,
            smallest_p(self.seeds)
        )?;
        write!(
            f,
            "runs  {} to {} of {} steps, {} at a time",
            self.least_runs, self.most_runs, self.steps, self.side_by_side
        )?;
        if let (Some(least), Some(most)) =
            (self.time_of(self.least_runs), self.time_of(self.most_runs))
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
