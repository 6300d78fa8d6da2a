//! Groups, saved states, and the errors and panics of the crate, word for word.

use paso_adam::{Adam, AdamConfig, AdamGroup, Error, Isa, Moment, WeightDecay};

fn adam() -> Adam {
    Adam::new(AdamConfig { decay: WeightDecay::Decoupled(0.01), ..AdamConfig::default() }).unwrap()
}

fn gradient(t: usize, n: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 37 + t * 11) % 19) as f32 / 7.0 - 1.3).collect()
}

fn train(group: &mut AdamGroup, w: &mut [f32], steps: std::ops::Range<usize>) {
    for t in steps {
        let g = gradient(t, w.len());
        let (a, b) = w.split_at_mut(5);
        group.step(1e-2, [(a, &g[..5]), (b, &g[5..])]);
    }
}

#[test]
fn a_resumed_run_has_the_bits_of_one_that_never_stopped() {
    let (mut straight, mut stopped) = (vec![1.0_f32; 23], vec![1.0_f32; 23]);
    let mut group = AdamGroup::new(adam(), [5, 18]);
    train(&mut group, &mut straight, 0..20);

    let mut first = AdamGroup::new(adam(), [5, 18]);
    train(&mut first, &mut stopped, 0..9);
    let saved = first.state();
    let mut second = AdamGroup::from_state(adam(), saved).unwrap();
    train(&mut second, &mut stopped, 9..20);

    assert_eq!(stopped, straight);
    assert_eq!(second.state(), group.state());
    assert_eq!(second.steps(), 20);
}

#[cfg(feature = "serde")]
#[test]
fn a_state_survives_json() {
    let mut group = AdamGroup::new(adam(), [5, 18]);
    train(&mut group, &mut [1.0; 23], 0..3);
    let json = serde_json::to_string(&group.state()).unwrap();
    assert!(
        json.starts_with(r#"{"version":1,"step":3,"lens":[5,18],"moments":[{"name":"exp_avg","#),
        "{json}"
    );
    assert_eq!(serde_json::from_str::<paso_adam::AdamState>(&json).unwrap(), group.state());
}

#[test]
fn a_state_that_does_not_fit_says_why() {
    let group = AdamGroup::new(adam(), [2, 3]);
    let refused = |change: &dyn Fn(&mut paso_adam::AdamState)| {
        let mut state = group.state();
        change(&mut state);
        AdamGroup::from_state(adam(), state).unwrap_err().to_string()
    };
    assert_eq!(
        refused(&|s| s.version = 7),
        "saved optimizer state has format version 7; this build reads version 1"
    );
    assert_eq!(
        refused(&|s| s.lens = vec![2, 4]),
        "saved optimizer state does not fit: moment `exp_avg` has 5 values, its tensors have 6"
    );
    assert_eq!(
        refused(&|s| s.lens = vec![usize::MAX, 2]),
        "saved optimizer state does not fit: moment `exp_avg` has 5 values, its tensors have too many"
    );
    assert_eq!(
        refused(&|s| s.moments.truncate(1)),
        "saved optimizer state does not fit: moment `exp_avg_sq` is missing"
    );
    assert_eq!(
        refused(&|s| s.moments.reverse()),
        "saved optimizer state does not fit: moment `exp_avg_sq` where `exp_avg` is needed"
    );
    assert_eq!(
        refused(&|s| s.moments.push(Moment { name: "z".into(), values: vec![] })),
        "saved optimizer state does not fit: moment `z` is not one of the rule's"
    );
}

#[test]
fn a_wrong_setting_is_named_with_its_value_and_range() {
    let base = AdamConfig::default();
    let refused = |config| Adam::new(config).unwrap_err().to_string();
    let unit = "it must be at least 0 and below 1";
    assert_eq!(refused(AdamConfig { beta1: 1.0, ..base }), format!("beta1 is 1; {unit}"));
    assert_eq!(refused(AdamConfig { beta1: f64::NAN, ..base }), format!("beta1 is NaN; {unit}"));
    assert_eq!(refused(AdamConfig { beta2: -0.5, ..base }), format!("beta2 is -0.5; {unit}"));
    assert_eq!(
        refused(AdamConfig { eps: -1.0, ..base }),
        "eps is -1; it must be finite and at least 0"
    );
    assert_eq!(
        refused(AdamConfig { eps: 0.0, ..base }),
        "eps is 0; it must be above 0 where eps_root is 0"
    );
    assert_eq!(
        refused(AdamConfig { decay: WeightDecay::L2(f64::INFINITY), ..base }),
        "decay is inf; it must be finite and at least 0"
    );
}

#[test]
fn an_instruction_set_that_is_not_there_is_an_error_that_lists_what_is() {
    let message = Error::from(Isa::named("sse9").unwrap_err()).to_string();
    let names: Vec<_> = Isa::available().iter().map(|isa| isa.name()).collect();
    assert_eq!(
        message,
        format!(
            "PASO_ISA: instruction set `sse9` is not available: this CPU and this build have {}",
            names.join(", ")
        )
    );
    assert_eq!(Isa::available().last(), Some(&Isa::best()));
}

#[test]
#[should_panic(expected = "gradient has 2 values, weights have 3")]
fn a_short_gradient_panics_with_both_lengths() {
    adam().step(1, 1e-3, &mut [0.0; 3], &[0.0; 2], &mut [0.0; 3], &mut [0.0; 3]);
}

#[test]
#[should_panic(expected = "tensor 1 has 4 weights, the group has 3 for it")]
fn a_wrong_tensor_panics_with_its_number() {
    let mut group = AdamGroup::new(adam(), [2, 3]);
    group.step(1e-3, [(&mut [0.0; 2][..], &[0.0; 2][..]), (&mut [0.0; 4][..], &[0.0; 4][..])]);
}

#[test]
#[should_panic(expected = "rate NaN: must be finite and at least 0")]
fn a_nan_rate_panics() {
    AdamGroup::new(adam(), []).step(f64::NAN, Vec::<(&mut [f32], &[f32])>::new());
}

#[test]
fn values_are_send_and_sync() {
    fn check<T: Send + Sync + 'static>() {}
    check::<(Adam, AdamGroup, paso_adam::AdamState, Error, Isa)>();
}
