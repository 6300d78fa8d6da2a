//! The bootstrap interval that readers expect.
//!
//! With `z0` the normal quantile of the share of resampled means below the observed one, and `a` a
//! sixth of the jackknife's skewness, the end at level `q` is the resampled quantile at
//!
//! `Phi(z0 + (z0 + z_q) / (1 - a (z0 + z_q)))`.

use super::{ConfidenceInterval, mean, whole};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use statrs::distribution::{ContinuousCDF, Normal};

/// Resamples drawn for an interval; Efron and Tibshirani (1993, section 14.3) call 2,000 enough for
/// this method.
const RESAMPLES: usize = 1_999;

/// Confidence interval for the mean of `differences`: the `BCa` bootstrap.
///
/// Bias-corrected and accelerated (Efron, 1987): quantiles of the means of resamples, moved by the
/// median bias and by the skewness of the data. It is what scipy's `bootstrap(method="BCa")`
/// computes, and is reported because readers expect it. With the few seeds of a study it is too
/// short (`tests/simulation.rs` measures by how much), so the verdict uses
/// [`interval`](super::interval) instead.
///
/// * `level`: confidence, in `0..1`; 0.95 is usual.
///
/// Resampling starts from a fixed seed: the same differences always give the same interval.
///
/// ```
/// let interval = paso_study::stats::bca(&[0.02, 0.01, 0.03, 0.02, 0.01, 0.05], 0.95);
/// assert!(0.01 < interval.low && interval.low < 0.02 && 0.03 < interval.high && interval.high < 0.05);
/// ```
///
/// # Panics
/// If there is no difference, one is not finite, or `level` is outside `0..1`.
#[must_use]
#[track_caller]
pub fn bca(differences: &[f64], level: f64) -> ConfidenceInterval {
    assert!(level > 0.0 && level < 1.0, "a confidence level lies between 0 and 1, got {level}");
    assert!(
        !differences.is_empty() && differences.iter().all(|d| d.is_finite()),
        "an interval needs finite differences, got {differences:?}"
    );
    let center = mean(differences);
    let spread = differences.iter().map(|d| (d - center).abs()).fold(0.0, f64::max);
    if spread <= 1e-14 * center.abs() {
        return ConfidenceInterval { low: center, high: center };
    }
    let means = bootstrap_means(differences);
    let normal = Normal::standard();
    // Median bias. Ties with the observed mean count half, otherwise few seeds look biased.
    let below: f64 = means
        .iter()
        .map(|m| if *m < center { 1.0 } else { 0.5 * f64::from(u8::from(*m == center)) })
        .sum();
    let z0 = normal.inverse_cdf((below / means.len() as f64).clamp(1e-6, 1.0 - 1e-6));
    let acceleration = acceleration(differences);
    let end = |share: f64| {
        let shifted = z0 + normal.inverse_cdf(share);
        let adjusted = z0 + shifted / (1.0 - acceleration * shifted).max(1e-3);
        quantile(&means, normal.cdf(adjusted))
    };
    ConfidenceInterval { low: end(0.5 - level / 2.0), high: end(0.5 + level / 2.0) }
}

/// The means of the resamples, ascending.
fn bootstrap_means(differences: &[f64]) -> Vec<f64> {
    let n = differences.len();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| (0..n).map(|_| differences[pick(&mut rng, n)]).sum::<f64>() / n as f64)
        .collect();
    means.sort_unstable_by(f64::total_cmp);
    means
}

/// A random index below `n`, from 32 random bits: `n` seeds are few, so the bias of at most
/// `n / 2^32` does not matter.
fn pick(rng: &mut ChaCha8Rng, n: usize) -> usize {
    ((u64::from(rng.next_u32()) * n as u64) >> 32) as usize
}

/// Acceleration: a sixth of the jackknife's skewness.
///
/// For a mean the jackknife values are linear in the data, so this is the skewness of the data with
/// a sign.
fn acceleration(differences: &[f64]) -> f64 {
    let center = mean(differences);
    let cubes: f64 = differences.iter().map(|d| (d - center).powi(3)).sum();
    let squares: f64 = differences.iter().map(|d| (d - center).powi(2)).sum();
    cubes / (6.0 * squares.powf(1.5))
}

/// Linear interpolation between order statistics, as numpy does by default.
fn quantile(ascending: &[f64], share: f64) -> f64 {
    let position = share.clamp(0.0, 1.0) * (ascending.len() - 1) as f64;
    let (low, high) = (whole(position.floor()), whole(position.ceil()));
    ascending[low] + (ascending[high] - ascending[low]) * (position - low as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.bootstrap((d,), numpy.mean, method="BCa", n_resamples=1_000_000, random_state=1)`
    /// of scipy 1.17.1; `tests/scipy_reference.py` prints these rows. Ours draws 1,999 resamples,
    /// so its ends carry Monte-Carlo error.
    const SCIPY: [(&[f64], f64, f64, f64); 8] = [
        (&[0.02, 0.01, 0.03, 0.02, 0.01, 0.05], 0.9, 0.0166667, 0.035),
        (&[0.02, 0.01, 0.03, 0.02, 0.01, 0.05], 0.95, 0.015, 0.0383333),
        (&[0.1, 0.4, -0.2, 0.3, 0.9, 0.2, 0.25], 0.9, 0.114286, 0.507143),
        (&[0.1, 0.4, -0.2, 0.3, 0.9, 0.2, 0.25], 0.95, 0.0857143, 0.55),
        (&[-0.013, 0.021, 0.004, 0.017, -0.002, 0.009, 0.011, 0.03], 0.9, 0.001875, 0.016625),
        (&[-0.013, 0.021, 0.004, 0.017, -0.002, 0.009, 0.011, 0.03], 0.95, 0.0005, 0.017875),
        (&[3.1, -0.2, 0.4, 0.1, 0.7, 0.2, 0.05, 1.9, 0.3, 0.6, 0.15, 0.02], 0.9, 0.280833, 1.23917),
        (
            &[3.1, -0.2, 0.4, 0.1, 0.7, 0.2, 0.05, 1.9, 0.3, 0.6, 0.15, 0.02],
            0.95,
            0.236667,
            1.39167,
        ),
    ];

    #[test]
    fn is_scipys() {
        for (differences, level, low, high) in SCIPY {
            let ours = bca(differences, level);
            let tolerance = 0.1 * (high - low);
            assert!((ours.low - low).abs() < tolerance, "low {} against {low}", ours.low);
            assert!((ours.high - high).abs() < tolerance, "high {} against {high}", ours.high);
        }
    }

    #[test]
    fn equal_differences_have_an_interval_without_width() {
        assert_eq!(bca(&[0.3], 0.95), ConfidenceInterval { low: 0.3, high: 0.3 }, "one seed");
        assert_eq!(
            bca(&[0.1; 7], 0.95).low,
            bca(&[0.1; 7], 0.95).high,
            "equal, not exact in binary"
        );
    }
}
