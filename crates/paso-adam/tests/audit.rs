//! The audit, and the bound on a step: no gradients make a longer one, and some make one as long.
#![expect(clippy::cast_possible_truncation, reason = "the values are small, or rounded on purpose")]

use paso_adam::{Adam, AdamConfig, AdamGroup, AmsGrad, Isa, Rule, StepAudit};
use proptest::prelude::*;

/// Audits of a run over one weight a list of gradients, at rate `lr`; weights start at zero.
fn audits(config: AdamConfig, lr: f64, gradients: &[Vec<f32>]) -> Vec<StepAudit> {
    let n = gradients[0].len();
    let mut group = AdamGroup::new(Adam::new(config).unwrap(), [n]);
    let mut w = vec![0.0; n];
    gradients.iter().map(|g| group.step_audited(lr, [(&mut w[..], &g[..])])).collect()
}

/// Gradients of many kinds and sizes: quiet, spiking, growing, dying, of random sign.
fn gradient() -> impl Strategy<Value = f32> {
    prop_oneof![
        Just(0.0_f32),
        -1.0_f32..1.0,
        (-15.0_f32..15.0).prop_map(|e| 10.0_f32.powf(e)),
        (-15.0_f32..15.0).prop_map(|e| -(10.0_f32.powf(e))),
    ]
}

proptest! {
    #[test]
    fn no_gradients_make_a_step_longer_than_the_bound(
        beta1 in prop_oneof![Just(0.0), Just(0.9), 0.0..0.99],
        beta2 in prop_oneof![Just(0.999), 0.2..0.9999],
        rule in prop_oneof![
            Just(Rule::Adam), Just(Rule::AmsGrad(AmsGrad::Raw)),
            Just(Rule::AmsGrad(AmsGrad::BiasCorrected)), Just(Rule::RAdam), Just(Rule::Lion),
        ],
        eps in prop_oneof![Just(1e-30), Just(1e-8)],
        gradients in prop::collection::vec(prop::collection::vec(gradient(), 5), 1..120),
    ) {
        prop_assume!(beta1 * beta1 < beta2);
        let config = AdamConfig { rule, beta1, beta2, eps, ..AdamConfig::default() };
        for (t, audit) in audits(config, 1e-3, &gradients).iter().enumerate() {
            let Some(share) = audit.max_over_longest() else {
                prop_assert!(rule == Rule::RAdam, "no bound for {rule:?}");
                continue;
            };
            // f32 rounds both moments at every step.
            prop_assert!(share <= 1.0 + 1e-5, "step {}: {share} of the bound", t + 1);
        }
    }

    #[test]
    fn gradients_that_grow_as_the_betas_say_reach_the_bound(
        beta1 in 0.0..0.95, beta2 in 0.9..0.9999, steps in 1_usize..400,
    ) {
        prop_assume!(beta1 * beta1 < beta2);
        // Eighty powers of ten at most: what is further back than that is forgotten.
        let growth: f64 = if beta1 > 0.0 { beta2 / beta1 } else { 1e30 };
        // The largest is the last, or the first where they shrink: its square must not overflow.
        let largest = if growth >= 1.0 { steps } else { 1 } as f64;
        let gradients: Vec<_> =
            (1..=steps).map(|t| vec![(1e15 * growth.powf(t as f64 - largest)) as f32]).collect();
        let config = AdamConfig { beta1, beta2, eps: 1e-30, ..AdamConfig::default() };
        let share = audits(config, 1e-3, &gradients)[steps - 1].max_over_longest().unwrap();
        prop_assert!((share - 1.0).abs() < 1e-3, "{share} of the bound");
    }
}

#[test]
fn the_bound_at_the_default_betas_is_that_of_the_theory() {
    let adam = Adam::new(AdamConfig::default()).unwrap();
    for (t, bound) in
        [(1, 1.0), (10, 1.043), (50, 1.614), (200, 3.096), (1000, 5.781), (5000, 7.246)]
    {
        let found = adam.longest_step(t).unwrap();
        assert!((found - bound).abs() < 1e-3, "R({t}) = {found}");
    }
    assert!((adam.longest_step(1_000_000).unwrap() - 7.2703).abs() < 1e-3, "the limit");
    let config = AdamConfig { beta1: 0.99, beta2: 0.9, ..AdamConfig::default() };
    assert_eq!(Adam::new(config).unwrap().longest_step(10), None);
}

