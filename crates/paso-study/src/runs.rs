//! The runs of a study: how an arm at a learning rate and a seed becomes a run, and which runs share
//! their first steps.
//!
//! Grouping decides what [`Trial::train_branches`](crate::Trial::train_branches) is called with.
//! Sharing fewer than a quarter of the steps is not worth a copy of the training state.

use crate::arm::Arm;
use crate::config::StudyConfig;
use crate::run_spec::RunSpec;

/// Runs with a common prefix are trained as branches when they share at least one update in this
/// many.
const MIN_SHARED_SHARE: u64 = 4;

/// A schedule that ends above this share of its peak is evaluated over a window.
const HIGH_END: f64 = 0.01;

/// Half the window, and the inner two of its five places, as shares of the run.
const WINDOW: [f64; 2] = [0.05, 0.025];

/// The run of `arm` at `peak_lr` with `seed`.
pub(crate) fn run_spec(config: &StudyConfig, arm: &Arm, peak_lr: f64, seed: u64) -> RunSpec {
    // If any arm needs averages of these runs, all of them keep averages, so that both arms share
    // the runs.
    let averaged = config.arms.iter().any(|other| other.averaged && other.trains_like(arm));
    let mut run = RunSpec::new(&arm.spec, peak_lr, config.steps, seed);
    run.variant = arm.variant.clone();
    run.averaging = if averaged { config.horizons() } else { Vec::new() };
    // A hair more than the share: a decay to exactly 1 % may be rounded up.
    if run.schedule().at(run.steps) > HIGH_END * peak_lr * (1.0 + 1e-9) {
        run.evaluate_at = window(run.steps);
    }
    run
}

/// The updates around the end of a run after which it is evaluated. A window after the end alone
/// would favor a constant learning rate, which still improves; one before it the others.
fn window(steps: u64) -> Vec<u64> {
    let [outer, inner] =
        WINDOW.map(|share| crate::stats::whole((share * steps as f64).round()) as u64);
    let mut at = vec![steps - outer, steps - inner, steps, steps + inner, steps + outer];
    at.dedup();
    at
}

/// Groups the runs that share enough of their first updates to be trained as branches.
pub(crate) fn groups(runs: &[RunSpec]) -> Vec<Vec<RunSpec>> {
    let mut groups: Vec<Vec<RunSpec>> = Vec::new();
    for run in runs {
        let branched = |group: &&mut Vec<RunSpec>| {
            group[0].seed == run.seed
                && group[0].peak_lr == run.peak_lr
                && shares_trunk(&group[0], run)
        };
        match groups.iter_mut().find(branched) {
            Some(group) => group.push(run.clone()),
            None => groups.push(vec![run.clone()]),
        }
    }
    groups
}

/// Whether two runs share enough of their first updates.
pub(crate) fn shares_trunk(a: &RunSpec, b: &RunSpec) -> bool {
    a.shared_steps(b) >= a.steps.div_ceil(MIN_SHARED_SHARE)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn runs_that_end_at_a_high_learning_rate_are_evaluated_around_their_end() {
        let config = StudyConfig::default();
        let at = |spec: &str| {
            run_spec(&config, &Arm::new("a", spec, crate::Role::Decay), 1e-3, 0).evaluate_at
        };
        let around = vec![950, 975, 1000, 1025, 1050];
        for (spec, expected) in [
            ("constant", &around),
            ("exponential(to 2%)", &around),
            ("exponential(to 1%)", &vec![1000]),
            ("cosine(to 1%)", &vec![1000]),
            ("linear(to 0)", &vec![1000]),
            ("constant(for 80%) then linear(to 0)", &vec![1000]),
        ] {
            assert_eq!(at(spec), *expected, "{spec}");
        }
    }

    #[test]
    fn a_window_is_symmetric_and_never_empty() {
        for steps in 1..400 {
            let at = window(steps);
            assert!(at.windows(2).all(|pair| pair[0] < pair[1]) && at[0] > 0, "{steps}: {at:?}");
            assert_eq!(at.iter().sum::<u64>(), steps * at.len() as u64, "{steps}: {at:?}");
        }
        assert_eq!((window(5), window(10)), (vec![5], vec![9, 10, 11]));
    }
}
