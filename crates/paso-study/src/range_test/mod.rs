//! The learning-rate range test: one short run with a rising rate, and what its losses tell.
//!
//! Train with a rate that grows by a constant factor at each update ([`RangeTest`]), note the loss of each batch, and ask
//! [`suggest`]. The rate at which the loss falls fastest, per factor of the rate, is a good centre for a grid of peak
//! rates. Smith (2017, "Cyclical Learning Rates", section 3.3) introduced the test; the rule "steepest" is fast.ai's.
//!
//! Other finders smooth with a moving average, whose delay moves the suggestion to rates several times too high; or take the
//! slope per unit of the rate, which moves it to the lowest rates. Here the curve is fitted by local parabolas in the logarithm of
//! the rate, which have no delay; spikes are given no weight; and the suggestion comes with an interval, or not at all.
//!
//! Sweep on a copy of the training state (weights, moments, step count, random state), so that nothing has to be put back. A
//! few sweeps over different seeds tell more than one long one.

mod fit;
mod valley;

use crate::stats::{mean, standard_deviation, whole};
use fit::{Smoother, median, noise, trust};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use std::f64::consts::SQRT_2;

/// The rates of a sweep: `steps` of them from `from` to `to`, each a constant factor above the last.
///
/// ```
/// let test = paso_study::range_test::RangeTest::default();
/// assert!((test.lr(0) - 1e-7).abs() < 1e-20 && (test.lr(99) - 10.0).abs() < 1e-9);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RangeTest {
    /// First rate. Default 1e-7.
    pub from: f64,
    /// Last rate. Default 10.
    pub to: f64,
    /// Updates of a sweep. Default 100.
    pub steps: usize,
}

impl Default for RangeTest {
    fn default() -> Self {
        Self { from: 1e-7, to: 10.0, steps: 100 }
    }
}

impl RangeTest {
    /// The rate of update `i`, from 0 to `steps - 1`.
    #[must_use]
    pub fn lr(&self, i: usize) -> f64 {
        self.from
            * (self.to / self.from).powf(i as f64 / self.steps.saturating_sub(1).max(1) as f64)
    }

    /// Does a sweep: `step` is one update of a copy of the training state at the given rate, and returns the loss of its batch before
    /// the update. Stops early once the loss [has diverged](Self::diverged).
    ///
    /// With Adam, let the second moment settle first: some tens of updates at rate 0. Otherwise the first updates, in which every step is as
    /// large as the rate whatever the gradient, belong to another optimizer than the later ones.
    ///
    /// ```
    /// use paso_study::range_test::{RangeTest, suggest};
    /// // The loss of a rate, without any history: it falls around 1e-3.
    /// let step = |lr: f64| Ok::<_, String>(2.0 - 1.5 / (1.0 + (1e-3 / lr).powi(2)) + lr.powi(4));
    /// let found = suggest(&[RangeTest::default().sweep(step)?]).map_err(|refusal| refusal.to_string())?;
    /// assert!((found.steepest / 1e-3 - 1.0).abs() < 0.1, "{found:?}");
    /// # Ok::<(), String>(())
    /// ```
    ///
    /// # Errors
    /// Those of `step`, at once. A loss that is not finite is no error.
    pub fn sweep<E>(&self, mut step: impl FnMut(f64) -> Result<f64, E>) -> Result<Sweep, E> {
        let mut sweep = Sweep::default();
        for lr in (0..self.steps).map(|i| self.lr(i)) {
            sweep.lr.push(lr);
            sweep.loss.push(step(lr)?);
            if self.diverged(&sweep.loss) {
                break;
            }
        }
        Ok(sweep)
    }

    /// Whether a sweep may stop: its last loss is not finite, or its last five all lie far above the first ones.
    #[must_use]
    pub fn diverged(&self, losses: &[f64]) -> bool {
        let Some(last) = losses.last() else { return false };
        if !last.is_finite() {
            return true;
        }
        let Some((head, tail)) = losses.split_at_checked(10) else { return false };
        let (start, best) = (median(head), losses.iter().copied().fold(f64::INFINITY, f64::min));
        tail.len() >= 5
            && tail[tail.len() - 5..].iter().all(|loss| *loss > start + 3.0 * (start - best))
    }
}

