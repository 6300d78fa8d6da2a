//! The interval for a mean paired difference: obtained by inverting the sign-flip test.
//!
//! A shift `c` belongs to the interval if the test does not reject "the differences minus `c` are
//! symmetric about 0". Nothing is searched for: the ends are order statistics of the means of all
//! subsets of the differences. With `k = floor(alpha * 2^n / 2)`, they are the k-th smallest and
//! k-th largest.

use super::signflip::EXACT_UP_TO;
use super::{mean, smallest_p, standard_deviation, whole};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Subsets drawn when there are too many to take all.
const RANDOM_SUBSETS: usize = 9_999;

/// A confidence interval `low..=high` for a mean difference, in the unit of the metric.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfidenceInterval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl ConfidenceInterval {
    /// Whether the whole interval lies strictly inside `-margin..margin`.
    #[must_use]
    pub fn within(&self, margin: f64) -> bool {
        -margin < self.low && self.high < margin
    }
}

/// Confidence interval for the center of the differences: every shift that
/// [`sign_flip`](super::sign_flip) would not reject.
///
/// So interval and p-value never contradict each other: zero lies outside the 95 % interval exactly
/// when `p <= 0.05` (ties aside). The ends are order statistics of the `2^n - 1` means of subsets
/// (Hartigan, 1969, "Using subsample values as typical values"). Where differences are symmetric,
/// which pairing makes them when the arms differ by a shift, the interval covers with *at least*
/// its level for any number of seeds, whatever the distribution.
///
/// With more than [`EXACT_UP_TO`] seeds the ends come from 9,999 random subsets, drawn from a fixed
/// seed. With too few seeds for that level (fewer than six at 95 %), Student's t interval is given,
/// which assumes a normal distribution.
///
/// Measured coverage, here and of the bootstrap: see `tests/simulation.rs`.
///
/// * `level`: confidence, in `0..1`; 0.95 is usual.
///
/// ```
/// // With six seeds at 95 %, the interval is the range of the differences.
/// let interval = paso_study::stats::interval(&[0.02, 0.01, 0.03, 0.02, 0.01, 0.05], 0.95);
/// assert_eq!((interval.low, interval.high), (0.01, 0.05));
/// ```
///
/// One difference gives an interval without ends, `-inf..inf`.
///
/// # Panics
/// If there is no difference, one is not finite, or `level` is outside `0..1`.
#[must_use]
#[track_caller]
pub fn interval(differences: &[f64], level: f64) -> ConfidenceInterval {
    assert!(level > 0.0 && level < 1.0, "a confidence level lies between 0 and 1, got {level}");
    assert!(
        !differences.is_empty() && differences.iter().all(|d| d.is_finite()),
        "an interval needs finite differences, got {differences:?}"
    );
    // A hair more than alpha: `1.0 - 0.95` is a little less than what is meant.
    let alpha = 1.0 - level + 1e-12;
    if smallest_p(differences.len()) > alpha {
        return students(differences, level);
    }
    let mut means = if differences.len() <= EXACT_UP_TO {
        all_subset_means(differences)
    } else {
        random_subset_means(differences)
    };
    // The empty subset stands for "outside" on either side, so there is one mean less than there
    // are sign patterns.
    let outside = whole(alpha * (means.len() + 1) as f64 / 2.0);
    let (_, low, _) = means.select_nth_unstable_by(outside - 1, f64::total_cmp);
    let low = *low;
    let last = means.len() - outside;
    let (_, high, _) = means.select_nth_unstable_by(last, f64::total_cmp);
    ConfidenceInterval { low, high: *high }
}

fn students(differences: &[f64], level: f64) -> ConfidenceInterval {
    let n = differences.len() as f64;
    let Ok(t) = StudentsT::new(0.0, 1.0, n - 1.0) else {
        return ConfidenceInterval { low: f64::NEG_INFINITY, high: f64::INFINITY };
    };
    let half = t.inverse_cdf(0.5 + level / 2.0) * standard_deviation(differences) / n.sqrt();
    ConfidenceInterval { low: mean(differences) - half, high: mean(differences) + half }
}

/// The mean of every subset but the empty one, in no order.
fn all_subset_means(differences: &[f64]) -> Vec<f64> {
    let mut sums = vec![(0.0, 0u32)];
    for d in differences {
        let with: Vec<(f64, u32)> = sums.iter().map(|(sum, count)| (sum + d, count + 1)).collect();
        sums.extend(with);
    }
    sums[1..].iter().map(|(sum, count)| sum / f64::from(*count)).collect()
}

fn random_subset_means(differences: &[f64]) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut means = Vec::with_capacity(RANDOM_SUBSETS);
    while means.len() < RANDOM_SUBSETS {
        let (mut sum, mut count) = (0.0, 0u32);
        for chunk in differences.chunks(64) {
            let bits = rng.next_u64();
            for (_, d) in chunk.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1) {
                sum += d;
                count += 1;
            }
        }
        if count > 0 {
            means.push(sum / f64::from(count));
        }
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::sign_flip;

    #[test]
    fn holds_exactly_the_shifts_that_the_test_accepts() {
        let samples: [&[f64]; 3] = [
            &[0.02, 0.011, 0.03, 0.021, 0.01, 0.05],
            &[0.1, 0.4, -0.2, 0.3, 0.9, 0.2, 0.25, -0.03],
            &[3.1, -0.2, 0.4, 0.1, 0.7, 0.2, 0.05, 1.9, 0.3, 0.6, 0.15, 0.02],
        ];
        for differences in samples {
            let ConfidenceInterval { low, high } = interval(differences, 0.95);
            let p =
                |shift: f64| sign_flip(&differences.iter().map(|d| d - shift).collect::<Vec<_>>());
            let hair = 1e-6 * (high - low);
            for (inside, outside) in [(low + hair, low - hair), (high - hair, high + hair)] {
                assert!(p(inside) > 0.05, "{inside} is inside of {low}..{high}, p = {}", p(inside));
                assert!(
                    p(outside) <= 0.05,
                    "{outside} is outside of {low}..{high}, p = {}",
                    p(outside)
                );
            }
        }
    }

    #[test]
    fn random_subsets_agree_with_all_of_them() {
        let differences: Vec<f64> = (0..18).map(|i| f64::from((i * 7) % 11) - 4.0).collect();
        let exact = interval(&differences, 0.95);
        let mut random = random_subset_means(&differences);
        random.sort_by(f64::total_cmp);
        let low = random[whole(0.025 * random.len() as f64)];
        assert!(
            (low - exact.low).abs() < 0.05 * (exact.high - exact.low),
            "exact {}, random {low}",
            exact.low
        );
    }

    #[test]
    fn degenerate_samples_have_defined_intervals() {
        assert_eq!(
            interval(&[0.3], 0.95),
            ConfidenceInterval { low: f64::NEG_INFINITY, high: f64::INFINITY },
            "one seed"
        );
        assert_eq!(
            interval(&[0.0; 6], 0.95),
            ConfidenceInterval { low: 0.0, high: 0.0 },
            "all equal"
        );
        let two = interval(&[0.1, 0.3], 0.95);
        assert!(
            (two.high - (0.2 + 12.7062047 * 0.1)).abs() < 1e-6,
            "Student's t with one degree of freedom: {two:?}"
        );
    }
}
