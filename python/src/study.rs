//! A study whose training loop is a Python function.
//!
//! Configuration, runs, outcomes and report cross the border as JSON, which is the stable format of
//! `paso-study`: so a run can be sent to another process, and a report read by another program.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use paso_study::{
    About, Arm, Event, Outcome, RunMonitor, RunSpec, Session, Study, StudyConfig, StudyReport,
    Trial, TrialError, Worker,
};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use serde_json::json;

use crate::refused;

/// The training loop: takes a run as JSON, returns its outcome as JSON.
struct PythonTrial<'a> {
    train: &'a Py<PyAny>,
    cancel: &'a AtomicBool,
    /// The first exception. It ends the study, and is raised again as it was.
    failure: &'a Mutex<Option<PyErr>>,
}

impl PythonTrial<'_> {
    /// Keeps the exception and asks the other runs to stop.
    fn fail(&self, error: PyErr) -> TrialError {
        let message = error.to_string();
        self.cancel.store(true, Ordering::Relaxed);
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        message.into()
    }
}

impl Trial for PythonTrial<'_> {
    fn train(&self, run: &RunSpec, monitor: &RunMonitor<'_>) -> Result<Outcome, TrialError> {
        if monitor.should_stop() {
            return Err("stopped".into());
        }
        let run = serde_json::to_string(run)?;
        let answer = Python::attach(|py| {
            py.check_signals()?;
            self.train.call1(py, (run,))?.extract::<String>(py)
        });
        let answer = answer.map_err(|error| self.fail(error))?;
        Ok(serde_json::from_str(&answer)?)
    }
}

/// Runs a study to its end and returns the report as JSON.
///
/// `observe` is called with every event as JSON, `on_report` with the report so far after every look.
/// An exception of `train` or `observe` is raised again; finished runs are kept in `folder`.
#[pyfunction]
#[pyo3(signature = (train, config, about, folder, parallel_runs, budget, estimate, worker, observe, on_report))]
#[expect(
    clippy::too_many_arguments,
    reason = "called by one Python function, which has the defaults"
)]
pub(crate) fn settle(
    py: Python<'_>,
    train: Py<PyAny>,
    config: &str,
    about: &str,
    folder: Option<PathBuf>,
    parallel_runs: usize,
    budget: Option<f64>,
    estimate: bool,
    worker: bool,
    observe: Py<PyAny>,
    on_report: Py<PyAny>,
) -> PyResult<String> {
    let study = Study::new(serde_json::from_str(config).map_err(refused)?).map_err(refused)?;
    let about: About = serde_json::from_str(about).map_err(refused)?;
    let worker = worker.then(Worker::new);
    let budget = budget.map(Duration::try_from_secs_f64).transpose().map_err(refused)?;
    let (cancel, failure) = (AtomicBool::new(false), Mutex::new(None));
    let trial = PythonTrial { train: &train, cancel: &cancel, failure: &failure };
    let call = |function: &Py<PyAny>, text: String| {
        if let Err(error) = Python::attach(|py| function.call1(py, (text,))) {
            trial.fail(error);
        }
    };
    let observed = |event: &Event<'_>| {
        if let Some(text) = described(event) {
            call(&observe, text);
        }
    };
    let reported = |report: &StudyReport| {
        if let Ok(text) = serde_json::to_string(report) {
            call(&on_report, text);
        }
    };
    let session = Session {
        folder: folder.as_deref(),
        parallel_runs,
        budget,
        estimate,
        worker: worker.as_ref(),
        machine: None,
        cancel: &cancel,
        observe: &observed,
        on_report: Some(&reported),
    };
    let result = py.detach(|| study.report(&trial, &session, &about));
    if let Some(error) = failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(error);
    }
    match result {
        Ok(report) => serde_json::to_string(&report).map_err(refused),
        Err(error @ paso_study::Error::Cancelled { .. }) => {
            Err(PyRuntimeError::new_err(error.to_string()))
        }
        Err(error) => Err(PyValueError::new_err(error.to_string())),
    }
}

/// An event as JSON, for the progress of a terminal or a notebook; `None` for one that is not shown.
fn described(event: &Event<'_>) -> Option<String> {
    let value = match event {
        Event::Planned(plan) => json!({"kind": "planned", "text": plan.to_string()}),
        Event::BudgetCut(cut) => json!({"kind": "cut", "text": cut.costs().join("; ")}),
        Event::Finished { run, outcome, progress } => json!({
            "kind": "finished",
            "text": run.to_string(),
            "metric": if outcome.metric.is_finite() { Some(outcome.metric) } else { None },
            "done": progress.done,
            "total": progress.total,
            "left": progress.left.as_secs_f64(),
        }),
        Event::Raced { challenger, incumbent, .. } => {
            json!({"kind": "raced", "text": format!("comparing {challenger} with {incumbent}")})
        }
        Event::Looked { look, .. } => json!({"kind": "looked", "text": look.to_string()}),
        Event::OutOfTime => json!({"kind": "out of time", "text": "the time is over"}),
        _ => return None,
    };
    Some(value.to_string())
}

/// The configuration with every default filled in; `ValueError` names what is wrong.
#[pyfunction]
pub(crate) fn check_config(config: &str) -> PyResult<String> {
    let config: StudyConfig = serde_json::from_str(config).map_err(refused)?;
    let study = Study::new(config).map_err(refused)?;
    serde_json::to_string(study.config()).map_err(refused)
}

/// The usual arms, as JSON.
#[pyfunction]
pub(crate) fn usual_arms() -> PyResult<String> {
    serde_json::to_string(&Arm::usual()).map_err(refused)
}

/// A report as a page of HTML, from its JSON.
#[pyfunction]
pub(crate) fn report_html(report: &str) -> PyResult<String> {
    let report: StudyReport = serde_json::from_str(report).map_err(refused)?;
    Ok(report.html())
}
