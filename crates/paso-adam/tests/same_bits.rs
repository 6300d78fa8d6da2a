//! Invariant: one f32 step gives the same bits on every instruction set, at every length, for every thread count.
//!
//! "The same" takes all NaNs for one: Rust leaves a NaN's sign and payload open.

use paso_adam::{
    Adam, AdamConfig, AdamGroup, Decay, Epsilon, Expected, Isa, Largest, Nesterov, Rule,
};

/// Every kind of value that could be treated differently: signed zeros, denormals, the smallest normals, values
/// whose square underflows or overflows, infinities, NaN; and ordinary ones.
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

/// Settings that reach every branch of the arithmetic.
fn configs() -> Vec<AdamConfig> {
    let base = AdamConfig::default();
    let rule = |rule| AdamConfig { rule, eps_root: 1e-16, ..base };
    vec![
        rule(Rule::AmsGrad(Largest::Raw)),
        rule(Rule::AmsGrad(Largest::Corrected)),
        rule(Rule::NAdam(Nesterov::WarmedUp { decay: 0.004 })),
        rule(Rule::RAdam),
        AdamConfig { beta2: 0.5, ..rule(Rule::RAdam) },
        rule(Rule::Adamax),
        AdamConfig { epsilon: Epsilon::Hat, ..rule(Rule::Adamax) },
        rule(Rule::AdaBelief(Expected::Before)),
        rule(Rule::AdaBelief(Expected::After)),
        rule(Rule::Lion),
        rule(Rule::Adopt { clip: Some(0.25) }),
        base,
        AdamConfig { decay: Decay::Decoupled(0.01), ..base },
        AdamConfig { decay: Decay::L2(0.1), maximize: true, ..base },
        AdamConfig { epsilon: Epsilon::Hat, eps: 1e-7, ..base },
        AdamConfig { beta1: 0.0, beta2: 0.3, eps_root: 1e-9, ..base },
    ]
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

/// Weights and moments after three steps.
fn run(config: AdamConfig, isa: Isa, n: usize) -> Vec<Vec<f32>> {
    let adam = Adam::new(config).unwrap().with_isa(isa);
    let mut w = values(n, 1);
    let mut moments = vec![vec![0.0; n]; adam.moments().len()];
    for t in 1..=3 {
        let gradient = values(n, 100 * usize::try_from(t).unwrap());
        let mut moments: Vec<_> = moments.iter_mut().map(|m| &mut m[..]).collect();
        adam.step_with(t, 1e-2, &mut w, &gradient, &mut moments);
    }
    moments.push(w);
    moments
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
        let lengths = (0..=4 * isa.lanes() + 1).chain([100_003]);
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
    for config in configs() {
        let n = 67;
        let adam = Adam::new(config).unwrap();
        let (start, gradient) = (values(n, 5), values(n, 9));
        let whole = one_step(&adam, &start, &gradient);
        for cut in 0..=n {
            let left = one_step(&adam, &start[..cut], &gradient[..cut]);
            let right = one_step(&adam, &start[cut..], &gradient[cut..]);
            for (i, ((a, b), whole)) in left.iter().zip(&right).zip(&whole).enumerate() {
                assert_same(&[&a[..], b].concat(), whole, &format!("part {i} cut at {cut}"));
            }
        }
    }
}

/// Moments and weights after the second step, from moments of zero.
fn one_step(adam: &Adam, w: &[f32], g: &[f32]) -> Vec<Vec<f32>> {
    let mut w = w.to_vec();
    let mut moments = vec![vec![0.0; w.len()]; adam.moments().len()];
    let mut slices: Vec<_> = moments.iter_mut().map(|m| &mut m[..]).collect();
    adam.step_with(2, 1e-2, &mut w, g, &mut slices);
    moments.push(w);
    moments
}

#[cfg(feature = "rayon")]
#[test]
fn every_thread_count_gives_the_same_bits() {
    // One tensor above the size that is cut, many below, an empty one.
    let lens = [300_001, 7, 0, 70_000, 1, 200_000];
    let adam =
        Adam::new(AdamConfig { decay: Decay::Decoupled(0.1), ..AdamConfig::default() }).unwrap();
    let gradients: Vec<_> = lens.iter().map(|&n| values(n, 3)).collect();
    type Tensors<'a> = [(&'a mut [f32], &'a [f32])];
    let run = |step: &dyn Fn(&mut AdamGroup, &mut Tensors<'_>)| {
        let mut weights: Vec<_> = lens.iter().map(|&n| values(n, 2)).collect();
        let mut group = AdamGroup::new(adam, lens);
        for _ in 0..2 {
            let mut tensors: Vec<_> =
                weights.iter_mut().zip(&gradients).map(|(w, g)| (&mut w[..], &g[..])).collect();
            step(&mut group, &mut tensors);
        }
        (weights.concat(), group.state())
    };
    let (serial, serial_state) = run(&|group, tensors| group.step(1e-3, tensors));
    for threads in [1, 2, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (parallel, state) =
            run(&|group, tensors| pool.install(|| group.par_step(1e-3, tensors)));
        assert_same(&parallel, &serial, &format!("weights on {threads} threads"));
        for (a, b) in state.moments.iter().zip(&serial_state.moments) {
            assert_same(&a.values, &b.values, &format!("{} on {threads} threads", a.name));
        }
    }
}

/// `PASO_EXPECT_LEVELS` (a comma list of `scalar`, `v3`, `v4`, `neon`) says what a machine or emulator must offer, so
/// that a level cannot go missing silently.
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
