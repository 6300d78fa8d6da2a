//! A suggestion from sweeps, with intervals.
//!
//! The suggestion is the peak rate to train with; where the loss falls fastest and what the rules
//! of other finders say ("valley", "minimum over ten") are computed on the same sweeps, to be
//! compared.

use super::basin::Basin;
use super::pool::{Part, Pooled, parts};
use super::refusal::Refusal;
use super::steepest::{RESOLUTION, Steepest};
use super::sweep::Sweep;
use super::valley;
use serde::{Deserialize, Serialize};

/// A learning rate to train with, and how sure that is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Suggestion {
    /// Peak learning rate to train with, for a schedule that warms up and then decays.
    pub peak_lr: f64,
    /// Lower end of the 95 % interval for it: what the noise of the sweeps leaves open. The rule
    /// itself is right to a factor of about two.
    pub peak_low: f64,
    /// Upper end of the 95 % interval for it.
    pub peak_high: f64,
    /// Where the loss falls fastest per factor of the learning rate.
    pub steepest: f64,
    /// Lower end of the 95 % interval for the steepest place.
    pub low: f64,
    /// Upper end of the 95 % interval for the steepest place.
    pub high: f64,
    /// Learning rate of the lowest fitted loss.
    pub lowest: f64,
    /// The lowest learning rate above that one at which the losses rise above where they began;
    /// `None` if they never do. The peak rate is then too low rather than too high.
    pub diverges: Option<f64>,
    /// What fast.ai's "valley" rule says on the same fitted losses, for comparison.
    pub valley: f64,
    /// What fast.ai's "minimum" rule says: a tenth of [`lowest`](Self::lowest), for comparison.
    pub minimum_over_ten: f64,
    /// The fitted curve: learning rate and loss.
    pub curve: Vec<(f64, f64)>,
}

/// A fall is clear if it is this many of its standard errors: it is the largest of some fifteen
/// independent places. Of 3,000 flat curves of one sweep seven exceeded that, by simulation, and all
/// of them were refused for the width of their interval.
const CLEAR: f64 = 4.5;

/// At so many steps per decade a sweep is slow enough to be low where training is.
const SLOW: f64 = 100.0;

/// A basin that the sweeps do not reach the end of has to be this wide, in decades, for its middle
/// to say something.
const WIDE: f64 = 2.0;

/// Suggests a peak learning rate from one or several sweeps.
///
/// The sweeps are pooled by a running median, each as the change from where it began. The middle of
/// the basin, where at least 70 % of the fall is had, is multiplied by `sqrt(d / 100)`, at most 1,
/// where `d` is the number of steps per decade: a sweep is taken for one training, whose loss lags
/// behind the learning rate. Why: see the [module](super).
///
/// # Errors
/// [`Refusal`], with what to do.
pub fn suggest(sweeps: &[Sweep]) -> Result<Suggestion, Refusal> {
    let parts = parts(sweeps)?;
    let basin = Basin::new(&parts);
    let noise = CLEAR * basin.error;
    if basin.fall <= noise {
        return Err(Refusal::Flat { fall: basin.fall, noise });
    }
    let pooled = Pooled::new(&parts, basin.end);
    let Steepest { places, height, lowest, steepest, found, interval, is_clear } =
        Steepest::new(&pooled);
    let rate = |x: f64| 10f64.powf(x);
    let (low, high) = (pooled.x[0], pooled.x[pooled.x.len() - 1]);
    if is_clear && found.0 <= low {
        return Err(Refusal::AtEdge { end: "lowest", rate: rate(low), way: "down" });
    }
    if is_clear && found.1 + RESOLUTION > high && basin.end.is_none() {
        return Err(Refusal::AtEdge { end: "highest", rate: rate(high), way: "up" });
    }
    if basin.end.is_none() && high - basin.start < WIDE {
        return Err(Refusal::Open { rate: rate(high) });
    }
    let lag = lag(&parts);
    let peak = |x: f64| rate(x) * lag;
    let (peak_low, peak_high) = (peak(basin.interval.0), peak(basin.interval.1));
    if peak_high > 10.0 * peak_low {
        return Err(Refusal::Vague { low: peak_low, high: peak_high });
    }
    Ok(Suggestion {
        peak_lr: peak(basin.center),
        peak_low,
        peak_high,
        steepest: rate(places[steepest]),
        low: rate(interval.0),
        high: rate(interval.1),
        lowest: rate(places[lowest]),
        diverges: pooled.diverges.map(rate),
        valley: rate(places[valley::valley(&height)]),
        minimum_over_ten: rate(places[lowest]) / 10.0,
        curve: places.iter().zip(&height).map(|(x, y)| (rate(*x), *y)).collect(),
    })
}

/// How far below the basin's middle a training belongs, as a factor: a sweep of few steps per
/// decade has left each learning rate before it could do what it does in a training.
fn lag(parts: &[Part<'_>]) -> f64 {
    let spacing: Vec<f64> = parts.iter().map(Part::spacing).collect();
    (1.0 / (SLOW * super::fit::median(&spacing))).sqrt().min(1.0)
}
