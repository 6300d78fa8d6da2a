//! Small statistics of paired differences. The test itself is in [`sequential`](crate::sequential).

use serde::{Deserialize, Serialize};

/// A confidence interval `low..=high` for a mean difference, in the unit of the metric. An end
/// without a bound is infinite, and `null` in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfidenceInterval {
    /// Lower end.
    #[serde(with = "crate::json::worst_or_null")]
    pub low: f64,
    /// Upper end.
    #[serde(with = "crate::json::best_or_null")]
    pub high: f64,
}

/// The whole part of a number that is known to be small and not negative.
#[expect(
    clippy::cast_possible_truncation,
    reason = "saturating, and the callers' numbers are small"
)]
pub(crate) fn whole(x: f64) -> usize {
    x as usize
}

/// The arithmetic mean; NaN for no values.
/// ```
/// assert_eq!(paso_study::stats::mean(&[1.0, 2.0, 6.0]), 3.0);
/// ```
#[must_use]
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The sample standard deviation (divisor `n - 1`); NaN for fewer than two values.
/// The divisor is that of an unbiased variance, as seeds are a sample of all that there could be.
///
/// ```
/// assert_eq!(paso_study::stats::standard_deviation(&[1.0, 2.0, 3.0]), 1.0);
/// ```
#[must_use]
pub fn standard_deviation(values: &[f64]) -> f64 {
    let center = mean(values);
    let squares: f64 = values.iter().map(|x| (x - center).powi(2)).sum();
    (squares / (values.len() as f64 - 1.0)).sqrt()
}

/// The share of pairs in which the arm was better, a tie counting half: P(arm exceeds the other).
///
/// This is the "probability of outperforming" that Bouthillier et al. (2021, section 4) recommend
/// to report next to a mean.
///
/// ```
/// assert_eq!(paso_study::stats::share_better(&[0.1, 0.2, -0.1, 0.0]), 0.625);
/// ```
#[must_use]
pub fn share_better(differences: &[f64]) -> f64 {
    let wins: f64 = differences
        .iter()
        .map(|d| if *d > 0.0 { 1.0 } else { 0.5 * f64::from(u8::from(*d == 0.0)) })
        .sum();
    wins / differences.len() as f64
}
