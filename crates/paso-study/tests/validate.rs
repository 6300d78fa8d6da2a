//! The known-answer suite passes with a plain Adam and with that of `paso-adam` as it is built here,
//! and fails with a wrong one.

use paso_adam::{Adam, AdamConfig, AdamGroup};
use paso_study::validate::{Check, StepFn, validate};

/// Textbook Adam in `f32` (Kingma and Ba, 2015, algorithm 1); `wrong` changes its second moment's
/// decay or its learning rate.
#[expect(clippy::cast_possible_truncation, reason = "factors are computed in f64 and used in f32")]
fn adam(weights: usize, beta2: f64, scale: f64) -> StepFn {
    let (mut m, mut v) = (vec![0.0f32; weights], vec![0.0f32; weights]);
    let (beta1, mut power1, mut power2) = (0.9f64, 1.0, 1.0);
    Box::new(move |rate, w, g| {
        power1 *= beta1;
        power2 *= beta2;
        let rate = (scale * rate / (1.0 - power1)) as f32;
        let correction = (1.0 / (1.0 - power2)) as f32;
        for i in 0..w.len() {
            m[i] += (1.0 - beta1) as f32 * (g[i] - m[i]);
            v[i] += (1.0 - beta2) as f32 * (g[i] * g[i] - v[i]);
            w[i] -= rate * m[i] / ((v[i] * correction).sqrt() + 1e-8);
        }
    })
}

fn wrong(checks: &[Check]) -> Vec<String> {
    checks.iter().filter(|check| !check.passed()).map(ToString::to_string).collect()
}

#[test]
fn adam_passes() {
    let checks = validate(&|weights| adam(weights, 0.999, 1.0));
    for check in &checks {
        eprintln!("{check}");
    }
    assert!(wrong(&checks).is_empty(), "{:#?}", wrong(&checks));
    let enumerated = checks.iter().filter(|check| check.name.starts_with("sequential test"));
    assert_eq!(enumerated.count(), 6, "size and coverage at 8, 10 and 12 pairs");
}

/// What `paso validate` checks, at the instruction set that `PASO_ISA` names.
#[test]
fn the_adam_of_this_build_passes() {
    let adam = Adam::new(AdamConfig::default()).expect("defaults are valid");
    let checks = validate(&|weights| {
        let mut group = AdamGroup::new(adam, [weights]);
        Box::new(move |lr, w, g| group.step(lr, [(w, g)]))
    });
    assert!(wrong(&checks).is_empty(), "{}: {:#?}", adam.isa(), wrong(&checks));
}

#[test]
fn an_adam_that_is_wrong_fails() {
    let faster = wrong(&validate(&|weights| adam(weights, 0.999, 1.2)));
    assert!(faster.len() > 8, "a rate 20 % too high is seen nearly everywhere: {faster:#?}");
    let forgetful = wrong(&validate(&|weights| adam(weights, 0.99, 1.0)));
    assert!(
        forgetful.iter().any(|row| row.contains("largest step")),
        "another beta2 misses the bound: {forgetful:#?}"
    );
}
