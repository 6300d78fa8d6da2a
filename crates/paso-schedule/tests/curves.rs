//! Every curve against its formula as a textbook writes it, with the standard library's functions.

use paso_schedule::*;
use std::f64::consts::PI;

/// Every learning rate from before the start to past the end, within 1e-13 of the largest one.
#[track_caller]
fn assert_follows(lr: &impl Schedule, formula: impl Fn(f64) -> f64) {
    let spec = lr.build().expect("numbers in their ranges");
    for quarter in 0..400_u32 {
        let t = 0.25 * f64::from(quarter);
        let (got, want) = (spec.at_time(t), formula(t));
        assert!(
            (got - want).abs() <= 1e-13 * spec.peak().min(10.0),
            "{spec} at {t}: {got} against {want}"
        );
    }
}

/// Ends and lengths of ramps: down, up, level, to 0, and of no length.
const RAMPS: [(f64, f64, u64); 6] =
    [(0.5, 0.25, 40), (0.1, 0.9, 77), (0.3, 0.3, 10), (1.0, 0.0, 60), (0.0, 1.0, 1), (0.7, 0.2, 0)];

/// `to + (from - to) * weight(p)` until the end, then `to`.
fn ramp(from: f64, to: f64, steps: u64, t: f64, weight: impl Fn(f64) -> f64) -> f64 {
    if t >= steps as f64 { to } else { to + (from - to) * weight(t / steps as f64) }
}

#[test]
fn a_linear_ramp_is_a_line() {
    for (from, to, steps) in RAMPS {
        assert_follows(&Linear { from, to, steps }, |t| ramp(from, to, steps, t, |p| 1.0 - p));
    }
}

#[test]
fn a_cosine_ramp_is_half_a_wave() {
    for (from, to, steps) in RAMPS {
        let half_wave = |p: f64| 0.5 * (1.0 + (PI * p).cos());
        assert_follows(&Cosine { from, to, steps }, |t| ramp(from, to, steps, t, half_wave));
        let text = format!("cosine({from} -> {to}, {steps}, exponent 1.5, k 0.8)");
        let spec: Spec = text.parse().expect("a schedule");
        assert_follows(&spec, |t| {
            ramp(from, to, steps, t, |p: f64| half_wave(p.powf(0.8)).powf(1.5))
        });
    }
}

#[test]
fn a_polynomial_ramp_is_a_power_of_what_is_left() {
    for (from, to, steps) in RAMPS {
        for power in [0.3, 0.5, 1.0, 2.0, 3.7] {
            assert_follows(&Polynomial { from, to, steps, power }, |t| {
                ramp(from, to, steps, t, |p: f64| (1.0 - p).powf(power))
            });
        }
    }
}

#[test]
fn the_other_ramps_follow_their_formulas() {
    for (from, to, steps) in RAMPS {
        assert_follows(&OneMinusSqrt { from, to, steps }, |t| {
            ramp(from, to, steps, t, |p: f64| 1.0 - p.sqrt())
        });
        assert_follows(&Rex { from, to, steps }, |t| {
            ramp(from, to, steps, t, |p| (1.0 - p) / (1.0 - p / 2.0))
        });
        let (low, high) = (-6.0, 4.0);
        assert_follows(&Tanh { from, to, steps, low, high }, |t| {
            ramp(from, to, steps, t, |p| 0.5 * (1.0 - (low * (1.0 - p) + high * p).tanh()))
        });
        let text = format!("normalized_exponential({from} -> {to}, {steps}, ratio 0.1)");
        let spec: Spec = text.parse().expect("a schedule");
        assert_follows(&spec, |t| {
            ramp(from, to, steps, t, |p| (0.1_f64.powf(p) - 0.1) / (1.0 - 0.1))
        });
    }
}

#[test]
fn an_exponential_ramp_multiplies_by_the_same_factor_at_each_step() {
    for (from, to, steps) in [(1.0, 1e-3, 50_u64), (1e-5, 0.1, 80), (0.5, 0.5, 9)] {
        assert_follows(&Exponential { from, to, steps }, |t| {
            if t >= steps as f64 { to } else { from * (to / from).powf(t / steps as f64) }
        });
        let spec = Exponential { from, to, steps }.build().expect("above 0");
        let factor = spec.at(1) / spec.at(0);
        for step in 1..steps {
            assert!((spec.at(step + 1) / spec.at(step) / factor - 1.0).abs() < 1e-12, "{spec}");
        }
    }
}

#[test]
fn curves_without_an_end_follow_their_formulas() {
    for every in [1_u64, 7, 30] {
        let n = every as f64;
        for factor in [0.0, 0.5, 0.97, 1.0] {
            assert_follows(&ExponentialDecay { from: 0.4, factor, every }, |t| {
                0.4 * factor.powf(t / n)
            });
            assert_follows(&Step { from: 0.4, factor, every }, |t| {
                0.4 * factor.powf((t / n).floor())
            });
        }
        assert_follows(&InverseTime { from: 0.4, rate: 0.3, every }, |t| 0.4 / (1.0 + 0.3 * t / n));
        assert_follows(&InverseSqrt { from: 0.4, timescale: every }, |t| {
            0.4 * (n / (n + t)).sqrt()
        });
        let spec: Spec = format!("inverse_power(0.4, timescale {every}, power 0.7)")
            .parse()
            .expect("a schedule");
        assert_follows(&spec, |t| 0.4 * (n / (n + t)).powf(0.7));
    }
}

