//! Threads: one rayon pool for each number of threads that a caller asked for.
//!
//! A pool's threads do not survive a fork, and a step that waited for them would wait without end.
//! So a pool belongs to the process that made it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::PyResult;
use pyo3::exceptions::PyRuntimeError;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Process and number of threads.
type Key = (u32, usize);

static POOLS: Mutex<Option<HashMap<Key, Arc<ThreadPool>>>> = Mutex::new(None);

/// The pool of so many threads.
///
/// # Errors
/// When threads cannot be started.
pub(crate) fn pool(threads: usize) -> PyResult<Arc<ThreadPool>> {
    let key = (std::process::id(), threads);
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    let pools = pools.get_or_insert_with(HashMap::new);
    if let Some(pool) = pools.get(&key) {
        return Ok(Arc::clone(pool));
    }
    let built = ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("paso-{i}"))
        .build()
        .map_err(|e| {
            PyRuntimeError::new_err(format!("{threads} threads cannot be started: {e}"))
        })?;
    let pool = Arc::new(built);
    pools.insert(key, Arc::clone(&pool));
    Ok(pool)
}
