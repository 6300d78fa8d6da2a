//! The peak learning rate of every arm, chosen on seeds that the verdict never uses.
//!
//! Comparing schedules at one learning rate answers the wrong question: a decaying schedule
//! tolerates a higher peak. So every arm gets its own peak, from the same grid and on the same
//! seeds. The score is the mean metric over the tuning seeds; a learning rate at which any seed
//! diverged has none.
//!
//! If the best of *any* arm lies at an end, the grid grows there for *all* arms, by one point per
//! round. An arm that was tuned with more points than another would have an advantage.

use crate::arm::Arm;
use crate::config::StudyConfig;
use crate::error::Error;
use crate::event::Event;
use crate::journal::Journal;
use crate::outcome::Outcome;
use crate::pool::Pool;
use crate::runs::{run_spec, tuning_runs};
use crate::stats::mean;
use serde::{Deserialize, Serialize};

/// The result of tuning an arm, with the whole grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tuned {
    /// The chosen peak learning rate.
    pub peak_lr: f64,
    /// The chosen averaging horizon in steps, for an averaged arm.
    pub horizon: Option<u64>,
    /// Mean metric there, over the tuning seeds; minus infinity (`null` in JSON) if some seed
    /// diverged at every learning rate.
    #[serde(with = "crate::json::worst_or_null")]
    pub mean: f64,
    /// Whether the learning rate is the first or last of the grid.
    pub at_edge: bool,
    /// All grid points, ascending by learning rate and horizon.
    pub tried: Vec<GridPoint>,
}

/// One point of the grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GridPoint {
    /// Peak learning rate.
    pub peak_lr: f64,
    /// Averaging horizon in steps, for an averaged arm.
    pub horizon: Option<u64>,
    /// Mean metric over the tuning seeds; `None` when a run diverged.
    pub mean: Option<f64>,
}

/// Tunes every arm; runs that the journal does not have are done by `pool`.
pub(crate) fn tune(
    config: &StudyConfig,
    journal: &mut Journal,
    pool: &Pool<'_>,
) -> Result<Vec<Tuned>, Error> {
    let observe = pool.session.observe;
    let later = config.arms.len() * config.seeds;
    let (mut low, mut high) = config.grid.start();
    loop {
        pool.run(journal, &tuning_runs(config, low, high), later)?;
        let tuned: Vec<Tuned> =
            config.arms.iter().map(|arm| choose(config, arm, journal, low, high)).collect();
        let mut room = config.grid.max_points - (high - low + 1) as usize;
        let at = |index| tuned.iter().any(|t| t.at_edge && t.peak_lr == config.grid.lr(index));
        // A single learning rate gives no direction to widen in.
        let (below, above) =
            (config.grid.points > 1 && at(low), config.grid.points > 1 && at(high));
        let mut widened = false;
        for (wanted, end, step) in [(above, &mut high, 1), (below, &mut low, -1)] {
            if wanted && room > 0 {
                *end += step;
                room -= 1;
                widened = true;
                observe(&Event::Widened { peak_lr: config.grid.lr(*end) });
            }
        }
        if !widened {
            if tuned.iter().all(|t| !t.mean.is_finite()) {
                let (lowest, highest) = (config.grid.lr(low), config.grid.lr(high));
                return Err(Error::AllDiverged { lowest, highest });
            }
            for (arm, t) in config.arms.iter().zip(&tuned) {
                observe(&Event::Tuned { arm: &arm.name, peak_lr: t.peak_lr, at_edge: t.at_edge });
            }
            return Ok(tuned);
        }
    }
}

/// The best point of the grid for `arm`; among equals the one nearest the center, where nothing
/// needs to widen.
fn choose(config: &StudyConfig, arm: &Arm, journal: &Journal, low: i32, high: i32) -> Tuned {
    let horizons: Vec<Option<u64>> =
        if arm.averaged { config.horizons().into_iter().map(Some).collect() } else { vec![None] };
    let mut tried = Vec::new();
    let mut best = (f64::NEG_INFINITY, i32::MAX, None);
    for index in low..=high {
        for (which, &horizon) in horizons.iter().enumerate() {
            let peak_lr = config.grid.lr(index);
            let metrics: Vec<f64> = config
                .tuning()
                .map(|seed| {
                    journal
                        .get(&run_spec(config, arm, peak_lr, seed))
                        .expect("tuning runs are done")
                })
                .map(|outcome| metric_of(outcome, horizon.map(|_| which)))
                .collect();
            let mean = Some(mean(&metrics)).filter(|m| m.is_finite());
            tried.push(GridPoint { peak_lr, horizon, mean });
            let score = mean.unwrap_or(f64::NEG_INFINITY);
            if score > best.0 || (score == best.0 && index.abs() < best.1.abs()) {
                best = (score, index, horizon);
            }
        }
    }
    let (mean, index, horizon) = best;
    // Diverged everywhere: the lowest learning rate makes the grid widen downwards.
    let index = if mean == f64::NEG_INFINITY { low } else { index };
    Tuned {
        peak_lr: config.grid.lr(index),
        horizon,
        mean,
        at_edge: index == low || index == high,
        tried,
    }
}

/// The metric of the last weights, or of the averaged weights at the horizon with this index.
pub(crate) fn metric_of(outcome: &Outcome, horizon: Option<usize>) -> f64 {
    horizon.map_or(outcome.metric, |which| outcome.averaged[which])
}
