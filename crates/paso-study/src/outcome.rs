//! The result of one training run.
//!
//! The metric is of the weights at the end, or the mean of a few evaluations around it where the
//! study asks for that. The best of many evaluations during training would be too high by the luck
//! of the best, by more for an arm whose evaluations scatter more, which a constant learning rate's
//! do.
//!
//! A metric that is not finite means that the run diverged. It then counts as the worst finite
//! metric of the race: it must count against its arm, but infinity would decide every mean alone.

use crate::audit::RunAudit;
use serde::{Deserialize, Serialize};

/// The result of a run.
///
/// A run that diverged has a metric that is not finite. It counts as the worst metric of the
/// race, or of the first look where nothing is raced.
/// Only `metric` is required. Arms with averaged weights are left out where `averaged` is empty; the
/// rest feeds the report.
///
/// ```
/// use paso_study::{CurvePoint, Outcome, RunSpec};
/// let run = RunSpec::new("constant", 1e-3, 100, 0);
/// let outcome = Outcome {
///     metric: 0.91,
///     averaged: vec![0.92; run.averaging.len()], // none here
///     loss: Some(0.31),
///     curve: vec![CurvePoint { step: 50, loss: Some(0.4), metric: None }],
///     ..Outcome::default()
/// };
/// assert!(outcome.averaged.is_empty() && outcome.audit.is_none());
/// let diverged = Outcome { metric: f64::NAN, ..Outcome::default() };
/// assert!(!diverged.metric.is_finite());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The mean metric over the evaluations that [`RunSpec::evaluate_at`](crate::RunSpec::evaluate_at)
    /// asks for; higher is better. Not finite if the run diverged. A loop that evaluates once, after
    /// [`RunSpec::steps`](crate::RunSpec::steps) updates, is valid too: its differences are noisier,
    /// so that a study needs more pairs, 1.6 times as many on the demo of paso.
    #[serde(with = "crate::json::finite_or_null")]
    pub metric: f64,
    /// The metric of the averaged weights after [`RunSpec::steps`](crate::RunSpec::steps) updates,
    /// one for each of [`RunSpec::averaging`](crate::RunSpec::averaging), in that order; empty where
    /// the loop keeps no averages.
    #[serde(with = "crate::json::finite_or_null_list")]
    pub averaged: Vec<f64>,
    /// Loss on the same data and at the same updates as the metric; lower is better. `None` if there
    /// is none.
    pub loss: Option<f64>,
    /// The same loss at the averaged weights, one for each of
    /// [`RunSpec::averaging`](crate::RunSpec::averaging); empty if unknown.
    #[serde(
        default,
        with = "crate::json::finite_or_null_list",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub averaged_loss: Vec<f64>,
    /// Duration of the run in seconds. The study sets it; 0 where there is no clock
    /// (`wasm32-unknown-unknown`).
    pub seconds: f64,
    /// Measurements of the optimizer's steps, for the explanation in the report. `None` if they
    /// were not taken.
    pub audit: Option<RunAudit>,
    /// Training curve; some 60 points are enough for the figure. May be empty.
    pub curve: Vec<CurvePoint>,
}

/// A point of a training curve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Updates done.
    pub step: u64,
    /// Training loss near this step; `None` if it was not finite or is unknown.
    pub loss: Option<f64>,
    /// Metric at this point, if it was evaluated.
    pub metric: Option<f64>,
}
