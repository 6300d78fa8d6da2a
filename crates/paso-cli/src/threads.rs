//! `--threads`: how many threads a command uses. Results do not depend on it.

use anyhow::{Context, Result, bail};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// The number of threads given by `--threads`, or one per core.
///
/// # Errors
/// When it is 0, or the number of cores is not known.
pub(crate) fn count(requested: Option<usize>) -> Result<usize> {
    match requested {
        Some(0) => bail!("--threads is 0; it must be at least 1"),
        Some(n) => Ok(n),
        None => Ok(std::thread::available_parallelism()?.get()),
    }
}

/// A pool of that many threads. Kernels use the pool that they are called in.
pub(crate) fn pool(threads: usize) -> Result<ThreadPool> {
    ThreadPoolBuilder::new().num_threads(threads).build().context("starting the threads")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_threads_are_refused_and_none_given_means_one_per_core() {
        let message = count(Some(0)).expect_err("zero").to_string();
        assert!(message.contains("--threads is 0"), "{message}");
        assert_eq!(count(Some(3)).expect("three"), 3);
        assert!(count(None).expect("the number of cores") >= 1);
    }

    #[test]
    fn a_pool_has_the_requested_number_of_threads() {
        for threads in [1, 2, 5] {
            let pool = pool(threads).expect("a pool");
            assert_eq!(pool.install(rayon::current_num_threads), threads);
        }
    }
}
