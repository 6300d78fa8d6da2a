//! The combinators of [`Schedule`], against what their documentation says, and their refusals.

use paso_schedule::*;

/// A schedule that falls, holds and ends, with another learning rate at each step.
fn falling() -> Spec {
    Linear { from: 0.8, to: 0.2, steps: 30 }.then(Cosine { from: 0.2, to: 0.0, steps: 20 })
}

/// The same learning rates as a function of another time, for 200 steps.
#[track_caller]
fn assert_same(got: &Spec, want: impl Fn(u64) -> f64) {
    for step in 0..200 {
        let (got_lr, want) = (got.at(step), want(step));
        assert!((got_lr - want).abs() <= 1e-15, "{got} at {step}: {got_lr}, not {want}");
    }
}

#[test]
fn scale_plus_below_floor_and_cap_change_each_learning_rate() {
    let lr = falling();
    assert_same(&lr.scale(0.5), |t| 0.5 * lr.at(t));
    assert_same(&lr.plus(0.25), |t| 0.25 + lr.at(t));
    assert_same(&lr.below(0.5), |t| (0.5 - lr.at(t)).max(0.0));
    assert_same(&lr.floor(0.3), |t| lr.at(t).max(0.3));
    assert_same(&lr.cap(0.3), |t| lr.at(t).min(0.3));
}

#[test]
fn delay_skip_take_stretch_and_every_change_the_time() {
    let lr = falling();
    assert_same(&lr.delay(7), |t| lr.at(t.saturating_sub(7)));
    assert_same(&lr.skip(7), |t| lr.at(t + 7));
    assert_same(&lr.take(7), |t| lr.at(t.min(7)));
    assert_same(&lr.stretch(2.0), |t| lr.at_time(0.5 * t as f64));
    assert_same(&lr.every(7), |t| lr.at(t / 7 * 7));
}

#[test]
fn then_starts_the_second_schedule_where_the_first_one_ends() {
    let (first, second) = (falling(), ExponentialDecay { from: 0.1, factor: 0.9, every: 3 });
    let both = first.then(second);
    assert_same(&both, |t| if t < 50 { first.at(t) } else { second.at(t - 50) });
    assert_eq!(both.end(), None, "a decay never ends");
    assert_eq!(first.then(first.clone()).end(), Some(100.0));
}

#[test]
fn repeat_and_restarts_start_anew() {
    let lr = falling();
    assert_same(&lr.repeat(), |t| lr.at(t % 50));
    // Lengths 50 and 100, heights 1 and 1/2, then the end of the last one.
    assert_same(&lr.restarts(2, 2.0, 0.5), |t| match t {
        0..50 => lr.at(t),
        50..150 => 0.5 * lr.at_time(0.5 * (t - 50) as f64),
        _ => 0.5 * lr.at(50),
    });
}

#[test]
fn times_multiplies_step_by_step() {
    let (lr, factor) = (falling(), Step { from: 1.0, factor: 0.5, every: 11 });
    assert_same(&lr.times(factor), |t| lr.at(t) * factor.at(t));
}

#[test]
fn ends_and_peaks_follow_the_combinators() {
    let lr = falling();
    for (spec, end, peak) in [
        (lr.clone(), 50.0, 0.8),
        (lr.warmup(10), 60.0, 0.8),
        (lr.scale(0.5), 50.0, 0.4),
        (lr.plus(0.1), 50.0, 0.9),
        (lr.below(0.7), 50.0, 0.7),
        (lr.floor(0.9), 50.0, 0.9),
        (lr.cap(0.3), 50.0, 0.3),
        (lr.delay(7), 57.0, 0.8),
        (lr.skip(7), 43.0, 0.8),
        (lr.take(7), 7.0, 0.8),
        (lr.stretch(2.0), 100.0, 0.8),
        (lr.every(20), 60.0, 0.8),
        (lr.restarts(3, 1.0, 1.0), 150.0, 0.8),
        (lr.restarts(2, 2.0, 3.0), 150.0, 2.4),
    ] {
        assert_eq!(spec.end(), Some(end), "the end of {spec}");
        assert!((spec.peak() - peak).abs() < 1e-12, "the peak of {spec}: {}", spec.peak());
    }
    assert_eq!(lr.repeat().end(), None, "a repetition never ends");
}

