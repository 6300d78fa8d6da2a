//! What one look at the differences found.

use super::verdict::Verdict;
use crate::stats::ConfidenceInterval;
use crate::text::signed;
use serde::{Deserialize, Serialize};

/// What a test knows after so many pairs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Look {
    /// Pairs so far.
    pub pairs: usize,
    /// Mean difference, in its unit; above 0 is better.
    pub mean: f64,
    /// Every shift that no look so far has rejected.
    pub interval: ConfidenceInterval,
    /// The level of the interval: `1 - alpha`, or `1 - 2 alpha` for "no difference", whose two
    /// one-sided tests it shows.
    pub level: f64,
    /// Two-sided p-value of the sign-flip test of these pairs alone.
    pub p: f64,
    /// The p-value at or below which this look decides, whatever earlier looks found; 0 if it
    /// cannot.
    pub needed: f64,
    /// Share of pairs with a difference above 0, ties counting half.
    pub share_better: f64,
    /// What this look and the earlier ones decided.
    pub verdict: Verdict,
}

impl Look {
    /// In how many pairs the difference was above 0, a tie counting half.
    #[must_use]
    pub fn ahead(&self) -> f64 {
        (self.share_better * self.pairs as f64 * 2.0).round() / 2.0
    }
}

impl std::fmt::Display for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { pairs, mean, interval, p, needed, .. } = self;
        write!(
            f,
            "{pairs} pairs: ahead in {}, {} ({} to {} at any look); p {p:.4}, needed {needed:.4}",
            self.ahead(),
            signed(*mean),
            signed(interval.low),
            signed(interval.high),
        )
    }
}
