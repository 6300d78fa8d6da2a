//! Runs side by side, and keeps each as soon as it is done.

use crate::journal::Journal;
use crate::session::{Event, Progress, Session};
use crate::{Error, Outcome, Run, Trial, Watch};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a study needs to get runs done.
pub(crate) struct Pool<'a> {
    pub(crate) trial: &'a dyn Trial,
    pub(crate) session: &'a Session<'a>,
}

/// Done in this session: how many, and since when.
struct Pace {
    start: Instant,
    finished: usize,
}

impl Pool<'_> {
    /// Does those of `runs` that the journal does not have, as many at a time as the session says, in order.
    ///
    /// `later` more runs are expected after these; it only serves the estimate of the time left.
    pub(crate) fn run(
        &self,
        journal: &mut Journal,
        runs: &[Run],
        later: usize,
    ) -> Result<(), Error> {
        let missing: Vec<&Run> = runs.iter().filter(|run| journal.get(run).is_none()).collect();
        let total = journal.len() + missing.len() + later;
        let failed = AtomicBool::new(false);
        let watch = Watch::new(self.session.cancel, &failed, self.session.observe);
        let next = AtomicUsize::new(0);
        let pace = Pace { start: Instant::now(), finished: 0 };
        let shared = Mutex::new((journal, pace, Ok(())));
        let work = || {
            while !watch.stop()
                && let Some(run) = missing.get(next.fetch_add(1, Ordering::Relaxed))
            {
                let result = self.train(run, &watch);
                let (journal, pace, first_error) = &mut *lock(&shared);
                if watch.stop() && result.is_err() {
                    break; // An error because of the stop; why it stopped is known.
                }
                let result = result.and_then(|outcome| journal.add(run, outcome));
                if let Err(error) = result {
                    failed.store(true, Ordering::Relaxed);
                    *first_error = Err(error);
                    break;
                }
                pace.finished += 1;
                let left = total.saturating_sub(journal.len());
                let progress = Progress { done: journal.len(), total, left: pace.estimate(left) };
                let outcome = journal.get(run).expect("just added");
                (self.session.observe)(&Event::Finished { run, outcome, progress });
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..self.session.side_by_side.min(missing.len()) {
                scope.spawn(work);
            }
            work();
        });
        let (journal, _, result) = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        result?;
        if self.session.cancel.load(Ordering::Relaxed)
            && runs.iter().any(|run| journal.get(run).is_none())
        {
            return Err(Error::Cancelled { finished: journal.len() });
        }
        Ok(())
    }

    fn train(&self, run: &Run, watch: &Watch<'_>) -> Result<Outcome, Error> {
        let start = Instant::now();
        let mut outcome = self
            .trial
            .train(run, watch)
            .map_err(|source| Error::Trial { run: run.to_string(), source })?;
        if outcome.averaged.len() != run.averaging.len() {
            return Err(Error::Count {
                run: run.to_string(),
                what: "averaged metrics",
                got: outcome.averaged.len(),
                expected: run.averaging.len(),
            });
        }
        outcome.seconds = start.elapsed().as_secs_f64();
        Ok(outcome)
    }
}

impl Pace {
    /// Time for `left` more runs at the speed so far.
    fn estimate(&self, left: usize) -> Duration {
        let each = self.start.elapsed().as_secs_f64() / self.finished.max(1) as f64;
        Duration::try_from_secs_f64(each * left as f64).unwrap_or(Duration::MAX)
    }
}

/// A panic in another run does not make the journal wrong; it is passed on when the threads are joined.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
