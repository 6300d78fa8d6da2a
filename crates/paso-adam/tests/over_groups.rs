//! What reaches over tensors and groups: a flat arena, betas of a tensor's own, one norm over
//! several groups, decay that no schedule scales.

#![expect(clippy::cast_possible_truncation, reason = "rounded to f32 on purpose")]

use paso_adam::reference::Textbook;
use paso_adam::{
    Adam, AdamConfig, AdamGroup, Adopt, Clip, ClipNorm, Error, Isa, Nesterov, Param, Rule,
    ScheduleFree, StepOptions, WeightDecay, grad_norm,
};

fn adam(config: AdamConfig) -> Adam {
    Adam::new(config).expect("settings")
}

/// Values of many sizes.
fn values(n: usize, seed: usize) -> Vec<f32> {
    (0..n)
        .map(|i| ((i * 37 + seed * 11) as f32 * 0.7).sin() * 10.0_f32.powi((i % 5) as i32 - 3))
        .collect()
}

/// Lengths around the vectors of every instruction set, and one beyond a chunk.
const LENS: [usize; 9] = [0, 1, 7, 8, 9, 33, 16, 70_001, 3];

#[test]
fn a_flat_step_has_the_bits_of_a_step_over_slices() {
    let total: usize = LENS.iter().sum();
    let clip = Clip::global_norm(0.5);
    let plain = StepOptions::default();
    for options in [plain, StepOptions { unscale: 0.5, clip, audit: true, ..plain }] {
        let config = AdamConfig::torch_adamw();
        let mut flat = AdamGroup::new(adam(config), LENS);
        let mut slices = AdamGroup::new(adam(config), LENS);
        let (mut a, mut b) = (values(total, 1), values(total, 1));
        for t in 0..4 {
            let gradient = values(total, t + 2);
            let report = flat.step_flat(1e-2, &options, &mut a, &gradient).expect("a step");
            let (mut rest, mut g) = (&mut b[..], &gradient[..]);
            let mut tensors = Vec::new();
            for len in LENS {
                let (weights, others) = rest.split_at_mut(len);
                let (here, after) = g.split_at(len);
                tensors.push(paso_adam::ParamMut {
                    weights,
                    gradient: paso_adam::Gradient::Keep(here),
                    average: &mut [],
                });
                (rest, g) = (others, after);
            }
            let expected = slices.step_with(1e-2, &options, tensors).expect("a step");
            assert_eq!(report, expected, "step {t}");
        }
        assert_eq!(a, b);
        assert_eq!(flat.state(), slices.state());
    }
}

#[test]
#[should_panic(expected = "5 gradients, the group has 6 weights")]
fn a_flat_step_refuses_another_length() {
    let mut group = AdamGroup::new(adam(AdamConfig::default()), [2, 4]);
    let _ = group.step_flat(1e-3, &StepOptions::default(), &mut [0.0; 6], &[0.0; 5]);
}

#[test]
fn a_tensor_with_betas_of_its_own_steps_as_a_group_with_these_betas() {
    let config = AdamConfig::torch_adamw();
    let own = Param { beta1: Some(0.5), beta2: Some(0.9), ..Param::new("own", 5) };
    let mut both =
        AdamGroup::with_params(adam(config), [Param::new("shared", 5), own]).expect("two");
    let own_config = AdamConfig { beta1: 0.5, beta2: 0.9, ..config };
    let mut alone = [AdamGroup::new(adam(config), [5]), AdamGroup::new(adam(own_config), [5])];
    let (mut a, mut b) = (values(10, 1), values(10, 1));
    for t in 0..6 {
        let g = values(10, t);
        both.step_flat(1e-2, &StepOptions::default(), &mut a, &g).expect("a step");
        for ((group, w), g) in alone.iter_mut().zip(b.chunks_mut(5)).zip(g.chunks(5)) {
            group.step(1e-2, [(w, g)]);
        }
        // A schedule of the group's betas leaves the tensor's own alone.
        let beta1 = 0.9 - 0.01 * t as f64;
        both.set_adam(adam(AdamConfig { beta1, ..config }));
        alone[0].set_adam(adam(AdamConfig { beta1, ..config }));
    }
    assert_eq!(a, b);
}

#[test]
fn a_tensor_cannot_have_a_beta1_of_its_own_where_a_scalar_depends_on_it() {
    for rule in [Rule::NAdam(Nesterov::default()), Rule::ScheduleFree(ScheduleFree::default())] {
        let group = adam(AdamConfig { rule, ..AdamConfig::default() });
        let own = Param { beta1: Some(0.5), ..Param::new("w", 1) };
        let error = AdamGroup::with_params(group, [own]).expect_err("refused");
        let said = "beta1 is 0.5; it must be the group's, for a rule that carries scalars";
        assert_eq!(error.to_string(), said);
    }
}

