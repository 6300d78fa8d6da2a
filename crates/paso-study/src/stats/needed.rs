//! How many seeds would probably decide.
//!
//! "Undecided" should come with advice. This extrapolates: if mean and spread stay as they are, at
//! which `n` does `|mean| > t(n) * spread / sqrt(n)` hold, or the interval fit inside the margin?
//! Student's t stands for the exact interval, which has no formula. Follow the advice once: adding
//! seeds until the answer pleases is not a test anymore.

use super::{mean, standard_deviation};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// No study is advised to take more seeds than this.
const MOST: usize = 1_000;

/// The least number of seeds, more than those at hand, at which the comparison would be decided *if
/// the mean and spread of the differences stay as they are*: the interval would leave zero, or (at
/// the level of two one-sided tests) fit inside `±margin`. `None` when even 1,000 would not do, or
/// when fewer than two differences tell nothing of the spread.
///
/// * `level`: confidence of the interval, for example 0.95; the equivalence interval has
///   `2 * level - 1`.
/// * `least`: no fewer than this many seeds can decide, whatever the differences.
///
/// This is a forecast from a few seeds, hence rough: with an unlucky estimate of the spread it is
/// off by a factor of two.
///
/// ```
/// // A difference of twice its spread, from two seeds: six are needed for any decision, and would do.
/// assert_eq!(paso_study::stats::seeds_needed(&[0.02, 0.04], 0.95, 0.005, 6), Some(6));
/// ```
#[must_use]
pub fn seeds_needed(differences: &[f64], level: f64, margin: f64, least: usize) -> Option<usize> {
    if differences.len() < 2 {
        return None;
    }
    let (center, spread) = (mean(differences).abs(), standard_deviation(differences));
    (least.max(differences.len() + 1)..=MOST).find(|&n| {
        let t = StudentsT::new(0.0, 1.0, n as f64 - 1.0).expect("n is at least three");
        let half_width = |quantile: f64| t.inverse_cdf(quantile) * spread / (n as f64).sqrt();
        center > half_width(0.5 + level / 2.0) || center + half_width(level) < margin
    })
}

#[cfg(test)]
mod tests {
    use super::seeds_needed;

    #[test]
    fn grows_with_the_spread_and_gives_up() {
        let steady =
            seeds_needed(&[0.9, 1.0, 1.1], 0.95, 0.0, 6).expect("a clear difference is decidable");
        let noisy = seeds_needed(&[-1.0, 1.0, 3.0], 0.95, 0.0, 6).expect("a noisy one too");
        assert!(steady == 6 && noisy > 15, "steady {steady}, noisy {noisy}");
        assert_eq!(
            seeds_needed(&[-1.0, 1.0], 0.95, 0.0, 6),
            None,
            "a mean of zero is never reported from zero"
        );
        assert!(seeds_needed(&[-1.0, 1.0], 0.95, 0.5, 6).is_some(), "but it fits a margin");
        assert_eq!(seeds_needed(&[1.0], 0.95, 0.5, 6), None, "one seed has no spread");
    }
}
