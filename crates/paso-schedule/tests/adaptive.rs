//! `Plateau` and `Greedy` against the algorithms of their libraries, written out as those libraries
//! write them, over metrics that improve, jitter, stall, and are not numbers.

use paso_schedule::*;

/// A reproducible stream of losses: falling, with noise, plateaus, and now and then a NaN.
fn losses(seed: u32) -> Vec<f64> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    (0..400_u32)
        .map(|i| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            let noise = f64::from(state % 1_000) / 1_000.0;
            if state.is_multiple_of(97) {
                return f64::NAN;
            }
            1.0 / f64::from(1 + i / 40) + 0.05 * noise
                - if seed.is_multiple_of(2) { 0.0 } else { 2.0 }
        })
        .collect()
}

/// `ReduceLROnPlateau.step` of PyTorch, mode "min", with a margin that is never negative.
struct Torch {
    lr: f64,
    best: f64,
    bad: u64,
    cooldown_left: u64,
}

impl Torch {
    fn step(&mut self, config: &PlateauConfig, base: f64, metric: f64) {
        let margin = config.absolute + config.relative * self.best.abs();
        if (self.best.is_infinite() && !metric.is_nan()) || metric < self.best - margin {
            self.best = metric;
            self.bad = 0;
        } else {
            self.bad += 1;
        }
        if self.cooldown_left > 0 {
            self.cooldown_left -= 1;
            self.bad = 0;
        }
        // `patience` here is the number of the bad observation that reduces.
        if self.bad > config.patience - 1 {
            let new = (self.lr * config.factor).max(config.min_scale * base);
            if self.lr - new > config.min_change * base {
                self.lr = new;
            }
            self.cooldown_left = config.cooldown;
            self.bad = 0;
        }
    }
}

#[test]
fn a_plateau_reduces_where_pytorch_does() {
    let mut reductions = 0;
    for seed in 1..7 {
        for (patience, cooldown, relative, absolute) in
            [(1, 0, 1e-4, 0.0), (3, 2, 0.0, 0.0), (5, 7, 0.01, 0.0), (2, 1, 0.0, 0.02)]
        {
            let config = PlateauConfig {
                patience,
                cooldown,
                relative,
                absolute,
                factor: 0.5,
                min_scale: 1e-3,
                ..PlateauConfig::default()
            };
            let base = 0.1;
            let mut ours = Plateau::new(config).expect("a plateau");
            let mut torch = Torch { lr: base, best: f64::INFINITY, bad: 0, cooldown_left: 0 };
            for (i, loss) in losses(seed).into_iter().enumerate() {
                let before = ours.scale();
                ours.observe(loss);
                torch.step(&config, base, loss);
                let (got, want) = (base * ours.scale(), torch.lr);
                assert!((got - want).abs() <= 1e-15, "{config:?}, seed {seed}, {i}: {got}, {want}");
                reductions += u32::from(ours.scale() < before);
            }
        }
    }
    assert!(reductions > 50, "only {reductions} reductions were compared");
}

#[test]
fn a_plateau_for_an_accuracy_is_that_of_the_negative_loss() {
    let config = PlateauConfig { patience: 3, relative: 0.01, ..PlateauConfig::default() };
    let mut lower = Plateau::new(config).expect("a plateau");
    let mut higher =
        Plateau::new(PlateauConfig { better: Better::Higher, ..config }).expect("a plateau");
    for loss in losses(3) {
        lower.observe(loss);
        higher.observe(-loss);
        assert_eq!(lower.scale(), higher.scale());
    }
    assert!(lower.scale() < 1.0, "nothing was reduced");
}

#[test]
fn averaged_observations_count_once() {
    let config = PlateauConfig { patience: 2, ..PlateauConfig::default() };
    let mut each = Plateau::new(config).expect("a plateau");
    let mut averaged = Plateau::new(PlateauConfig { average: 4, ..config }).expect("a plateau");
    for four in losses(2).chunks_exact(4) {
        each.observe(four.iter().sum::<f64>() / 4.0);
        four.iter().for_each(|&loss| averaged.observe(loss));
        assert_eq!(each.scale(), averaged.scale());
    }
}

