//! The design of a study: its arms, steps, seeds and grid of peak learning rates.

use super::args::SettleArgs;
use super::trial::{LocalizationTrial, SCHEDULE_FREE, UNSCHEDULED_DECAY};
use crate::data_source::DataSource;
use paso_locate::TrainConfig;
use paso_study::{Arm, Grid, Role, StudyConfig};

/// The design for these arguments; `lr` is the center of the grid, or the learning rate of all arms where none is tuned.
pub(super) fn new(args: &SettleArgs, trial: &LocalizationTrial, lr: f64) -> StudyConfig {
    let (mut arms, default_steps) = match &trial.base {
        None => {
            let default = match args.data.source {
                DataSource::Demo => 400,
                DataSource::Folder(_) => 600,
            };
            let steps = args.steps.unwrap_or(default);
            (arms_of_fresh_runs(&trial.config, lr, steps), steps)
        }
        // A quarter of the steps so far, so that averaging has some weights to average.
        Some(base) => (arms_of_branches(), (base.steps() / 4).max(100)),
    };
    arms.extend(args.arm.iter().cloned());
    let is_tuned = !args.fixed_lr && trial.base.is_none();
    let grid = Grid { center: lr, points: 3, max_points: 5, ..Grid::default() };
    StudyConfig {
        arms,
        steps: args.steps.unwrap_or(default_steps),
        seeds: args.seeds,
        tuning_seeds: if is_tuned { 2 } else { 1 },
        grid: if is_tuned { grid } else { Grid::fixed(lr) },
        metric: "mean_iou".into(),
        margin: args.margin,
        fingerprint: trial.fingerprint(),
        ..StudyConfig::default()
    }
}

/// The smallest share of a weight that weight decay must remove in a run for its schedule to deserve an arm.
const MIN_DECAYED: f64 = 0.05;

/// The usual arms, Schedule-Free, and a linear decay of the learning rate alone if weight decay has a visible effect in so
/// few steps.
fn arms_of_fresh_runs(config: &TrainConfig, lr: f64, steps: u64) -> Vec<Arm> {
    let mut arms = Arm::usual();
    let schedule_free = Arm::new("schedule-free", "constant", Role::Alternative);
    arms.push(schedule_free.with_variant(SCHEDULE_FREE));
    if lr * config.weight_decay * steps as f64 >= MIN_DECAYED {
        let lr_only = Arm::new("linear-lr-only", "linear(to 0)", Role::Decay);
        arms.push(lr_only.with_variant(UNSCHEDULED_DECAY));
    }
    arms
}

/// The arms that make sense for the rest of a run.
fn arms_of_branches() -> Vec<Arm> {
    let names = ["constant", "averaged", "linear"];
    Arm::usual().into_iter().filter(|arm| names.contains(&&*arm.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arms: &[Arm]) -> Vec<&str> {
        arms.iter().map(|arm| &*arm.name).collect()
    }

    #[test]
    fn weight_decay_without_a_schedule_is_an_arm_only_where_it_has_an_effect() {
        let config = TrainConfig { weight_decay: 0.1, ..TrainConfig::default() };
        let has_arm =
            |lr, steps| names(&arms_of_fresh_runs(&config, lr, steps)).contains(&"linear-lr-only");
        assert!(!has_arm(2e-3, 249), "4.98 % of a weight decays");
        assert!(has_arm(2e-3, 250), "5 %");
        assert!(!has_arm(0.0, 250) && !has_arm(f64::NAN, 250));
    }

    #[test]
    fn fresh_runs_have_all_usual_arms_and_schedule_free() {
        let arms = arms_of_fresh_runs(&TrainConfig::default(), 2e-3, 400);
        let usual = Arm::usual();
        assert!(names(&arms).starts_with(&names(&usual)));
        let last = arms.last().expect("an arm");
        assert_eq!((&*last.name, last.role), ("schedule-free", Role::Alternative));
        assert_eq!(last.variant, SCHEDULE_FREE);
    }

    #[test]
    fn branches_compare_constant_averaged_and_linear() {
        assert_eq!(names(&arms_of_branches()), ["constant", "averaged", "linear"]);
    }
}
