//! `paso_ml._core`: what the Python package calls. The interface that users see is Python, in
//! `python/paso_ml`; here are the loops over memory, the schedules and the study.
//!
//! | file | what it is |
//! |---|---|
//! | `rule.rs` | the settings of an optimizer |
//! | `block.rs` | a step over flat numpy arrays; which gradients are there |
//! | `runs.rs` | which parameters of a block are stepped together |
//! | `pools.rs` | threads |
//! | `schedule.rs` | a learning rate per step |
//! | `study.rs` | a study whose training loop is a Python function |
//! | `range_test.rs` | a suggestion from sweeps |
//!
//! The global interpreter lock is released in every loop over memory and while a study waits.

mod block;
mod pools;
mod range_test;
mod rule;
mod runs;
mod schedule;
mod study;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// A value that is refused: `ValueError` with the message of the library.
fn refused(error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}

#[pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use super::block::{Block, grad_norm};
    #[pymodule_export]
    use super::range_test::suggest;
    #[pymodule_export]
    use super::rule::{Options, Rule};
    #[pymodule_export]
    use super::schedule::Spec;
    #[pymodule_export]
    use super::study::{check_config, report_html, settle, usual_arms};
}