#[test]
fn a_plateau_never_falls_below_its_lowest_scale_nor_changes_by_less_than_allowed() {
    let config =
        PlateauConfig { patience: 1, factor: 0.5, min_scale: 0.3, ..PlateauConfig::default() };
    let scales = |config| {
        let mut plateau = Plateau::new(config).expect("a plateau");
        (0..5).map(|_| (plateau.observe(1.0), plateau.scale()).1).collect::<Vec<_>>()
    };
    assert_eq!(scales(config), [1.0, 0.5, 0.3, 0.3, 0.3]);
    // From 0.5 to 0.3 is a change of 0.2.
    assert_eq!(scales(PlateauConfig { min_change: 0.25, ..config }), [1.0, 0.5, 0.5, 0.5, 0.5]);
}

#[test]
fn a_greedy_scale_stays_between_its_bounds_and_starts_anew_after_many_reductions() {
    let config = GreedyConfig {
        factor: 0.5,
        patience: 1,
        min_scale: 0.25,
        max_scale: 4.0,
        reset_after: 3,
        ..GreedyConfig::default()
    };
    let mut greedy = Greedy::new(config).expect("a greedy");
    let mut observe = |metric: f64| {
        greedy.observe(metric);
        greedy.scale()
    };
    let rising: Vec<_> = [1.0, 0.9, 0.8, 0.7].map(&mut observe).into();
    assert_eq!(rising, [2.0, 4.0, 4.0, 4.0], "improvements raise it to the bound");
    let falling: Vec<_> = [1.0; 6].map(&mut observe).into();
    // At the bound three times in a row: the third one starts anew.
    assert_eq!(falling, [2.0, 1.0, 0.5, 0.25, 0.25, 1.0]);
}

#[test]
fn a_greedy_averages_its_window() {
    let one = GreedyConfig { patience: 2, absolute: 0.0, ..GreedyConfig::default() };
    let mut smoothed = Greedy::new(GreedyConfig { window: 3, ..one }).expect("a greedy");
    let mut means = Greedy::new(one).expect("a greedy");
    let losses: Vec<f64> = losses(5).into_iter().filter(|loss| !loss.is_nan()).collect();
    for i in 0..losses.len() {
        let window = &losses[i.saturating_sub(2)..=i];
        smoothed.observe(losses[i]);
        means.observe(window.iter().sum::<f64>() / window.len() as f64);
        assert_eq!(smoothed.scale(), means.scale(), "observation {i}");
    }
    assert!(smoothed.scale() != 1.0, "nothing changed");
}

#[test]
fn configurations_and_states_out_of_range_are_refused_by_field() {
    let field = |result: Result<(), Error>| match result {
        Err(Error::InvalidValue { field, .. }) => field,
        other => panic!("{other:?} is no refusal of a value"),
    };
    let plateau = PlateauConfig::default();
    for (wanted, config) in [
        ("factor", PlateauConfig { factor: 1.0, ..plateau }),
        ("patience", PlateauConfig { patience: 0, ..plateau }),
        ("average", PlateauConfig { average: 0, ..plateau }),
        ("relative", PlateauConfig { relative: -1.0, ..plateau }),
        ("absolute", PlateauConfig { absolute: f64::NAN, ..plateau }),
        ("min_scale", PlateauConfig { min_scale: -0.1, ..plateau }),
        ("min_change", PlateauConfig { min_change: f64::INFINITY, ..plateau }),
    ] {
        assert_eq!(field(Plateau::new(config).map(|_| ())), wanted);
    }
    let greedy = GreedyConfig::default();
    for (wanted, config) in [
        ("factor", GreedyConfig { factor: 0.0, ..greedy }),
        ("patience", GreedyConfig { patience: 0, ..greedy }),
        ("reset_after", GreedyConfig { reset_after: 0, ..greedy }),
        ("relative", GreedyConfig { relative: f64::NAN, ..greedy }),
        ("max_scale", GreedyConfig { max_scale: 0.001, ..greedy }),
        ("window", GreedyConfig { window: 0, ..greedy }),
        ("window", GreedyConfig { window: Greedy::LONGEST_WINDOW + 1, ..greedy }),
    ] {
        assert_eq!(field(Greedy::new(config).map(|_| ())), wanted);
    }
    let state = Plateau::new(plateau).expect("a plateau").state();
    let newer = PlateauState { version: 2, ..state };
    assert_eq!(field(Plateau::from_state(plateau, newer).map(|_| ())), "version");
    let negative = PlateauState { scale: -1.0, ..state };
    assert_eq!(field(Plateau::from_state(plateau, negative).map(|_| ())), "scale");
}
