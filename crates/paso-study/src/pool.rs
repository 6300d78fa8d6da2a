//! Runs side by side, and keeps each as soon as it is done.
//!
//! Threads take groups of runs from a list, by an atomic counter. An outcome is written to the
//! journal, and synced, before anybody hears of it: what was reported as finished survives a crash.
//! The first error stops the other runs at their next question to the monitor.

use crate::clock::Stopwatch;
use crate::error::Error;
use crate::event::{Event, Progress};
use crate::journal::Journal;
use crate::monitor::RunMonitor;
use crate::outcome::Outcome;
use crate::run_spec::RunSpec;
use crate::runs::groups;
use crate::session::Session;
use crate::trial::Trial;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a study needs to get runs done.
pub(crate) struct Pool<'a> {
    pub(crate) trial: &'a dyn Trial,
    pub(crate) session: &'a Session<'a>,
}

/// Done in this session: how many, and since when.
struct Pace {
    watch: Stopwatch,
    finished: usize,
}

impl Pool<'_> {
    /// Does those of `runs` that the journal does not have, as many at a time as the session says,
    /// in order.
    ///
    /// `later` more runs are expected after these; it only serves the estimate of the time left.
    pub(crate) fn run(
        &self,
        journal: &mut Journal,
        runs: &[RunSpec],
        later: usize,
    ) -> Result<(), Error> {
        let groups = groups(runs);
        let mine = |(i, _): &(usize, &Vec<RunSpec>)| self.session.shard.is_none_or(|s| s.has(*i));
        let missing: Vec<Vec<RunSpec>> = groups
            .iter()
            .enumerate()
            .filter(mine)
            .map(|(_, group)| {
                group.iter().filter(|run| journal.get(run).is_none()).cloned().collect()
            })
            .filter(|group: &Vec<RunSpec>| !group.is_empty())
            .collect();
        let total = journal.len() + missing.iter().map(Vec::len).sum::<usize>() + later;
        let failed = AtomicBool::new(false);
        let monitor = RunMonitor::new(self.session.cancel, &failed, self.session.observe);
        let next = AtomicUsize::new(0);
        let pace = Pace { watch: Stopwatch::start(), finished: 0 };
        let shared = Mutex::new((&mut *journal, pace, Ok(())));
        let work = || {
            while !monitor.should_stop()
                && let Some(group) = missing.get(next.fetch_add(1, Ordering::Relaxed))
            {
                let result = self.train(group, &monitor);
                let (journal, pace, first_error) = &mut *lock(&shared);
                if monitor.should_stop() && result.is_err() {
                    break; // An error because of the stop; why it stopped is known.
                }
                let result = result.and_then(|outcomes| {
                    group.iter().zip(outcomes).try_for_each(|(run, o)| journal.add(run, o))
                });
                if let Err(error) = result {
                    failed.store(true, Ordering::Relaxed);
                    *first_error = Err(error);
                    break;
                }
                pace.finished += group.len();
                let left = total.saturating_sub(journal.len());
                let progress = Progress { done: journal.len(), total, left: pace.estimate(left) };
                for run in group {
                    let outcome = journal.get(run).expect("just added");
                    (self.session.observe)(&Event::Finished { run, outcome, progress });
                }
            }
        };
        std::thread::scope(|scope| {
            // WebAssembly has no threads: spawning one would panic.
            let threads = if cfg!(target_family = "wasm") { 1 } else { self.session.parallel_runs };
            for _ in 1..threads.min(missing.len()) {
                scope.spawn(work);
            }
            work();
        });
        let (.., result) = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        result?;
        let absent = |journal: &Journal| runs.iter().filter(|r| journal.get(r).is_none()).count();
        if absent(journal) == 0 {
            return Ok(());
        }
        if self.session.cancel.load(Ordering::Relaxed) {
            return Err(Error::Cancelled { finished: journal.len() });
        }
        // What is left belongs to other shards, which may have finished it by now.
        journal.read_others()?;
        match absent(journal) {
            0 => Ok(()),
            missing => Err(Error::OtherShards { finished: journal.len(), missing }),
        }
    }

    fn train(&self, group: &[RunSpec], monitor: &RunMonitor<'_>) -> Result<Vec<Outcome>, Error> {
        let name = || group[0].to_string();
        let watch = Stopwatch::start();
        let result = match group {
            [run] => self.trial.train(run, monitor).map(|outcome| vec![outcome]),
            runs => self.trial.train_branches(runs, monitor),
        };
        let mut outcomes = result.map_err(|source| Error::Trial { run: name(), source })?;
        let count = |run: String, what, got, expected| {
            if got == expected { Ok(()) } else { Err(Error::Count { run, what, got, expected }) }
        };
        count(name(), "outcomes", outcomes.len(), group.len())?;
        for (run, outcome) in group.iter().zip(&mut outcomes) {
            let (got, expected) = (outcome.averaged.len(), run.averaging.len());
            count(run.to_string(), "averaged metrics", got, expected)?;
            outcome.seconds = watch.seconds() / group.len() as f64;
        }
        Ok(outcomes)
    }
}

impl Pace {
    /// Time for `left` more runs at the speed so far.
    fn estimate(&self, left: usize) -> Duration {
        let each = self.watch.seconds() / self.finished.max(1) as f64;
        Duration::try_from_secs_f64(each * left as f64).unwrap_or(Duration::MAX)
    }
}

/// A panic in another run does not make the journal wrong; it is passed on when the threads are
/// joined.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
