//! What is compared: the arms, their steps and learning rates.
//!
//! The usual arms, and two that depend on the optimizer: Schedule-Free, an alternative to decay,
//! and a linear decay that leaves the weight decay at its peak. In decoupled weight decay, a
//! schedule scales both; that arm separates them. It is left out where weight decay takes less than
//! 5 % of a weight in the whole run (`lr * weight_decay * steps`), as nothing could be seen.
//!
//! Runs from fresh weights begin with the warm-up of `paso train`, those of every arm alike: so the
//! arms differ in what comes after it, and a constant learning rate is not held back by its first
//! steps.

use super::arguments::SettleArgs;
use crate::trial::{Localization, variant};
use anyhow::Result;
use paso_locate::{OptimizerName, TrainConfig};
use paso_study::{Arm, Grid, Role, Study, StudyConfig};

/// The least share of a weight that weight decay takes in a run for its schedule to be worth an
/// arm.
///
/// A share from 0 to 1 of a weight without gradients, at a constant peak learning rate.
const DECAYED: f64 = 0.05;

/// The warm-up of `paso train`'s own schedule.
const WARMUP: &str = "warmup(5%) then ";

/// Runs of fewer steps have no warm-up, as in `paso train`.
const TOO_SHORT: u64 = 20;

/// The arms of runs that start with fresh weights: the usual ones, Schedule-Free, and where weight
/// decay has time to act in so few steps, a linear decay of the learning rate that leaves the
/// weight decay alone.
fn arms_from_scratch(config: &TrainConfig, lr: f64, steps: u64) -> Vec<Arm> {
    let mut arms = Arm::usual();
    let free = Arm::new("schedule-free", "constant", Role::Alternative);
    arms.push(free.with_variant(variant(OptimizerName::ScheduleFree)));
    if config.optimizer == OptimizerName::AdamW
        && lr * config.weight_decay * steps as f64 >= DECAYED
    {
        let control = Arm::new("linear-lr-only", "linear(to 0)", Role::Decay);
        arms.push(control.with_variant(variant(OptimizerName::AdamWConstantDecay)));
    }
    if steps >= TOO_SHORT {
        for arm in &mut arms {
            // After the warm-up, "for 80 %" of the run ends where it would without one.
            let rest = arm.spec.replace("for 80%", "for 75%");
            arm.spec = format!("{WARMUP}{rest}");
        }
    }
    arms
}

/// Steps of every run: those of `--steps`, else those of a training with these settings on these
/// images. A continued run takes a quarter of its steps so far, at least 100, so that an average has
/// something to average over.
///
/// # Errors
/// If the images cannot be cut.
pub(super) fn steps(args: &SettleArgs, trial: &Localization) -> Result<u64> {
    let usual = match &trial.base {
        Some(base) => (base.steps() / 4).max(100),
        None => trial.config.total_steps(trial.images.of_seed(0)?.0.len()),
    };
    Ok(args.steps.unwrap_or(usual))
}

/// Refuses a study that cannot be carried out, whatever the images and the learning rate are.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check(args: &SettleArgs) -> Result<()> {
    let mut arms = Arm::usual();
    arms.extend(args.arm.iter().cloned());
    let config = StudyConfig {
        arms,
        steps: args.steps.unwrap_or(TOO_SHORT * 5),
        pairs: args.pairs.into(),
        first_seed: args.seed,
        display: args.display,
        margin: args.margin,
        ..StudyConfig::default()
    };
    if args.branch_from.is_none() {
        Study::new(config)?;
    }
    Ok(())
}

