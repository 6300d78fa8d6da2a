//! Invariant: one f32 step gives the same bits on every instruction set, at every length, for every
//! thread count.
//!
//! "The same" takes all NaNs for one: Rust leaves a NaN's sign and payload open.

use paso_adam::{
    Adam, AdamConfig, AdamGroup, Adopt, AmsGrad, Clip, Epsilon, Gradient, Isa, Nesterov, ParamMut,
    Rule, ScheduleFree, StepOptions, WeightDecay,
};

/// Every kind of value that could be treated differently: signed zeros, denormals, the smallest
/// normals, values whose square underflows or overflows, infinities, NaN; and ordinary ones.
const SPECIAL: [f32; 20] = [
    0.0,
    -0.0,
    1e-45,
    -1e-40,
    1.1754944e-38,
    -1.2e-38,
    1e-25,
    -3e-19,
    1e-20,
    1.0,
    -1.0,
    0.1,
    -3.5e-3,
    7e8,
    -2e18,
    1e25,
    f32::MAX,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
];

/// Every rule, and settings that reach every branch of the arithmetic.
fn configs() -> Vec<AdamConfig> {
    let base = AdamConfig::default();
    let rule = |rule| AdamConfig { rule, decay: WeightDecay::Decoupled(0.01), ..base };
    let free = ScheduleFree { warmup: 2, ..ScheduleFree::default() };
    let mut configs: Vec<_> = Rule::all().into_iter().map(rule).collect();
    configs.extend([
        AdamConfig { decay: WeightDecay::Decoupled(0.01), ..base },
        AdamConfig { decay: WeightDecay::Constant(0.01), ..base },
        AdamConfig { decay: WeightDecay::L2(0.1), maximize: true, ..base },
        AdamConfig { epsilon: Epsilon::Hat, eps: 1e-7, ..base },
        AdamConfig { beta1: 0.0, beta2: 0.3, eps_root: 1e-9, ..base },
        AdamConfig { cautious: true, ..base },
        rule(Rule::AmsGrad(AmsGrad::BiasCorrected)),
        rule(Rule::NAdam(Nesterov::Constant)),
        // Momentum alone for a few steps, then Adam's.
        AdamConfig { beta2: 0.9, ..rule(Rule::RAdam) },
        AdamConfig { epsilon: Epsilon::Hat, ..rule(Rule::Adamax) },
        AdamConfig { decay: WeightDecay::Decoupled(0.1), ..AdamConfig::adabelief() },
        AdamConfig { decay: WeightDecay::Decoupled(0.1), ..AdamConfig::lion() },
        AdamConfig { cautious: true, ..AdamConfig::lion() },
        AdamConfig { decay: WeightDecay::L2(0.1), ..AdamConfig::adopt() },
        AdamConfig {
            rule: Rule::Adopt(Adopt { clip: None, decay_in_first_step: true }),
            ..AdamConfig::adopt()
        },
        rule(Rule::ScheduleFree(free)),
        AdamConfig { decay: WeightDecay::Decoupled(0.1), ..AdamConfig::lamb() },
    ]);
    configs
}

/// Repeatable values: special ones and ordinary ones mixed, starting anywhere in the mix.
fn values(n: usize, seed: usize) -> Vec<f32> {
    (0..n)
        .map(|i| {
            let k = (i + seed).wrapping_mul(2_654_435_761) >> 7;
            if k.is_multiple_of(3) {
                SPECIAL[k % SPECIAL.len()]
            } else {
                (k % 2001) as f32 / 1000.0 - 1.0
            }
        })
        .collect()
}

/// Weights and moments after a few steps.
fn run(config: AdamConfig, isa: Isa, n: usize) -> Vec<Vec<f32>> {
    let mut group = AdamGroup::new(Adam::new(config).unwrap().with_isa(isa), [n]);
    let mut w = values(n, 1);
    for t in 1..=7 {
        group.step(1e-2, [(&mut w[..], &values(n, 100 * t)[..])]);
    }
    let moments = group.state().moments.into_iter().map(|moment| moment.values);
    std::iter::once(w).chain(moments).collect()
}

