//! How everything is timed: threads bound to CPUs, repetitions long enough for the clock, the median of samples.

use std::time::{Duration, Instant};

/// A pool of `threads` threads, each bound to its own CPU. One thread: the caller's, in a pool of one.
pub(crate) fn pool(threads: usize) -> rayon::ThreadPool {
    let cpus = core_affinity::get_core_ids().unwrap_or_default();
    let bind = move |i: usize| {
        if let Some(&cpu) = cpus.get(i) {
            core_affinity::set_for_current(cpu);
        }
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .start_handler(bind)
        .build()
        .unwrap_or_else(|e| panic!("cannot start {threads} threads: {e}"))
}

/// Seconds a call of `f`: the median and the best of the samples taken in `seconds` (at least 7), each long
/// enough for the clock (3 ms, at most 2000 calls).
pub(crate) fn sample(seconds: f64, mut f: impl FnMut()) -> (f64, f64) {
    let mut time = |calls: u32| {
        let start = Instant::now();
        (0..calls).for_each(|_| f());
        start.elapsed().as_secs_f64() / f64::from(calls)
    };
    time(1); // warms up
    let one = time(1);
    let calls = (1..2000).find(|&n| f64::from(n) * one > 0.003).unwrap_or(2000);
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let mut samples = Vec::new();
    while samples.len() < 7 || Instant::now() < end {
        samples.push(time(calls));
    }
    samples.sort_by(f64::total_cmp);
    (samples[samples.len() / 2], samples[0])
}
