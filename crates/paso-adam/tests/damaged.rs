//! States that no step leaves, and settings and gradients that f32 does not hold, are refused by
//! name.

use paso_adam::{
    Adam, AdamConfig, AdamGroup, AdamState, Clip, Epsilon, Error, NonFinite, Rule, Scalars,
    StepOptions,
};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Rules with each of the moments that there are.
fn rules() -> Vec<AdamConfig> {
    let rules =
        [Rule::Adam, Rule::Adamax, Rule::AdaBelief, Rule::Lion, Rule::AmsGrad(Default::default())];
    rules.map(|rule| AdamConfig { rule, ..AdamConfig::default() }).to_vec()
}

/// A group of two tensors after three steps.
fn trained(config: AdamConfig) -> AdamGroup {
    let mut group = AdamGroup::new(Adam::new(config).expect("settings"), [3, 4]);
    let mut weights = [1.0; 7];
    for step in 0..3_u8 {
        let gradient = [0.5, -1.0, 0.25, f32::from(step), -2.0, 3.0, 1e-3];
        let options = StepOptions::default();
        group.step_flat(1e-3, &options, &mut weights, &gradient).expect("a step");
    }
    group
}

fn refused(config: AdamConfig, state: AdamState, says: &str) {
    let mut group = trained(config);
    let before = group.state();
    for error in [
        group.restore(state.clone()).expect_err(says),
        AdamGroup::from_state(*group.adam(), state).expect_err(says),
    ] {
        assert!(matches!(error, Error::State(_)), "{error:?}");
        assert!(error.to_string().contains(says), "{error}");
    }
    assert_eq!(group.state(), before, "nothing has been changed");
}