/// Each number of an audit against a plain count of it.
#[test]
fn an_audit_counts_what_happened() {
    let n = 20_011;
    let start: Vec<f32> = (0..n).map(|i| ((i * 31) % 101) as f32 / 50.0 - 1.0).collect();
    let gradient = |t: usize| -> Vec<f32> {
        (0..n).map(|i| ((i * 37 + t * 11) % 19) as f32 * 1.6_f32.powi(t as i32) - 5.0).collect()
    };
    let rate = 1e-2;
    for isa in Isa::available() {
        let adam = Adam::new(AdamConfig::default()).unwrap().with_isa(isa);
        let mut group = AdamGroup::new(adam, [n]);
        let mut w = start.clone();
        (0..9).for_each(|t| group.step(rate, [(&mut w[..], &gradient(t)[..])]));
        let before = w.clone();
        let mut g = gradient(9);
        (g[3], g[n - 1]) = (f32::NAN, f32::INFINITY);
        let clean = gradient(9);
        let mut twin = group.clone();
        let bad = twin.step_audited(rate, [(&mut w.clone()[..], &g[..])]);
        assert_eq!(bad.non_finite, 2, "on {isa}");
        let audit = group.step_audited(rate, [(&mut w[..], &clean[..])]);
        let steps: Vec<f64> =
            before.iter().zip(&w).map(|(b, a)| (f64::from(*b) - f64::from(*a)) / rate).collect();
        let close = |found: f64, want: f64, what: &str| {
            assert!((found - want).abs() <= 1e-4 * want, "{what} on {isa}: {found}, not {want}");
        };
        let sum = |values: &[f64]| values.iter().map(|x| x * x).sum::<f64>();
        close(audit.max_step, steps.iter().fold(0.0, |m, x| x.abs().max(m)), "maximum");
        close(audit.rms_step(), (sum(&steps) / n as f64).sqrt(), "root mean square");
        let weights: Vec<f64> = before.iter().map(|&w| w.into()).collect();
        close(
            audit.update_to_weight().unwrap(),
            rate * (sum(&steps) / sum(&weights)).sqrt(),
            "update to weight",
        );
        let above = steps.iter().filter(|x| x.abs() > 1.0).count() as f64;
        close(audit.share_above_lr() * n as f64, above, "steps above the rate");
        assert_eq!((audit.weights, audit.non_finite, audit.flushed), (n as u64, 0, 0));
        assert_eq!(audit.steps.total(), 3 * 64, "three samples of 64");
        assert_eq!(audit.rates.total(), 3 * 64, "three samples of 64");
        let largest = audit.rates.counts.iter().rposition(|&count| count > 0).unwrap();
        assert!(audit.rates.start(largest) < 1.0, "a rate of {}", audit.rates.start(largest));
    }
}

#[test]
fn moments_that_become_denormal_are_counted_once() {
    let adam = Adam::new(AdamConfig { beta1: 0.5, beta2: 0.5, ..AdamConfig::default() }).unwrap();
    let mut group = AdamGroup::new(adam, [100]);
    let mut w = [1.0_f32; 100];
    group.step(1e-3, [(&mut w[..], &[1.0; 100][..])]);
    let flushed: u64 =
        (0..200).map(|_| group.step_audited(1e-3, [(&mut w[..], &[0.0; 100][..])]).flushed).sum();
    assert_eq!(flushed, 200, "both moments of 100 weights");
}

#[test]
fn audits_of_parts_merge_to_that_of_the_whole() {
    let g: Vec<f32> = (0..3000).map(|i| (i as f32).sin()).collect();
    let run = |lens: &[usize]| {
        let mut group = AdamGroup::new(Adam::new(AdamConfig::default()).unwrap(), lens.to_vec());
        let mut w = vec![1.0_f32; 3000];
        let (mut rest, mut grads, mut tensors) = (&mut w[..], &g[..], Vec::new());
        for &len in lens {
            let (here, others) = rest.split_at_mut(len);
            tensors.push((here, &grads[..len]));
            (rest, grads) = (others, &grads[len..]);
        }
        group.step_audited(1e-3, tensors)
    };
    let (whole, parts) = (run(&[3000]), run(&[1000, 0, 2000]));
    assert_eq!((whole.weights, whole.above_lr), (parts.weights, parts.above_lr));
    assert_eq!(whole.max_step.to_bits(), parts.max_step.to_bits());
    assert!((whole.rms_step() / parts.rms_step() - 1.0).abs() < 1e-5, "root mean square");
    assert_eq!(StepAudit::default().merge(&parts), parts);
}
