//! Weight decay by its formula: with a gradient of zero, nothing but decay moves a weight.

#![expect(clippy::cast_possible_truncation, reason = "rounded to f32 on purpose")]

use paso_adam::reference::Textbook;
use paso_adam::{Adam, AdamConfig, AdamGroup, Param, Rule, StepOptions, WeightDecay};

/// What a weight of 1 is after steps with these learning rates and a gradient of 0.
fn after(config: AdamConfig, param: Param, lrs: &[f64]) -> f64 {
    let mut group =
        AdamGroup::with_params(Adam::new(config).expect("settings"), [param]).expect("a tensor");
    let mut weight = [1.0];
    for &lr in lrs {
        group.step_flat(lr, &StepOptions::default(), &mut weight, &[0.0]).expect("a step");
    }
    f64::from(weight[0])
}

const LRS: [f64; 4] = [1e-3, 2e-3, 1e-3, 0.0];

/// The share that a weight loses in a step with this learning rate.
type Share = fn(f64) -> f64;

/// Every mode, and the share that a weight loses in a step with this learning rate.
fn modes() -> Vec<(WeightDecay, Share)> {
    vec![
        (WeightDecay::None, |_| 0.0),
        (WeightDecay::Decoupled(0.5), |lr| lr * 0.5),
        (WeightDecay::ScheduleOnly { value: 0.5, peak: 2e-3 }, |lr| lr / 2e-3 * 0.5),
        (WeightDecay::Corrected { value: 0.5, peak: 2e-3 }, |lr| lr * lr / 2e-3 * 0.5),
        (WeightDecay::Constant(0.01), |_| 0.01),
    ]
}

#[test]
fn every_mode_shrinks_by_its_formula() {
    for (decay, share) in modes() {
        let config = AdamConfig { decay, ..AdamConfig::default() };
        let expected: f64 = LRS.iter().map(|&lr| 1.0 - share(lr)).product();
        let found = after(config, Param::new("w", 1), &LRS);
        assert!((found - expected).abs() < 4e-7, "{decay:?}: {found} instead of {expected}");
    }
}

#[test]
fn a_tensor_scales_its_learning_rate_and_its_decay() {
    for (decay, share) in modes() {
        let config = AdamConfig { decay, ..AdamConfig::default() };
        let param = Param { lr_scale: 0.5, decay_scale: 3.0, ..Param::new("w", 1) };
        let expected: f64 = LRS.iter().map(|&lr| 1.0 - 3.0 * share(0.5 * lr)).product();
        let found = after(config, param, &LRS);
        assert!((found - expected).abs() < 4e-7, "{decay:?}: {found} instead of {expected}");
        let none = Param { decay_scale: 0.0, ..Param::new("w", 1) };
        assert_eq!(after(config, none, &LRS), 1.0, "{decay:?} of a tensor without decay");
    }
}

#[test]
fn l2_goes_through_the_moments_and_decoupled_decay_does_not() {
    let step =
        |decay| after(AdamConfig { decay, ..AdamConfig::default() }, Param::new("w", 1), &[1e-3]);
    // The first step of Adam is as long as the learning rate, however small the gradient.
    assert!((step(WeightDecay::L2(1e-4)) - 0.999).abs() < 1e-6);
    assert!((step(WeightDecay::Decoupled(1e-4)) - (1.0 - 1e-7)).abs() < 1e-7);
}

#[test]
fn every_rule_decays_as_its_textbook_version() {
    for rule in Rule::all() {
        for (decay, _) in modes() {
            let config = AdamConfig { rule, decay, ..AdamConfig::default() };
            let Ok(adam) = Adam::new(config) else { continue };
            let mut group = AdamGroup::new(adam, [3]);
            let mut textbook = Textbook::new(config, 3);
            let (mut fast, mut exact) = ([1.0_f32, -0.5, 0.25], [1.0, -0.5, 0.25]);
            for (t, &lr) in LRS.iter().enumerate() {
                let gradient = [0.5, -0.25, 0.125].map(|g: f32| g * (t as f32 + 1.0));
                group.step(lr, [(&mut fast[..], &gradient[..])]);
                textbook.step(lr, &mut exact, &gradient.map(f64::from));
            }
            for (a, b) in fast.iter().zip(exact) {
                assert!((f64::from(*a) - b).abs() < 1e-6, "{rule:?}, {decay:?}: {a} {}", b as f32);
            }
        }
    }
}

#[test]
fn a_decay_out_of_range_is_named() {
    for (decay, said) in [
        (WeightDecay::L2(-1.0), "decay is -1; it must be finite and at least 0"),
        (WeightDecay::Decoupled(f64::NAN), "decay is NaN; it must be finite and at least 0"),
        (WeightDecay::Constant(1.5), "decay is 1.5; it must be at least 0 and below 1"),
        (
            WeightDecay::Corrected { value: 0.1, peak: 0.0 },
            "decay.peak is 0; it must be finite and above 0",
        ),
        (
            WeightDecay::ScheduleOnly { value: f64::INFINITY, peak: 1.0 },
            "decay is inf; it must be finite and at least 0",
        ),
    ] {
        let config = AdamConfig { decay, ..AdamConfig::default() };
        assert_eq!(config.validate().expect_err("out of range").to_string(), said);
    }
}
