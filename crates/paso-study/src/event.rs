//! What a study reports while it runs.
//!
//! Events come from the threads that train, while other runs are in progress; an observer that
//! draws a progress bar must expect them in any order of runs. Stopping is not an event: it is
//! [`Session::cancel`](crate::Session::cancel).

use crate::budget::BudgetCut;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::run_spec::RunSpec;
use std::time::Duration;

/// An event of a study, for [`Session::observe`](crate::Session::observe).
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The plan, before anything runs; again after a budget changed it.
    Planned(&'a Plan),
    /// The first runs are finished, so the plan now has an estimate of its duration
    /// ([`Plan::duration_of`]). Not sent with a budget, where `Planned` has it, nor for a shard.
    Measured(&'a Plan),
    /// The study was made smaller to fit its budget.
    BudgetCut(&'a BudgetCut),
    /// A run has made this many more updates.
    Steps(u64),
    /// A run is finished.
    Finished {
        /// The run.
        run: &'a RunSpec,
        /// Its result.
        outcome: &'a Outcome,
        /// Progress of the study.
        progress: Progress,
    },
    /// The best learning rate of some arm was at the end of the grid, so every arm gets one more.
    Widened {
        /// The new peak learning rate.
        peak_lr: f64,
    },
    /// The peak learning rate of an arm is chosen.
    Tuned {
        /// The arm's name.
        arm: &'a str,
        /// Its peak learning rate in the runs of the verdict.
        peak_lr: f64,
        /// Whether it is the first or last of the grid, so that a better one may lie outside.
        at_edge: bool,
    },
}

/// Progress of a study. The total grows when the grid is widened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Finished runs, those of earlier sessions included.
    pub done: usize,
    /// Known number of runs.
    pub total: usize,
    /// Estimated time left.
    pub left: Duration,
}
