//! Which runs a study needs: for tuning, for the verdict, and which of them share their first
//! steps.
//!
//! Runs are listed in a fixed order, seed by seed. Shards rely on that: each takes every n-th group
//! of the same list, without talking to the others.
//!
//! Grouping decides what [`Trial::train_branches`](crate::Trial::train_branches) is called with.
//! Sharing fewer than a quarter of the steps is not worth a copy of the training state.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tuning_starts_in_the_middle_of_the_grid_and_has_every_run_once() {
        let config = StudyConfig { tuning_seeds: 2, ..StudyConfig::default() };
        let runs = tuning_runs(&config, -1, 2);
        // Five schedules (the averaged arm shares that of the constant one), 4 learning rates, 2
        // seeds.
        assert_eq!(runs.len(), 5 * 4 * 2);
        assert!(runs[..5].iter().all(|run| run.peak_lr == 1e-3), "the center first");
        assert!(runs[..20].iter().all(|run| run.seed == runs[0].seed), "seed by seed");
        for (i, run) in runs.iter().enumerate() {
            assert!(!runs[..i].contains(run), "{run} twice");
        }
    }

    #[test]
    fn runs_are_grouped_when_they_share_a_quarter_of_their_steps() {
        let run = |spec: &str, lr, seed| RunSpec::new(spec, lr, 100, seed);
        let constant = run("constant", 1e-3, 0);
        let late = run("constant(for 80%) then linear(to 0)", 1e-3, 0);
        let early = run("constant(for 10%) then linear(to 0)", 1e-3, 0);
        let cosine = run("cosine(to 0)", 1e-3, 0);
        let other_seed = run("constant", 1e-3, 1);
        let other_lr = run("constant", 3e-3, 0);
        let all = [&constant, &late, &early, &cosine, &other_seed, &other_lr].map(Clone::clone);
        let groups = groups(&all);
        assert_eq!(groups.len(), 5, "only one pair shares enough: {groups:?}");
        assert_eq!(groups[0], [constant, late]);
        assert_eq!(groups.concat().len(), all.len(), "and none is lost");
    }

    #[test]
    fn averages_are_kept_by_all_runs_of_a_schedule_when_any_arm_wants_them() {
        let config = StudyConfig::default();
        let run = |arm: usize| run_spec(&config, &config.arms[arm], 1e-3, 0);
        assert_eq!(run(0), run(1), "constant and averaged are one run");
        assert_eq!(run(0).averaging, [10, 50, 200], "shares of 1,000 steps");
        assert!(run(2).averaging.is_empty(), "no arm averages the exponential");
    }
}
