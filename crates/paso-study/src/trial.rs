//! The caller's training loop, as the study sees it: a run to do, and the outcome of it.

use crate::{Event, RunAudit, TrialError};
use paso_schedule::{Shape, Spec};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};

/// A training loop that a study can run.
///
/// It is called from several threads at once when the study was told so
/// ([`Session::parallel_runs`](crate::Session::side_by_side)); hence `&self` and `Sync`. One call should use one thread then.
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

/// One training run that the study asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunSpec {
    /// The schedule's shape: see [`paso_schedule::Shape`].
    pub spec: String,
    /// Whatever else distinguishes the arm, handed through from [`Arm::variant`](crate::Arm::variant); usually empty.
    pub variant: String,
    /// Highest rate of the schedule.
    pub peak_lr: f64,
    /// Number of updates.
    pub steps: u64,
    /// Source of everything random in the run.
    pub seed: u64,
    /// Horizons, in steps, over which averaged weights are to be kept beside the trained ones: an exponential moving
    /// average that forgets a share of `1 / horizon` a step. Empty when no arm wants them.
    pub averaging: Vec<u64>,
}

impl RunSpec {
    /// A run that no study asked for, to try a [`Trial`] with: no variant, no averages.
    #[must_use]
    pub fn new(spec: &str, peak_lr: f64, steps: u64, seed: u64) -> Self {
        let (spec, variant) = (spec.into(), String::new());
        Self { spec, variant, peak_lr, steps, seed, averaging: Vec::new() }
    }

    /// The rates of the run: `run.schedule().at(t)` for update number `t`, counted from 0.
    ///
    /// # Panics
    /// If the shape cannot be bound. A study checks that before it starts.
    #[must_use]
    pub fn schedule(&self) -> Spec {
        let bound =
            self.spec.parse::<Shape>().and_then(|shape| shape.bind(self.peak_lr, self.steps));
        bound.unwrap_or_else(|error| panic!("{self}: {error}"))
    }

    /// For how many updates both runs are the same run: 0 unless seed and variant agree, else the number of updates before
    /// their rates differ for the first time.
    ///
    /// # Panics
    /// As [`schedule`](Self::schedule).
    #[must_use]
    pub fn shared_steps(&self, other: &Self) -> u64 {
        if (self.seed, &self.variant) != (other.seed, &other.variant) {
            return 0;
        }
        let (mine, others) = (self.schedule(), other.schedule());
        let steps = self.steps.min(other.steps);
        (0..steps).find(|t| mine.at(*t) != others.at(*t)).unwrap_or(steps)
    }
}

impl std::fmt::Display for RunSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`", self.spec)?;
        if !self.variant.is_empty() {
            write!(f, " ({})", self.variant)?;
        }
        write!(f, ", peak rate {:e}, seed {}, {} steps", self.peak_lr, self.seed, self.steps)
    }
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The metric of the last weights; higher is better. Not finite: the run diverged.
    #[serde(with = "crate::json::finite_or_null")]
    pub metric: f64,
    /// The metric of the averaged weights, one for each of [`RunSpec::averaging`] in that order.
    #[serde(with = "crate::json::finite_or_null_list")]
    pub averaged: Vec<f64>,
    /// Loss on the same data as the metric, at the last weights; lower is better. `None` when there is no such thing.
    pub loss: Option<f64>,
    /// The same loss at the averaged weights, one for each of [`RunSpec::averaging`]; empty when not known.
    #[serde(
        default,
        with = "crate::json::finite_or_null_list",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub averaged_loss: Vec<f64>,
    /// How long the run took; the study fills it in.
    pub seconds: f64,
    /// What the optimizer's steps looked like near the end.
    pub audit: Option<RunAudit>,
    /// The course of the run, as many points as a picture needs; may be empty.
    pub curve: Vec<CurvePoint>,
}

/// A point in the course of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Updates done.
    pub step: u64,
    /// Training loss around here; `None` where it was not finite or not known.
    pub loss: Option<f64>,
    /// Metric at this point, if it was evaluated.
    pub metric: Option<f64>,
}

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
