//! Criterion suite of the optimizer: every rule in cache and beyond it, the audit, clipping, every
//! level.
//!
//! `cargo bench -p paso-benches --bench adam`; as a test (`cargo test -p paso-benches --benches`)
//! each runs once. The results are checked before anything is timed. For ratios against other
//! libraries see `paso-speed adam`.
//!
//! The groups: every rule at 10,000 weights, which fit a cache, and at a million, which mostly do
//! not; the audit, clipping and a running average at a million; and `AdamW` at every instruction
//! set level that this CPU has. The throughput is in weights, so criterion prints weights a second.
//!
//! Criterion compares with its own last run on this machine and stores that under
//! `target/criterion`. It does not alternate builds, so for a decision use `cargo xtask perf gate`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use paso_adam::reference::Textbook;
use paso_adam::{
    Adam, AdamConfig, AdamGroup, AmsGrad, Clip, Gradient, Isa, Nesterov, ParamMut, Rule,
    ScheduleFree, StepOptions, WeightDecay,
};
use std::hint::black_box;

/// Each rule and variant, by its name in criterion's output.
fn rules() -> Vec<(&'static str, AdamConfig)> {
    let base = AdamConfig::torch_adamw();
    let rule = |rule| AdamConfig { rule, ..base };
    let decay = WeightDecay::Decoupled(0.01);
    vec![
        ("adamw", base),
        ("amsgrad", rule(Rule::AmsGrad(AmsGrad::Raw))),
        ("nadam", rule(Rule::NAdam(Nesterov::Constant))),
        ("radam", rule(Rule::RAdam)),
        ("adamax", rule(Rule::Adamax)),
        ("adabelief", AdamConfig { decay, ..AdamConfig::adabelief() }),
        ("lion", AdamConfig { decay, ..AdamConfig::lion() }),
        ("adopt", AdamConfig { decay, ..AdamConfig::adopt() }),
        ("schedule-free", rule(Rule::ScheduleFree(ScheduleFree::default()))),
        ("lamb", AdamConfig { decay, ..AdamConfig::lamb() }),
        ("cautious", AdamConfig { cautious: true, ..base }),
    ]
}

/// Spread evenly over `-1..1`, the same every time.
fn values(n: usize) -> Vec<f32> {
    let spread = |i: usize| (i.wrapping_mul(2_654_435_761) >> 8) % 20_001;
    (0..n).map(|i| spread(i) as f32 / 10_000.0 - 1.0).collect()
}

fn group(config: AdamConfig, n: usize) -> AdamGroup {
    AdamGroup::new(Adam::new(config).unwrap_or_else(|e| panic!("{e}")), [n])
}

/// Ten steps against the formulas in f64.
///
/// The textbook is that of `paso_adam::reference`. A difference of 1e-5 or more is a panic.
fn check(name: &str, config: AdamConfig) {
    let (g, mut w) = (values(1003), vec![0.5_f32; 1003]);
    let (mut group, mut textbook) = (group(config, 1003), Textbook::new(config, 1003));
    let exact_g: Vec<f64> = g.iter().map(|&g| g.into()).collect();
    let mut exact = vec![0.5_f64; 1003];
    for _ in 0..10 {
        group.step(1e-3, [(&mut w[..], &g[..])]);
        textbook.step(1e-3, &mut exact, &exact_g);
    }
    for (i, (a, b)) in w.iter().zip(&exact).enumerate() {
        assert!((f64::from(*a) - b).abs() < 1e-5, "{name}: weight {i} is {a}, not {b}");
    }
}

/// One step of every rule, on one thread.
fn of_rules(c: &mut Criterion) {
    for n in [10_000, 1_000_000] {
        let mut all = c.benchmark_group(format!("step of {n}"));
        all.throughput(Throughput::Elements(n as u64));
        for (name, config) in rules() {
            check(name, config);
            let (g, mut w, mut group) = (values(n), vec![0.5_f32; n], group(config, n));
            all.bench_function(name, |b| b.iter(|| group.step(1e-3, [(&mut w[..], &g[..])])));
        }
    }
}

/// What a step can do in addition, each alone, on a million weights.
fn around_the_step(c: &mut Criterion) {
    let n = 1_000_000;
    let mut all = c.benchmark_group("around the step of 1000000");
    all.throughput(Throughput::Elements(n as u64));
    let (g, mut w, mut group) = (values(n), vec![0.5_f32; n], group(AdamConfig::default(), n));
    all.bench_function("audited", |b| {
        b.iter(|| black_box(group.step_audited(1e-3, [(&mut w[..], &g[..])])));
    });
    let options = StepOptions { clip: Clip::global_norm(1.0), ..StepOptions::default() };
    all.bench_function("clipped by global norm", |b| {
        b.iter(|| {
            let gradient = Gradient::Keep(&g);
            group.step_with(
                1e-3,
                &options,
                [ParamMut { weights: &mut w, gradient, average: &mut [] }],
            )
        });
    });
    let mut average = vec![0.0; n];
    all.bench_function("with a running average", |b| {
        b.iter(|| {
            let (gradient, average) = (Gradient::Keep(&g), &mut average[..]);
            let tensor = ParamMut { weights: &mut w, gradient, average };
            group.step_with(1e-3, &StepOptions::default(), [tensor])
        });
    });
}

/// The same step at every level, to compare levels on one machine.
fn of_levels(c: &mut Criterion) {
    let n = 10_000;
    let mut all = c.benchmark_group("AdamW of 10000 on each level");
    all.throughput(Throughput::Elements(n as u64));
    for isa in Isa::available() {
        let adam = Adam::new(AdamConfig::torch_adamw()).unwrap_or_else(|e| panic!("{e}"));
        let mut group = AdamGroup::new(adam.with_isa(isa), [n]);
        let (g, mut w) = (values(n), vec![0.5_f32; n]);
        all.bench_function(BenchmarkId::from_parameter(isa), |b| {
            b.iter(|| group.step(1e-3, [(&mut w[..], &g[..])]));
        });
    }
}

criterion_group!(adam, of_rules, around_the_step, of_levels);
criterion_main!(adam);
