//! The dialects against their libraries' formulas, written out, where no recorded numbers exist:
//! warm-ups that are longer than the run, stable phases that fall onto a lowest learning rate, the
//! options of a plateau. Recorded numbers are compared in the workspace's `tests/suite/sched`.

use paso_schedule::timm::{DecayFn, StableFn, WsdLr};
use paso_schedule::transformers::{self, Threshold};
use paso_schedule::{Better, Error, Spec};

/// Every learning rate within 1e-12 of the formula, relative to it or to a thousandth of `base`.
fn assert_follows(spec: Result<Spec, Error>, base: f64, steps: u64, formula: impl Fn(f64) -> f64) {
    let spec = spec.expect("a schedule");
    for t in 0..steps {
        let (got, want) = (spec.at(t), formula(t as f64));
        let allowed = 1e-12 * want.max(1e-3 * base);
        assert!((got - want).abs() <= allowed, "{spec} at {t}: {got:e} against {want:e}");
    }
}

/// `_get_linear_schedule_with_warmup_lr_lambda` of transformers 5.23.
#[test]
fn a_linear_warm_up_longer_than_the_run_rises_through_all_of_it() {
    for (warmup, total) in [(50_u64, 20_u64), (21, 20), (20, 20), (5, 0)] {
        let (w, n) = (warmup as f64, total as f64);
        assert_follows(transformers::linear(0.1, warmup, total), 0.1, warmup + 9, |t| {
            0.1 * if t < w { t / w.max(1.0) } else { ((n - t) / (n - w).max(1.0)).max(0.0) }
        });
    }
}

/// The cosine schedules divide by `max(1, total - warmup)`; compared to their end.
#[test]
fn the_cosine_schedules_warm_up_through_a_run_that_is_too_short() {
    let (base, w) = (0.1, 30.0_f64);
    let half_wave = |p: f64| 0.5 * (1.0 + (std::f64::consts::PI * p.min(1.0)).cos());
    let warmed = |t: f64, decay: f64| base * if t < w { t / w } else { decay };
    assert_follows(transformers::cosine(base, 30, 10, 0.5), base, 32, |t| {
        warmed(t, half_wave(t - w))
    });
    assert_follows(transformers::cosine_with_min_lr(base, 30, 10, 0.5, 0.02), base, 32, |t| {
        warmed(t, 0.2 + 0.8 * half_wave(t - w))
    });
    assert_follows(transformers::cosine_with_restarts(base, 30, 10, 1), base, 40, |t| {
        warmed(t, half_wave(t - w))
    });
    assert_follows(
        transformers::cosine_warmup_with_min_lr(base, 30, 10, 0.02, None),
        base,
        31,
        |t| base * if t < w { (t + 1.0) / w } else { 0.2 + 0.8 * half_wave(t - w + 1.0) },
    );
}

/// `_get_polynomial_decay_schedule_with_warmup_lr_lambda`: after `total` it is `lr_end`.
#[test]
fn a_polynomial_after_a_warm_up_longer_than_the_run_is_at_its_end() {
    let polynomial = transformers::polynomial(0.1, 30, 10, 1e-3, 2.0);
    assert_follows(polynomial, 0.1, 60, |t| if t < 30.0 { 0.1 * t / 30.0 } else { 1e-3 });
}

/// `WSDLRScheduler._get_lr` of timm 1.0.31.
fn timm_wsd(wsd: &WsdLr, t: f64) -> f64 {
    let warmup = wsd.warmup_t as f64;
    if t < warmup {
        return wsd.warmup_lr_init + t * (wsd.base - wsd.warmup_lr_init) / warmup;
    }
    let t = t - warmup;
    let stable = match wsd.stable_fn {
        StableFn::Constant => 1.0,
        StableFn::Power { timescale, power } => (1.0 + t / timescale).powf(-power),
    };
    let lr = (wsd.base * stable).max(wsd.lr_min);
    let t_decay = t - (wsd.t_initial - wsd.decay_t) as f64;
    if t_decay <= 0.0 {
        return lr;
    }
    let p = (t_decay / wsd.decay_t as f64).min(1.0);
    let decay = match wsd.decay_fn {
        DecayFn::Linear => 1.0 - p,
        DecayFn::OneMinusSqrt => 1.0 - p.sqrt(),
        DecayFn::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * p).cos()),
        DecayFn::Power(power) => 1.0 - p.powf(power),
        DecayFn::Exp(r) => (r.powf(p) - r) / (1.0 - r),
    };
    wsd.lr_min + (lr - wsd.lr_min) * decay
}

#[test]
fn a_falling_stable_phase_stops_at_the_lowest_learning_rate_and_decays_to_it() {
    let decays = [
        DecayFn::Linear,
        DecayFn::OneMinusSqrt,
        DecayFn::Cosine,
        DecayFn::Power(2.0),
        DecayFn::Exp(0.1),
    ];
    // 0.06 is reached within the stable phase, 0.2 is above the base.
    for lr_min in [0.0, 1e-3, 0.06, 0.2] {
        for decay_fn in decays {
            for stable_fn in [
                StableFn::Constant,
                StableFn::Power { timescale: 4.0, power: 0.5 },
                StableFn::Power { timescale: 9.0, power: 0.7 },
            ] {
                let wsd = WsdLr {
                    base: 0.1,
                    t_initial: 40,
                    decay_t: 12,
                    lr_min,
                    stable_fn,
                    decay_fn,
                    warmup_t: 4,
                    warmup_lr_init: 0.01,
                };
                assert_follows(wsd.spec(), 0.1, 60, |t| timm_wsd(&wsd, t));
            }
        }
    }
}

#[test]
fn a_plateau_of_transformers_takes_pytorchs_cooldown() {
    let scales = |cooldown| {
        let threshold = Threshold::Relative(1e-4);
        let mut plateau = transformers::reduce_lr_on_plateau(
            0.1,
            Better::Lower,
            0.5,
            1,
            threshold,
            cooldown,
            0.0,
            1e-8,
        )
        .expect("a plateau");
        // The first observation is the best one; all others are bad.
        (0..8).map(|_| (plateau.observe(1.0), plateau.scale()).1).collect::<Vec<_>>()
    };
    // Patience 1: the second bad one reduces. A cooldown of 2 leaves two of them out.
    assert_eq!(scales(0), [1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125]);
    assert_eq!(scales(2), [1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25]);
}
