//! `paso-speed schedule`: what a learning rate costs, for schedules as people write them.
//!
//! `ns_rate` is the nanoseconds of one evaluation: the median over walks through 100,000 steps,
//! divided by these. Steps are evaluated in order but independently of each other, as a schedule
//! has no state. Before the timing, four rates of each are checked to lie between 0 and the peak.
//!
//! The four schedules are common forms; `benches/schedule.rs` has every curve of the language.

use std::hint::black_box;

use paso_schedule::Spec;

use crate::timing::{self, Effort};

/// Steps of each schedule.
const STEPS: u64 = 100_000;

const SPECS: &[&str] = &[
    "cosine(1e-3 -> 0, 100000)",
    "warmup(5000) then linear(1e-3 -> 0, 95000)",
    "warmup(5000) then constant(1e-3, 75000) then one_minus_sqrt(1e-3 -> 0, 20000)",
    "cosine(1e-3 -> 0, 1000).repeat(9, stretch 2, scale 0.5)",
];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Seconds for each schedule.
    #[arg(long, default_value_t = 0.3)]
    seconds: f64,
    /// Walk through every schedule so many times and time nothing: for counting instructions.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    steps: Option<u32>,
}

/// Prints a line for each schedule.
pub(crate) fn run(args: &Args) {
    let effort = Effort::new(args.seconds, args.steps);
    effort.install(1, || SPECS.iter().for_each(|text| line(text, effort)));
}

fn line(text: &str, effort: Effort) {
    let spec: Spec = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
    for step in [0, 1, STEPS / 2, STEPS] {
        let rate = spec.at(step);
        assert!((0.0..=spec.peak()).contains(&rate), "{text} is {rate} at step {step}");
    }
    let (median, best) = timing::sample(effort, || {
        black_box((0..STEPS).map(|step| black_box(&spec).at(black_box(step))).sum::<f64>());
    });
    let ns = |seconds: f64| (seconds * 1e9 / STEPS as f64 * 1e3).round() / 1e3;
    let line = serde_json::json!({
        "schedule": text,
        "ns_rate": ns(median),
        "ns_rate_best": ns(best),
    });
    #[expect(clippy::print_stdout, reason = "the program's output")]
    {
        println!("{line}");
    }
}
