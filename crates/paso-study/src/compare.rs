//! From paired differences to a verdict.

use crate::stats::{
    ConfidenceInterval, interval, mean, seeds_needed, share_better, sign_flip, smallest_p,
};
use serde::{Deserialize, Serialize};

/// The answer to "is the arm better?".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Better, significantly, and not by a negligible amount for sure.
    Helps,
    /// Worse, significantly, and not by a negligible amount for sure.
    Harms,
    /// Equivalent: the whole interval lies within the margin.
    NoDifference,
    /// These seeds cannot tell.
    Undecided,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Helps => "helps",
            Self::Harms => "harms",
            Self::NoDifference => "no difference",
            Self::Undecided => "undecided",
        })
    }
}

/// Two arms compared over the seeds they share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Mean difference, in units of the metric; above 0 the arm is better.
    pub diff: f64,
    /// Interval for the true mean difference, at level `1 - alpha`.
    pub interval: ConfidenceInterval,
    /// Two-sided sign-flip p-value.
    pub p: f64,
    /// Share of seeds in which the arm was better, ties counting half.
    pub share_better: f64,
    /// What follows.
    pub verdict: Verdict,
    /// For an undecided comparison: about how many *more* seeds would decide it, if these are
    /// typical. `None` when decided, or when a thousand seeds would not do.
    pub more_seeds: Option<usize>,
}

/// Evaluates `differences` (arm minus baseline, one per seed).
///
/// * *No difference*: the interval at level `1 - 2 * alpha` lies inside `±margin`. That is the two
///   one-sided tests procedure (Schuirmann, 1987): it is wrong with a chance of at most `alpha`
///   when the true difference is as large as the margin.
/// * *Helps*, *harms*: otherwise, when the sign-flip p-value is at most `alpha`.
/// * *Undecided*: otherwise; and always when there are so few seeds that no p-value could reach
///   `alpha` (fewer than six at 5 %), because neither test nor interval means much then.
///
/// A margin of 0 means that no difference is too small to matter; then "no difference" is never
/// said.
///
/// ```
/// use paso_study::{Verdict, compare};
/// let six = [0.02, 0.01, 0.03, 0.02, 0.01, 0.05];
/// assert_eq!(compare(&six, 0.005, 0.05).verdict, Verdict::Helps);
/// assert_eq!(compare(&six, 0.1, 0.05).verdict, Verdict::NoDifference);
/// let two = compare(&six[..2], 0.005, 0.05);
/// assert_eq!((two.verdict, two.more_seeds), (Verdict::Undecided, Some(4)));
/// ```
///
/// # Panics
/// If there are no differences, one is not finite, or `alpha` is not in `0..0.5`.
#[must_use]
#[track_caller]
pub fn compare(differences: &[f64], margin: f64, alpha: f64) -> Comparison {
    assert!(alpha > 0.0 && alpha < 0.5, "alpha lies between 0 and 0.5, got {alpha}");
    let p = sign_flip(differences);
    let diff = mean(differences);
    let decidable = smallest_p(differences.len()) <= alpha;
    let verdict = if !decidable {
        Verdict::Undecided
    } else if interval(differences, 1.0 - 2.0 * alpha).within(margin) {
        Verdict::NoDifference
    } else if p <= alpha {
        if diff > 0.0 { Verdict::Helps } else { Verdict::Harms }
    } else {
        Verdict::Undecided
    };
    let least = (1..).find(|n| smallest_p(*n) <= alpha).expect("2 / 2^n falls below any alpha");
    let more_seeds = if verdict == Verdict::Undecided {
        seeds_needed(differences, 1.0 - alpha, margin, least).map(|n| n - differences.len())
    } else {
        None
    };
    Comparison {
        diff,
        interval: interval(differences, 1.0 - alpha),
        p,
        share_better: share_better(differences),
        verdict,
        more_seeds,
    }
}
