//! The statistics of paired differences, each small and each testable alone.
//!
//! Everything here takes plain slices of differences, one per seed: the metric of an arm minus the
//! metric of the arm it is compared with, for the same seed. [`sign_flip`] says whether such
//! differences could be chance, [`interval`] how large the true difference may be, [`holm`]
//! corrects for looking at several arms, [`seeds_needed`] tells how many more seeds would probably
//! decide.
//!
//! The values are checked against scipy's (`tests/scipy.rs`), and the error rates by simulation
//! (`tests/simulation.rs`).
//!
//! # Which one answers what
//!
//! | question | function | needs |
//! |---|---|---|
//! | could it be chance? | [`sign_flip`] | six seeds for 5 % |
//! | how large is it? | [`interval`] | six seeds for 95 %; below, Student's t |
//! | what would a paper print? | [`bca`] | many seeds to be honest |
//! | is any of several arms better? | [`holm`] | one p-value per arm |
//! | how often is it better? | [`share_better`] | |
//! | how many seeds are missing? | [`seeds_needed`] | two seeds, as a rough forecast |
//!
//! All of them are deterministic: where random patterns or resamples are drawn, it is from a fixed
//! seed, so that a study that is computed again has the same answer.

mod bca;
mod interval;
mod multiple;
mod needed;
mod signflip;

pub use bca::bca;
pub use interval::{ConfidenceInterval, interval};
pub use multiple::holm;
pub use needed::seeds_needed;
pub use signflip::{EXACT_UP_TO, sign_flip, smallest_p};

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

/// The share of seeds in which the arm was better, a tie counting half: P(arm exceeds the other).
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
