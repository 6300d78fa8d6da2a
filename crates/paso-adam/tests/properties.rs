//! What the papers say of their rules, as properties of the f32 step.

use paso_adam::{
    Adam, AdamConfig, AdamGroup, AmsGrad, Epsilon, Nesterov, Rule, ScheduleFree, WeightDecay,
};
use proptest::prelude::*;

fn group(config: AdamConfig, len: usize) -> AdamGroup {
    AdamGroup::new(Adam::new(config).expect("settings"), [len])
}

fn rule(rule: Rule) -> AdamConfig {
    AdamConfig { rule, ..AdamConfig::default() }
}

/// The weights after a step for each list of gradients.
fn run(config: AdamConfig, lr: f64, start: &[f32], gradients: &[Vec<f32>]) -> Vec<f32> {
    let mut group = group(config, start.len());
    let mut weights = start.to_vec();
    for gradient in gradients {
        group.step(lr, [(&mut weights[..], &gradient[..])]);
    }
    weights
}

fn gradients() -> impl Strategy<Value = Vec<Vec<f32>>> {
    prop::collection::vec(prop::collection::vec(-2.0_f32..2.0, 6), 1..20)
}

const START: [f32; 6] = [1.0, -1.0, 0.5, 2.0, -0.25, 0.0];

proptest! {
    /// Kingma & Ba, section 2.1: the step does not change when the gradient is rescaled. Powers of
    /// two scale exactly.
    #[test]
    fn adam_does_not_depend_on_the_scale_of_the_gradient(gradients in gradients(), k in -8_i32..8) {
        let scale = 2.0_f32.powi(k);
        let scaled: Vec<Vec<f32>> =
            gradients.iter().map(|g| g.iter().map(|x| x * scale).collect()).collect();
        for base in [rule(Rule::Adam), rule(Rule::AmsGrad(AmsGrad::Raw)), rule(Rule::NAdam(Nesterov::Simple))] {
            let config = AdamConfig { eps: 1e-30, ..base };
            let (a, b) = (run(config, 1e-2, &START, &gradients), run(config, 1e-2, &START, &scaled));
            prop_assert_eq!(a, b, "{:?}", base.rule);
        }
    }

    /// Walking up a gradient is walking down its negative.
    #[test]
    fn to_maximize_is_to_minimize_the_negative(gradients in gradients()) {
        let negative: Vec<Vec<f32>> =
            gradients.iter().map(|g| g.iter().map(|x| -x).collect()).collect();
        for rule in Rule::all() {
            let eps = if matches!(rule, Rule::AdaBelief) { 1e-8 } else { 1e-6 };
            let down = AdamConfig { rule, eps, ..AdamConfig::default() };
            let up = AdamConfig { maximize: true, ..down };
            prop_assert_eq!(
                run(up, 1e-2, &START, &gradients),
                run(down, 1e-2, &START, &negative),
                "{:?}", rule
            );
        }
    }

    /// Every step of Lion is the learning rate long, or nothing.
    #[test]
    fn a_step_of_lion_is_a_learning_rate_long(gradients in gradients()) {
        let mut group = group(AdamConfig::lion(), 6);
        let mut weights = [0.0_f32; 6];
        for gradient in gradients {
            let before = weights;
            group.step(0.25, [(&mut weights[..], &gradient[..])]);
            for (after, before) in weights.iter().zip(before) {
                let step = (after - before).abs();
                prop_assert!(step == 0.25 || step == 0.0, "{}", step);
            }
        }
    }

    /// Reddi et al.: the maximum of the second moment never falls.
    #[test]
    fn the_second_moment_of_amsgrad_never_falls(gradients in gradients()) {
        for kind in [AmsGrad::Raw, AmsGrad::BiasCorrected] {
            let mut group = group(rule(Rule::AmsGrad(kind)), 6);
            let (mut weights, mut last) = (START, vec![0.0; 6]);
            for gradient in &gradients {
                group.step(1e-3, [(&mut weights[..], &gradient[..])]);
                let now = group.state().moments[2].values.clone();
                for (now, last) in now.iter().zip(&last) {
                    prop_assert!(now >= last, "{:?}: {} after {}", kind, now, last);
                }
                last = now;
            }
        }
    }

    /// You et al.: a step of LAMB is as long as the tensor, times the learning rate.
    #[test]
    fn a_step_of_lamb_is_as_long_as_the_tensor_times_the_learning_rate(gradients in gradients()) {
        prop_assume!(gradients.iter().all(|g| g.iter().all(|x| x.abs() > 1e-3)));
        let norm = |values: &[f32]| values.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
        let mut group = group(AdamConfig::lamb(), 6);
        let mut weights = START;
        for gradient in &gradients {
            let before = weights;
            group.step(1e-2, [(&mut weights[..], &gradient[..])]);
            let step: Vec<f32> = weights.iter().zip(before).map(|(a, b)| a - b).collect();
            let share = norm(&step) / (1e-2 * norm(&before));
            prop_assert!((share - 1.0).abs() < 1e-3, "{}", share);
        }
    }

    /// Liang et al.: no weight of a cautious step moves against its gradient.
    #[test]
    fn a_cautious_step_never_moves_against_the_gradient(gradients in gradients()) {
        for base in [rule(Rule::Adam), AdamConfig::lion()] {
            let mut group = group(AdamConfig { cautious: true, ..base }, 6);
            let mut weights = START;
            for gradient in &gradients {
                let before = weights;
                group.step(1e-2, [(&mut weights[..], &gradient[..])]);
                for ((after, before), g) in weights.iter().zip(before).zip(gradient) {
                    prop_assert!((before - after) * g >= 0.0, "{} against {}", before - after, g);
                }
            }
        }
    }

    /// A group of many tensors is its tensors: but for norms, none knows of another.
    #[test]
    fn a_tensor_does_not_depend_on_the_others_of_its_group(gradients in gradients()) {
        for config in [rule(Rule::Adam), rule(Rule::Adamax), AdamConfig::lamb(), rule(Rule::Yogi(Default::default()))] {
            let mut both = AdamGroup::new(Adam::new(config).expect("settings"), [4, 2]);
            let mut weights = START;
            for gradient in &gradients {
                let (a, b) = weights.split_at_mut(4);
                both.step(1e-2, [(a, &gradient[..4]), (b, &gradient[4..])]);
            }
            let first: Vec<Vec<f32>> = gradients.iter().map(|g| g[..4].to_vec()).collect();
            let second: Vec<Vec<f32>> = gradients.iter().map(|g| g[4..].to_vec()).collect();
            prop_assert_eq!(&weights[..4], &run(config, 1e-2, &START[..4], &first)[..]);
            prop_assert_eq!(&weights[4..], &run(config, 1e-2, &START[4..], &second)[..]);
        }
    }
}

