//! Local quadratic regression: a smoother without delay, whose slope is right as well as its
//! height.
//!
//! A local parabola has no delay: its value at a point uses losses on both sides, and follows a
//! straight slope without bias. A moving average of the past moves every feature to higher learning
//! rates.

/// Weights beyond this many bandwidths, which are below 4e-5, count as none. Nearer, points that
/// enter and leave would show as ripples.
const REACH: f64 = 4.5;

/// Half the width, in points, of the window in which a point is compared with its neighbors.
const NEIGHBORS: usize = 3;

/// Weighted least-squares parabolas around some places, as weights for the losses: fitting again
/// costs two dot products a place.
pub(super) struct Smoother {
    /// Standard deviation of the Gaussian weights, in decades.
    pub(super) bandwidth: f64,
    rows: Vec<Row>,
}

/// One place's parabola: its height and slope there are these weights times the losses from `first`
/// on.
struct Row {
    first: usize,
    height: Vec<f64>,
    slope: Vec<f64>,
}

impl Smoother {
    /// Parabolas around each of `at`, each of the points `x` weighted by nearness (a Gaussian of
    /// standard deviation `bandwidth`) and by `trust`.
    ///
    /// `x` ascends. Places with too little around them give NaN.
    pub(super) fn new(x: &[f64], trust: &[f64], at: &[f64], bandwidth: f64) -> Self {
        // With few points a decade the window grows until it holds a parabola's worth and some to
        // spare.
        let mut distinct = x.to_vec();
        distinct.dedup();
        let spacing = (x[x.len() - 1] - x[0]) / (distinct.len().max(2) - 1) as f64;
        let bandwidth = bandwidth.max(spacing * 1.5);
        let rows = at.iter().map(|center| Row::new(x, trust, *center, bandwidth)).collect();
        Self { bandwidth, rows }
    }

    /// The fitted losses.
    pub(super) fn heights(&self, y: &[f64]) -> Vec<f64> {
        self.rows.iter().map(|row| dot(&row.height, &y[row.first..])).collect()
    }

    /// Change of the fitted loss per decade.
    pub(super) fn slopes(&self, y: &[f64]) -> Vec<f64> {
        self.rows.iter().map(|row| dot(&row.slope, &y[row.first..])).collect()
    }

    /// Standard error of each slope, given each loss's noise; large near the ends.
    pub(super) fn slope_errors(&self, noise: &[f64]) -> Vec<f64> {
        let error = |row: &Row| {
            let parts = row.slope.iter().zip(&noise[row.first..]);
            parts.map(|(weight, noise)| (weight * noise).powi(2)).sum::<f64>().sqrt()
        };
        self.rows.iter().map(error).collect()
    }

    /// How much of each point's fitted height is its own loss; for a smoother whose places are its
    /// points.
    pub(super) fn leverages(&self) -> Vec<f64> {
        self.rows
            .iter()
            .enumerate()
            .map(|(i, row)| i.checked_sub(row.first).and_then(|i| row.height.get(i)))
            .map(|own| own.copied().unwrap_or(0.0))
            .collect()
    }
}

