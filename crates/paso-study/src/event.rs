//! What a study reports while it runs.

use crate::budget::BudgetCut;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::run_spec::RunSpec;
use std::time::Duration;

/// Something that happened in a study.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Before anything runs: what is going to be done. Again after a budget changed it.
    Planned(&'a Plan),
    /// The first runs are done, so that the plan now knows about how long it takes ([`Plan::duration_of`]). Not with a budget, where
    /// `Planned` says it, and not for a shard.
    Measured(&'a Plan),
    /// The study was made smaller to fit its budget.
    BudgetCut(&'a BudgetCut),
    /// A run made this many more updates.
    Steps(u64),
    /// A run is done.
    Finished {
        /// Which.
        run: &'a RunSpec,
        /// What it came to.
        outcome: &'a Outcome,
        /// How far the study is.
        progress: Progress,
    },
    /// Some arm's best rate was at the end of the grid: one more rate for every arm.
    Widened {
        /// The new rate.
        peak_lr: f64,
    },
    /// An arm's peak rate is chosen.
    Tuned {
        /// The arm's name.
        arm: &'a str,
        /// Its rate from here on.
        peak_lr: f64,
        /// Whether that rate was the grid's first or last, so that an even better one may lie beyond.
        at_edge: bool,
    },
}

/// How far a study is. The total can grow (a widened grid).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Finished runs, those of earlier sessions included.
    pub done: usize,
    /// Runs in all, as far as known.
    pub total: usize,
    /// Estimate of the time left.
    pub left: Duration,
}
