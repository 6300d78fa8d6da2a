//! [`Spec`]: a schedule, for Python.

use numpy::{IntoPyArray, PyArray1};
use paso_schedule::Shape;
use pyo3::prelude::*;

use crate::refused;

/// A learning rate as a pure function of the step. Immutable.
#[pyclass(frozen, eq, module = "paso_ml._core")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spec {
    spec: paso_schedule::Spec,
}

#[pymethods]
impl Spec {
    /// Reads the one-line language. Without `lr` and `steps` the text has to be complete.
    #[new]
    #[pyo3(signature = (text, lr=None, steps=None))]
    fn new(text: &str, lr: Option<f64>, steps: Option<u64>) -> PyResult<Self> {
        let wrong = |error| refused(format!("schedule {text:?}: {error}"));
        let spec = match (lr, steps) {
            (None, None) => text.parse().map_err(wrong)?,
            (Some(lr), Some(steps)) => {
                text.parse::<Shape>().and_then(|shape| shape.bind(lr, steps)).map_err(wrong)?
            }
            _ => return Err(refused("lr and steps: give both, or neither")),
        };
        Ok(Self { spec })
    }

    /// The learning rate of update number `step`, from 0.
    fn at(&self, step: u64) -> f64 {
        self.spec.at(step)
    }

    /// The learning rate at a time between steps.
    fn at_time(&self, time: f64) -> f64 {
        self.spec.at_time(time)
    }

    /// As `at`, with the schedule's own policy past its end.
    fn try_at(&self, step: u64) -> PyResult<f64> {
        self.spec.try_at(step).map_err(refused)
    }

    /// The learning rates of the first `steps` updates.
    fn lrs<'py>(&self, py: Python<'py>, steps: u64) -> Bound<'py, PyArray1<f64>> {
        self.spec.lrs(steps).collect::<Vec<f64>>().into_pyarray(py)
    }

    /// The step that has the last learning rate; `None` where there is none.
    #[getter]
    fn end(&self) -> Option<f64> {
        self.spec.end()
    }

    /// A learning rate that no step exceeds.
    #[getter]
    fn peak(&self) -> f64 {
        self.spec.peak()
    }

    fn __str__(&self) -> String {
        self.spec.to_string()
    }

    fn __hash__(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        self.spec.to_string().hash(&mut hasher);
        hasher.finish()
    }
}
