//! The sign-flip test: could these paired differences be chance?
//!
//! The null hypothesis is that swapping the two arms of a pair changes nothing, so each difference
//! could have had the other sign. Under it all `2^n` sign patterns are equally likely:
//!
//! `p = #{patterns with |sum(±d_i)| >= |sum(d_i)|} / 2^n`.
//!
//! A t-test would need normal differences, which six seeds cannot show; this test is exact without.
//! The price is resolution: the least p-value is `2 / 2^n`. Source: Fisher (1935, "The Design of
//! Experiments", section 21); Good (2005, "Permutation, Parametric and Bootstrap Tests of
//! Hypotheses", chapter 3).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Up to this many seeds all sign patterns are enumerated; above, 9,999 random ones are drawn.
pub const EXACT_UP_TO: usize = 20;

const RANDOM_PATTERNS: u64 = 9_999;

/// Two-sided p-value of the paired sign-flip (permutation) test of "no difference".
///
/// If the two arms do not differ, each seed's difference could as well have had the other sign. The
/// p-value is the share of all `2^n` sign patterns whose sum is at least as far from zero as the
/// observed one. It assumes no distribution beyond that symmetry, and is exact for up to
/// [`EXACT_UP_TO`] seeds; above, random patterns are drawn from a fixed seed and the observed one
/// is counted among them, so that the test stays valid (Phipson and Smyth, 2010).
///
/// Sums that differ by less than 1e-12 of the sum of the magnitudes count as equal: rounding
/// decides nothing.
///
/// The same as scipy's
/// `permutation_test((d,), mean, permutation_type="samples", alternative="two-sided")`.
///
/// ```
/// use paso_study::stats::sign_flip;
/// // Six seeds, all in favor: 2 of the 64 patterns are as extreme.
/// assert_eq!(sign_flip(&[0.02, 0.01, 0.03, 0.02, 0.01, 0.05]), 2.0 / 64.0);
/// assert_eq!(sign_flip(&[0.0, 0.0]), 1.0);
/// ```
///
/// # Panics
/// If there is no difference, or one that is not finite.
#[must_use]
#[track_caller]
pub fn sign_flip(differences: &[f64]) -> f64 {
    assert!(!differences.is_empty(), "a sign-flip test needs at least one difference");
    assert!(
        differences.iter().all(|d| d.is_finite()),
        "a sign-flip test needs finite differences, got {differences:?}"
    );
    let slack = 1e-12 * differences.iter().map(|d| d.abs()).sum::<f64>();
    let bar = differences.iter().sum::<f64>().abs() - slack;
    if differences.len() <= EXACT_UP_TO {
        enumerate(differences, bar)
    } else {
        sample(differences, bar)
    }
}

/// The smallest two-sided p-value that `seeds` seeds can give: `2 / 2^n`, hence 1 for one seed and
/// 0.031 for six.
/// ```
/// use paso_study::stats::smallest_p;
/// assert!(smallest_p(5) > 0.05 && smallest_p(6) < 0.05, "hence six seeds at least");
/// ```
#[must_use]
pub fn smallest_p(seeds: usize) -> f64 {
    0.5f64.powi(i32::try_from(seeds).unwrap_or(i32::MAX).saturating_sub(1)).min(1.0)
}

/// Share of all sign patterns with `|sum| >= bar`. The last sign stays: a pattern and its opposite
/// have the same `|sum|`.
fn enumerate(differences: &[f64], bar: f64) -> f64 {
    let free = differences.len() - 1;
    let patterns = 1u64 << free;
    let extreme = (0..patterns)
        .filter(|pattern| {
            let flip = |(i, d): (usize, &f64)| if pattern >> i & 1 == 1 { -d } else { *d };
            differences.iter().enumerate().map(flip).sum::<f64>().abs() >= bar
        })
        .count();
    extreme as f64 / patterns as f64
}

fn sample(differences: &[f64], bar: f64) -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let extreme = (0..RANDOM_PATTERNS)
        .filter(|_| {
            let sum: f64 = differences
                .chunks(64)
                .map(|chunk| {
                    let bits = rng.next_u64();
                    chunk
                        .iter()
                        .enumerate()
                        .map(|(i, d)| if bits >> i & 1 == 1 { -d } else { *d })
                        .sum::<f64>()
                })
                .sum();
            sum.abs() >= bar
        })
        .count();
    (extreme + 1) as f64 / (RANDOM_PATTERNS + 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_p_is_reached_and_ties_are_not_decided_by_rounding() {
        for n in 1..=EXACT_UP_TO {
            let equal = vec![0.1; n];
            assert_eq!(sign_flip(&equal), smallest_p(n), "{n} equal differences");
        }
        // 0.1 + 0.2 - 0.3 is not 0 in floating point; all eight patterns reach the observed sum all
        // the same.
        assert_eq!(sign_flip(&[0.1, 0.2, -0.3]), 1.0, "a sum of zero is the least extreme");
    }

    #[test]
    fn sampling_agrees_with_enumeration() {
        let differences: Vec<f64> = (0..18).map(|i| f64::from((i * 7) % 11) - 4.0).collect();
        let slack = 1e-9;
        let bar = differences.iter().sum::<f64>().abs() - slack;
        let (exact, random) = (enumerate(&differences, bar), sample(&differences, bar));
        let standard_error = (exact * (1.0 - exact) / RANDOM_PATTERNS as f64).sqrt();
        assert!((exact - random).abs() < 4.0 * standard_error, "exact {exact}, sampled {random}");
    }

    #[test]
    #[should_panic(expected = "finite")]
    fn nan_is_refused() {
        let _ = sign_flip(&[0.1, f64::NAN]);
    }
}
