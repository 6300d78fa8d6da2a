//! Checks several sweeps and joins them into one curve.
//!
//! One sweep of a hundred steps has one batch loss per learning rate. Sweeps from several seeds
//! start at different losses, because the initial weights differ; their levels are shifted to a
//! common mean, which leaves the slopes as they are.

use super::fit::{least, median, noise};
use super::refusal::{MIN_POINTS, Refusal};
use super::sweep::Sweep;
use crate::stats::mean;

/// All sweeps as one.
pub(super) struct Pooled {
    /// `log10(rate)`, ascending.
    pub(super) x: Vec<f64>,
    /// Losses, moved to one level, up to where they rise from their lowest.
    pub(super) y: Vec<f64>,
    /// `log10` of the lowest learning rate at which a sweep diverged.
    pub(super) diverges: Option<f64>,
}

pub(super) fn pool(sweeps: &[Sweep]) -> Result<Pooled, Refusal> {
    let mut parts = Vec::new();
    for sweep in sweeps {
        let (lr, loss) = (&sweep.lr, &sweep.loss);
        if lr.len() != loss.len() {
            return Err(Refusal::Malformed(format!(
                "{} learning rates, but {} losses",
                lr.len(),
                loss.len()
            )));
        }
        let ascending = lr.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascending
            || lr.first().is_some_and(|first| *first <= 0.0)
            || lr.iter().any(|rate| !rate.is_finite())
        {
            return Err(Refusal::Malformed(
                "the learning rates of a sweep must be above 0 and ascend".into(),
            ));
        }
        let finite = loss.iter().position(|loss| !loss.is_finite()).unwrap_or(loss.len());
        parts.push((lr, loss, rises(&loss[..finite], 1.0)));
    }
    let found = parts.iter().map(|(.., usable)| *usable).min().unwrap_or(0);
    if found < MIN_POINTS {
        return Err(Refusal::TooFew { found });
    }
    let diverges = parts
        .iter()
        .filter_map(|(lr, _, usable)| lr.get(*usable))
        .copied()
        .fold(f64::INFINITY, f64::min);
    let level = mean(&parts.iter().map(|(_, loss, _)| mean(&loss[..found])).collect::<Vec<_>>());
    let mut points: Vec<(f64, f64)> = Vec::new();
    for (lr, loss, _) in parts {
        let shift = level - mean(&loss[..found]);
        points.extend(
            lr.iter()
                .zip(loss)
                .take_while(|(lr, _)| **lr < diverges)
                .map(|(lr, loss)| (lr.log10(), loss + shift)),
        );
    }
    points.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut x, mut y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
    // A parabola that is fitted across the foot of a blow-up dips before it, which would look like
    // a fall.
    let end = rises(&y, 0.25).max(MIN_POINTS);
    x.truncate(end);
    y.truncate(end);
    Ok(Pooled { x, y, diverges: Some(diverges.log10()).filter(|x| x.is_finite()) })
}

/// How many losses come before the place after the lowest where they rise, for good, by more than
/// `share` of what they fell, and by more than noise.
fn rises(loss: &[f64], share: f64) -> usize {
    if loss.len() < MIN_POINTS {
        return loss.len();
    }
    // Medians of five, which no spike moves.
    let steady: Vec<f64> = loss.windows(5).map(median).collect();
    let start = median(&loss[..loss.len() / 10 + 3]);
    let lowest = least(&steady);
    let bound =
        steady[lowest] + share * (start - steady[lowest]).max(0.0) + 2.0 * median(&noise(loss));
    // Window `i` begins at point `i`; when its median is above, its third point is the first one
    // above.
    (lowest..steady.len())
        .find(|i| steady[*i..].iter().all(|loss| *loss > bound))
        .map_or(loss.len(), |i| i + 2)
}
