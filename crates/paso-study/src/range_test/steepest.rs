//! Where the loss falls fastest, with a bootstrap interval.
//!
//! "Steepest" is per factor of the learning rate, so the slope is that of the loss over the
//! logarithm. Per unit of the learning rate, the slope would be largest at the lowest learning
//! rates of any sweep.
//!
//! The steepest place is the one whose slope, plus two of its standard errors, is lowest. In the
//! middle of a sweep all slopes have the same standard error, so that it does not matter; near the
//! ends, where a parabola hangs on few points, it keeps noise from being taken for a fall.
//!
//! The interval comes from a wild bootstrap (Wu, 1986): the residuals of the fit, scaled up by what
//! the fit absorbed of them (HC2) and each with a random sign, are added to the fit, and the
//! steepest place of each such curve is found again. The interval is the middle 95 % of these
//! places, and a quarter of the fit's bandwidth more on either side: smoothing moves the steepest
//! place of a lopsided fall, and no noise tells in which direction.

use super::fit::{Smoother, least, noise, trust};
use super::pool::Pooled;
use crate::stats::{standard_deviation, whole};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::f64::consts::SQRT_2;

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
pub(super) const RESOLUTION: f64 = 0.02;

/// The fitted curve and where it falls fastest, in `log10(rate)`.
pub(super) struct Steepest {
    pub(super) places: Vec<f64>,
    pub(super) height: Vec<f64>,
    /// Index of the lowest place.
    pub(super) lowest: usize,
    /// Index of the place of the steepest fall.
    pub(super) steepest: usize,
    /// The middle 95 % of what resampled losses give for that place.
    pub(super) found: (f64, f64),
    /// That, and the allowance for smoothing.
    pub(super) interval: (f64, f64),
    /// Whether the fall there exceeds noise. The steepest of some twenty independent places: four
    /// standard errors happen by chance once in a thousand curves.
    pub(super) is_clear: bool,
}

impl Steepest {
    pub(super) fn new(Pooled { x, y, .. }: &Pooled) -> Self {
        let noise = noise(y);
        let trusted = trust(y, &noise);
        let (low, high) = (x[0], x[x.len() - 1]);
        let places: Vec<f64> =
            (0..=whole((high - low) / RESOLUTION)).map(|i| low + RESOLUTION * i as f64).collect();
        let fit = |bandwidth| Fit::new(x, y, &trusted, &noise, &places, bandwidth);
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

        let at_points = Smoother::new(x, &trusted, x, bandwidth);
        let fitted = at_points.heights(y);
        let residuals: Vec<f64> = at_points
            .leverages()
            .iter()
            .zip(y.iter().zip(&fitted))
            .zip(&trusted)
            // A spike is no sample of the noise.
            .map(|((own, (y, fit)), trust)| trust * (y - fit) / (1.0 - own).max(0.01).sqrt())
            .collect();
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let (mut found, mut slopes) = (Vec::new(), Vec::new());
        for _ in 0..RESAMPLES {
            let again: Vec<f64> = fitted
                .iter()
                .zip(&residuals)
                .map(|(fit, r)| if rng.next_u32() & 1 == 0 { fit + r } else { fit - r })
                .collect();
            let slope = smoother.slopes(&again);
            let lowest = least(&smoother.heights(&again));
            slopes.push(slope[steepest]);
            found.push(places[steepest_of(&slope[..=lowest], &penalty)]);
        }
        found.sort_unstable_by(f64::total_cmp);
        let end = |share: f64| found[whole(share * (RESAMPLES - 1) as f64)];
        let found = (end(0.025).min(places[steepest]), end(0.975).max(places[steepest]));
        let allowance = LOPSIDED * smoother.bandwidth;
        Self {
            is_clear: -slope[steepest] > 4.0 * standard_deviation(&slopes),
            interval: (found.0 - allowance, found.1 + allowance),
            places,
            height,
            lowest,
            steepest,
            found,
        }
    }
}

/// A fit of one bandwidth, and where it falls.
struct Fit {
    smoother: Smoother,
    height: Vec<f64>,
    slope: Vec<f64>,
    /// Two standard errors of each slope.
    penalty: Vec<f64>,
    lowest: usize,
    steepest: usize,
}

impl Fit {
    fn new(
        x: &[f64],
        y: &[f64],
        trust: &[f64],
        noise: &[f64],
        places: &[f64],
        bandwidth: f64,
    ) -> Self {
        let smoother = Smoother::new(x, trust, places, bandwidth);
        let (height, slope) = (smoother.heights(y), smoother.slopes(y));
        let penalty: Vec<f64> =
            smoother.slope_errors(noise).iter().map(|error| 2.0 * error).collect();
        let lowest = least(&height);
        let steepest = steepest_of(&slope[..=lowest], &penalty);
        Self { smoother, height, slope, penalty, lowest, steepest }
    }

    /// The steepest fall in its standard errors.
    fn certainty(&self) -> f64 {
        -self.slope[self.steepest] / (0.5 * self.penalty[self.steepest])
    }
}

/// Index of the place whose fall is the steepest that the noise leaves certain.
fn steepest_of(slope: &[f64], penalty: &[f64]) -> usize {
    let certain: Vec<f64> = slope.iter().zip(penalty).map(|(s, p)| s + p).collect();
    least(&certain)
}