#[test]
fn the_first_difference_is_the_first_step_that_differs_by_more_than_the_tolerance() {
    let (a, b) = (Linear { from: 1.0, to: 0.0, steps: 100 }.build(), Constant { lr: 1.0 }.build());
    let (a, b) = (a.expect("a line"), b.expect("a constant"));
    assert_eq!(a.first_difference(&b, 100, 0.0), Some(1));
    assert_eq!(a.first_difference(&b, 100, 0.095), Some(10), "0.1 of 1 is more than 0.095");
    assert_eq!(a.first_difference(&b, 10, 0.095), None, "step 10 is not looked at");
    assert_eq!(a.first_difference(&a, 100, 0.0), None);
}

#[test]
fn a_combinator_panics_with_the_field_and_its_range() {
    let message = |build: fn() -> Spec| {
        let panic = std::panic::catch_unwind(build).expect_err("a panic");
        panic.downcast_ref::<String>().expect("a message").clone()
    };
    let lr = "a finite learning rate of 0 or more";
    for (build, want) in [
        (
            (|| falling().scale(-1.0)) as fn() -> Spec,
            "`scale` is -1; it must be a finite number of 0 or more".into(),
        ),
        (|| falling().plus(f64::NAN), format!("`plus` is NaN; it must be {lr}")),
        (|| falling().floor(-0.5), format!("`floor` is -0.5; it must be {lr}")),
        (|| falling().cap(f64::INFINITY), format!("`cap` is inf; it must be {lr}")),
        (|| falling().below(-2.0), format!("`below` is -2; it must be {lr}")),
        (|| falling().stretch(0.0), "`stretch` is 0; it must be a finite number above 0".into()),
        (
            || falling().every(0),
            "`every` is 0; it must be a finite number of steps of at least 1e-9".into(),
        ),
        (|| falling().restarts(0, 1.0, 1.0), "`times` is 0; it must be between 1 and 2^53".into()),
        (
            || falling().restarts(2, 0.5, 1.0),
            "`stretch` is 0.5; it must be 1, or between 1.001 and 1e6".into(),
        ),
        (|| falling().warmup_from(-1.0, 5), format!("`from` is -1; it must be {lr}")),
    ] {
        assert_eq!(message(build), want);
    }
    let endless = message(|| Constant { lr: 1.0 }.then(Constant { lr: 2.0 }));
    assert!(endless.starts_with("`constant(1)` never ends"), "{endless}");
}

#[test]
fn every_curve_refuses_what_its_fields_do_not_allow() {
    let field = |schedule: &dyn Fn() -> Result<Spec, Error>| match schedule() {
        Err(Error::InvalidValue { field, .. }) => field,
        other => panic!("{other:?} is no refusal of a value"),
    };
    let nan = f64::NAN;
    for (wanted, schedule) in [
        ("lr", &(|| Constant { lr: -1.0 }.build()) as &dyn Fn() -> Result<Spec, Error>),
        ("from", &|| Linear { from: nan, to: 0.0, steps: 5 }.build()),
        ("to", &|| Cosine { from: 1.0, to: -1e-9, steps: 5 }.build()),
        ("to", &|| Exponential { from: 1.0, to: 0.0, steps: 5 }.build()),
        ("from", &|| Exponential { from: 0.0, to: 1.0, steps: 5 }.build()),
        ("power", &|| Polynomial { from: 1.0, to: 0.0, steps: 5, power: 0.0 }.build()),
        ("low", &|| Tanh { from: 1.0, to: 0.0, steps: 5, low: -1e4, high: 3.0 }.build()),
        ("high", &|| Tanh { from: 1.0, to: 0.0, steps: 5, low: -7.0, high: nan }.build()),
        ("factor", &|| ExponentialDecay { from: 1.0, factor: -0.5, every: 1 }.build()),
        ("every", &|| Step { from: 1.0, factor: 0.5, every: 0 }.build()),
        ("rate", &|| InverseTime { from: 1.0, rate: f64::INFINITY, every: 1 }.build()),
        ("timescale", &|| InverseSqrt { from: 1.0, timescale: 0 }.build()),
        ("factor", &|| MultiStep { from: 1.0, factor: nan, at: vec![3] }.build()),
        ("at", &|| Points { points: vec![(5, 1.0), (4, 1.0)], between: Between::Hold }.build()),
        ("points", &|| Points { points: vec![], between: Between::Hold }.build()),
        ("lrs", &|| Table { lrs: vec![] }.build()),
        ("lr", &|| Table { lrs: vec![0.1, -0.1] }.build()),
        ("rise", &|| OneCycle { rise: 1.5, ..OneCycle::over(10) }.build()),
        ("warmup", &|| Noam { factor: 1.0, model_size: 64.0, warmup: 0 }.build()),
        ("model_size", &|| Noam { factor: 1.0, model_size: 0.0, warmup: 10 }.build()),
    ] {
        assert_eq!(field(schedule), wanted);
    }
}
