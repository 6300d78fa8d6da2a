//! The options of one call of a study: folder, parallel runs, budget, shard, observer.

use crate::event::Event;
use crate::monitor::NEVER;
use crate::shard::Shard;
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
