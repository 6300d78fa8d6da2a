//! What a step does in addition to the update: clipping, NaN, averages, zeroing, parameters of
//! their own, PyTorch's names.

#![expect(clippy::cast_possible_truncation, reason = "rounded to f32 on purpose")]

use paso_adam::{
    Adam, AdamConfig, AdamGroup, Clip, ClipNorm, Epsilon, Error, Gradient, Nesterov, NonFinite,
    Param, ParamMut, Rule, ScheduleFree, StepOptions, WeightDecay,
};
use std::borrow::Cow;
use std::collections::HashMap;

fn group(lens: &[usize]) -> AdamGroup {
    AdamGroup::new(Adam::new(AdamConfig::default()).unwrap(), lens.to_vec())
}

fn one<'a>(weights: &'a mut [f32], gradient: &'a [f32]) -> [ParamMut<'a>; 1] {
    [ParamMut { weights, gradient: Gradient::Keep(gradient), average: &mut [] }]
}

#[test]
fn a_non_finite_gradient_is_passed_skipped_or_refused() {
    let bad = [0.5, f32::NEG_INFINITY, 0.5];
    let with = |non_finite| {
        let (mut group, mut w) = (group(&[3]), [1.0; 3]);
        let options = StepOptions { non_finite, ..StepOptions::default() };
        let report = group.step_with(1e-3, &options, one(&mut w, &bad));
        (report, w, group.steps())
    };
    let (report, w, steps) = with(NonFinite::Pass);
    assert!(report.unwrap().taken && w[1].is_nan() && !w[0].is_nan() && steps == 1, "{w:?}");
    let (report, w, steps) = with(NonFinite::Skip);
    assert!(!report.unwrap().taken && w == [1.0; 3] && steps == 0, "{w:?}");
    let (report, w, steps) = with(NonFinite::Refuse);
    assert_eq!(
        report.unwrap_err().to_string(),
        "gradient 1 of tensor `0` is -inf; the step was not taken"
    );
    assert!(w == [1.0; 3] && steps == 0, "{w:?}");
}

#[test]
fn a_gradient_whose_square_is_infinite_is_skipped_or_refused_unless_it_is_scaled_below() {
    // Its second moment would stay infinite, and the weight where it is for ever.
    let bad = [0.5, -1e20, 0.5];
    let with = |options: StepOptions| {
        let (mut group, mut w) = (group(&[3]), [1.0; 3]);
        let report = group.step_with(1e-3, &options, one(&mut w, &bad));
        (report, w, group.steps())
    };
    let refuse = StepOptions { non_finite: NonFinite::Refuse, ..StepOptions::default() };
    let (report, w, steps) = with(refuse);
    assert_eq!(
        report.unwrap_err().to_string(),
        "gradient 1 of tensor `0` is -1e20, and its square is infinite in f32; the step was not taken"
    );
    assert!(w == [1.0; 3] && steps == 0, "{w:?}");
    let (report, w, steps) = with(StepOptions { non_finite: NonFinite::Skip, ..refuse });
    assert!(!report.unwrap().taken && w == [1.0; 3] && steps == 0, "{w:?}");
    // What is squared is the scaled and clipped gradient.
    for options in [
        StepOptions { unscale: 1e-3, ..refuse },
        StepOptions { clip: Clip::Value(1.0), ..refuse },
        StepOptions { clip: Clip::global_norm(1.0), ..refuse },
    ] {
        let (report, w, steps) = with(options);
        assert!(report.expect("small enough").taken && w[1] > 1.0 && steps == 1, "{options:?}");
    }
    let (report, _, _) = with(StepOptions { unscale: 10.0, clip: Clip::Value(2e19), ..refuse });
    assert!(report.is_err(), "the clipped one is still too large");
}