#[test]
fn a_moment_that_no_step_leaves_is_named_with_its_tensor_and_place() {
    for config in rules() {
        let whole = trained(config).state();
        AdamGroup::from_state(Adam::new(config).expect("settings"), whole.clone()).expect("whole");
        for k in 0..whole.moments.len() {
            let name = whole.moments[k].name.clone();
            let never_negative = !["exp_avg", "z"].contains(&name.as_str());
            let mut spoiled =
                vec![(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (f32::NEG_INFINITY, "-inf")];
            if never_negative {
                spoiled.push((-1e-30, "-1e-30"));
            }
            for (value, word) in spoiled {
                for (at, tensor, index) in [(0, 0, 0), (2, 0, 2), (3, 1, 0), (6, 1, 3)] {
                    let mut state = whole.clone();
                    state.moments[k].values[at] = value;
                    let allowed = if never_negative { "finite and at least 0" } else { "finite" };
                    let says = format!(
                        "`{name}` {index} of tensor `{tensor}` is {word}; it must be {allowed}"
                    );
                    refused(config, state, &says);
                }
            }
        }
    }
}

#[test]
fn a_step_or_a_scalar_out_of_its_range_is_refused_by_name() {
    let config = AdamConfig::default();
    let whole = trained(config).state();
    refused(config, AdamState { step: u64::MAX, ..whole.clone() }, "step is 18446744073709551615");
    let good = Scalars::default();
    for (scalars, says) in [
        (Scalars { mu_product: f64::NAN, ..good }, "mu_product is NaN; it must be 0 to 1"),
        (Scalars { mu_product: 1.5, ..good }, "mu_product is 1.5e0"),
        (Scalars { weight_sum: -1.0, ..good }, "weight_sum is -1e0; it must be finite"),
        (Scalars { lr_max: f64::INFINITY, ..good }, "lr_max is inf"),
        (Scalars { share: 2.0, ..good }, "share is 2e0"),
    ] {
        refused(config, AdamState { scalars, ..whole.clone() }, says);
    }
    let version = AdamState { version: 2, ..whole };
    let error = AdamGroup::from_state(Adam::new(config).expect("settings"), version);
    assert!(matches!(error, Err(Error::Version { found: 2, expected: 1 })));
}

#[test]
fn parts_under_pytorch_s_names_are_looked_at_in_the_same_way() {
    let group = trained(AdamConfig::default());
    let parts: BTreeMap<String, Vec<f32>> =
        group.views().map(|view| (view.name, view.values.into_owned())).collect();
    let restore = |parts: &BTreeMap<String, Vec<f32>>, scalars| {
        let mut group = trained(AdamConfig::default());
        group.restore_views(scalars, |name| parts.get(name).map(|v| Cow::Borrowed(&v[..])))
    };
    restore(&parts, Scalars::default()).expect("whole");
    for (name, value, says) in [
        ("state.1.exp_avg", f32::NAN, "`exp_avg` 0 of tensor `1` is NaN; it must be finite"),
        ("state.0.exp_avg_sq", -1.0, "`exp_avg_sq` 0 of tensor `0` is -1e0; it must be finite and"),
        ("state.0.step", f32::NAN, "must be a whole number"),
        ("state.0.step", -1.0, "must be a whole number"),
    ] {
        let mut spoiled = parts.clone();
        spoiled.get_mut(name).expect(name)[0] = value;
        let said = restore(&spoiled, Scalars::default()).expect_err(says).to_string();
        assert!(said.contains(says), "{said}");
    }
    let scalars = Scalars { share: f64::NAN, ..Scalars::default() };
    assert!(restore(&parts, scalars).is_err());
}

#[test]
fn an_eps_that_vanishes_or_overflows_in_f32_is_refused() {
    for epsilon in [Epsilon::Corrected, Epsilon::Hat] {
        for rule in [Rule::Adam, Rule::Adamax, Rule::AdaBelief, Rule::AmsGrad(Default::default())] {
            let with = |eps, eps_root| {
                Adam::new(AdamConfig { rule, epsilon, eps, eps_root, ..AdamConfig::default() })
            };
            for eps in [0.0, 1e-300, 1e-50, 1e-46, 1e-39] {
                let said = with(eps, 0.0).expect_err("it is 0 in f32").to_string();
                assert!(said.starts_with("eps is ") && said.contains("must be"), "{said}");
            }
            for eps in [1e39, 1e300, f64::INFINITY, f64::NAN, -1e-8] {
                assert!(with(eps, 0.0).is_err(), "{eps}");
            }
            with(1.2e-38, 0.0).expect("the least that is one in f32");
        }
        let root = |eps_root| {
            Adam::new(AdamConfig { epsilon, eps: 0.0, eps_root, ..AdamConfig::default() })
        };
        root(1e-30).expect("the root's is enough");
        assert!(root(1e-36).is_err(), "times 1 - beta2 it is 0");
        assert!(root(1e300).is_err(), "infinite in f32");
    }
    Adam::new(AdamConfig { rule: Rule::Lion, eps: 0.0, ..AdamConfig::default() }).expect("no eps");
}

#[test]
fn the_least_eps_keeps_a_weight_without_gradient_where_it_is() {
    for epsilon in [Epsilon::Corrected, Epsilon::Hat] {
        for (eps, eps_root) in [(1.2e-38, 0.0), (0.0, 1.2e-35)] {
            let config = AdamConfig { eps, eps_root, epsilon, ..AdamConfig::default() };
            let mut group = AdamGroup::new(Adam::new(config).expect("settings"), [9]);
            let mut weights = [1.0; 9];
            for _ in 0..5 {
                let options = StepOptions::default();
                group.step_flat(1e-3, &options, &mut weights, &[0.0; 9]).expect("a step");
            }
            assert_eq!(weights, [1.0; 9], "{eps} {eps_root}");
        }
    }
}

#[test]
fn a_beta_that_is_1_in_f64_is_refused_and_the_one_below_is_not() {
    for set in
        [(|c: &mut AdamConfig, b| c.beta1 = b) as fn(&mut AdamConfig, f64), |c, b| c.beta2 = b]
    {
        for bad in [1.0 - 1e-20, 1.0, 1.5, -1e-20, f64::NAN, f64::INFINITY] {
            let mut config = AdamConfig::default();
            set(&mut config, bad);
            let said = Adam::new(config).expect_err("out of range").to_string();
            assert!(said.contains("it must be at least 0 and below 1"), "{said}");
        }
        let mut config = AdamConfig::default();
        set(&mut config, 1.0 - f64::EPSILON);
        let mut group = AdamGroup::new(Adam::new(config).expect("below 1"), [2]);
        let mut weights = [1.0; 2];
        for _ in 0..10 {
            let options = StepOptions::default();
            group.step_flat(1e-3, &options, &mut weights, &[1.0, -1e-3]).expect("a step");
        }
        assert!(weights.iter().all(|w| w.is_finite()), "{weights:?}");
    }
}

#[test]
fn a_learning_rate_that_is_none_panics_before_anything_is_changed() {
    for lr in [f64::NAN, -1e-9, -0.5, f64::INFINITY, f64::NEG_INFINITY, 1e39] {
        let mut group = trained(AdamConfig::default());
        let (before, mut weights) = (group.state(), [1.0_f32; 7]);
        let step = std::panic::AssertUnwindSafe(|| {
            group.step_flat(lr, &StepOptions::default(), &mut weights, &[1.0; 7]).is_ok()
        });
        assert!(std::panic::catch_unwind(step).is_err(), "{lr}");
        assert_eq!((group.state(), weights), (before, [1.0; 7]), "{lr}");
    }
}

/// The gradients of a step, and what comes of it under a policy.
fn step(config: AdamConfig, options: StepOptions, gradient: [f32; 4]) -> Result<bool, Error> {
    let mut group = AdamGroup::new(Adam::new(config).expect("settings"), [1, 3]);
    let (before, mut weights) = (group.state(), [1.0_f32; 4]);
    let report = group.step_flat(1e-3, &options, &mut weights, &gradient);
    let taken = report.map(|report| report.taken);
    if taken.as_ref().is_ok_and(|&taken| taken) {
        let state = group.state();
        AdamGroup::from_state(*group.adam(), state).expect("a state that can be restored");
        assert!(weights.iter().all(|w| w.is_finite()), "{weights:?}");
    } else {
        assert_eq!((group.state(), weights), (before, [1.0; 4]), "nothing has been changed");
    }
    taken
}

#[test]
fn a_gradient_whose_square_is_infinite_is_refused_or_skipped_and_one_just_below_is_taken() {
    let with = |non_finite| StepOptions { non_finite, ..StepOptions::default() };
    for rule in [Rule::Adam, Rule::AdaBelief, Rule::AmsGrad(Default::default())] {
        let config = AdamConfig { rule, ..AdamConfig::default() };
        for (large, sign) in [(1e20, 1.0), (1.85e19, -1.0), (f32::MAX, 1.0)] {
            let gradient = [1.0, 0.5, sign * large, 1.0];
            let error = step(config, with(NonFinite::Refuse), gradient).expect_err("too large");
            let Error::TooLarge { tensor, index, value, largest } = &error else {
                panic!("{error:?}")
            };
            assert_eq!((tensor.as_str(), *index, *value), ("1", 1, sign * large));
            assert!((9e18..1.9e19).contains(largest), "{largest}");
            assert!(error.to_string().contains("the step was not taken"), "{error}");
            assert_eq!(step(config, with(NonFinite::Skip), gradient), Ok(false));
        }
        for fits in [9e18, -9e18, 1e10, 0.0] {
            let gradient = [1.0, 0.5, fits, 1.0];
            assert_eq!(step(config, with(NonFinite::Refuse), gradient), Ok(true), "{fits}");
        }
    }
    for rule in [Rule::Lion, Rule::Adamax] {
        let config = AdamConfig { rule, ..AdamConfig::default() };
        let gradient = [1.0, 0.5, 1e37, 1.0];
        assert_eq!(step(config, with(NonFinite::Refuse), gradient), Ok(true), "nothing is squared");
    }
}

#[test]
fn what_is_scaled_or_clipped_to_less_is_taken() {
    let refuse = StepOptions { non_finite: NonFinite::Refuse, ..StepOptions::default() };
    let gradient = [1.0, 0.5, 1e20, 1.0];
    for options in [
        StepOptions { unscale: 1e-3, ..refuse },
        StepOptions { clip: Clip::global_norm(1.0), ..refuse },
        StepOptions { clip: Clip::Value(5.0), ..refuse },
        StepOptions { clip: Clip::TensorNorm(5.0), ..refuse },
    ] {
        assert_eq!(step(AdamConfig::default(), options, gradient), Ok(true), "{options:?}");
    }
    for options in [
        StepOptions { unscale: 1e3, ..refuse },
        StepOptions { clip: Clip::global_norm(1e30), ..refuse },
        StepOptions { clip: Clip::Value(1e30), ..refuse },
    ] {
        let gradient = [1.0, 0.5, 1e19 + 1e18 * 9.0, 1.0];
        let error = step(AdamConfig::default(), options, gradient).expect_err("too large");
        assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
    }
    // NaN and infinity are refused whatever the clipping.
    for bad in [f32::NAN, f32::INFINITY] {
        for clip in [Clip::None, Clip::Value(5.0), Clip::TensorNorm(5.0), Clip::global_norm(1.0)] {
            let error =
                step(AdamConfig::default(), StepOptions { clip, ..refuse }, [1.0, bad, 0.0, 0.0]);
            assert!(matches!(error, Err(Error::NonFinite { index: 0, .. })), "{error:?}");
        }
    }
}
