//! The plan of a study: how many runs, with which learning rates, and about how long they take.
//!
//! How many runs a study needs is not known before it has begun, since it stops when it is decided.
//! So a plan has the runs to the first look and those at the limit of pairs.

use crate::config::StudyConfig;
use crate::race::{self, FIRST, SECOND};
use crate::sequential::FIRST_LOOK;
use crate::text::rate;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The size of a study, for printing before anything runs.
/// ```
/// use paso_study::{Session, Study, StudyConfig};
/// let study = Study::new(StudyConfig::default())?;
/// let plan = study.plan(&Session { parallel_runs: 2, ..Session::default() });
/// // 15 runs of the race, 9 with a second seed, 2 * 5 with two more, 4 of the constant between its
/// // two best learning rates; then 8 pairs.
/// assert_eq!((plan.race, plan.min_runs), (38, 38 + 2 * 8));
/// assert!(plan.duration_of(plan.min_runs).is_none(), "no run has been timed");
/// # Ok::<(), paso_study::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// Names of the arms and their schedules.
    pub arms: Vec<(String, String)>,
    /// Peak learning rates for every arm, ascending, before any widening.
    pub lrs: Vec<f64>,
    /// Largest number of learning rates of an arm after widening; the baseline and the best
    /// alternative get one more between two of them.
    pub max_lrs: usize,
    /// Updates per run.
    pub steps: u64,
    /// Runs of the race that chooses learning rates and arms, if no grid is widened. It is four less
    /// where the two best learning rates of the baseline are no neighbors.
    pub race: usize,
    /// Pairs at the first look, and at the last one.
    pub pairs: (usize, usize),
    /// Runs to the first look, which can decide.
    pub min_runs: usize,
    /// Runs if the first question needs every pair, with its confirmation, and the second as many
    /// pairs; widening a grid adds up to four runs for each learning rate.
    pub max_runs: usize,
    /// Runs at the same time.
    pub parallel_runs: usize,
    /// Duration of a run, once it is known.
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
        let last = config.looks().last().unwrap_or(FIRST_LOOK);
        let (first, second) = (race::runs(config, &FIRST), race::runs(config, &SECOND));
        let alternatives = config.arms.iter().filter(|arm| arm.role == crate::Role::Alternative);
        let second_pairs = if alternatives.count() > 0 { 2 * last } else { 0 };
        Self {
            arms: config.arms.iter().map(|arm| (arm.name.clone(), arm.spec.clone())).collect(),
            lrs: (low..=high).map(|index| config.grid.lr(2 * index)).collect(),
            max_lrs: config.grid.max_points,
            steps: config.steps,
            race: first,
            pairs: (FIRST_LOOK, last),
            min_runs: first + 2 * FIRST_LOOK,
            max_runs: first + 3 * last + second + second_pairs,
            parallel_runs: parallel_runs.max(1),
            seconds_per_run,
        }
    }

    /// Estimated duration of `runs` runs; `None` before the first run.
    #[must_use]
    pub fn duration_of(&self, runs: usize) -> Option<Duration> {
        let seconds = self.seconds_per_run? * runs as f64 / self.parallel_runs as f64;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let width = self.arms.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, spec) in &self.arms {
            writeln!(f, "arm   {name:width$}  {spec}")?;
        }
        let lrs: Vec<String> = self.lrs.iter().map(|lr| rate(*lr)).collect();
        if self.race > 0 {
            writeln!(
                f,
                "race  {} runs choose learning rate and arm: {}, up to {} where the best is at an end",
                self.race,
                lrs.join(", "),
                self.max_lrs
            )?;
        } else {
            writeln!(f, "lr    {} for every arm, nothing is tuned", lrs.join(", "))?;
        }
        let (first, last) = self.pairs;
        writeln!(
            f,
            "pairs {first} to {last}: the best decay against the best constant rate, until a look decides"
        )?;
        write!(
            f,
            "runs  of {} steps, {} at a time: {} to the first look, {} if every pair is needed",
            self.steps, self.parallel_runs, self.min_runs, self.max_runs
        )?;
        if let (Some(first), Some(last)) =
            (self.duration_of(self.min_runs), self.duration_of(self.max_runs))
        {
            write!(f, "; {} to {}", minutes(first), minutes(last))?;
        }
        Ok(())
    }
}

/// A duration as people say it.
fn minutes(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        ..90.0 => format!("{seconds:.0} s"),
        ..5_400.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3_600.0),
    }
}
