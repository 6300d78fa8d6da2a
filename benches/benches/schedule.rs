//! A million evaluations of every curve and of what schedules are usually made of, in one thread.
//! The aim is under 50 ms each, so that nobody needs a table; a curve with two powers that are not
//! 1/2, 1, 3/2 or 2 is above it. `cargo bench -p paso-benches --bench schedule`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use paso_schedule::Spec;
use std::hint::black_box;
use std::time::Duration;

/// Evaluations in one iteration of criterion: divide its time by this for one rate.
const STEPS: u64 = 1_000_000;

/// Every curve, and combinations of them. The text is also the name in criterion's output.
const SPECS: &[&str] = &[
    "constant(1e-3)",
    "linear(1e-3 -> 0, 1000000)",
    "cosine(1e-3 -> 0, 1000000)",
    "cosine(1e-3 -> 0, 1000000, exponent 1.5, k 0.8)",
    "exponential(1e-3 -> 1e-5, 1000000)",
    "polynomial(1e-3 -> 0, 1000000, power 0.9)",
    "polynomial(1e-3 -> 0, 1000000, power 0.9, k 1.5)",
    "polynomial(1e-3 -> 0, 1000000, power 0.9, k 1.3)",
    "polynomial_cycle(1e-3 -> 0, power 0.9, every 1000)",
    "one_minus_sqrt(1e-3 -> 0, 1000000)",
    "normalized_exponential(1e-3 -> 0, 1000000, ratio 0.1)",
    "tanh(1e-3 -> 0, 1000000)",
    "rex(1e-3 -> 0, 1000000)",
    "decay(1e-3, factor 0.9, every 1000)",
    "step(1e-3, factor 0.9, every 1000)",
    "multi_step(1e-3, factor 0.5, at 300000 600000 900000)",
    "inverse_time(1e-3, rate 0.5, every 1000)",
    "inverse_sqrt(1e-3, timescale 4000)",
    "inverse_power(1e-3, timescale 4000, power 0.7)",
    "points(0: 0, 10000: 1e-3, 1000000: 0, cosine)",
    "table(1e-3 5e-4 1e-4)",
    "warmup(10000) then cosine(1e-3 -> 1e-5, 990000)",
    "warmup(10000) then constant(1e-3, 790000) then one_minus_sqrt(1e-3 -> 0, 200000)",
    "cosine(1e-3 -> 0, 1000).repeat",
    "cosine(1e-3 -> 0, 1000).repeat(9, stretch 2, scale 0.5)",
    "(linear(1e-4 -> 1e-3, 1000) then linear(1e-3 -> 1e-4, 1000)).repeat.scale(0.5).floor(1e-4)",
    "cosine(1e-3 -> 0, 1000000).times(decay(1, factor 0.9, every 1000)).every(10)",
];

fn schedules(c: &mut Criterion) {
    let mut group = c.benchmark_group("schedule");
    group.throughput(Throughput::Elements(STEPS)).sample_size(10);
    group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(500));
    for text in SPECS {
        let spec: Spec = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
        // Checked before it is timed: rates that are none would be fast.
        for step in [0, 1, STEPS / 2, STEPS] {
            assert!(
                (0.0..=spec.peak() * (1.0 + 1e-12)).contains(&spec.at(step)),
                "{text} at {step} is {}",
                spec.at(step)
            );
        }
        group.bench_function(BenchmarkId::from_parameter(text), |b| {
            b.iter(|| (0..STEPS).map(|step| black_box(&spec).at(black_box(step))).sum::<f64>());
        });
    }
    group.finish();
}

criterion_group!(benches, schedules);
criterion_main!(benches);