#[test]
fn a_polynomial_cycle_extends_its_length_each_time_it_is_reached() {
    let spec: Spec = "polynomial_cycle(0.4 -> 0.1, power 2, every 10)".parse().expect("a schedule");
    assert_follows(&spec, |t| {
        let n = (t / 10.0).ceil().max(1.0);
        0.1 + 0.3 * (1.0 - t / (10.0 * n)).powi(2)
    });
}

#[test]
fn milestones_multiply_from_their_step_on_in_any_order() {
    let at = [30_u64, 10, 60, 60];
    assert_follows(&MultiStep { from: 0.8, factor: 0.5, at: at.to_vec() }, |t| {
        let passed = at.iter().filter(|&&at| at as f64 <= t).count();
        0.8 * 0.5_f64.powi(i32::try_from(passed).expect("few"))
    });
}

#[test]
fn points_hold_or_connect_their_learning_rates() {
    let points = vec![(5_u64, 0.2), (15, 1.0), (15, 0.6), (45, 0.0)];
    let between = |t: f64, weight: fn(f64) -> f64| match t {
        t if t < 5.0 => 0.2,
        t if t < 15.0 => 1.0 + (0.2 - 1.0) * weight((t - 5.0) / 10.0),
        t if t < 45.0 => 0.6 * weight((t - 15.0) / 30.0),
        _ => 0.0,
    };
    let lr = |form| Points { points: points.clone(), between: form };
    assert_follows(&lr(Between::Hold), |t| between(t, |_| 1.0));
    assert_follows(&lr(Between::Linear), |t| between(t, |p| 1.0 - p));
    assert_follows(&lr(Between::Cosine), |t| between(t, |p| 0.5 * (1.0 + (PI * p).cos())));
}

#[test]
fn a_table_has_the_learning_rate_of_each_step_and_then_the_last_one() {
    let lrs = vec![0.3, 0.1, 0.7];
    assert_follows(&Table { lrs }, |t| match t {
        t if t < 1.0 => 0.3,
        t if t < 2.0 => 0.1,
        _ => 0.7,
    });
    assert_follows(&Table::sample(50, |step| 1.0 / (1 + step) as f64), |t| {
        1.0 / (1.0 + t.floor().min(49.0))
    });
}

#[test]
fn a_warm_up_ends_at_the_first_learning_rate_of_what_follows() {
    let after = Linear { from: 0.8, to: 0.2, steps: 30 };
    let line = |t: f64| 0.8 - 0.6 * (t / 30.0).min(1.0);
    assert_follows(&after.warmup(20), |t| {
        if t < 20.0 { 0.8 * (t + 1.0) / 21.0 } else { line(t - 20.0) }
    });
    assert_follows(&after.warmup_from(0.1, 20), |t| {
        if t < 20.0 { 0.1 + 0.7 * t / 20.0 } else { line(t - 20.0) }
    });
}

#[test]
fn compositions_rise_and_fall_as_they_are_described() {
    let half_wave = |from: f64, to: f64, p: f64| to + 0.5 * (from - to) * (1.0 + (PI * p).cos());
    let cycle = OneCycle { peak: 0.5, ..OneCycle::over(90) };
    assert_follows(&cycle, |t| {
        let (first, last) = (0.5 / 25.0, 0.5 / 25.0 / 1e4);
        let (rise, fall) = (t / 27.0, ((t - 27.0) / 63.0).min(1.0));
        if t < 27.0 { half_wave(first, 0.5, rise) } else { half_wave(0.5, last, fall) }
    });
    assert_follows(&Noam { factor: 2.0, model_size: 64.0, warmup: 25 }, |t| {
        let s = t + 1.0;
        2.0 / 8.0 * (1.0 / s.sqrt()).min(s / 125.0)
    });
    let triangles =
        Triangular { low: 0.1, high: 0.6, up: 8, down: 12, mode: torch::Cycle::Triangular };
    assert_follows(&triangles, |t| {
        let t = t % 20.0;
        0.1 + 0.5 * if t < 8.0 { t / 8.0 } else { (20.0 - t) / 12.0 }
    });
    for (form, weight) in [
        (CooldownForm::Linear, (|p| 1.0 - p) as fn(f64) -> f64),
        (CooldownForm::Cosine, |p| 0.5 * (1.0 + (PI * p).cos())),
        (CooldownForm::OneMinusSqrt, |p| 1.0 - p.sqrt()),
    ] {
        let wsd = WarmupStableDecay { peak: 0.6, warmup: 9, stable: 40, decay: 30, to: 0.1, form };
        assert_follows(&wsd, |t| match t {
            t if t < 9.0 => 0.6 * (t + 1.0) / 10.0,
            t if t < 49.0 => 0.6,
            t => 0.1 + 0.5 * weight(((t - 49.0) / 30.0).min(1.0)),
        });
    }
}

#[test]
fn a_sigmoid_falls_around_its_center() {
    for (from, center, width) in [(0.4, 30_u32, 5_u32), (1.0, 1, 40), (0.0, 9, 1), (2.0, 400, 1)] {
        let (c, w) = (f64::from(center), f64::from(width));
        let lr = Sigmoid { from, center: center.into(), width: width.into() };
        assert_follows(&lr, |t| from * (1.0 + (-c / w).exp()) / (1.0 + ((t - c) / w).exp()));
    }
    let lr = Sigmoid { from: 1.0, center: 5, width: 1 };
    assert!(lr.at(u64::MAX) < 1e-300, "it goes to 0, and not to NaN");
}