/// What a sweep saw: the loss of each update at its rate. NaN and infinity mean "diverged here".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// Rates, ascending.
    pub lr: Vec<f64>,
    /// Loss of the batch at each, before the update; `null` in JSON, which is read as NaN, where it is not finite.
    #[serde(with = "crate::json::finite_or_null_list")]
    pub loss: Vec<f64>,
}

/// A rate to begin with, and how sure that is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Suggestion {
    /// Where the loss falls fastest per factor of the rate.
    pub steepest: f64,
    /// Lower end of the 95 % interval for it.
    pub low: f64,
    /// Upper end of the 95 % interval for it.
    pub high: f64,
    /// Rate of the lowest fitted loss.
    pub lowest: f64,
    /// The lowest rate above that one at which the losses rise above where they began; `None` if they never do.
    pub diverges: Option<f64>,
    /// What fast.ai's "valley" rule says on the same fitted losses, for comparison.
    pub valley: f64,
    /// What fast.ai's "minimum" rule says: a tenth of [`lowest`](Self::lowest), for comparison.
    pub minimum_over_ten: f64,
    /// The fitted curve: rate and loss.
    pub curve: Vec<(f64, f64)>,
}

/// Why no rate is suggested.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Too short a sweep, or one that diverged at once.
    #[error(
        "only {found} losses before divergence, at least {MIN_POINTS} are needed; start at a lower rate, or take more steps"
    )]
    TooFew {
        /// Usable losses.
        found: usize,
    },
    /// Rates and losses that do not belong together.
    #[error("{0}")]
    Malformed(String),
    /// The loss does not fall measurably anywhere.
    #[error(
        "the curve is flat: its steepest fall is {fall:.2e} a decade, and noise alone could give {noise:.2e}; take more steps or sweeps, or check that the net learns at all"
    )]
    Flat {
        /// Steepest fall per decade.
        fall: f64,
        /// Four of its standard errors.
        noise: f64,
    },
    /// The steepest fall cannot be located.
    #[error(
        "the steepest fall lies anywhere between {low:.1e} and {high:.1e}, more than a decade; take more steps or sweeps"
    )]
    Vague {
        /// Lower end of the interval.
        low: f64,
        /// Upper end of the interval.
        high: f64,
    },
    /// The steepest fall is at an end of the sweep.
    #[error(
        "the loss falls fastest at the {end} rate of the sweep, {rate:.1e}; sweep further {way}"
    )]
    AtEdge {
        /// `"lowest"` or `"highest"`.
        end: &'static str,
        /// That rate.
        rate: f64,
        /// `"down"` or `"up"`.
        way: &'static str,
    },
}

/// Least number of losses that tell anything.
const MIN_POINTS: usize = 12;

/// Resamples for the interval.
const RESAMPLES: usize = 300;

/// The fit's weights reach this many decades to begin with (their standard deviation), which a fall of a decade needs when it is noisy.
const WIDEST: f64 = 0.4;

/// And not less than this, which a hundred losses over eight decades just fill.
const NARROWEST: f64 = 0.15;

/// A narrower fit, which bends less what it fits, is taken where the steepest fall still is this many of its standard errors.
const CLEAR: f64 = 60.0;

/// The interval's allowance for what smoothing does to a lopsided fall, in bandwidths. By measurement: it moves the steepest place of
/// `1 - exp(-rate)` by 0.10 decades at a bandwidth of 0.4, by 0.07 at 0.28.
const LOPSIDED: f64 = 0.25;

/// The place of the steepest fall is looked for on this grid, in decades.
const RESOLUTION: f64 = 0.02;