impl Row {
    fn new(x: &[f64], trust: &[f64], center: f64, bandwidth: f64) -> Self {
        let first = x.partition_point(|x| *x < center - REACH * bandwidth);
        let last = x.partition_point(|x| *x <= center + REACH * bandwidth);
        let distance = |i: usize| (x[i] - center) / bandwidth;
        let weight = |i: usize| trust[i] * (-0.5 * distance(i).powi(2)).exp();
        // Moments of the weights.
        let mut s = [0.0; 5];
        for i in first..last {
            let mut term = weight(i);
            for moment in &mut s {
                *moment += term;
                term *= distance(i);
            }
        }
        // The first two rows of the inverse of the normal equations, by cofactors.
        let minors = [
            s[2] * s[4] - s[3] * s[3],
            s[1] * s[4] - s[2] * s[3],
            s[1] * s[3] - s[2] * s[2],
            s[0] * s[4] - s[2] * s[2],
            s[0] * s[3] - s[1] * s[2],
        ];
        let all = s[0] * minors[0] - s[1] * minors[1] + s[2] * minors[2];
        let part = |i: usize, [a, b, c]: [f64; 3]| {
            let d = distance(i);
            weight(i) * (a + b * d + c * d * d) / all
        };
        Self {
            first,
            height: (first..last).map(|i| part(i, [minors[0], -minors[1], minors[2]])).collect(),
            slope: (first..last)
                .map(|i| part(i, [-minors[1], minors[3], -minors[4]]) / bandwidth)
                .collect(),
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// 1 for each point, but 0 for a spike: one that lies far from the median of its neighbors
/// (Hampel's filter).
///
/// A steep part of the curve is not taken for spikes, since the median of a falling stretch is its
/// middle point. Evaluating by the distance to a smooth fit, as LOWESS does, would discard just the
/// fall that is looked for.
pub(super) fn trust(y: &[f64], noise: &[f64]) -> Vec<f64> {
    let mut sorted = y.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let range = sorted[sorted.len() * 9 / 10] - sorted[sorted.len() / 10];
    (0..y.len())
        .map(|i| {
            let around = median(window(y, i, NEIGHBORS));
            // Without noise only the second bound holds; the ends' windows are one-sided, where a
            // steep fall shows.
            let limit = (6.0 * noise[i]).max(0.1 * range);
            f64::from(u8::from((y[i] - around).abs() <= limit))
        })
        .collect()
}

/// Standard deviation of the noise around each point, from how far its neighbors lie off the lines
/// through theirs; spikes do not count. It differs along a sweep: batches disagree more once the
/// net has learned something.
pub(super) fn noise(y: &[f64]) -> Vec<f64> {
    let off: Vec<f64> =
        y.windows(3).map(|three| (three[1] - 0.5 * (three[0] + three[2])).abs()).collect();
    // 0.6745: the median of the absolute value of a standard normal variable. 1.5: the variance of
    // the combination.
    let deviation = |i: usize| {
        median(window(&off, i.saturating_sub(1).min(off.len() - 1), 3 * NEIGHBORS))
            / 0.6745
            / 1.5f64.sqrt()
    };
    (0..y.len()).map(deviation).collect()
}

/// The values around index `i`, up to `half` of them on either side.
fn window(values: &[f64], i: usize, half: usize) -> &[f64] {
    &values[i.saturating_sub(half)..(i + half + 1).min(values.len())]
}

/// The middle value; NaN counts as the largest.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Index of the lowest value; NaN counts as above all.
pub(super) fn least(values: &[f64]) -> usize {
    let mut best = 0;
    for (i, value) in values.iter().enumerate() {
        if *value < values[best] || values[best].is_nan() {
            best = i;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parabola_is_fitted_exactly_and_a_spike_ignored() {
        let x: Vec<f64> = (0..60).map(|i| f64::from(i) * 0.08 - 2.0).collect();
        let mut y: Vec<f64> = x.iter().map(|x| 3.0 - 0.5 * x + 0.25 * x * x).collect();
        y[30] = 100.0;
        let smoother = Smoother::new(&x, &trust(&y, &noise(&y)), &x, 0.4);
        let (heights, slopes) = (smoother.heights(&y), smoother.slopes(&y));
        for i in 0..x.len() {
            let (height, slope) = (3.0 - 0.5 * x[i] + 0.25 * x[i] * x[i], -0.5 + 0.5 * x[i]);
            assert!(
                (heights[i] - height).abs() < 1e-6,
                "height at {}: {} not {height}",
                x[i],
                heights[i]
            );
            assert!(
                (slopes[i] - slope).abs() < 1e-6,
                "slope at {}: {} not {slope}",
                x[i],
                slopes[i]
            );
        }
    }
}