#[test]
fn clipping_unscaling_averages_and_zeroing_are_those_of_separate_passes() {
    let raw: Vec<f32> = (0..2500).map(|i| (i as f32 * 0.7).sin() * 8.0).collect();
    for clip in [
        Clip::None,
        Clip::Value(0.5),
        Clip::TensorNorm(3.0),
        Clip::global_norm(2.0),
        Clip::GlobalNorm(ClipNorm { max_norm: 0.25, norm_type: f64::INFINITY, eps: 0.0 }),
        Clip::GlobalNorm(ClipNorm { max_norm: 9.0, norm_type: 1.0, eps: 1e-6 }),
        Clip::GlobalNorm(ClipNorm { max_norm: 1.0, norm_type: 3.5, eps: 0.0 }),
    ] {
        let options = StepOptions { unscale: 0.25, clip, average: 0.9, ..StepOptions::default() };
        let (mut fused, mut w, mut g) = (group(&[2500]), vec![1.0_f32; 2500], raw.clone());
        let mut average = vec![0.0_f32; 2500];
        let tensor =
            ParamMut { weights: &mut w, gradient: Gradient::Zero(&mut g), average: &mut average };
        fused.step_with(1e-2, &options, [tensor]).unwrap();

        let unscaled: Vec<f64> = raw.iter().map(|&x| 0.25 * f64::from(x)).collect();
        let norm = unscaled.iter().map(|x| x * x).sum::<f64>().sqrt();
        let scale = match clip {
            Clip::TensorNorm(max) => (max / norm).min(1.0),
            Clip::GlobalNorm(ClipNorm { max_norm, norm_type: p, eps }) => {
                let norm = if p.is_infinite() {
                    unscaled.iter().fold(0.0_f64, |m, x| m.max(x.abs()))
                } else {
                    unscaled.iter().map(|x| x.abs().powf(p)).sum::<f64>().powf(1.0 / p)
                };
                (max_norm / (norm + eps)).min(1.0)
            }
            _ => 1.0,
        };
        let bound = if let Clip::Value(max) = clip { max } else { f64::INFINITY };
        let clipped: Vec<f32> =
            unscaled.iter().map(|x| (x * scale).clamp(-bound, bound) as f32).collect();
        let (mut plain, mut expected) = (group(&[2500]), vec![1.0_f32; 2500]);
        plain.step(1e-2, [(&mut expected[..], &clipped[..])]);
        for (i, (a, b)) in w.iter().zip(&expected).enumerate() {
            assert!((a - b).abs() <= 1.2e-7, "{clip:?}: weight {i} is {a}, not {b}");
        }
        assert!(g.iter().all(|&g| g == 0.0), "{clip:?}: gradients are left");
        assert!(
            average.iter().zip(&w).all(|(a, w)| (a - 0.1 * w).abs() < 1e-6),
            "{clip:?}: average"
        );
    }
}

#[test]
fn a_schedule_free_evaluation_gives_the_training_weights_back() {
    let config =
        AdamConfig { rule: Rule::ScheduleFree(ScheduleFree::default()), ..AdamConfig::default() };
    let mut group = AdamGroup::new(Adam::new(config).unwrap(), [3, 2]);
    let (mut a, mut b) = ([1.0_f32, 2.0, 3.0], [4.0_f32, 5.0]);
    for t in 0..10 {
        let g = [(t as f32).sin(), 1.0, -1.0];
        group.step(1e-2, [(&mut a[..], &g[..]), (&mut b[..], &g[..2])]);
    }
    let before = (a, b);
    let seen = group.evaluate([&mut a[..], &mut b[..]], |w| (w[0].to_vec(), w[1].to_vec()));
    assert_eq!((a, b), before);
    assert!(seen.0 != before.0 && seen.1 != before.1, "the average differs");
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        group.evaluate([&mut a[..], &mut b[..]], |_| panic!("on purpose"));
    }));
    assert!(panicked.is_err() && (a, b) == before, "the weights are back after a panic");
}