#[test]
fn the_first_step_of_adam_is_the_learning_rate_in_the_direction_of_the_gradient() {
    for g in [1e-3_f32, -1e-3, 7.0, -2e5] {
        let weights = run(rule(Rule::Adam), 0.125, &[0.0], &[vec![g]]);
        let expected = -0.125 * g.signum();
        // With eps = 1e-8, a gradient of 1e-3 loses a share of 1e-5.
        assert!((weights[0] - expected).abs() < 2e-6, "{g}: {}", weights[0]);
    }
}

#[test]
fn eps_acts_where_the_library_adds_it() {
    // One gradient of eps: corrected, the denominator is 2 eps; raw, sqrt(1 - beta2) eps + eps.
    let step = |epsilon| {
        let config = AdamConfig { eps: 1e-3, epsilon, ..AdamConfig::default() };
        -f64::from(run(config, 1.0, &[0.0], &[vec![1e-3]])[0])
    };
    assert!((step(Epsilon::Corrected) - 0.5).abs() < 1e-6);
    let root = 0.001_f64.sqrt();
    assert!((step(Epsilon::Hat) - root / (1.0 + root)).abs() < 1e-6, "{}", step(Epsilon::Hat));
}

#[test]
fn radam_takes_steps_of_momentum_until_it_can_estimate_the_variance() {
    let mut group = group(rule(Rule::RAdam), 1);
    let mut weights = [0.0_f32];
    let mut lengths = Vec::new();
    for _ in 0..8 {
        let before = weights[0];
        group.step(1e-3, [(&mut weights[..], &[100.0][..])]);
        lengths.push(before - weights[0]);
    }
    // At the default beta2 the sixth step is the first that is rectified.
    assert!(lengths[..5].iter().all(|step| (step - 0.1).abs() < 1e-5), "{lengths:?}");
    assert!(lengths[5..].iter().all(|step| *step < 1e-3), "{lengths:?}");
}

#[test]
fn the_averaged_weights_of_schedule_free_are_the_mean_of_its_fast_sequence() {
    // With power 0 and r 0 every step weighs the same: x is the mean of z after each step.
    let free = ScheduleFree { warmup: 0, r: 0.0, power: 0.0 };
    let mut group = group(rule(Rule::ScheduleFree(free)), 1);
    let (mut y, mut sum) = ([1.0_f32], 0.0);
    for t in 1..=50 {
        let gradient = [2.0 * y[0]];
        group.step(1e-2, [(&mut y[..], &gradient[..])]);
        sum += f64::from(group.state().moments[0].values[0]);
        let x = group.evaluate([&mut y[..]], |weights| f64::from(weights[0][0]));
        assert!((x - sum / f64::from(t)).abs() < 1e-5, "step {t}: {x} and {}", sum / f64::from(t));
    }
}

#[test]
fn every_rule_goes_to_the_minimum_of_a_bowl() {
    for rule in Rule::all() {
        let config = match rule {
            Rule::AdaBelief => AdamConfig::adabelief(),
            Rule::Adopt(_) => AdamConfig::adopt(),
            Rule::Yogi(_) => AdamConfig { rule, eps: 1e-3, ..AdamConfig::default() },
            _ => AdamConfig { rule, ..AdamConfig::default() },
        };
        let mut group = group(config, 3);
        let mut weights = [3.0_f32, -2.0, 0.5];
        for t in 0..3000 {
            let gradient = [weights[0] - 1.0, 10.0 * (weights[1] - 1.0), 0.1 * (weights[2] - 1.0)];
            let lr = 0.02 * (1.0 - f64::from(t) / 3000.0);
            group.step(lr, [(&mut weights[..], &gradient[..])]);
        }
        let seen = group.evaluate([&mut weights[..]], |weights| weights[0].to_vec());
        for w in seen {
            assert!((w - 1.0).abs() < 0.05, "{rule:?}: {w}");
        }
    }
}

#[test]
fn decay_and_weights_of_nothing_are_no_trouble() {
    let config = AdamConfig { decay: WeightDecay::Decoupled(0.1), ..AdamConfig::default() };
    let mut empty = AdamGroup::new(Adam::new(config).expect("settings"), [0, 0]);
    empty.step(1e-3, [(&mut [][..], &[][..]), (&mut [][..], &[][..])]);
    assert_eq!((empty.steps(), empty.views().count()), (1, 6));
    let mut none = AdamGroup::new(Adam::new(config).expect("settings"), []);
    let no_tensors: [(&mut [f32], &[f32]); 0] = [];
    none.step(1e-3, no_tensors);
    assert_eq!(none.steps(), 1);
}
