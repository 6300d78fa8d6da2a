//! A suggestion from sweeps, with a bootstrap interval.
//!
//! The rules of other finders ("valley", "minimum over ten") are computed on the same fit, to be
//! compared. What is new here is the interval: a suggestion from a noisy sweep may be anywhere
//! within a decade, and whoever tunes around it should know.

use super::fit::{Smoother, least, noise, trust};
use super::pool::{Pooled, pool};
use super::refusal::Refusal;
use super::steepest::{self, Fit};
use super::sweep::Sweep;
use super::valley;
use crate::stats::{standard_deviation, whole};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use std::f64::consts::SQRT_2;

/// A learning rate to begin with, and how sure that is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Suggestion {
    /// Where the loss falls fastest per factor of the learning rate.
    pub steepest: f64,
    /// Lower end of the 95 % interval for it.
    pub low: f64,
    /// Upper end of the 95 % interval for it.
    pub high: f64,
    /// Learning rate of the lowest fitted loss.
    pub lowest: f64,
    /// The lowest learning rate above that one at which the losses rise above where they began;
    /// `None` if they never do.
    pub diverges: Option<f64>,
    /// What fast.ai's "valley" rule says on the same fitted losses, for comparison.
    pub valley: f64,
    /// What fast.ai's "minimum" rule says: a tenth of [`lowest`](Self::lowest), for comparison.
    pub minimum_over_ten: f64,
    /// The fitted curve: learning rate and loss.
    pub curve: Vec<(f64, f64)>,
}

/// Resamples for the interval.
const RESAMPLES: usize = 300;

/// The fit's weights reach this many decades to begin with (their standard deviation), which a fall
/// of a decade needs when it is noisy.
const WIDEST: f64 = 0.4;

/// And not less than this, which a hundred losses over eight decades just fill.
const NARROWEST: f64 = 0.15;

/// A narrower fit, which bends less what it fits, is taken where the steepest fall still is this
/// many of its standard errors.
const CLEAR: f64 = 60.0;

/// The interval's allowance for what smoothing does to a lopsided fall, in bandwidths. By
/// measurement: it moves the steepest place of `1 - exp(-rate)` by 0.10 decades at a bandwidth of
/// 0.4, by 0.07 at 0.28.
const LOPSIDED: f64 = 0.25;

/// The place of the steepest fall is looked for on this grid, in decades.
const RESOLUTION: f64 = 0.02;

/// Suggests a learning rate from one or several sweeps.
///
/// The losses, up to where they rise again, are fitted by local parabolas in `log10(rate)`: with
/// Gaussian weights of 0.4 decades, or down to 0.14 where there is so little noise that the fall
/// stays clear. Spikes get no weight. Several sweeps are pooled, each shifted to the same mean
/// loss.
///
/// The steepest place is the one whose slope, plus two of its standard errors, is lowest. In the
/// middle of a sweep all slopes have the same standard error, so that it does not matter; near the
/// ends, where a parabola hangs on few points, it keeps noise from being taken for a fall.
///
/// The interval comes from a wild bootstrap (Wu, 1986): the residuals of the fit, scaled up by what
/// the fit absorbed of them (HC2) and each with a random sign, are added to the fit, and the
/// steepest place of each such curve is found again. The interval is the middle 95 % of these
/// places, and a quarter of the fit's bandwidth more on either side: smoothing moves the steepest
/// place of a lopsided fall, and no noise tells in which direction.
///
/// # Errors
/// [`Refusal`], with what to do.
pub fn suggest(sweeps: &[Sweep]) -> Result<Suggestion, Refusal> {
    let Pooled { x, y, diverges } = pool(sweeps)?;
    let noise = noise(&y);
    let trusted = trust(&y, &noise);
    let (low, high) = (x[0], x[x.len() - 1]);
    let places: Vec<f64> =
        (0..=whole((high - low) / RESOLUTION)).map(|i| low + RESOLUTION * i as f64).collect();
    let fit = |bandwidth| Fit::new(&x, &y, &trusted, &noise, &places, bandwidth);
    let mut bandwidth = WIDEST;
    let mut wide = fit(bandwidth);
    while bandwidth > NARROWEST {
        let narrower = fit(bandwidth / SQRT_2);
        if narrower.certainty() < CLEAR {
            break;
        }
        (bandwidth, wide) = (bandwidth / SQRT_2, narrower);
    }
    let Fit { smoother, height, slope, penalty, lowest, steepest } = wide;

    let at_points = Smoother::new(&x, &trusted, &x, bandwidth);
    let fitted = at_points.heights(&y);
    let residuals: Vec<f64> = at_points
        .leverages()
        .iter()
        .zip(y.iter().zip(&fitted))
        .zip(&trusted)
        // A spike is no sample of the noise.
        .map(|((own, (y, fit)), trust)| trust * (y - fit) / (1.0 - own).max(0.01).sqrt())
        .collect();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let (mut found, mut slopes) = (Vec::with_capacity(RESAMPLES), Vec::with_capacity(RESAMPLES));
    for _ in 0..RESAMPLES {
        let again: Vec<f64> = fitted
            .iter()
            .zip(&residuals)
            .map(|(fit, r)| if rng.next_u32() & 1 == 0 { fit + r } else { fit - r })
            .collect();
        let slope = smoother.slopes(&again);
        let lowest = least(&smoother.heights(&again));
        slopes.push(slope[steepest]);
        found.push(places[steepest::steepest(&slope[..=lowest], &penalty)]);
    }
    found.sort_unstable_by(f64::total_cmp);
    let end = |share: f64| found[whole(share * (RESAMPLES - 1) as f64)];
    let (first, last) = (end(0.025).min(places[steepest]), end(0.975).max(places[steepest]));
    let allowance = LOPSIDED * smoother.bandwidth;
    let (from, to) = (first - allowance, last + allowance);

    let fall = -slope[steepest];
    let error = standard_deviation(&slopes);
    // The steepest of some twenty independent places: four standard errors happen by chance once in
    // a thousand curves.
    if fall.is_nan() || fall <= 4.0 * error {
        return Err(Refusal::Flat { fall: fall.max(0.0), noise: 4.0 * error });
    }
    let rate = |x: f64| 10f64.powf(x);
    if first <= low {
        return Err(Refusal::AtEdge { end: "lowest", rate: rate(low), way: "down" });
    }
    if last + RESOLUTION > high && diverges.is_none() {
        return Err(Refusal::AtEdge { end: "highest", rate: rate(high), way: "up" });
    }
    if to - from > 1.0 {
        return Err(Refusal::Vague { low: rate(from), high: rate(to) });
    }
    Ok(Suggestion {
        steepest: rate(places[steepest]),
        low: rate(from),
        high: rate(to),
        lowest: rate(places[lowest]),
        diverges: diverges.map(rate),
        valley: rate(places[valley::valley(&height)]),
        minimum_over_ten: rate(places[lowest]) / 10.0,
        curve: places.iter().zip(&height).map(|(x, y)| (rate(*x), *y)).collect(),
    })
}
