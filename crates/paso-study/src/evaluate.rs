//! Computes the answer of a study from its finished runs.
//!
//! Everything here is a pure function of the finished runs. So the answer does not depend on the
//! machine, on the number of threads, or on how often a study was stopped and continued.

use crate::answer::{AgainstAlternative, Answer, ArmAnswer};
use crate::arm::{Arm, Role};
use crate::budget::BudgetCut;
use crate::compare::compare;
use crate::config::StudyConfig;
use crate::journal::Journal;
use crate::noise::NoiseAnalysis;
use crate::notes::notes;
use crate::runs::run_spec;
use crate::stats::{bca, holm, mean};
use crate::tune::{Tuned, metric_of};

/// Every arm's metric for every seed of the verdict; NaN where it diverged.
fn metrics(config: &StudyConfig, journal: &Journal, tuned: &[Tuned]) -> Vec<Vec<f64>> {
    let of_arm = |(arm, tuned): (&Arm, &Tuned)| {
        let horizon =
            tuned.horizon.and_then(|steps| config.horizons().iter().position(|h| *h == steps));
        config
            .verdict()
            .map(|seed| {
                journal
                    .get(&run_spec(config, arm, tuned.peak_lr, seed))
                    .expect("runs of the verdict are done")
            })
            .map(|outcome| metric_of(outcome, horizon))
            .collect()
    };
    config.arms.iter().zip(tuned).map(of_arm).collect()
}

/// The statistics. Everything random happened before.
pub(crate) fn answer(
    config: StudyConfig,
    journal: &Journal,
    tuned: Vec<Tuned>,
    cut: Option<&BudgetCut>,
) -> Answer {
    let raw = metrics(&config, journal, &tuned);
    let worst =
        raw.iter().flatten().copied().filter(|m| m.is_finite()).fold(f64::INFINITY, f64::min);
    let worst = if worst.is_finite() { worst } else { 0.0 };
    let values: Vec<Vec<f64>> = raw
        .iter()
        .map(|arm| arm.iter().map(|m| if m.is_finite() { *m } else { worst }).collect())
        .collect();
    let difference = |a: usize, b: usize| -> Vec<f64> {
        values[a].iter().zip(&values[b]).map(|(x, y)| x - y).collect()
    };
    let baseline = config.baseline();
    let compared = |a, b| compare(&difference(a, b), config.margin, config.alpha);
    let comparisons: Vec<_> = (0..config.arms.len()).map(|arm| compared(arm, baseline)).collect();
    let others: Vec<usize> = (0..config.arms.len()).filter(|arm| *arm != baseline).collect();
    let adjusted = holm(&others.iter().map(|arm| comparisons[*arm].p).collect::<Vec<_>>());
    let p_holm =
        |arm: usize| others.iter().position(|other| *other == arm).map_or(1.0, |i| adjusted[i]);
    let best = best_on_tuning(&config, &tuned, Role::Decay).expect("checked: at least one decay");
    let arms: Vec<ArmAnswer> = config
        .arms
        .iter()
        .zip(tuned.iter())
        .enumerate()
        .map(|(i, (arm, tuned))| ArmAnswer {
            name: arm.name.clone(),
            spec: arm.spec.clone(),
            role: arm.role,
            peak_lr: tuned.peak_lr,
            mean: mean(&values[i]),
            diff: comparisons[i].diff,
            ci_low: comparisons[i].interval.low,
            ci_high: comparisons[i].interval.high,
            bca: bca(&difference(i, baseline), 1.0 - config.alpha),
            p: comparisons[i].p,
            p_holm: p_holm(i),
            share_better: comparisons[i].share_better,
            verdict: comparisons[i].verdict,
            values: values[i].clone(),
            diverged: raw[i].iter().filter(|m| !m.is_finite()).count(),
            tuned: tuned.clone(),
        })
        .collect();
    let against_alternative =
        best_on_tuning(&config, &tuned, Role::Alternative).map(|alternative| AgainstAlternative {
            alternative: config.arms[alternative].name.clone(),
            comparison: compared(best, alternative),
        });
    Answer {
        verdict: comparisons[best].verdict,
        best_arm: config.arms[best].name.clone(),
        metric: config.metric.clone(),
        seeds: config.seeds,
        more_seeds: comparisons[best].more_seeds,
        notes: notes(&arms, best, cut, config.alpha),
        noise: NoiseAnalysis::new(&config, journal, &tuned, best),
        arms,
        against_alternative,
        config,
    }
}

/// The arm of a role with the best mean on the tuning seeds; the first among equals.
fn best_on_tuning(config: &StudyConfig, tuned: &[Tuned], role: Role) -> Option<usize> {
    let of_role = (0..config.arms.len()).filter(|arm| config.arms[*arm].role == role);
    of_role.rev().max_by(|a, b| tuned[*a].mean.total_cmp(&tuned[*b].mean))
}
