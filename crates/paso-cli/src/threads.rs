//! The threads of a command.
//!
//! The result of a training does not depend on the number of threads, so the default is all cores.
//! In a study, each thread trains a run of its own.
//!
//! Commands enter the pool with `install`, so that images are decoded in it, too, and not in
//! rayon's global pool.

use anyhow::{Context, Result};

/// Threads for the kernels: as many as asked for, or one a core.
///
/// # Errors
/// If 0 is asked for, or the system does not report how many threads it has. More threads than
/// cores are allowed; they are only slower.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_threads_are_refused_and_without_a_number_there_is_one_a_core() {
        let said = count(Some(0)).expect_err("none").to_string();
        assert_eq!(said, "--threads is 0; it must be at least 1");
        assert_eq!(count(Some(3)).expect("three"), 3);
        assert!(count(None).expect("as many as cores") >= 1);
        assert_eq!(pool(2).expect("a pool").current_num_threads(), 2);
    }
}
