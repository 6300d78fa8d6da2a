//! The connection between a running trial and its study: cancellation and progress.

use crate::event::Event;
use std::sync::atomic::{AtomicBool, Ordering};

/// The study's side of a run in progress: asks whether to stop, and takes progress.
#[derive(Clone, Copy)]
pub struct RunMonitor<'a> {
    cancel: &'a AtomicBool,
    failed: &'a AtomicBool,
    observe: &'a (dyn Fn(&Event<'_>) + Sync),
}

impl std::fmt::Debug for RunMonitor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("stop", &self.should_stop()).finish_non_exhaustive()
    }
}

impl<'a> RunMonitor<'a> {
    /// A watch for calling a [`Trial`] outside a study, in a test for example: nobody stops it, nobody listens.
    #[must_use]
    pub fn detached() -> RunMonitor<'static> {
        RunMonitor { cancel: &NEVER, failed: &NEVER, observe: &|_| () }
    }

    pub(crate) fn new(
        cancel: &'a AtomicBool,
        failed: &'a AtomicBool,
        observe: &'a (dyn Fn(&Event<'_>) + Sync),
    ) -> Self {
        Self { cancel, failed, observe }
    }

    /// Whether the run should stop, because the user said so or another run failed. Look at it once a step, and return any
    /// error then: the study reports why it stopped, not that error.
    #[must_use]
    pub fn should_stop(&self) -> bool {
        self.cancel.load(Ordering::Relaxed) || self.failed.load(Ordering::Relaxed)
    }

    /// Reports `steps` more updates done, for the progress bar. Optional.
    pub fn advance(&self, steps: u64) {
        (self.observe)(&Event::Steps(steps));
    }
}

/// A flag that nobody sets.
pub(crate) static NEVER: AtomicBool = AtomicBool::new(false);
