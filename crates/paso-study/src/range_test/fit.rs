//! Local quadratic regression: a smoother without delay, whose slope is right as well as its height.

/// Standard deviation of the Gaussian weights, in decades of the rate.
const BANDWIDTH: f64 = 0.4;

/// Weights beyond this many bandwidths count as none.
const REACH: f64 = 3.0;

/// A smoothed curve at the places it was asked for.
pub(super) struct Fit {
    pub(super) height: Vec<f64>,
    /// Change of height per decade.
    pub(super) slope: Vec<f64>,
}

/// Fits a parabola around each of `at`, to points near it, each weighted by nearness and by `trust`.
///
/// `x` ascends. Places with too little data around them get NaN.
pub(super) fn smooth(x: &[f64], y: &[f64], trust: &[f64], at: &[f64]) -> Fit {
    let (height, slope) = at.iter().map(|center| parabola(x, y, trust, *center)).unzip();
    Fit { height, slope }
}

/// Height and slope at `center` of the weighted least-squares parabola.
fn parabola(x: &[f64], y: &[f64], trust: &[f64], center: f64) -> (f64, f64) {
    // With few points a decade the window grows until it holds a parabola's worth and some to spare.
    let spacing = (x[x.len() - 1] - x[0]) / (x.len() - 1) as f64;
    let bandwidth = BANDWIDTH.max(spacing * 1.5);
    let first = x.partition_point(|x| *x < center - REACH * bandwidth);
    let last = x.partition_point(|x| *x <= center + REACH * bandwidth);
    // Moments of the weights, and of the heights under them.
    let (mut s, mut h) = ([0.0; 5], [0.0; 3]);
    for i in first..last {
        let d = (x[i] - center) / bandwidth;
        let mut term = trust[i] * (-0.5 * d * d).exp();
        for power in 0..5 {
            s[power] += term;
            if power < 3 {
                h[power] += term * y[i];
            }
            term *= d;
        }
    }
    // Cramer's rule for the three normal equations.
    let det = |a: [f64; 3], b: [f64; 3], c: [f64; 3]| {
        a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
            + a[2] * (b[0] * c[1] - b[1] * c[0])
    };
    let (c0, c1, c2) = ([s[0], s[1], s[2]], [s[1], s[2], s[3]], [s[2], s[3], s[4]]);
    let all = det(c0, c1, c2);
    (det(h, c1, c2) / all, det(c0, h, c2) / all / bandwidth)
}

/// How far each point is to be trusted: 1 near the fitted curve, 0 for a spike (Tukey's biweight at six median residuals, as
/// in Cleveland's LOWESS, 1979).
pub(super) fn trust(x: &[f64], y: &[f64]) -> Vec<f64> {
    let mut trust = vec![1.0; x.len()];
    for _ in 0..3 {
        let fit = smooth(x, y, &trust, x);
        let residuals: Vec<f64> =
            y.iter().zip(&fit.height).map(|(y, fit)| (y - fit).abs()).collect();
        let limit = 6.0 * median(&residuals);
        for (trust, residual) in trust.iter_mut().zip(&residuals) {
            *trust =
                if limit > 0.0 { (1.0 - (residual / limit).powi(2)).max(0.0).powi(2) } else { 1.0 };
        }
    }
    trust
}

/// The middle value; NaN counts as the largest.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parabola_is_fitted_exactly_and_a_spike_ignored() {
        let x: Vec<f64> = (0..60).map(|i| f64::from(i) * 0.08 - 2.0).collect();
        let mut y: Vec<f64> = x.iter().map(|x| 3.0 - 0.5 * x + 0.25 * x * x).collect();
        y[30] = 100.0;
        let fit = smooth(&x, &y, &trust(&x, &y), &x);
        for i in 0..x.len() {
            let (height, slope) = (3.0 - 0.5 * x[i] + 0.25 * x[i] * x[i], -0.5 + 0.5 * x[i]);
            assert!(
                (fit.height[i] - height).abs() < 1e-6,
                "height at {}: {} not {height}",
                x[i],
                fit.height[i]
            );
            assert!(
                (fit.slope[i] - slope).abs() < 1e-6,
                "slope at {}: {} not {slope}",
                x[i],
                fit.slope[i]
            );
        }
    }
}