#[test]
fn params_have_their_own_rate_decay_and_eps() {
    let adam = Adam::new(AdamConfig::torch_adamw()).unwrap();
    let params = [
        Param::shaped("conv.weight", &[2, 2]),
        Param::shaped("conv.bias", &[4]),
        Param { lr_scale: 0.5, ..Param::new("head", 4) },
    ];
    let mut group = AdamGroup::with_params(adam, params).unwrap();
    let (mut a, mut b, mut c) = ([1.0_f32; 4], [1.0_f32; 4], [1.0_f32; 4]);
    let g = [0.0; 4];
    group.step(0.1, [(&mut a[..], &g[..]), (&mut b[..], &g[..]), (&mut c[..], &g[..])]);
    assert_eq!((a[0], b[0], c[0]), (0.999, 1.0, 0.9995));
    let twice = AdamGroup::with_params(adam, [Param::new("w", 1), Param::new("w", 2)]);
    assert_eq!(
        twice.unwrap_err().to_string(),
        "two tensors are named `w`: names must be unique in a group"
    );
    let wrong = Param { lr_scale: -1.0, ..Param::new("w", 1) };
    assert_eq!(
        AdamGroup::with_params(adam, [wrong]).unwrap_err().to_string(),
        "lr_scale is -1; it must be finite and at least 0"
    );
}

#[test]
fn a_safetensors_file_has_pytorchs_names_and_resumes_with_the_same_bits() {
    let config = AdamConfig {
        rule: Rule::NAdam(Nesterov::Warming { decay: 0.004 }),
        ..AdamConfig::default()
    };
    let adam = Adam::new(config).unwrap();
    let params = || [Param::new("conv.weight", 3), Param::new("conv.bias", 2)];
    let mut group = AdamGroup::with_params(adam, params()).unwrap();
    let (mut a, mut b) = ([1.0_f32; 3], [1.0_f32; 2]);
    let step = |group: &mut AdamGroup, a: &mut [f32], b: &mut [f32]| {
        group.step(1e-2, [(a, &[0.1, -0.2, 0.3][..]), (b, &[0.5, 0.25][..])]);
    };
    (0..5).for_each(|_| step(&mut group, &mut a, &mut b));

    let bytes: Vec<(String, Vec<u8>)> = group
        .views()
        .map(|view| (view.name, view.values.iter().flat_map(|x| x.to_le_bytes()).collect()))
        .collect();
    let names: Vec<_> = bytes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "state.conv.weight.step",
            "state.conv.weight.exp_avg",
            "state.conv.weight.exp_avg_sq",
            "state.conv.bias.step",
            "state.conv.bias.exp_avg",
            "state.conv.bias.exp_avg_sq",
        ]
    );
    let tensors = bytes.iter().map(|(name, bytes)| {
        let shape = vec![bytes.len() / 4];
        (name, safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape, bytes).unwrap())
    });
    let file = safetensors::serialize(tensors, None).unwrap();
    let read = safetensors::SafeTensors::deserialize(&file).unwrap();
    let find = |name: &str| {
        let (bytes, _) = read.tensor(name).ok()?.data().as_chunks::<4>();
        Some(Cow::Owned(bytes.iter().map(|&b| f32::from_le_bytes(b)).collect()))
    };
    let mut resumed = AdamGroup::with_params(adam, params()).unwrap();
    resumed.restore_views(group.scalars(), find).unwrap();
    assert_eq!(resumed.state(), group.state());
    let (mut c, mut d) = (a, b);
    step(&mut group, &mut a, &mut b);
    step(&mut resumed, &mut c, &mut d);
    assert_eq!((a, b), (c, d));
}

/// A state in parts.
type Parts = HashMap<String, Vec<f32>>;

