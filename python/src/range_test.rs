//! A learning rate from sweeps.

use paso_study::range_test::{Sweep, suggest as suggest_from};
use pyo3::prelude::*;

use crate::refused;

/// The suggestion as JSON, from sweeps as pairs of learning rates and losses. `ValueError` with the
/// reason where the sweeps cannot tell.
#[pyfunction]
pub(crate) fn suggest(sweeps: Vec<(Vec<f64>, Vec<f64>)>) -> PyResult<String> {
    let sweeps: Vec<Sweep> = sweeps.into_iter().map(|(lr, loss)| Sweep { lr, loss }).collect();
    let suggestion = suggest_from(&sweeps).map_err(refused)?;
    serde_json::to_string(&suggestion).map_err(refused)
}
