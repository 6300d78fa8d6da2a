//! The result of one training run.

use crate::audit::RunAudit;
use serde::{Deserialize, Serialize};

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
