//! What is compared: the arms, their steps, seeds and learning rates.

use super::arguments::SettleArgs;
use super::presets;
use crate::trial::{Localization, variant};
use paso_locate::{TrainConfig, Update};
use paso_study::{Arm, Grid, Role, StudyConfig};

/// The least share of a weight that weight decay takes in a run for its schedule to be worth an arm.
const DECAYED: f64 = 0.05;

/// The arms of runs that start with fresh weights: the usual ones, Schedule-Free, and where weight decay has time to act in so few
/// steps, a linear decay of the rate that leaves the weight decay alone.
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

/// The study that the arguments ask for, around the peak rate `lr`.
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
