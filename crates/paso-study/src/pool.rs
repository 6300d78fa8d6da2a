//! Runs side by side, and keeps each as soon as it is done.
//!
//! Threads take groups of runs from a queue. An outcome is written to the journal, and synced, before
//! anybody hears of it: what was reported as finished survives a crash. Whoever finishes the last run
//! that is needed asks the procedure for the next ones, so no thread waits for a round to end: while
//! the last needed run trains, idle threads begin what will probably be needed next. The first error
//! stops the other runs at their next question to the monitor, and so does the end of the study.
//!
//! One of several workers claims each run before it trains it, and looks from time to time what the
//! others have finished.

use crate::claims::Claims;
use crate::clock::Stopwatch;
use crate::error::Error;
use crate::event::{Event, Progress};
use crate::journal::{self, Journal};
use crate::monitor::RunMonitor;
use crate::outcome::Outcome;
use crate::race::Wanted;
use crate::run_spec::RunSpec;
use crate::runs::groups;
use crate::session::Session;
use crate::trial::Trial;
use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a worker without a run waits before it looks at what others have finished: longer each
/// time in vain.
const SHORTEST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(2);

/// What a study needs to get runs done.
pub(crate) struct Pool<'a> {
    pub(crate) trial: &'a dyn Trial,
    pub(crate) session: &'a Session<'a>,
}

/// Says which runs are wanted, given the finished ones; `None` at the end.
pub(crate) type Decide<'a> =
    &'a mut (dyn FnMut(&Journal, Asked) -> Result<Option<Wanted>, Error> + Send);

/// Why the procedure is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// What was needed is finished.
    Complete,
    /// A thread has nothing to do while others train what is needed.
    Idle,
}

/// What the threads share.
struct Shared<'a> {
    journal: &'a mut Journal,
    decide: Decide<'a>,
    /// Runs that are needed, without those at the front that are finished.
    needed: VecDeque<RunSpec>,
    /// Those of them that nobody has begun.
    queue: VecDeque<Vec<RunSpec>>,
    in_flight: Vec<RunSpec>,
    /// Of one of several workers.
    claims: Option<Claims>,
    /// Done in this session.
    finished: usize,
    result: Result<(), Error>,
}

impl Pool<'_> {
    /// Trains until `decide` wants nothing more.
    pub(crate) fn run(&self, journal: &mut Journal, decide: Decide<'_>) -> Result<(), Error> {
        let over = AtomicBool::new(false);
        let monitor = RunMonitor::new(self.session.cancel, &over, self.session.observe);
        let watch = Stopwatch::start();
        let claims = match (self.session.worker, self.session.folder) {
            (Some(worker), Some(folder)) => Some(Claims::open(folder, &worker.name, worker.lease)?),
            _ => None,
        };
        let shared = Mutex::new(Shared {
            journal,
            decide,
            needed: VecDeque::new(),
            queue: VecDeque::new(),
            in_flight: Vec::new(),
            claims,
            finished: 0,
            result: Ok(()),
        });
        let changed = Condvar::new();
        self.refill(&mut lock(&shared), &over);
        let work = || {
            let _wake = WakeOthers { shared: &shared, changed: &changed, over: &over };
            let mut state = lock(&shared);
            let mut pause = SHORTEST;
            while !monitor.should_stop() {
                // What others have finished may have ended this stage, or the study.
                if state.claims.is_some() && self.is_ended_by_others(&mut state, &over) {
                    self.refill(&mut state, &over);
                    continue;
                }
                let group = match state.next_group() {
                    Ok(Some(group)) => group,
                    Ok(None) if state.claims.is_none() => {
                        // Another thread has the last run that is needed.
                        state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                        continue;
                    }
                    Ok(None) => {
                        let waited = changed.wait_timeout(state, pause);
                        state = waited.unwrap_or_else(PoisonError::into_inner).0;
                        pause = (pause * 2).min(LONGEST);
                        // With what nobody seems to work on any more.
                        self.refill(&mut state, &over);
                        continue;
                    }
                    Err(error) => {
                        over.store(true, Ordering::Relaxed);
                        state.result = Err(error);
                        break;
                    }
                };
                pause = SHORTEST;
                state.in_flight.extend(group.iter().cloned());
                drop(state);
                let result = self.train(&group, &monitor);
                state = lock(&shared);
                state.in_flight.retain(|run| !group.contains(run));
                if monitor.should_stop() && result.is_err() {
                    break; // An error because of the stop; why it stopped is known.
                }
                let kept = result.and_then(|outcomes| {
                    let pairs = group.iter().zip(outcomes);
                    pairs.into_iter().try_for_each(|(run, o)| state.journal.add(run, o))
                });
                state.release(&group);
                if let Err(error) = kept {
                    over.store(true, Ordering::Relaxed);
                    state.result = Err(error);
                    break;
                }
                self.report(&mut state, &group, watch);
                // After the end, or an error, nothing more is asked for.
                if !over.load(Ordering::Relaxed) && state.is_complete() {
                    self.refill(&mut state, &over);
                }
                changed.notify_all();
            }
        };
        std::thread::scope(|scope| {
            // WebAssembly has no threads: spawning one would panic.
            let threads = if cfg!(target_family = "wasm") { 1 } else { self.session.parallel_runs };
            for _ in 1..threads {
                scope.spawn(work);
            }
            work();
        });
        let Shared { journal, result, .. } =
            shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        result?;
        if over.into_inner() { Ok(()) } else { Err(Error::Cancelled { finished: journal.len() }) }
    }

    /// Takes in what other workers have finished. Says whether that is all that is needed.
    fn is_ended_by_others(&self, state: &mut Shared<'_>, over: &AtomicBool) -> bool {
        match state.journal.read_others() {
            Ok(()) => state.is_complete(),
            Err(error) => {
                over.store(true, Ordering::Relaxed);
                state.result = Err(error);
                false
            }
        }
    }

    /// Asks what is wanted next, until that is something new or nothing.
    fn refill(&self, state: &mut Shared<'_>, over: &AtomicBool) {
        while state.is_complete() {
            match (state.decide)(state.journal, Asked::Complete) {
                Ok(Some(wanted)) => state.needed = wanted.needed.into(),
                Ok(None) => return over.store(true, Ordering::Relaxed),
                Err(error) => {
                    state.result = Err(error);
                    return over.store(true, Ordering::Relaxed);
                }
            }
        }
        state.queue.clear();
        let needed = state.missing(&state.needed);
        state.queue.extend(groups(&needed));
    }

    fn report(&self, state: &mut Shared<'_>, group: &[RunSpec], watch: Stopwatch) {
        state.finished += group.len();
        let open = |run: &&RunSpec| state.journal.get(run).is_none();
        let left = state.needed.iter().filter(open).count();
        let each = watch.seconds() / state.finished.max(1) as f64;
        let time = Duration::try_from_secs_f64(each * left as f64).unwrap_or(Duration::MAX);
        let done = state.journal.len();
        let progress = Progress { done, total: done + left, left: time };
        for run in group {
            let outcome = state.journal.get(run).expect("just added");
            (self.session.observe)(&Event::Finished { run, outcome, progress });
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
            // None at all is a loop that keeps no averages: `averages.rs` decides what follows.
            if got > 0 {
                count(run.to_string(), "averaged metrics", got, expected)?;
            }
            outcome.seconds = watch.seconds() / group.len() as f64;
        }
        Ok(outcomes)
    }
}

