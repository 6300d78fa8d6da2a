//! The options of one call of a study: folder, parallel runs, budget, worker, observer.
//!
//! What belongs to a call and not to the question is here: where runs are kept, how many are
//! trained at a time, how to stop. All but the budget leave the answer as it is, so a study that
//! was begun on a laptop can be continued on a server with more threads.

use crate::event::Event;
use crate::monitor::NEVER;
use crate::report::StudyReport;
use crate::worker::Worker;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Options of one call of [`Study::run`](crate::Study::run). Only a budget changes what is
/// measured.
///
/// ```
/// use paso_study::Session;
/// let session = Session { parallel_runs: 4, observe: &|event| eprintln!("{event:?}"), ..Session::default() };
/// assert!(session.folder.is_none(), "runs are kept in memory only");
/// ```
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// Folder of the finished runs (`runs.jsonl`) and of the plan within a budget (`plan.json`).
    /// Created if missing. `None`: memory only.
    pub folder: Option<&'a Path>,
    /// Number of runs trained at the same time; 0 counts as 1. Default 1. Always 1 on WebAssembly,
    /// which has no threads here.
    pub parallel_runs: usize,
    /// Approximate duration of this call, which needs a clock: on `wasm32-unknown-unknown` it has no
    /// effect. The study ends with what it has before a look that would not fit; if not even a first
    /// look fits, its runs are made shorter, see [`BudgetCut`](crate::BudgetCut). `None`: no limit.
    pub budget: Option<Duration>,
    /// Whether to time a short run first, 5 % of one, where no duration of a run is known, so that
    /// the plan has one. A budget does that in any case. Default false.
    pub estimate: bool,
    /// Makes this session one of several that share the folder; see [`Worker`]. It needs a folder
    /// and excludes a budget. `None`: it has the folder for itself.
    pub worker: Option<&'a Worker>,
    /// What trains the runs of this session, such as an instruction set and a processor. Where the
    /// runs of a folder name several, the answer says so. `None`: not recorded.
    pub machine: Option<&'a str>,
    /// Set it to `true`, for example from a signal handler, to stop soon.
    pub cancel: &'a AtomicBool,
    /// Called with every event, from the thread in which it happens.
    pub observe: &'a (dyn Fn(&Event<'_>) + Sync),
    /// Called with the report so far after every look of [`Study::report`](crate::Study::report), so
    /// that it can be watched. `None`: reports are not made on the way.
    pub on_report: Option<&'a (dyn Fn(&StudyReport) + Sync)>,
}

impl Default for Session<'_> {
    fn default() -> Self {
        Self {
            folder: None,
            parallel_runs: 1,
            budget: None,
            estimate: false,
            worker: None,
            machine: None,
            cancel: &NEVER,
            observe: &|_| (),
            on_report: None,
        }
    }
}

impl std::fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("folder", &self.folder)
            .field("parallel_runs", &self.parallel_runs)
            .field("budget", &self.budget)
            .field("worker", &self.worker)
            .field("machine", &self.machine)
            .field("cancel", &self.cancel)
            .finish_non_exhaustive()
    }
}
