//! One `AdamW` step of candle or burn on one thread, a line of JSON for each size; or a training
//! step of net S.
//!
//! ```text
//! paso-peers candle|burn SIZES SECONDS              # as `paso-peers candle 1e4,1e6 0.25`
//! paso-peers train candle|burn THREADS SECONDS      # as `paso-peers train burn 2 1.5`
//! ```
//!
//! f32, rate 1e-3, decoupled decay 0.01: what `paso-speed adam` does. Only the optimizer's step is
//! timed; the gradients are made before.
//!
//! Each result is checked against the formula before it is timed. Then the median of samples is
//! taken, as `paso-speed` does. Both libraries run with the defaults of their CPU backends and the
//! features in `Cargo.toml`; threads are not bound to CPUs.
//!
//! `cargo xtask perf peers` builds this package, runs it alternately with `paso-speed` and compares
//! the lines by their keys.

mod burn_adam;
mod burn_train;
mod candle_adam;
mod candle_train;
mod train;

use std::time::{Duration, Instant};

/// The learning rate of every step.
const RATE: f64 = 1e-3;
/// Decoupled weight decay of the optimizer's benchmark; training has none.
const DECAY: f64 = 0.01;

/// Net S: 64 pixels, four times convolution, batch norm, ReLU and pool, and two linear layers.
const SIDE: usize = 64;
const CHANNELS: [usize; 5] = [3, 16, 32, 64, 128];
const CLASSES: usize = 3;
const BATCH: usize = 32;

/// Weights or gradients: spread over `-scale..scale`, the same every time.
fn values(n: usize, scale: f32) -> Vec<f32> {
    (0..n).map(|i| scale * ((i * 37 % 101) as f32 / 50.0 - 1.0)).collect()
}

/// The median of at least seven samples, each of so many steps that it takes 3 ms; `step` gives the
/// time of one.
///
/// `step` measures itself, so that it can leave its preparations out; `seconds` includes them.
fn median(seconds: f64, mut step: impl FnMut() -> Duration) -> Duration {
    let once = (0..3).map(|_| step()).min().unwrap_or_default();
    let steps = 1 + (0.003 / once.as_secs_f64().max(1e-6)) as u32;
    let (mut samples, end) = (Vec::new(), Instant::now() + Duration::from_secs_f64(seconds));
    while samples.len() < 7 || Instant::now() < end {
        samples.push((0..steps).map(|_| step()).sum::<Duration>() / steps);
    }
    samples.sort();
    samples[samples.len() / 2]
}

/// The weight and gradient that are followed by hand, after so many steps from `w`.
fn expected(mut w: f64, g: f64, steps: i32) -> f64 {
    let (mut m, mut v) = (0.0, 0.0);
    for t in 1..=steps {
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        let (mean, square) = (m / (1.0 - 0.9_f64.powi(t)), v / (1.0 - 0.999_f64.powi(t)));
        w -= RATE * DECAY * w + RATE * mean / (square.sqrt() + 1e-8);
    }
    w
}

/// Ten steps of a library against the formula.
///
/// 103 weights: no multiple of a vector, so that a tail that is handled differently is seen. A
/// difference of 1e-5 or more is a panic.
fn check(name: &str, ten_steps: impl Fn(&[f32], &[f32]) -> Vec<f32>) {
    let (w, g) = (values(103, 1.0), values(103, 0.1));
    for ((got, w), g) in ten_steps(&w, &g).into_iter().zip(w).zip(g) {
        let want = expected(w.into(), g.into(), 10);
        assert!((f64::from(got) - want).abs() < 1e-5, "{name}: {got} instead of {want}");
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let usage = "usage: paso-peers candle|burn SIZES SECONDS, or train candle|burn THREADS SECONDS";
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [what, peer, threads, seconds] = &arguments[..]
        && what == "train"
    {
        return train::run(peer, threads.parse()?, seconds.parse()?);
    }
    let [peer, sizes, seconds] = &arguments[..] else { return Err(usage.into()) };
    let seconds: f64 = seconds.parse()?;
    let (run, version) = match &peer[..] {
        "candle" => (candle_adam::run as fn(usize, usize, f64) -> _, candle_adam::VERSION),
        "burn" => (burn_adam::run as fn(usize, usize, f64) -> _, burn_adam::VERSION),
        _ => return Err(usage.into()),
    };
    if peer == "candle" {
        candle_adam::check()?
    } else {
        burn_adam::check()
    }
    for size in sizes.split(',') {
        let (tensors, weights) = size.split_once('x').unwrap_or(("1", size));
        let (tensors, weights) =
            (tensors.parse::<f64>()? as usize, weights.parse::<f64>()? as usize);
        let time: Duration = run(tensors, weights, seconds)?;
        let nanoseconds = time.as_secs_f64() * 1e9 / (tensors * weights) as f64;
        let line = serde_json::json!({
            "peer": peer, "version": version, "size": size, "threads": 1, "ns_param": nanoseconds,
        });
        println!("{line}");
    }
    Ok(())
}
