//! The caller's training loop, as the study sees it.
//!
//! The crate knows a training loop only by this trait. It has two methods: one trains a run, the
//! other trains several that begin alike. The second is an optimization that must not be visible in
//! the outcomes; a loop that does not implement it loses time and nothing else.

use crate::error::TrialError;
use crate::monitor::RunMonitor;
use crate::outcome::Outcome;
use crate::run_spec::RunSpec;

/// A training loop that a study can run.
///
/// With [`Session::parallel_runs`](crate::Session::parallel_runs) above 1 it is called from several
/// threads at once, hence `&self` and `Sync`. Each call should then use one thread.
///
/// ```
/// use paso_study::{Outcome, RunMonitor, RunSpec, Trial, TrialError, stats::mean};
///
/// /// Gradient descent on `w^2 / 2`.
/// struct Quadratic;
///
/// impl Trial for Quadratic {
///     fn train(&self, run: &RunSpec, monitor: &RunMonitor<'_>) -> Result<Outcome, TrialError> {
///         let (schedule, mut w, mut metrics) = (run.schedule(), 1.0 + run.seed as f64, Vec::new());
///         for t in 0..run.last_step() {
///             if monitor.should_stop() {
///                 return Err("stopped".into());
///             }
///             w -= schedule.at(t) * w;
///             if run.evaluates_after(t + 1) {
///                 metrics.push(-w * w / 2.0);
///             }
///             monitor.advance(1);
///         }
///         Ok(Outcome { metric: mean(&metrics), ..Outcome::default() })
///     }
/// }
/// let outcome = Quadratic.train(&RunSpec::new("linear(to 0)", 0.5, 20, 0), &RunMonitor::detached())?;
/// assert!(outcome.metric > -0.01);
/// # Ok::<(), TrialError>(())
/// ```
///
/// For the comparison to mean anything:
///
/// * Everything random (initial weights, order of the batches, augmentation, split of the data)
///   comes from [`RunSpec::seed`] and from nothing else, so that arms with the same seed are
///   *paired*.
/// * Every run takes exactly [`RunSpec::last_step`] updates, update number `t` (from 0) at the
///   learning rate `schedule.at(t)`, where `schedule` is [`RunSpec::schedule`].
/// * The metric is the mean over [`RunSpec::evaluate_at`], not that of the best checkpoint: the best
///   of many evaluations favors noisy arms.
///
/// A closure `Fn(&RunSpec, &RunMonitor) -> Result<Outcome, TrialError>` is a `Trial` too.
pub trait Trial: Sync {
    /// Trains once and evaluates the result.
    ///
    /// Divergence is not an error: return a metric that is not finite.
    ///
    /// # Errors
    /// Anything that prevents the run. It ends the study with
    /// [`Error::Trial`](crate::Error::Trial); finished runs are kept.
    fn train(&self, run: &RunSpec, monitor: &RunMonitor<'_>) -> Result<Outcome, TrialError>;

    /// Trains several runs that share their first updates: same seed, same variant, and equal
    /// learning rates for the first [`RunSpec::shared_steps`] updates, such as a constant schedule
    /// and one that is constant for the first 80 %.
    ///
    /// By default each run is trained from the start. A loop that can copy its whole state
    /// (weights, moments, random state, position in the data) can train the shared part once and
    /// branch from it. [Evaluations](RunSpec::evaluate_at) may lie in the shared part. The outcomes must equal those of [`train`](Self::train), one per run, in the
    /// same order.
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
