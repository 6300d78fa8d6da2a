//! Checks several sweeps and joins them into one curve.
//!
//! One sweep of a hundred steps has one batch loss per learning rate. Sweeps from several seeds
//! start at different losses, because the initial weights differ; their levels are shifted to a
//! common start, which leaves the slopes as they are. The start is what they have in common: how
//! far each falls differs.

use super::fit::{least, median, noise};
use super::refusal::{MIN_POINTS, Refusal};
use super::sweep::Sweep;
use crate::stats::mean;

/// One sweep, checked.
pub(super) struct Part<'a> {
    /// `log10(rate)`, ascending.
    pub(super) x: Vec<f64>,
    pub(super) loss: &'a [f64],
    /// How many losses come before the first that is not finite.
    pub(super) finite: usize,
    /// How many come before they rise above where they began, for good.
    pub(super) usable: usize,
}

impl<'a> Part<'a> {
    fn new(sweep: &'a Sweep) -> Result<Self, Refusal> {
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
        let x = lr.iter().map(|lr| lr.log10()).collect();
        Ok(Self { x, loss, finite, usable: rises(&loss[..finite], 1.0) })
    }

    /// Decades from one learning rate to the next.
    pub(super) fn spacing(&self) -> f64 {
        (self.x[self.x.len() - 1] - self.x[0]) / (self.x.len().max(2) - 1) as f64
    }

    /// How many of the first losses say where the sweep began.
    pub(super) fn head(&self) -> usize {
        (self.x.len() / 5).clamp(2, self.finite)
    }
}

/// The sweeps, each checked.
///
/// # Errors
/// If there is none, if one is too short, or if its learning rates do not ascend.
pub(super) fn parts(sweeps: &[Sweep]) -> Result<Vec<Part<'_>>, Refusal> {
    let parts = sweeps.iter().map(Part::new).collect::<Result<Vec<_>, _>>()?;
    let found = parts.iter().map(|part| part.usable).min().unwrap_or(0);
    if found < MIN_POINTS { Err(Refusal::TooFew { found }) } else { Ok(parts) }
}

/// All sweeps as one.
pub(super) struct Pooled {
    /// `log10(rate)`, ascending.
    pub(super) x: Vec<f64>,
    /// Losses, moved to one level, up to where they rise from their lowest.
    pub(super) y: Vec<f64>,
    /// `log10` of the lowest learning rate at which a sweep diverged.
    pub(super) diverges: Option<f64>,
}

impl Pooled {
    /// The losses of all sweeps up to `end`, from where the loss rises.
    ///
    /// A parabola that is fitted across the foot of that rise dips before it, which would look like
    /// a fall, and the spikes of training that is about to become unstable would pass for noise of
    /// the fall.
    pub(super) fn new(parts: &[Part<'_>], end: Option<f64>) -> Self {
        let diverges =
            parts.iter().filter_map(|part| part.x.get(part.usable)).copied().reduce(f64::min);
        let levels: Vec<f64> = parts.iter().map(|part| median(&part.loss[..part.head()])).collect();
        let level = mean(&levels);
        let mut points: Vec<(f64, f64)> = Vec::new();
        for (part, own) in parts.iter().zip(levels) {
            let before = part.x.iter().zip(&part.loss[..part.finite]);
            points.extend(
                before
                    .take_while(|(x, _)| diverges.is_none_or(|end| **x < end))
                    .map(|(x, loss)| (*x, loss + level - own)),
            );
        }
        points.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let kept = end.map_or(points.len(), |end| points.partition_point(|(x, _)| *x < end));
        points.truncate(kept.max(MIN_POINTS));
        let (mut x, mut y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        let end = rises(&y, 0.25).max(MIN_POINTS);
        x.truncate(end);
        y.truncate(end);
        Self { x, y, diverges }
    }
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
