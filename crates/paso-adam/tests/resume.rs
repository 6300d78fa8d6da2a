//! Saved states of every rule: a run that resumes has the bits of one that never stopped, whatever
//! way the state was saved, and a state that does not fit changes nothing.

use paso_adam::{Adam, AdamConfig, AdamGroup, Error, Param, Rule, Scalars};
use proptest::prelude::*;
use std::borrow::Cow;
use std::collections::HashMap;

const LENS: [usize; 3] = [5, 1, 17];

fn config(rule: Rule) -> AdamConfig {
    match rule {
        Rule::AdaBelief => AdamConfig::adabelief(),
        Rule::Adopt(_) => AdamConfig::adopt(),
        _ => AdamConfig { rule, ..AdamConfig::torch_adamw() },
    }
}

fn group(rule: Rule) -> AdamGroup {
    let params = LENS.into_iter().enumerate();
    let params = params.map(|(i, len)| Param::new(format!("layer{i}.weight"), len));
    AdamGroup::with_params(Adam::new(config(rule)).expect("settings"), params).expect("tensors")
}

/// Steps `from..to` of a run on repeatable gradients.
fn train(group: &mut AdamGroup, weights: &mut [f32], steps: std::ops::Range<usize>) {
    for t in steps {
        let gradient: Vec<f32> =
            (0..weights.len()).map(|i| ((i * 37 + t * 11) % 19) as f32 / 7.0 - 1.3).collect();
        let lr = 1e-2 / (1.0 + t as f64);
        group
            .step_flat(lr, &paso_adam::StepOptions::default(), weights, &gradient)
            .expect("a step");
    }
}

fn start() -> Vec<f32> {
    (0..LENS.iter().sum()).map(|i| (i as f32 * 0.7).cos()).collect()
}

/// The parts of a state under their names, as a file would hold them.
fn parts(group: &AdamGroup) -> HashMap<String, Vec<f32>> {
    group.views().map(|view| (view.name, view.values.into_owned())).collect()
}

#[test]
fn every_rule_resumes_with_the_same_bits_from_its_state_and_from_its_parts() {
    for rule in Rule::all() {
        let mut whole = group(rule);
        let mut expected = start();
        train(&mut whole, &mut expected, 0..12);
        for stop in [0, 1, 2, 6, 11] {
            let mut first = group(rule);
            let mut weights = start();
            train(&mut first, &mut weights, 0..stop);

            let mut from_parts = group(rule);
            let (saved, mut again) = (parts(&first), weights.clone());
            let find = |name: &str| saved.get(name).map(|values| Cow::Borrowed(&values[..]));
            from_parts.restore_views(first.scalars(), find).expect("its own parts");
            train(&mut from_parts, &mut again, stop..12);
            assert_eq!(again, expected, "{rule:?} from its parts after {stop}");

            let mut restored = group(rule);
            restored.restore(first.state()).expect("its own state");
            train(&mut restored, &mut weights, stop..12);
            assert_eq!(weights, expected, "{rule:?} from its state after {stop}");
            assert_eq!(restored.state(), whole.state(), "{rule:?}");
        }
    }
}

#[cfg(feature = "serde")]
#[test]
fn the_state_of_every_rule_survives_json_with_every_bit() {
    for rule in Rule::all() {
        let mut trained = group(rule);
        train(&mut trained, &mut start(), 0..7);
        let text = serde_json::to_string(&trained.state()).expect("plain data");
        let back: paso_adam::AdamState = serde_json::from_str(&text).expect("its own text");
        assert_eq!(back, trained.state(), "{rule:?}");
    }
}

#[test]
fn a_state_of_another_rule_is_refused_by_the_name_of_its_moment() {
    for (saved, into, said) in [
        (Rule::Adam, Rule::Adamax, "moment `exp_avg_sq` where `exp_inf` is needed"),
        (Rule::Adam, Rule::Lion, "moment `exp_avg_sq` is not one of the rule's"),
        (Rule::Lion, Rule::Adam, "moment `exp_avg_sq` is missing"),
        (Rule::Adam, Rule::AmsGrad(Default::default()), "moment `max_exp_avg_sq` is missing"),
    ] {
        let error = group(into).restore(group(saved).state()).expect_err("another rule");
        assert_eq!(error.to_string(), format!("saved optimizer state does not fit: {said}"));
    }
}

#[test]
fn every_part_that_is_missing_is_named() {
    for rule in Rule::all() {
        let mut trained = group(rule);
        train(&mut trained, &mut start(), 0..3);
        let saved = parts(&trained);
        for missing in saved.keys() {
            let find = |name: &str| {
                saved.get(name).filter(|_| name != missing).map(|values| Cow::Borrowed(&values[..]))
            };
            let mut other = group(rule);
            let error =
                other.restore_views(Scalars::default(), find).expect_err("a part is missing");
            let said = format!("saved optimizer state does not fit: `{missing}` is missing");
            assert_eq!(error.to_string(), said, "{rule:?}");
            assert_eq!(other.state(), group(rule).state(), "{rule:?}: nothing was changed");
        }
    }
}

/// One thing about a state that is not as it was.
#[derive(Debug, Clone)]
enum Damage {
    Version(u32),
    Lens(Vec<usize>),
    ShortMoment(usize, usize),
    LostMoment(usize),
    ExtraMoment(usize),
    Renamed(usize, String),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        any::<u32>().prop_filter("the version", |v| *v != 1).prop_map(Damage::Version),
        prop::collection::vec(0_usize..40, 0..5)
            .prop_filter("the lengths", |lens| lens != &LENS)
            .prop_map(Damage::Lens),
        (0_usize..2, 0_usize..23).prop_map(|(k, n)| Damage::ShortMoment(k, n)),
        (0_usize..2).prop_map(Damage::LostMoment),
        (0_usize..2).prop_map(Damage::ExtraMoment),
        (0_usize..2, "[a-z_]{0,12}")
            .prop_filter("a moment's name", |(_, name)| !name.starts_with("exp_avg"))
            .prop_map(|(k, name)| Damage::Renamed(k, name)),
    ]
}

proptest! {
    /// Whatever is wrong, the error says so and the group is as it was.
    #[test]
    fn a_damaged_state_is_refused_and_changes_nothing(damage in damage()) {
        let mut trained = group(Rule::Adam);
        train(&mut trained, &mut start(), 0..3);
        let before = trained.state();
        let mut state = before.clone();
        match damage {
            Damage::Version(version) => state.version = version,
            Damage::Lens(lens) => state.lens = lens,
            Damage::ShortMoment(k, n) => state.moments[k].values.truncate(n),
            Damage::LostMoment(k) => drop(state.moments.remove(k)),
            Damage::ExtraMoment(k) => {
                let moment = state.moments[k].clone();
                state.moments.push(moment);
            }
            Damage::Renamed(k, name) => state.moments[k].name = name,
        }
        let error = trained.restore(state).expect_err("it is damaged");
        prop_assert!(matches!(error, Error::Version { .. } | Error::State(_)), "{error}");
        prop_assert_eq!(trained.state(), before);
    }
}

#[test]
fn lengths_whose_sum_overflows_are_refused() {
    let mut state = AdamGroup::new(Adam::new(AdamConfig::default()).expect("defaults"), []).state();
    state.lens = vec![usize::MAX, 2];
    let adam = Adam::new(AdamConfig::default()).expect("defaults");
    let error = AdamGroup::from_state(adam, state).expect_err("no such memory");
    assert!(error.to_string().contains("its tensors have too many"), "{error}");
}
