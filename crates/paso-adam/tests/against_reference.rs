//! The fast step against the formulas in f64, and what a step must never do: produce denormals, or
//! slow down.

use paso_adam::reference::Textbook;
use paso_adam::{
    Adam, AdamConfig, AdamGroup, AmsGrad, Epsilon, Nesterov, Rule, ScheduleFree, WeightDecay,
};
use proptest::prelude::*;

/// Runs both on the same gradients (one list a step) and returns the largest difference of a
/// weight, in units of what f32 can resolve there: an ulp of the weight and of the longest possible
/// step, a step.
///
/// The longest step is `rate * (1 - beta1) / sqrt((1 - beta2) * (1 - beta1^2 / beta2))`, by
/// Cauchy-Schwarz; it bounds how much of an earlier, larger gradient's rounding can be left in a
/// moment, relative to the denominator. Where L2 cancels the gradient, what is left has the
/// rounding of the two: as many ulp as they are larger than it (and `eps`).
fn worst(config: AdamConfig, lr: f64, start: &[f32], gradients: &[Vec<f32>]) -> f64 {
    let n = start.len();
    let (b1, b2) = (config.beta1, config.beta2);
    let longest = lr * (1.0 - b1) / ((1.0 - b2) * (1.0 - b1 * b1 / b2)).sqrt();
    let mut group = AdamGroup::new(Adam::new(config).unwrap(), [n]);
    let mut textbook = Textbook::new(config, n);
    let mut fast = start.to_vec();
    let mut exact: Vec<f64> = start.iter().map(|&w| w.into()).collect();
    let l2 = if let WeightDecay::L2(value) = config.decay { value } else { 0.0 };
    let sign = if config.maximize { -1.0 } else { 1.0 };
    let mut cancelled = vec![0.0; n];
    let mut worst = 0.0_f64;
    for (t, gradient) in gradients.iter().enumerate() {
        group.step(lr, [(&mut fast[..], &gradient[..])]);
        let gradient: Vec<f64> = gradient.iter().map(|&g| g.into()).collect();
        if l2 > 0.0 {
            for ((lost, &g), &w) in cancelled.iter_mut().zip(&gradient).zip(&exact) {
                *lost += (g.abs() + l2 * w.abs()) / ((sign * g + l2 * w).abs() + config.eps);
            }
        }
        textbook.step(lr, &mut exact, &gradient);
        for ((&a, &b), &lost) in fast.iter().zip(&exact).zip(&cancelled) {
            let longest = longest.max(lr);
            let steps = (t + 1) as f64;
            let unit = f64::from(f32::EPSILON) * ((b.abs() + longest) * steps + longest * lost);
            worst = worst.max((f64::from(a) - b).abs() / unit);
        }
    }
    worst
}

fn config() -> impl Strategy<Value = AdamConfig> {
    let beta1 = prop_oneof![Just(0.0), 0.0..0.9, Just(0.9)];
    let beta2 = prop_oneof![0.85..0.9999, Just(0.95), Just(0.999)];
    let decay = prop_oneof![
        Just(WeightDecay::None),
        (0.0..0.3).prop_map(WeightDecay::L2),
        (0.0..0.3).prop_map(WeightDecay::Decoupled),
    ];
    let epsilon = prop_oneof![Just(Epsilon::Corrected), Just(Epsilon::Hat)];
    (beta1, beta2, 1e-10..1e-3, epsilon, prop_oneof![Just(0.0), 1e-12..1e-3], decay, any::<bool>())
        .prop_map(|(beta1, beta2, eps, epsilon, eps_root, decay, maximize)| AdamConfig {
            beta1,
            beta2,
            eps,
            epsilon,
            eps_root,
            decay,
            maximize,
            ..AdamConfig::default()
        })
}

proptest! {
    /// Two units a step: one rounding of the weight, and a step that is exact to about an ulp.
    /// (Seen: 1.2.)
    #[test]
    fn a_run_stays_within_two_ulp_a_step(
        config in config(),
        lr in 1e-5..1e-1,
        start in prop::collection::vec(-2.0_f32..2.0, 21),
        gradients in prop::collection::vec(prop::collection::vec(-3.0_f32..3.0, 21), 1..30),
    ) {
        let worst = worst(config, lr, &start, &gradients);
        prop_assert!(worst < 2.0, "{worst} units");
    }
}