impl Shared<'_> {
    /// Whether every run that is needed is finished. At first nothing is needed.
    fn is_complete(&mut self) -> bool {
        while let Some(run) = self.needed.front() {
            if self.journal.get(run).is_none() {
                return false;
            }
            self.needed.pop_front();
        }
        true
    }

    /// Those of `runs` that nobody has done or is doing, each once.
    fn missing<'a>(&self, runs: impl IntoIterator<Item = &'a RunSpec>) -> Vec<RunSpec> {
        let mut seen: HashSet<String> = self.in_flight.iter().map(journal::key).collect();
        let is_new =
            |run: &&RunSpec| self.journal.get(run).is_none() && seen.insert(journal::key(run));
        runs.into_iter().filter(is_new).cloned().collect()
    }

    /// The next group of the queue, without what was done in the meantime and what other workers
    /// have in hand; at its end, of what will probably be needed next.
    fn next_group(&mut self) -> Result<Option<Vec<RunSpec>>, Error> {
        while let Some(group) = self.queue.pop_front() {
            let mut group = self.missing(&group);
            self.claim(&mut group)?;
            if !group.is_empty() {
                return Ok(Some(group));
            }
        }
        // Asked each time: the longer a stage lasts, the better it is known what follows.
        let wanted = (self.decide)(self.journal, Asked::Idle)?.unwrap_or_default();
        for mut group in groups(&self.missing(&wanted.ahead)) {
            self.claim(&mut group)?;
            if !group.is_empty() {
                return Ok(Some(group));
            }
        }
        Ok(None)
    }

    /// Leaves those runs that this worker may train.
    fn claim(&mut self, group: &mut Vec<RunSpec>) -> Result<(), Error> {
        let Some(claims) = &mut self.claims else { return Ok(()) };
        let mut mine = Vec::new();
        for run in group.drain(..) {
            if claims.take(&run)? {
                mine.push(run);
            }
        }
        if mine.is_empty() {
            return Ok(());
        }
        // A worker that has just finished one has kept it before it gave it back.
        self.journal.read_others()?;
        let (done, open): (Vec<_>, Vec<_>) =
            mine.into_iter().partition(|run| self.journal.get(run).is_some());
        self.release(&done);
        *group = open;
        Ok(())
    }

    fn release(&mut self, group: &[RunSpec]) {
        if let Some(claims) = &mut self.claims {
            group.iter().for_each(|run| claims.release(run));
        }
    }
}

/// Wakes the threads that wait, when a thread leaves; after a panic they stop as well.
struct WakeOthers<'a, 'b> {
    shared: &'a Mutex<Shared<'b>>,
    changed: &'a Condvar,
    over: &'a AtomicBool,
}

impl Drop for WakeOthers<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.over.store(true, Ordering::Relaxed);
        }
        // A thread that has read `over` and does not wait yet holds the lock; it would miss this.
        drop(lock(self.shared));
        self.changed.notify_all();
    }
}

/// A panic in another run does not make the journal wrong; it is passed on when the threads are
/// joined.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
