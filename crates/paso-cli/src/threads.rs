//! The threads of a command.
//!
//! The result of a training does not depend on the number of threads, so the default is all cores.
//! In a study, each thread trains a run of its own.
//!
//! Commands enter the pool with `install`, so that images are decoded in it, too, and not in
//! rayon's global pool.

use anyhow::{Context, Result};

/// The most threads for a core.
const A_CORE: usize = 4;

/// Threads for the kernels: as many as asked for, or one a core.
///
/// # Errors
/// If the system does not report how many cores it has.
pub(crate) fn count(asked: Option<usize>) -> Result<usize> {
    let cores = std::thread::available_parallelism().context("the number of cores")?.get();
    match asked {
        Some(n) if n > most(cores) => {
            eprintln!(
                "note: --threads is {n}; {} are used, {A_CORE} for each of {cores} cores: more would only wait for each other",
                most(cores)
            );
            Ok(most(cores))
        }
        Some(n) => Ok(n),
        None => Ok(cores),
    }
}

/// A few more threads than cores are only slower. Thousands wait for each other without end.
fn most(cores: usize) -> usize {
    A_CORE * cores
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
    fn without_a_number_there_is_a_thread_a_core_and_never_thousands() {
        assert_eq!(count(Some(3)).expect("three"), 3);
        let cores = count(None).expect("as many as cores");
        for many in [4 * cores + 1, 2_000, usize::MAX] {
            assert_eq!(count(Some(many)).expect("a note"), 4 * cores, "{many}");
        }
        assert!(count(None).expect("as many as cores") >= 1);
        assert_eq!(pool(2).expect("a pool").current_num_threads(), 2);
    }
}
