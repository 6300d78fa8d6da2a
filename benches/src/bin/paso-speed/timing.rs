//! How everything is timed: threads bound to CPUs, repetitions long enough for the clock, the
//! median of samples.
//!
//! A thread that the system moves to another CPU finds cold caches there, and two threads on one
//! core share it. So each thread is bound. Where there are fewer CPUs than threads, the remaining
//! threads are not bound.
//!
//! One run of this program gives one median. It is robust against interruptions, but not against a
//! machine that is slow for the whole run: that is what alternating runs are for.

use std::time::{Duration, Instant};

/// A pool of `threads` threads, each bound to its own CPU. One thread: the caller's, in a pool of
/// one.
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

/// How often something is done.
#[derive(Clone, Copy)]
pub(crate) enum Effort {
    /// As often as fits.
    Seconds(f64),
    /// So often, without a clock: every run does exactly the same, so that its instructions can be
    /// counted.
    Steps(u32),
}

impl Effort {
    pub(crate) fn new(seconds: f64, steps: Option<u32>) -> Self {
        steps.map_or(Self::Seconds(seconds), Self::Steps)
    }

    /// Runs `f` in a pool of so many threads; on the caller's own where instructions are counted,
    /// as the threads of a pool wait for each other now longer, now shorter.
    pub(crate) fn install<R: Send>(self, threads: usize, f: impl FnOnce() -> R + Send) -> R {
        match self {
            Self::Seconds(_) => pool(threads).install(f),
            Self::Steps(_) => f(),
        }
    }
}

/// Seconds a call of `f`: the median and the best of the samples taken in some seconds (at least
/// 7), each long enough for the clock (3 ms, at most 2000 calls). NaN where there was no clock.
///
/// The median of an even number of samples is the upper of the two in the middle. Two calls come
/// before the samples: one warms up, and one shows how many calls a sample needs. With
/// [`Effort::Steps`] exactly so many calls are made and none before.
pub(crate) fn sample(effort: Effort, mut f: impl FnMut()) -> (f64, f64) {
    let seconds = match effort {
        Effort::Seconds(seconds) => seconds,
        Effort::Steps(steps) => {
            (0..steps).for_each(|_| f());
            return (f64::NAN, f64::NAN);
        }
    };
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
