//! The basin of the pooled curve: the learning rates at which the loss is low.
//!
//! The place where a fit is lowest is a poor guide, since the lowest part of a curve is flat and
//! noise chooses a point of it. The middle of the whole low part, between the fall and the rise, is
//! where both sides put it: in ten sets of sweeps it varied by a tenth to a half of an octave from
//! one set of three sweeps to the next, where the lowest point varied by up to two octaves.
//!
//! The curve is a running median over all sweeps. Single batches with a huge loss, which are common
//! at learning rates where training is about to become unstable, do not move it, and a sweep that
//! has diverged counts as high from there on instead of being cut off for all others.

use super::fit::{least, median, noise};
use super::pool::Part;
use crate::stats::{mean, whole};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::f64::consts::FRAC_PI_2;

/// Losses within this many decades count in a running median, with a weight that falls to zero.
const REACH: f64 = 0.45;

/// But at least so many neighbors on either side.
const NEIGHBORS: f64 = 3.0;

/// Share of the greatest fall that a learning rate must have to be in the basin. Higher shares
/// follow the noise of a flat bottom; lower ones include the slope.
const SHARE: f64 = 0.7;

/// Distance of the places at which the curve is computed, in decades.
const RESOLUTION: f64 = 0.05;

/// Resamples for the interval.
const RESAMPLES: usize = 200;

/// The low part of a curve, in `log10(rate)`.
pub(super) struct Basin {
    /// Where it begins.
    pub(super) start: f64,
    /// Its middle.
    pub(super) center: f64,
    /// The middle 95 % of what resampled losses give for the middle.
    pub(super) interval: (f64, f64),
    /// The first place above the lowest one that is not in the basin; `None` if the sweeps end
    /// before.
    pub(super) end: Option<f64>,
    /// How far the loss falls.
    pub(super) fall: f64,
    /// Standard error that the fall would have if nothing had happened to the loss.
    pub(super) error: f64,
}

/// One curve's basin.
struct Found {
    start: f64,
    center: f64,
    end: Option<f64>,
    fall: f64,
}

