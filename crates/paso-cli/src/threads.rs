//! The threads of a command.

use anyhow::{Context, Result};

/// Threads for the kernels: as many as asked for, or one a core.
pub(crate) fn count(asked: Option<usize>) -> Result<usize> {
    match asked {
        Some(0) => anyhow::bail!("--threads is 0; it must be at least 1"),
        Some(n) => Ok(n),
        None => Ok(std::thread::available_parallelism()?.get()),
    }
}

/// A pool of threads that a run stays inside of.
pub(crate) fn pool(threads: usize) -> Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .context("the threads could not be started")
}
