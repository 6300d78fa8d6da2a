//! About how many pairs would decide.
//!
//! If mean and spread stay as they are, at which look is the mean further from 0 than what the test
//! needs there, or both ends of the interval inside the margin? A normal distribution stands for the
//! exact one. With many looks the p-value that a look needs falls about as `0.2 / n`; at the first
//! ones it is about a quarter of the level.

use super::Rule;
use super::schedule::looks;
use crate::stats::{mean, standard_deviation};
use statrs::distribution::{ContinuousCDF, Normal};

/// No test is advised to take more pairs than this.
const MOST: usize = 1_000;

/// The first look after `differences` at which the test would decide, if they are typical.
pub(super) fn pairs(differences: &[f64], rule: Rule) -> Option<usize> {
    if differences.len() < 2 {
        return None;
    }
    let (center, spread) = (mean(differences).abs(), standard_deviation(differences));
    let normal = Normal::standard();
    looks().skip_while(|n| *n <= differences.len()).take_while(|n| *n <= MOST).find(|n| {
        let needed = |alpha: f64| (alpha / 4.0).min(4.0 * alpha / *n as f64);
        let half = |alpha: f64| {
            normal.inverse_cdf(1.0 - needed(alpha) / 2.0) * spread / (*n as f64).sqrt()
        };
        center > half(rule.alpha) || center + half(2.0 * rule.alpha) < rule.margin
    })
}
