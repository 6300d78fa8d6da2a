//! What is compared: the arms, their steps, seeds and learning rates.
//!
//! The usual arms, and two that depend on the optimizer: Schedule-Free, an alternative to decay,
//! and a linear decay that leaves the weight decay at its peak. In decoupled weight decay, a
//! schedule scales both; that arm separates them. It is left out where weight decay takes less than
//! 5 % of a weight in the whole run (`lr * weight_decay * steps`), as nothing could be seen.
//!
//! Arms have a role: the constant baseline, decaying arms, and alternatives to decay. The verdict
//! is about decaying arms against the baseline. How arms are tuned and compared is in `paso-study`.

use super::arguments::SettleArgs;
use super::presets;
use crate::trial::{Localization, variant};
use paso_locate::{TrainConfig, Update};
use paso_study::{Arm, Grid, Role, StudyConfig};

/// The least share of a weight that weight decay takes in a run for its schedule to be worth an
/// arm.
///
/// A share from 0 to 1 of a weight without gradients, at a constant peak learning rate.
const DECAYED: f64 = 0.05;

/// The arms of runs that start with fresh weights: the usual ones, Schedule-Free, and where weight
/// decay has time to act in so few steps, a linear decay of the learning rate that leaves the
/// weight decay alone.
fn arms_from_scratch(config: &TrainConfig, lr: f64, steps: u64) -> Vec<Arm> {
    let mut arms = Arm::usual();
    let free = Arm::new("schedule-free", "constant", Role::Alternative);
    arms.push(free.with_variant(variant(Update::ScheduleFree)));
    if lr * config.weight_decay * steps as f64 >= DECAYED {
        let control = Arm::new("linear-lr-only", "linear(to 0)", Role::Decay);
        arms.push(control.with_variant(variant(Update::UnscheduledDecay)));
    }
    arms
}

/// The study that the arguments ask for, around the peak learning rate `lr`.
///
/// With `--fixed-lr`, or if a run is continued, the grid has one learning rate and one seed, so
/// nothing is tuned. Otherwise three learning rates are tried first and at most five, with two
/// seeds. A continued run takes a quarter of its steps so far, at least 100, unless `--steps` is
/// given.
pub(super) fn study_config(args: &SettleArgs, trial: &Localization, lr: f64) -> StudyConfig {
    let fixed = args.fixed_lr || trial.base.is_some();
    let (mut arms, steps) = match &trial.base {
        None => {
            let steps = args.steps.unwrap_or_else(|| presets::steps(&args.source.data));
            (arms_from_scratch(&trial.config, lr, steps), steps)
        }
        // A quarter of the way so far, so that an average has something to average over.
        Some(base) => {
            let tail = |arm: &Arm| ["constant", "averaged", "linear"].contains(&&arm.name[..]);
            (Arm::usual().into_iter().filter(tail).collect(), (base.steps() / 4).max(100))
        }
    };
    arms.extend(args.arm.iter().cloned());
    let grid = Grid { center: lr, points: 3, max_points: 5, ..Grid::default() };
    StudyConfig {
        arms,
        steps: args.steps.unwrap_or(steps),
        seeds: args.seeds,
        tuning_seeds: if fixed { 1 } else { 2 },
        grid: if fixed { Grid::fixed(lr) } else { grid },
        metric: "mean_iou".into(),
        margin: args.margin,
        fingerprint: trial.fingerprint(),
        ..StudyConfig::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::tests::parsed;
    use crate::trial::tests::trial;
    use paso_locate::data::Prepared;
    use std::sync::Arc;

    fn study(arguments: &str, trial: &Localization) -> StudyConfig {
        study_config(&parsed::<SettleArgs>(arguments).expect(arguments), trial, 2e-3)
    }

    fn names(config: &StudyConfig) -> Vec<&str> {
        config.arms.iter().map(|arm| &arm.name[..]).collect()
    }

    /// A trial that continues a run of so many steps.
    fn continued(steps: u64) -> Localization {
        let mut trial = trial();
        let (train, _): (Arc<Prepared>, _) = trial.images.of_seed(0).expect("images");
        let config = TrainConfig { steps: Some(steps), ..trial.config.clone() };
        let mut base =
            paso_locate::Trainer::new(&config, trial.classes.clone(), train).expect("a run");
        for _ in 0..steps {
            base.step().expect("a step");
        }
        trial.base = Some(base);
        trial
    }

    #[test]
    fn steps_are_those_asked_for_or_what_suits_the_data() {
        let trial = trial();
        for (arguments, steps) in
            [("--data demo", 400), ("--data photos", 600), ("--data demo --steps 7", 7)]
        {
            assert_eq!(study(arguments, &trial).steps, steps, "{arguments}");
        }
    }

    #[test]
    fn a_fixed_rate_is_tried_alone_and_tuned_by_no_seed() {
        let trial = trial();
        let tuned = study("--data demo", &trial);
        assert_eq!((tuned.grid.points, tuned.grid.center, tuned.tuning_seeds), (3, 2e-3, 2));
        let fixed = study("--data demo --fixed-lr --lr 2e-3", &trial);
        assert_eq!((&fixed.grid, fixed.tuning_seeds), (&Grid::fixed(2e-3), 1));
    }

    #[test]
    fn the_weight_decay_has_an_arm_of_its_own_only_where_it_has_time_to_act() {
        let mut trial = trial();
        trial.config.weight_decay = 0.1;
        // 2e-3 x 0.1 x 249 steps is just below a twentieth.
        assert!(!names(&study("--data demo --steps 249", &trial)).contains(&"linear-lr-only"));
        let long = study("--data demo --steps 251", &trial);
        let control = long.arms.iter().find(|arm| arm.name == "linear-lr-only").expect("an arm");
        assert_eq!(control.variant, variant(Update::UnscheduledDecay));
        let free = long.arms.iter().find(|arm| arm.name == "schedule-free").expect("an arm");
        assert_eq!(free.variant, variant(Update::ScheduleFree));
    }

    #[test]
    fn arms_of_the_user_come_last() {
        let config = study("--data demo --steps 9 --arm slow=exponential(to_50%)", &trial());
        assert_eq!(names(&config).last(), Some(&"slow"));
        assert_eq!(config.arms.last().map(|arm| &arm.spec[..]), Some("exponential(to_50%)"));
    }

    #[test]
    fn a_continued_run_is_compared_with_and_without_decay_at_its_own_rate() {
        let trial = continued(4);
        let config = study("--data demo --branch-from run --arm a=cosine", &trial);
        assert_eq!(names(&config), ["constant", "averaged", "linear", "a"]);
        assert_eq!((config.steps, config.tuning_seeds), (100, 1));
        assert_eq!(config.grid, Grid::fixed(2e-3));
        assert_eq!(study("--data demo --branch-from run --steps 5", &trial).steps, 5);
    }
}