/// Suggests a rate from one or several sweeps.
///
/// The losses, up to where they rise again, are fitted by local parabolas in `log10(rate)`: with Gaussian weights of 0.4 decades, or down to
/// 0.14 where there is so little noise that the fall stays clear. Spikes get no weight. Several sweeps are pooled, each shifted to the same mean loss.
///
/// The steepest place is the one whose slope, plus two of its standard errors, is lowest. In the middle of a sweep all slopes have
/// the same standard error, so that it does not matter; near the ends, where a parabola hangs on few points, it keeps noise
/// from being taken for a fall.
///
/// The interval comes from a wild bootstrap (Wu, 1986): the residuals of the fit, scaled up by what the fit absorbed of them (HC2) and
/// each with a random sign, are added to the fit, and the steepest place of each such curve is found again. The interval is
/// the middle 95 % of these places, and a quarter of the fit's bandwidth more on either side: smoothing moves the steepest place of a
/// lopsided fall, and no noise tells in which direction.
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
    let look = |bandwidth| Look::new(&x, &y, &trusted, &noise, &places, bandwidth);
    let mut bandwidth = WIDEST;
    let mut wide = look(bandwidth);
    while bandwidth > NARROWEST {
        let narrower = look(bandwidth / SQRT_2);
        if narrower.certainty() < CLEAR {
            break;
        }
        (bandwidth, wide) = (bandwidth / SQRT_2, narrower);
    }
    let Look { smoother, height, slope, penalty, lowest, steepest } = wide;

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
        found.push(places[self::steepest(&slope[..=lowest], &penalty)]);
    }
    found.sort_unstable_by(f64::total_cmp);
    let end = |share: f64| found[whole(share * (RESAMPLES - 1) as f64)];
    let (first, last) = (end(0.025).min(places[steepest]), end(0.975).max(places[steepest]));
    let allowance = LOPSIDED * smoother.bandwidth;
    let (from, to) = (first - allowance, last + allowance);

    let fall = -slope[steepest];
    let error = standard_deviation(&slopes);
    // The steepest of some twenty independent places: four standard errors happen by chance once in a thousand curves.
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

/// A fit of one bandwidth, and where it falls.
struct Look {
    smoother: Smoother,
    height: Vec<f64>,
    slope: Vec<f64>,
    /// Two standard errors of each slope.
    penalty: Vec<f64>,
    lowest: usize,
    steepest: usize,
}

impl Look {
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
        let steepest = steepest(&slope[..=lowest], &penalty);
        Self { smoother, height, slope, penalty, lowest, steepest }
    }

    /// The steepest fall in its standard errors.
    fn certainty(&self) -> f64 {
        -self.slope[self.steepest] / (0.5 * self.penalty[self.steepest])
    }
}

/// Index of the place whose fall is the steepest that the noise leaves certain.
fn steepest(slope: &[f64], penalty: &[f64]) -> usize {
    let certain: Vec<f64> = slope.iter().zip(penalty).map(|(s, p)| s + p).collect();
    least(&certain)
}

/// Index of the lowest value; NaN counts as above all.
fn least(values: &[f64]) -> usize {
    let mut best = 0;
    for (i, value) in values.iter().enumerate() {
        if *value < values[best] || values[best].is_nan() {
            best = i;
        }
    }
    best
}

/// All sweeps as one.
struct Pooled {
    /// `log10(rate)`, ascending.
    x: Vec<f64>,
    /// Losses, moved to one level, up to where they rise from their lowest.
    y: Vec<f64>,
    /// `log10` of the lowest rate at which a sweep diverged.
    diverges: Option<f64>,
}

fn pool(sweeps: &[Sweep]) -> Result<Pooled, Refusal> {
    let mut parts = Vec::new();
    for sweep in sweeps {
        let (lr, loss) = (&sweep.lr, &sweep.loss);
        if lr.len() != loss.len() {
            return Err(Refusal::Malformed(format!(
                "{} rates, but {} losses",
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
                "the rates of a sweep must be above 0 and ascend".into(),
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
    // A parabola that is fitted across the foot of a blow-up dips before it, which would look like a fall.
    let end = rises(&y, 0.25).max(MIN_POINTS);
    x.truncate(end);
    y.truncate(end);
    Ok(Pooled { x, y, diverges: Some(diverges.log10()).filter(|x| x.is_finite()) })
}

/// How many losses come before the place after the lowest where they rise, for good, by more than `share` of what they fell,
/// and by more than noise.
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
    // Window `i` begins at point `i`; when its median is above, its third point is the first one above.
    (lowest..steady.len())
        .find(|i| steady[*i..].iter().all(|loss| *loss > bound))
        .map_or(loss.len(), |i| i + 2)
}