#[test]
fn parts_of_a_state_that_do_not_fit_are_named() {
    let adam = Adam::new(AdamConfig::default()).unwrap();
    let group = AdamGroup::with_params(adam, [Param::new("w", 2), Param::new("b", 1)]).unwrap();
    let refused = |change: &dyn Fn(&mut Parts)| {
        let mut parts: Parts =
            group.views().map(|view| (view.name, view.values.into_owned())).collect();
        change(&mut parts);
        let mut group = group.clone();
        let find = |name: &str| parts.get(name).map(|values| Cow::Borrowed(&values[..]));
        group.restore_views(group.scalars(), find).unwrap_err().to_string()
    };
    let fits = "saved optimizer state does not fit: ";
    assert_eq!(
        refused(&|parts| drop(parts.remove("state.b.exp_avg"))),
        format!("{fits}`state.b.exp_avg` is missing")
    );
    assert_eq!(
        refused(&|parts| parts.get_mut("state.w.exp_avg_sq").unwrap().push(0.0)),
        format!("{fits}`state.w.exp_avg_sq` has 3 values where 2 are needed")
    );
    assert_eq!(
        refused(&|parts| parts.get_mut("state.w.step").unwrap()[0] = 1.5),
        format!("{fits}`state.w.step` is 1.5: must be a whole number")
    );
    assert_eq!(
        refused(&|parts| parts.get_mut("state.b.step").unwrap()[0] = 2.0),
        format!("{fits}`state.b.step` is 2, that of others 0")
    );
}

#[test]
fn every_mistake_in_the_settings_is_named_with_its_value_and_range() {
    let base = AdamConfig::default();
    let refused = |config| Adam::new(config).unwrap_err().to_string();
    let rule = |rule| AdamConfig { rule, ..base };
    let size = "it must be finite and at least 0";
    assert_eq!(
        refused(AdamConfig { eps_root: f64::NAN, ..base }),
        format!("eps_root is NaN; {size}")
    );
    let decay = WeightDecay::Corrected { value: 0.1, peak: 0.0 };
    assert_eq!(
        refused(AdamConfig { decay, ..base }),
        "decay.peak is 0; it must be finite and above 0"
    );
    assert_eq!(
        refused(rule(Rule::NAdam(Nesterov::Warming { decay: -1.0 }))),
        format!("momentum decay is -1; {size}")
    );
    assert_eq!(
        refused(AdamConfig { eps: 0.0, eps_root: 1e-8, ..rule(Rule::Adamax) }),
        "eps is 0; it must be above 0 for this rule, which has no root to add eps_root to"
    );
    assert_eq!(
        refused(AdamConfig { beta1: 0.0, ..rule(Rule::ScheduleFree(ScheduleFree::default())) }),
        "beta1 is 0; it must be above 0 for ScheduleFree"
    );
    assert_eq!(
        refused(AdamConfig { cautious: true, ..AdamConfig::lamb() }),
        "cautious is true; it must be false for Lamb"
    );
    assert!(Adam::new(AdamConfig { eps: 0.0, ..AdamConfig::lion() }).is_ok(), "Lion has no eps");
    assert!(Adam::new(AdamConfig { epsilon: Epsilon::Hat, ..base }).is_ok(), "Keras");
    let wrong = |options: StepOptions| {
        group(&[1]).step_with(0.1, &options, one(&mut [0.0], &[0.0])).unwrap_err().to_string()
    };
    let options = StepOptions::default();
    let above = "it must be finite and above 0";
    assert_eq!(wrong(StepOptions { unscale: 0.0, ..options }), format!("unscale is 0; {above}"));
    let clip = Clip::global_norm(-1.0);
    assert_eq!(wrong(StepOptions { clip, ..options }), format!("clip.max_norm is -1; {above}"));
    let clip = Clip::Value(f64::NAN);
    assert_eq!(wrong(StepOptions { clip, ..options }), format!("clip is NaN; {above}"));
    assert_eq!(
        wrong(StepOptions { average: 1.0, ..options }),
        "average is 1; it must be at least 0 and below 1"
    );
    let error = Error::NonFinite { tensor: "w".into(), index: 3, value: f32::NAN };
    assert!(error.to_string().contains("gradient 3 of tensor `w` is NaN"), "{error}");
}

#[test]
#[should_panic(expected = "carries more than two moments: step an AdamGroup")]
fn a_rule_with_more_state_than_two_slices_needs_a_group() {
    let config =
        AdamConfig { rule: Rule::ScheduleFree(ScheduleFree::default()), ..AdamConfig::default() };
    let adam = Adam::new(config).unwrap();
    adam.step(1, 1e-3, &mut [0.0], &[0.0], &mut [0.0], &mut [0.0]);
}
