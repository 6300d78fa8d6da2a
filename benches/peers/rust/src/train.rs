//! `paso-peers train candle|burn THREADS SECONDS`: what `paso-speed train --net S` does, by another
//! library.

use std::error::Error;
use std::time::{Duration, Instant};

use crate::{BATCH, burn_adam, burn_train, candle_adam, candle_train, median};

/// Prints a line, after the loss of its one batch has fallen.
///
/// # Errors
/// When the peer is unknown, or its tensors or the pool of threads cannot be made.
pub fn run(peer: &str, threads: usize, seconds: f64) -> Result<(), Box<dyn Error>> {
    // Both libraries ask this one for their threads.
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    let (mut step, version): (Box<dyn FnMut() -> f64>, _) = match peer {
        "candle" => (Box::new(candle_train::stepper()?), candle_adam::VERSION),
        "burn" => (Box::new(burn_train::stepper()), burn_adam::VERSION),
        _ => return Err("train candle|burn THREADS SECONDS".into()),
    };
    let first = step();
    let time: Duration = median(seconds, || {
        let start = Instant::now();
        step();
        start.elapsed()
    });
    let last = step();
    assert!(last < first, "{peer} does not learn its one batch: loss {first}, then {last}");
    let line = serde_json::json!({
        "peer": peer, "version": version, "net": "S", "mode": "train", "threads": threads, "batch": BATCH,
        "images_s": (10.0 * BATCH as f64 / time.as_secs_f64()).round() / 10.0,
    });
    println!("{line}");
    Ok(())
}