#[track_caller]
fn assert_same(a: &[f32], b: &[f32], what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    for (i, (x, y)) in a.iter().zip(b).enumerate() {
        let same = x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan());
        assert!(same, "{what}: element {i} is {x:e} on one and {y:e} on the other");
    }
}

#[test]
fn every_level_gives_the_same_bits_at_every_length() {
    let scalar = Isa::named("scalar").unwrap();
    for isa in Isa::available() {
        let lengths = (0..=4 * isa.lanes() + 1).chain([10_003]);
        for n in lengths {
            for (c, config) in configs().into_iter().enumerate() {
                let (here, there) = (run(config, isa, n), run(config, scalar, n));
                for (a, b) in here.iter().zip(&there) {
                    assert_same(a, b, &format!("config {c}, {n} weights, {isa} against scalar"));
                }
            }
        }
    }
}

#[test]
fn a_weight_does_not_depend_on_its_place() {
    // But for rules that look at a tensor as a whole.
    for config in configs().into_iter().filter(|c| !c.cautious && c.rule != Rule::Lamb) {
        let n = 67;
        let (start, gradient) = (values(n, 5), values(n, 9));
        let whole = one_step(config, &start, &gradient);
        for cut in 0..=n {
            let left = one_step(config, &start[..cut], &gradient[..cut]);
            let right = one_step(config, &start[cut..], &gradient[cut..]);
            for ((a, b), whole) in left.iter().zip(&right).zip(&whole) {
                assert_same(&[&a[..], b].concat(), whole, &format!("{config:?} cut at {cut}"));
            }
        }
    }
}

fn one_step(config: AdamConfig, w: &[f32], g: &[f32]) -> Vec<Vec<f32>> {
    let (mut w, mut group) = (w.to_vec(), AdamGroup::new(Adam::new(config).unwrap(), [w.len()]));
    group.step(1e-2, [(&mut w[..], g)]);
    let moments = group.state().moments.into_iter().map(|moment| moment.values);
    std::iter::once(w).chain(moments).collect()
}

/// Weights, averages and state after two steps with everything that a step can do in addition to
/// the update.
fn run_with(config: AdamConfig, isa: Isa, lens: &[usize], audit: bool) -> Vec<Vec<f32>> {
    let mut group = AdamGroup::new(Adam::new(config).unwrap().with_isa(isa), lens.iter().copied());
    let total: usize = lens.iter().sum();
    let finite = |n, seed| values(n, seed).into_iter().map(|x| x.clamp(-9.0, 9.0).max(-9.0));
    let mut w: Vec<f32> = finite(total, 2).map(|x| if x.is_nan() { 1.0 } else { x }).collect();
    let mut average = w.clone();
    let options = StepOptions {
        unscale: 0.5,
        clip: Clip::global_norm(3.0),
        average: 0.9,
        audit,
        ..StepOptions::default()
    };
    for t in 1..=2 {
        let mut g: Vec<f32> =
            finite(total, 50 * t).map(|x| if x.is_nan() { 0.5 } else { x }).collect();
        let mut rest = (&mut w[..], &mut g[..], &mut average[..]);
        let mut tensors = Vec::new();
        for &len in lens {
            let (weights, w) = rest.0.split_at_mut(len);
            let (gradient, g) = rest.1.split_at_mut(len);
            let (average, a) = rest.2.split_at_mut(len);
            tensors.push(ParamMut { weights, gradient: Gradient::Zero(gradient), average });
            rest = (w, g, a);
        }
        #[cfg(feature = "rayon")]
        let report = group.par_step_with(1e-2, &options, tensors).unwrap();
        #[cfg(not(feature = "rayon"))]
        let report = group.step_with(1e-2, &options, tensors).unwrap();
        assert!(report.taken && report.audit.is_some() == audit, "{report:?}");
        assert!(g.iter().all(|&g| g == 0.0), "a gradient was not set to zero");
    }
    let moments = group.state().moments.into_iter().map(|moment| moment.values);
    [w, average].into_iter().chain(moments).collect()
}