/// Found by the test above: of 0.066882 and 0.066930 a gradient of 4.7e-5 is left, with the
/// rounding of those two.
#[test]
fn a_gradient_that_l2_cancels_is_as_exact_as_its_parts() {
    let config = AdamConfig {
        beta1: 0.0,
        beta2: 0.85,
        eps: 0.000_496_327_221_107_248_6,
        decay: WeightDecay::L2(0.111_507_271_652_264_84),
        maximize: true,
        ..AdamConfig::default()
    };
    let worst = worst(config, 0.082_965_457_516_379_76, &[-0.600_229_8], &[vec![-0.066_882_394]]);
    assert!(worst < 2.0, "{worst} units");
}

#[test]
fn moments_of_a_dead_gradient_become_zero_and_never_denormal() {
    let base = AdamConfig { beta2: 0.99, ..AdamConfig::default() };
    let rule = |rule| AdamConfig { rule, ..base };
    for config in [
        base,
        AdamConfig { cautious: true, ..base },
        rule(Rule::AmsGrad(AmsGrad::Raw)),
        rule(Rule::NAdam(Nesterov::Warming { decay: 0.004 })),
        rule(Rule::RAdam),
        rule(Rule::Adamax),
        AdamConfig { beta2: 0.99, ..AdamConfig::adabelief() },
        AdamConfig::lion(),
        AdamConfig { beta2: 0.99, ..AdamConfig::adopt() },
        rule(Rule::ScheduleFree(ScheduleFree::default())),
        rule(Rule::Lamb),
    ] {
        let mut group = AdamGroup::new(Adam::new(config).unwrap(), [9]);
        let mut w = [1.0_f32; 9];
        group.step(1e-3, [(&mut w[..], &[1e-3; 9][..])]);
        for t in 2..20_000 {
            // From step 10,000 on gradients are denormal themselves.
            let g = if t < 10_000 { 0.0 } else { 1e-42 };
            group.step(1e-3, [(&mut w[..], &[g; 9][..])]);
            if t % 97 == 0 || t > 19_990 {
                for moment in group.state().moments {
                    let values = &moment.values;
                    assert!(!values[0].is_subnormal(), "step {t}, {config:?}: {values:?}");
                    assert!(values[0] == values[8], "step {t}: the end of the slice differs");
                }
            }
        }
        let lasting = ["max_exp_avg_sq", "z", "exp_avg_var"]; // a maximum, a weight, eps_root
        for moment in group.state().moments {
            let zero = moment.values == [0.0; 9];
            assert!(
                zero || lasting.contains(&&moment.name[..]) || moment.name == "exp_inf",
                "{config:?}: {moment:?}"
            );
        }
    }
}

#[test]
fn a_nan_gradient_reaches_its_own_weight_only() {
    let adam = Adam::new(AdamConfig::default()).unwrap();
    let (mut w, mut m, mut v) = ([1.0_f32; 19], [0.0; 19], [0.0; 19]);
    let mut gradient = [0.5_f32; 19];
    gradient[3] = f32::NAN;
    gradient[18] = f32::NAN;
    adam.step(1, 1e-3, &mut w, &gradient, &mut m, &mut v);
    for (i, w) in w.iter().enumerate() {
        assert_eq!(w.is_nan(), i == 3 || i == 18, "weight {i} is {w}");
    }
}

#[test]
fn nothing_moves_at_rate_zero() {
    let adam =
        Adam::new(AdamConfig { decay: WeightDecay::Decoupled(0.1), ..AdamConfig::default() })
            .unwrap();
    let (mut w, mut m, mut v) = ([0.1_f32, -7.0, 1e-30], [0.0; 3], [0.0; 3]);
    adam.step(1, 0.0, &mut w, &[1.0, 2.0, 3.0], &mut m, &mut v);
    assert_eq!(w, [0.1, -7.0, 1e-30]);
    assert!(m[0] > 0.0, "the moments go on");
}