/// The study that the arguments ask for, around the peak learning rate `lr`.
///
/// With `--fixed-lr`, or if a run is continued, the grid has one learning rate, so nothing is tuned.
/// Otherwise three learning rates are tried first and at most seven.
pub(super) fn study_config(
    args: &SettleArgs,
    trial: &Localization,
    lr: f64,
    steps: u64,
) -> StudyConfig {
    let mut arms = match &trial.base {
        None => arms_from_scratch(&trial.config, lr, steps),
        Some(_) => {
            let tail = |arm: &Arm| ["constant", "averaged", "linear"].contains(&&arm.name[..]);
            Arm::usual().into_iter().filter(tail).collect()
        }
    };
    arms.extend(args.arm.iter().cloned());
    let fixed = args.fixed_lr || trial.base.is_some();
    StudyConfig {
        arms,
        steps,
        pairs: args.pairs.into(),
        first_seed: args.seed,
        display: args.display,
        grid: if fixed { Grid::fixed(lr) } else { Grid { center: lr, ..Grid::default() } },
        metric: "mean IoU".into(),
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
        let args = parsed::<SettleArgs>(arguments).expect(arguments);
        let steps = steps(&args, trial).expect("images");
        study_config(&args, trial, 2e-3, steps)
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
    fn steps_are_those_of_the_training_unless_others_are_asked_for() {
        let trial = trial();
        let trained = trial.config.total_steps(8);
        for (arguments, steps) in [("--data demo", trained), ("--data demo --steps 7", 7)] {
            assert_eq!(study(arguments, &trial).steps, steps, "{arguments}");
        }
    }

    #[test]
    fn a_fixed_rate_is_tried_alone() {
        let trial = trial();
        let tuned = study("--data demo", &trial);
        assert_eq!((tuned.grid.points, tuned.grid.center), (3, 2e-3));
        assert_eq!(study("--data demo --fixed-lr --lr 2e-3", &trial).grid, Grid::fixed(2e-3));
    }

    #[test]
    fn every_arm_begins_with_the_warm_up_and_ends_its_stable_part_where_it_would_without() {
        let specs = |steps: u64| -> Vec<String> {
            let config = study(&format!("--data demo --steps {steps}"), &trial());
            config.arms.into_iter().map(|arm| arm.spec).collect()
        };
        let long = specs(100);
        assert!(long.iter().all(|spec| spec.starts_with(WARMUP)), "{long:?}");
        let stable = long.iter().find(|spec| spec.contains("linear") && spec.contains("for 75%"));
        assert!(stable.is_some(), "{long:?}");
        assert!(specs(19).iter().all(|spec| !spec.contains("warmup")), "too short");
    }

    #[test]
    fn seeds_pairs_and_arms_for_display_are_passed_on() {
        let config = study("--data demo --pairs 48 --seed 5000 --display 3", &trial());
        assert_eq!((config.pairs, config.first_seed, config.display), (48, 5_000, 3));
    }

    #[test]
    fn the_weight_decay_has_an_arm_of_its_own_only_where_it_has_time_to_act() {
        let mut trial = trial();
        trial.config.weight_decay = 0.1;
        // 2e-3 x 0.1 x 249 steps is just below a twentieth.
        assert!(!names(&study("--data demo --steps 249", &trial)).contains(&"linear-lr-only"));
        let long = study("--data demo --steps 251", &trial);
        let control = long.arms.iter().find(|arm| arm.name == "linear-lr-only").expect("an arm");
        assert_eq!(control.variant, variant(OptimizerName::AdamWConstantDecay));
        let free = long.arms.iter().find(|arm| arm.name == "schedule-free").expect("an arm");
        assert_eq!(free.variant, variant(OptimizerName::ScheduleFree));
    }

    #[test]
    fn arms_of_the_user_come_last() {
        let config = study("--data demo --steps 9 --arm slow=rex", &trial());
        assert_eq!(names(&config).last(), Some(&"slow"));
        assert_eq!(config.arms.last().map(|arm| &arm.spec[..]), Some("rex"));
    }

    #[test]
    fn a_continued_run_is_compared_with_and_without_decay_at_its_own_rate() {
        let trial = continued(4);
        let config = study("--data demo --branch-from run --arm a=cosine", &trial);
        assert_eq!(names(&config), ["constant", "averaged", "linear", "a"]);
        assert_eq!((config.steps, config.grid), (100, Grid::fixed(2e-3)));
        assert_eq!(study("--data demo --branch-from run --steps 5", &trial).steps, 5);
    }
}
