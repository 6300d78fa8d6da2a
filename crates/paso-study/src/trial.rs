//! The caller's training loop, as the study sees it.

use crate::error::TrialError;
use crate::monitor::RunMonitor;
use crate::outcome::Outcome;
use crate::run_spec::RunSpec;

/// A training loop that a study can run.
///
/// It is called from several threads at once when the study was told so
/// ([`Session::parallel_runs`](crate::Session::parallel_runs)); hence `&self` and `Sync`. One call should use one thread then.
///
/// For the comparison to mean anything:
///
/// * Everything random (initial weights, order of the batches, augmentation, split of the data) comes from
///   [`RunSpec::seed`] and from nothing else, so that arms with the same seed are *paired*.
/// * Every run takes exactly [`RunSpec::steps`] updates, update number `t` (from 0) at the rate `schedule.at(t)`, where `schedule` is [`RunSpec::schedule`].
/// * The metric is that of the last weights, not of the best checkpoint: picking the luckiest of many favours noisy arms.
///
/// A closure `Fn(&RunSpec, &RunMonitor) -> Result<Outcome, TrialError>` is a `Trial` too.
pub trait Trial: Sync {
    /// Trains once and judges the result.
    ///
    /// A run that diverges is not an error: return a metric that is not finite.
    ///
    /// # Errors
    /// Whatever keeps the run from being done at all; it ends the study, finished runs are kept.
    fn train(&self, run: &RunSpec, monitor: &RunMonitor<'_>) -> Result<Outcome, TrialError>;

    /// Trains several runs that begin alike: one seed, one variant, and the same rates for the first
    /// [`RunSpec::shared_steps`] updates, as a constant rate and one that is constant for the first four fifths do.
    ///
    /// By default each is trained from its start. A loop that can copy its whole state (weights, moments, random state, position in
    /// the data) may train the common part once and branch off it, so that the other runs cost their tails only. The outcomes must
    /// be those that [`train`](Self::train) gives, one for each run, in their order.
    ///
    /// # Errors
    /// As [`train`](Self::train).
    fn train_branches(
        &self,
        runs: &[RunSpec],
        monitor: &RunMonitor<'_>,
    ) -> Result<Vec<Outcome>, TrialError> {
        runs.iter().map(|run| self.train(run, monitor)).collect()
    }
}

impl<F> Trial for F
where
    F: Fn(&RunSpec, &RunMonitor<'_>) -> Result<Outcome, TrialError> + Sync,
{
    fn train(&self, run: &RunSpec, monitor: &RunMonitor<'_>) -> Result<Outcome, TrialError> {
        self(run, monitor)
    }
}
