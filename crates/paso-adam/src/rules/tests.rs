//! What every rule of the list must have.

use super::*;
use crate::AdamConfig;
use crate::scalars::Scalars;
use alloc::vec::Vec;
use paso_isa::Isa;
use pulp::Simd;

/// How many moments a kernel has.
struct CountMoments;

impl Job for CountMoments {
    type Output = usize;

    fn run<S: Simd, K: Kernel>(self, _: S, _: K) -> usize {
        K::MOMENTS
    }
}

fn context(rule: Rule, t: u64) -> StepContext {
    let config = AdamConfig { rule, ..AdamConfig::default() };
    let (hyper, lr, scalars) = (config.hyper_params(), 1e-3, Scalars::default());
    let before = StepContext { hyper, t, lr, scalars };
    StepContext { scalars: rule.formula().scalars(&before), ..before }
}

#[test]
fn every_moment_has_a_name_and_every_name_a_moment() {
    for rule in Rule::all() {
        for t in [1, 100] {
            let (kernel, _) = RuleKernel::new(&rule, &context(rule, t));
            let moments = run(Isa::best(), kernel, CountMoments);
            assert_eq!(moments, rule.formula().moment_names().len(), "{rule:?} at step {t}");
        }
    }
}

#[test]
fn no_textbook_step_is_longer_than_its_bound() {
    for rule in Rule::all() {
        let mut moments = [0.0; 3];
        for t in 1..=50 {
            let at = context(rule, t);
            let gradient = if t % 7 == 0 { 40.0 } else { 0.5 };
            let step = rule.formula().textbook(&at, 1.0, gradient, &mut moments).abs();
            if let Some(longest) = rule.formula().longest_step(&at.hyper, t) {
                assert!(step <= longest * at.lr * (1.0 + 1e-9), "{rule:?}: {step} at step {t}");
            }
        }
    }
}

/// Every rule is named in the documents that list them.
#[test]
fn every_rule_is_in_the_table_of_its_documentation() {
    let source = include_str!("mod.rs");
    let names: Vec<_> = Rule::all().iter().map(|rule| alloc::format!("{rule:?}")).collect();
    assert!(names.len() >= 10, "{names:?}");
    for name in names {
        let name = name.split(['(', ' ']).next().unwrap_or(&name);
        assert!(source.contains(&alloc::format!("| [`Rule::{name}`] |")), "{name}");
    }
}
