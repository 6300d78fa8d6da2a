//! How sure a mean is: the bootstrap.
//!
//! The percentile bootstrap draws as many images as there are, with replacement, many times, and
//! looks at how the mean varies (Efron, *Bootstrap Methods: Another Look at the Jackknife*, 1979).
//! It assumes nothing about the distribution of overlaps, which is far from normal: it has a heap
//! near 0.
//!
//! It does not know that another training run would give another net. Whether a setting helps is a
//! question of several seeds, which `paso-study` answers.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::rng::{Purpose, rng};

/// A mean and its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The mean of the values.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The percentile bootstrap interval of a mean (Efron 1979): the values are drawn again, with
/// replacement, `draws` times; the interval holds the middle `level` of the means.
///
/// It speaks of the images that were evaluated: how the mean would vary over other sets of as
/// many like them. With fewer than about 20 values it is too narrow.
///
/// ```
/// let ious = [0.2, 0.9, 0.7, 0.4, 0.8, 0.6];
/// let i = paso_locate::metrics::bootstrap_mean(&ious, 0.95, 2000, 0);
/// assert!(i.low < i.mean && i.mean < i.high);
/// ```
///
/// # Panics
///
/// If there is no value, `draws` is 0, or `level` is not between 0 and 1.
#[must_use]
#[track_caller]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank lies between 0 and the number of draws"
)]
pub fn bootstrap_mean(values: &[f64], level: f64, draws: usize, seed: u64) -> Interval {
    assert!(!values.is_empty() && draws > 0, "{} values, {draws} draws", values.len());
    assert!(level > 0.0 && level < 1.0, "level {level} is not between 0 and 1");
    let n = values.len();
    let mut rng = rng(Purpose::Bootstrap, seed, 0, 0);
    let mut means: Vec<f64> = (0..draws)
        .map(|_| (0..n).map(|_| values[rng.random_range(0..n)]).sum::<f64>() / n as f64)
        .collect();
    means.sort_by(f64::total_cmp);
    let rank = |p: f64| means[(p * (draws - 1) as f64).round() as usize];
    Interval {
        mean: values.iter().sum::<f64>() / n as f64,
        low: rank((1.0 - level) / 2.0),
        high: rank((1.0 + level) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_wide_as_the_normal_interval_where_that_holds() {
        // 400 values with standard deviation 0.5: the mean's 95 % interval is 1.96 * 0.5 / 20 wide
        // on each side.
        let values: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let i = bootstrap_mean(&values, 0.95, 4000, 7);
        assert!((i.high - i.mean - 0.049).abs() < 0.006, "{i:?}");
        assert!((i.mean - i.low - 0.049).abs() < 0.006, "{i:?}");
        assert_eq!(i, bootstrap_mean(&values, 0.95, 4000, 7));
    }

    #[test]
    fn covers_at_its_level() {
        // Means of 60 uniform values, true mean 0.5: about 95 % of the intervals hold it.
        let mut held = 0;
        for trial in 0..400 {
            let mut r = rng(Purpose::Bootstrap, 99, 1, trial);
            let values: Vec<f64> = (0..60).map(|_| r.random()).collect();
            let i = bootstrap_mean(&values, 0.95, 500, trial);
            held += usize::from(i.low <= 0.5 && 0.5 <= i.high);
        }
        assert!((365..=393).contains(&held), "{held} of 400");
    }
}