impl Basin {
    /// The basin of these sweeps, of which there is at least one.
    ///
    /// The interval is from a bootstrap over the losses of each sweep.
    pub(super) fn new(parts: &[Part<'_>]) -> Self {
        let from = parts.iter().map(|part| part.x[0]).fold(f64::INFINITY, f64::min);
        let to = parts.iter().filter_map(|part| part.x.last()).copied().fold(from, f64::max);
        let points: Vec<Points> = parts.iter().map(|part| Points::new(part, to)).collect();
        let spacing = parts.iter().map(Part::spacing).fold(0.0, f64::max);
        let reach = REACH.max(NEIGHBORS * spacing);
        let places: Vec<f64> =
            (0..=whole((to - from) / RESOLUTION)).map(|i| from + RESOLUTION * i as f64).collect();

        let once: Vec<Vec<u32>> = points.iter().map(|sweep| vec![1; sweep.x.len()]).collect();
        let Found { start, center, end, fall } =
            found(&places, &curve(&points, &once, &places, reach));
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let mut centers = Vec::new();
        for _ in 0..RESAMPLES {
            let counts: Vec<Vec<u32>> =
                points.iter().map(|sweep| resample(sweep.x.len(), &mut rng)).collect();
            centers.push(found(&places, &curve(&points, &counts, &places, reach)).center);
        }
        centers.sort_unstable_by(f64::total_cmp);
        let (first, last) = (quantile(&centers, 0.025), quantile(&centers, 0.975));
        Self {
            start,
            center,
            interval: (first.min(center), last.max(center)),
            end,
            fall,
            error: error(parts, center, reach),
        }
    }
}

/// Standard error of the fall at `place` by the noise of the first losses.
///
/// Where a sweep has learned something its losses vary more, and more yet where training is about
/// to become unstable; neither says how deep a flat curve would dip.
fn error(parts: &[Part<'_>], place: f64, reach: f64) -> f64 {
    let deviation = |part: &Part<'_>| median(&noise(&part.loss[..part.finite])[..part.head()]);
    let variances: Vec<f64> = parts.iter().map(|part| deviation(part).powi(2)).collect();
    let weights = parts.iter().flat_map(|part| &part.x).map(|x| weight(x - place, reach));
    let (sum, squares) = weights.fold((0.0, 0.0), |(sum, squares), w| (sum + w, squares + w * w));
    let heads: usize = parts.iter().map(Part::head).sum();
    // A median's variance is pi / 2 times that of a mean.
    (FRAC_PI_2 * mean(&variances) * (squares / (sum * sum) + 1.0 / heads as f64)).sqrt()
}

/// Epanechnikov's weight of a loss at this distance.
fn weight(distance: f64, reach: f64) -> f64 {
    (1.0 - (distance / reach).powi(2)).max(0.0)
}

/// The value below which this share of the sorted values lies.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted[whole(share * (sorted.len() - 1) as f64)]
}

/// A sweep's losses, with infinity for those that are missing because it diverged.
struct Points {
    x: Vec<f64>,
    loss: Vec<f64>,
    /// How many of the first losses say where the sweep began.
    head: usize,
}

impl Points {
    fn new(part: &Part<'_>, to: f64) -> Self {
        let mut loss = part.loss[..part.finite].to_vec();
        loss.resize(part.x.len(), f64::INFINITY);
        let mut x = part.x.clone();
        while part.usable < part.x.len() && x[x.len() - 1] + part.spacing() < to {
            x.push(x[x.len() - 1] + part.spacing());
            loss.push(f64::INFINITY);
        }
        Self { x, loss, head: part.head() }
    }
}

/// As many draws with replacement as there are losses: how often each was drawn.
fn resample(losses: usize, rng: &mut ChaCha8Rng) -> Vec<u32> {
    let mut counts = vec![0; losses];
    for _ in 0..losses {
        // The high half of a product is uniform below the number of losses.
        let drawn = (u64::from(rng.next_u32()) * losses as u64) >> 32;
        counts[usize::try_from(drawn).unwrap_or(0)] += 1;
    }
    counts
}

/// The running median of all sweeps at `places`, each sweep as the change from where it began.
fn curve(sweeps: &[Points], counts: &[Vec<u32>], places: &[f64], reach: f64) -> Vec<f64> {
    let mut points: Vec<(f64, f64, f64)> = Vec::new();
    for (sweep, counts) in sweeps.iter().zip(counts) {
        let head: Vec<f64> = (0..sweep.head)
            .flat_map(|i| std::iter::repeat_n(sweep.loss[i], counts[i] as usize))
            .collect();
        // A resample that has drawn none of the first losses takes them all.
        let level = median(if head.is_empty() { &sweep.loss[..sweep.head] } else { &head });
        let drawn = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        points.extend(drawn.map(|(i, n)| (sweep.loss[i] - level, sweep.x[i], f64::from(*n))));
    }
    points.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let at = |place: f64| {
        let weight = |x: f64, n: f64| n * weight(x - place, reach);
        let half = 0.5 * points.iter().map(|(_, x, n)| weight(*x, *n)).sum::<f64>();
        let mut below = 0.0;
        points
            .iter()
            .find(|(_, x, n)| {
                below += weight(*x, *n);
                below > half
            })
            .map_or(f64::NAN, |(value, ..)| *value)
    };
    places.iter().map(|place| at(*place)).collect()
}

fn found(places: &[f64], curve: &[f64]) -> Found {
    let lowest = least(curve);
    let inside = |i: &usize| curve[*i] <= SHARE * curve[lowest];
    let fall = -curve[lowest];
    if fall.is_nan() || fall <= 0.0 {
        return Found { start: places[lowest], center: places[lowest], end: None, fall: 0.0 };
    }
    let low: Vec<f64> = (0..places.len()).filter(inside).map(|i| places[i]).collect();
    let end = (lowest..places.len()).find(|i| !inside(i)).map(|i| places[i]);
    Found { start: low[0], center: mean(&low), end, fall }
}
