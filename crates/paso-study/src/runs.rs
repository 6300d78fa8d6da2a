//! Which runs a study needs: for tuning, for the verdict, and which of them share their first
//! steps.

use crate::arm::Arm;
use crate::config::StudyConfig;
use crate::run_spec::RunSpec;
use crate::tune::Tuned;

/// Runs with a common prefix are trained as branches when they share at least one update in this
/// many.
const MIN_SHARED_SHARE: u64 = 4;

/// The run of `arm` at `peak_lr` with `seed`.
pub(crate) fn run_spec(config: &StudyConfig, arm: &Arm, peak_lr: f64, seed: u64) -> RunSpec {
    // If any arm needs averages of these runs, all of them keep averages, so that both arms share
    // the runs.
    let averaged = config.arms.iter().any(|other| other.averaged && other.trains_like(arm));
    RunSpec {
        spec: arm.spec.clone(),
        variant: arm.variant.clone(),
        peak_lr,
        steps: config.steps,
        seed,
        averaging: if averaged { config.horizons() } else { Vec::new() },
    }
}

/// Every tuning run, from the middle of the grid outwards.
pub(crate) fn tuning_runs(config: &StudyConfig, low: i32, high: i32) -> Vec<RunSpec> {
    let mut indices: Vec<i32> = (low..=high).collect();
    indices.sort_by_key(|index| index.abs());
    let mut runs: Vec<RunSpec> = Vec::new();
    for seed in config.tuning() {
        for &index in &indices {
            for arm in &config.arms {
                let run = run_spec(config, arm, config.grid.lr(index), seed);
                if !runs.contains(&run) {
                    runs.push(run);
                }
            }
        }
    }
    runs
}

/// The runs of the verdict, seed by seed, each once.
pub(crate) fn verdict_runs(config: &StudyConfig, tuned: &[Tuned]) -> Vec<RunSpec> {
    let mut runs: Vec<RunSpec> = Vec::new();
    for seed in config.verdict() {
        for (arm, tuned) in config.arms.iter().zip(tuned) {
            let run = run_spec(config, arm, tuned.peak_lr, seed);
            if !runs.contains(&run) {
                runs.push(run);
            }
        }
    }
    runs
}

/// Groups the runs that share enough of their first updates to be trained as branches.
pub(crate) fn groups(runs: &[RunSpec]) -> Vec<Vec<RunSpec>> {
    let mut groups: Vec<Vec<RunSpec>> = Vec::new();
    for run in runs {
        let branched = |group: &&mut Vec<RunSpec>| {
            group[0].seed == run.seed
                && group[0].peak_lr == run.peak_lr
                && group[0].shared_steps(run) >= run.steps.div_ceil(MIN_SHARED_SHARE)
        };
        match groups.iter_mut().find(branched) {
            Some(group) => group.push(run.clone()),
            None => groups.push(vec![run.clone()]),
        }
    }
    groups
}