#[test]
fn the_norm_of_any_type_is_that_of_the_formula() {
    let (a, b) = (values(1003, 1), values(17, 2));
    let all: Vec<f64> = a.iter().chain(&b).map(|&x| f64::from(x).abs()).collect();
    for p in [0.5, 1.0, 2.0, 3.0, 7.5] {
        let expected = all.iter().map(|x| x.powf(p)).sum::<f64>().powf(1.0 / p);
        for isa in Isa::available() {
            let norm = grad_norm(isa, [&a[..], &b[..]], p);
            assert!((norm / expected - 1.0).abs() < 1e-12, "p = {p} on {isa}: {norm}");
            assert_eq!(norm.to_bits(), grad_norm(Isa::best(), [&a[..], &b[..]], p).to_bits());
        }
    }
    let largest = all.iter().fold(0.0_f64, |most, &x| most.max(x));
    assert_eq!(grad_norm(Isa::best(), [&a[..], &b[..]], f64::INFINITY), largest);
    assert_eq!(grad_norm(Isa::best(), [], 2.0), 0.0);
}

#[test]
fn a_norm_hides_no_nan_and_no_square_overflows() {
    for p in [1.0, 2.0, 3.0, f64::INFINITY] {
        let norm = grad_norm(Isa::best(), [&[1.0, f32::NAN][..]], p);
        assert!(norm.is_nan() && ClipNorm::new(1.0).factor(norm).is_nan(), "p = {p}: {norm}");
        assert_eq!(grad_norm(Isa::best(), [&[1.0, f32::INFINITY][..]], p), f64::INFINITY);
    }
    assert!(grad_norm(Isa::best(), [&[f32::MAX; 40][..]], 2.0).is_finite());
}

#[test]
fn a_factor_shortens_to_the_bound_and_lengthens_nothing() {
    let clip = ClipNorm { eps: 0.0, ..ClipNorm::new(2.0) };
    assert_eq!([0.0, 1.0, 2.0, 8.0].map(|norm| clip.factor(norm)), [1.0, 1.0, 1.0, 0.25]);
    for (wrong, field) in [
        (ClipNorm { max_norm: 0.0, ..clip }, "clip.max_norm"),
        (ClipNorm { norm_type: 0.0, ..clip }, "clip.norm_type"),
        (ClipNorm { norm_type: f64::NAN, ..clip }, "clip.norm_type"),
        (ClipNorm { eps: -1.0, ..clip }, "clip.eps"),
    ] {
        let error = wrong.validate().expect_err(field);
        assert!(
            matches!(error, Error::InvalidValue { field: found, .. } if found == field),
            "{error}"
        );
    }
}

#[test]
fn constant_decay_does_not_depend_on_the_learning_rate() {
    let config = AdamConfig { decay: WeightDecay::Constant(0.25), ..AdamConfig::default() };
    let params = [
        Param { lr_scale: 0.1, ..Param::new("decays", 70_001) },
        Param { decay_scale: 0.0, ..Param::new("bias", 3) },
    ];
    let mut group = AdamGroup::with_params(adam(config), params).expect("two");
    let start = values(70_004, 1);
    let mut w = start.clone();
    group.step_flat(0.0, &StepOptions::default(), &mut w, &vec![1.0; 70_004]).expect("a step");
    for (i, (after, before)) in w.iter().zip(&start).enumerate() {
        let expected = if i < 70_001 { before * 0.75 } else { *before };
        assert_eq!(*after, expected, "weight {i}");
    }
    for (rule, said) in [
        (Rule::Lamb, "decay is 0.25; it must be None, L2 or Decoupled for Lamb"),
        (
            Rule::ScheduleFree(ScheduleFree::default()),
            "decay is 0.25; it must be any but Constant for ScheduleFree",
        ),
    ] {
        let error = Adam::new(AdamConfig { rule, ..config }).expect_err("refused");
        assert_eq!(error.to_string(), said);
    }
    let error = Adam::new(AdamConfig { decay: WeightDecay::Constant(1.0), ..config });
    assert_eq!(
        error.expect_err("all of it").to_string(),
        "decay is 1; it must be at least 0 and below 1"
    );
}

#[test]
fn adopt_decays_in_its_first_step_only_in_the_dialect_that_does() {
    for (rule, kept) in [
        (Rule::Adopt(Adopt::default()), 1.0_f32),
        (AdamConfig::pytorch_optimizer_adopt().rule, 0.99),
    ] {
        let decay = WeightDecay::Decoupled(0.1);
        let config = AdamConfig { rule, decay, ..AdamConfig::adopt() };
        let mut group = AdamGroup::new(adam(config), [1]);
        let mut textbook = Textbook::new(config, 1);
        let (mut w, mut exact) = ([1.0_f32], [1.0]);
        group.step(0.1, [(&mut w[..], &[3.0][..])]);
        textbook.step(0.1, &mut exact, &[3.0]);
        assert_eq!((w[0], exact[0] as f32), (kept, kept), "{rule:?}");
    }
}