#[test]
fn an_audited_clipped_averaged_step_has_the_same_bits_on_every_level() {
    let lens = [3000, 17, 0, 70_001];
    for config in configs() {
        let expected = run_with(config, Isa::named("scalar").unwrap(), &lens, false);
        for isa in Isa::available() {
            for audit in [false, true] {
                let found = run_with(config, isa, &lens, audit);
                for (a, b) in found.iter().zip(&expected) {
                    assert_same(a, b, &format!("{config:?} on {isa}, audit {audit}"));
                }
            }
        }
    }
}

/// One of the ways to take a step.
#[cfg(feature = "rayon")]
type TakeStep<'a> = dyn Fn(&mut AdamGroup, &mut [(&mut [f32], &[f32])]) + 'a;

#[cfg(feature = "rayon")]
#[test]
fn every_thread_count_gives_the_same_bits() {
    // One tensor above the size that is cut, many below, an empty one.
    let lens = [300_001, 7, 0, 70_000, 1, 200_000];
    let gradients: Vec<_> = lens.iter().map(|&n| values(n, 3)).collect();
    let run = |adam, step: &TakeStep<'_>| {
        let mut weights: Vec<_> = lens.iter().map(|&n| values(n, 2)).collect();
        let mut group = AdamGroup::new(adam, lens);
        for _ in 0..2 {
            let mut tensors: Vec<_> =
                weights.iter_mut().zip(&gradients).map(|(w, g)| (&mut w[..], &g[..])).collect();
            step(&mut group, &mut tensors);
        }
        (weights.concat(), group.state())
    };
    for config in configs() {
        let adam = Adam::new(config).unwrap();
        let (serial, serial_state) = run(adam, &|group, tensors| group.step(1e-3, tensors));
        for threads in [1, 2, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let (parallel, state) =
                run(adam, &|group, tensors| pool.install(|| group.par_step(1e-3, tensors)));
            let what = format!("{config:?} on {threads} threads");
            assert_same(&parallel, &serial, &what);
            for (a, b) in state.moments.iter().zip(&serial_state.moments) {
                assert_same(&a.values, &b.values, &format!("{} of {what}", a.name));
            }
        }
    }
}

#[cfg(feature = "rayon")]
#[test]
fn a_clipped_step_has_the_same_bits_on_every_thread_count() {
    let lens = [300_001, 7, 0, 70_000, 1, 200_000];
    for config in [AdamConfig::default(), AdamConfig::lamb()] {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run_with(config, Isa::best(), &lens, true))
        };
        let expected = run(1);
        for threads in [2, 3, 8] {
            for (a, b) in run(threads).iter().zip(&expected) {
                assert_same(a, b, &format!("{config:?} on {threads} threads"));
            }
        }
    }
}

/// `PASO_EXPECT_LEVELS` (a comma list of `scalar`, `v3`, `v4`, `neon`) says what a machine or
/// emulator must offer, so that a level cannot go missing silently.
#[test]
fn the_expected_levels_are_there() {
    let found: Vec<_> = Isa::available().iter().map(|isa| isa.name()).collect();
    eprintln!("levels: {}", found.join(", "));
    let Ok(expected) = std::env::var("PASO_EXPECT_LEVELS") else { return };
    let expected: Vec<_> = expected
        .split(',')
        .map(|level| match level {
            "v3" => "avx2",
            "v4" => "avx512",
            other => other,
        })
        .collect();
    assert_eq!(found, expected, "PASO_EXPECT_LEVELS");
}
