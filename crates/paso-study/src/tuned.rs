//! What the race found for every arm, for readers.

use crate::candidate::{Candidate, Finalist};
use crate::config::StudyConfig;
use crate::journal::Journal;
use crate::race::mean_over;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the race found for an arm, with every learning rate that it ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tuned {
    /// The chosen peak learning rate.
    pub peak_lr: f64,
    /// The chosen averaging horizon in steps, for an averaged arm.
    pub horizon: Option<u64>,
    /// Mean metric there over its seeds of the race; `None` if a run diverged, or if nothing was
    /// tuned.
    pub mean: Option<f64>,
    /// Whether the learning rate is the first or last of those that were tried, where there were
    /// several.
    pub at_edge: bool,
    /// All grid points, ascending by learning rate and horizon.
    pub tried: Vec<GridPoint>,
}

/// One learning rate of the race, and averaging horizon for an averaged arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GridPoint {
    /// Peak learning rate.
    pub peak_lr: f64,
    /// Averaging horizon in steps, for an averaged arm.
    pub horizon: Option<u64>,
    /// Seeds of the race that it was trained with: 1, 2 or 4. The better ones have more.
    pub seeds: usize,
    /// Mean metric over these seeds; `None` when a run diverged.
    pub mean: Option<f64>,
}

/// The learning rates of an arm that were raced, ascending, each with its number of seeds. Arms that
/// are trained by the same runs share what was raced.
pub(crate) fn tried(
    config: &StudyConfig,
    entries: &[(Candidate, usize)],
    arm: usize,
) -> Vec<(Candidate, usize)> {
    let mut seeds = BTreeMap::new();
    for (candidate, raced) in entries {
        if candidate.arm(config).trains_like(&config.arms[arm]) {
            let most = seeds.entry(candidate.lr).or_insert(0);
            *most = (*raced).max(*most);
        }
    }
    seeds.into_iter().map(|(lr, seeds)| (Candidate { arm, lr }, seeds)).collect()
}

/// The learning rate and horizon of an arm with the best mean, among those with the most seeds; the
/// center of the grid if nothing was tuned.
pub(crate) fn best_of_arm(
    config: &StudyConfig,
    journal: &Journal,
    entries: &[(Candidate, usize)],
    arm: usize,
) -> Finalist {
    let raced = tried(config, entries, arm);
    let most = raced.iter().map(|(_, seeds)| *seeds).max().unwrap_or(0);
    let mut best = (f64::NEG_INFINITY, None);
    for (candidate, seeds) in raced.into_iter().filter(|(_, seeds)| *seeds == most) {
        for horizon in candidate.horizons(config) {
            let finalist = Finalist { candidate, horizon };
            let mean = mean_over(config, journal, finalist, seeds).unwrap_or(f64::NEG_INFINITY);
            if best.1.is_none() || mean > best.0 {
                best = (mean, Some(finalist));
            }
        }
    }
    let center = Candidate { arm, lr: 0 };
    best.1.unwrap_or(Finalist { candidate: center, horizon: center.horizons(config)[0] })
}

impl Tuned {
    /// What the race found for the arm of `chosen`.
    pub(crate) fn new(
        config: &StudyConfig,
        journal: &Journal,
        entries: &[(Candidate, usize)],
        chosen: Finalist,
    ) -> Self {
        let steps = |horizon: Option<usize>| horizon.map(|which| config.horizons()[which]);
        let raced = tried(config, entries, chosen.candidate.arm);
        let lr = |candidate: &Candidate| candidate.lr == chosen.candidate.lr;
        let at_edge = raced.len() > 1
            && (raced.first().is_some_and(|(c, _)| lr(c))
                || raced.last().is_some_and(|(c, _)| lr(c)));
        let point = |(candidate, seeds): (Candidate, usize)| {
            candidate.horizons(config).into_iter().map(move |horizon| GridPoint {
                peak_lr: candidate.peak_lr(config),
                horizon: steps(horizon),
                seeds,
                mean: mean_over(config, journal, Finalist { candidate, horizon }, seeds),
            })
        };
        let tried: Vec<GridPoint> = raced.into_iter().flat_map(point).collect();
        let (peak_lr, horizon) = (chosen.candidate.peak_lr(config), steps(chosen.horizon));
        let own = tried.iter().find(|p| p.peak_lr == peak_lr && p.horizon == horizon);
        Self { peak_lr, horizon, mean: own.and_then(|point| point.mean), at_edge, tried }
    }
}
