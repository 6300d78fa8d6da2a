//! The connection between a running trial and its study: cancellation and progress.
//!
//! A training loop runs for minutes, and a user presses Ctrl-C at any time. The loop asks
//! [`RunMonitor::should_stop`] between steps; both flags behind it are atomic loads, which cost
//! nothing next to a step.

use crate::event::Event;
use std::sync::atomic::{AtomicBool, Ordering};

/// The connection between a run in progress and its study. A trial asks it whether to stop, and
/// reports progress to it.
/// ```
/// use paso_study::{Outcome, RunMonitor, RunSpec, TrialError};
/// fn train(run: &RunSpec, monitor: &RunMonitor<'_>) -> Result<Outcome, TrialError> {
///     for _step in 0..run.steps {
///         if monitor.should_stop() {
///             return Err("stopped".into()); // any error will do
///         }
///         monitor.advance(1);
///     }
///     Ok(Outcome { metric: 1.0, ..Outcome::default() })
/// }
/// let outcome = train(&RunSpec::new("constant", 1e-3, 10, 0), &RunMonitor::detached())?;
/// assert_eq!(outcome.metric, 1.0);
/// # Ok::<(), TrialError>(())
/// ```
#[derive(Clone, Copy)]
pub struct RunMonitor<'a> {
    cancel: &'a AtomicBool,
    over: &'a AtomicBool,
    observe: &'a (dyn Fn(&Event<'_>) + Sync),
}

impl std::fmt::Debug for RunMonitor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunMonitor").field("stop", &self.should_stop()).finish_non_exhaustive()
    }
}

impl<'a> RunMonitor<'a> {
    /// A monitor for calling a [`Trial`](crate::Trial) without a study, for example in a test. It
    /// never asks to stop and ignores progress.
    #[must_use]
    pub fn detached() -> RunMonitor<'static> {
        RunMonitor { cancel: &NEVER, over: &NEVER, observe: &|_| () }
    }

    pub(crate) fn new(
        cancel: &'a AtomicBool,
        over: &'a AtomicBool,
        observe: &'a (dyn Fn(&Event<'_>) + Sync),
    ) -> Self {
        Self { cancel, over, observe }
    }

    /// Whether the run should stop: the user cancelled, another run failed, or the study was decided
    /// without it. Check it once per step, and return any error if so: the study reports the reason
    /// for the stop, not that error.
    #[must_use]
    pub fn should_stop(&self) -> bool {
        self.cancel.load(Ordering::Relaxed) || self.over.load(Ordering::Relaxed)
    }

    /// Reports `steps` more updates done, as [`Event::Steps`]. Optional; it drives progress bars.
    pub fn advance(&self, steps: u64) {
        (self.observe)(&Event::Steps(steps));
    }
}

/// A flag that is never set.
pub(crate) static NEVER: AtomicBool = AtomicBool::new(false);
