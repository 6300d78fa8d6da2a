//! How a study is run this time: where it keeps its runs, how long it may take, who listens.

use crate::trial::NEVER;
use crate::{BudgetCut, Outcome, Plan, RunSpec, Shard};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// The circumstances of one call of [`Study::run`](crate::Study::run); nothing in here changes what is measured, except
/// that a budget makes the study smaller.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// Where finished runs are kept (`runs.jsonl`) and the plan (`plan.json`). `None`: only in memory.
    pub folder: Option<&'a Path>,
    /// How many runs are trained at the same time; 0 counts as 1. Default 1.
    pub parallel_runs: usize,
    /// About how long the whole study may take; see [`BudgetCut`]. `None`: as long as it takes.
    pub budget: Option<Duration>,
    /// Which part of the study is done here; see [`Shard`]. It needs a folder, and excludes a budget. `None`: all of it.
    pub shard: Option<Shard>,
    /// Set to `true` from anywhere (a signal handler) to stop soon.
    pub cancel: &'a AtomicBool,
    /// Called with everything that happens, from the threads where it happens.
    pub observe: &'a (dyn Fn(&Event<'_>) + Sync),
}

impl Default for Session<'_> {
    fn default() -> Self {
        Self {
            folder: None,
            parallel_runs: 1,
            budget: None,
            shard: None,
            cancel: &NEVER,
            observe: &|_| (),
        }
    }
}

impl std::fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("folder", &self.folder)
            .field("side_by_side", &self.parallel_runs)
            .field("budget", &self.budget)
            .field("shard", &self.shard)
            .field("cancel", &self.cancel)
            .finish_non_exhaustive()
    }
}

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
