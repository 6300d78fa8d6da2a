//! From paired differences to a verdict.
//!
//! One comparison asks two questions. Is the difference distinguishable from chance (sign-flip
//! test), and is it large enough to matter (equivalence test against the margin)? The second is
//! asked first: with many seeds a difference of no interest becomes significant, and "helps" would
//! mislead.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_changes_sign_with_the_differences() {
        let six = [0.02, 0.01, 0.03, 0.02, 0.01, 0.05];
        let negated = six.map(|d: f64| -d);
        let (better, worse) = (compare(&six, 0.0, 0.05), compare(&negated, 0.0, 0.05));
        assert_eq!((better.verdict, worse.verdict), (Verdict::Helps, Verdict::Harms));
        assert_eq!((better.diff, better.p), (-worse.diff, worse.p));
        assert_eq!(
            (better.interval.low, better.interval.high),
            (-worse.interval.high, -worse.interval.low)
        );
        assert_eq!((better.share_better, worse.share_better), (1.0, 0.0));
        assert_eq!(better.more_seeds, None, "it is decided");
    }

    #[test]
    fn a_significant_but_small_difference_is_none() {
        let tiny = [0.0011, 0.0012, 0.001, 0.0013, 0.0009, 0.0011];
        assert_eq!(compare(&tiny, 0.01, 0.05).verdict, Verdict::NoDifference);
        assert_eq!(compare(&tiny, 0.0, 0.05).verdict, Verdict::Helps, "nothing is too small");
        assert_eq!(compare(&[0.0; 6], 0.01, 0.05).verdict, Verdict::NoDifference);
        assert_eq!(compare(&[0.0; 6], 0.0, 0.05).verdict, Verdict::Undecided);
    }

    #[test]
    fn too_few_seeds_for_the_level_decide_nothing() {
        for (seeds, alpha, decided) in [
            (5, 0.05, false),
            (6, 0.05, true),
            (7, 0.01, false),
            (8, 0.01, true),
            (2, 0.49, false),
            (3, 0.26, true),
        ] {
            let found = compare(&vec![1.0; seeds], 0.1, alpha);
            let expected = if decided { Verdict::Helps } else { Verdict::Undecided };
            assert_eq!(found.verdict, expected, "{seeds} seeds at {alpha}");
            if let Some(more) = found.more_seeds {
                assert!(smallest_p(seeds + more) <= alpha, "{more} more seeds reach {alpha}");
            }
        }
    }

    #[test]
    fn words_are_those_of_the_json_and_of_sentences() {
        for (verdict, json, text) in [
            (Verdict::Helps, "\"helps\"", "helps"),
            (Verdict::Harms, "\"harms\"", "harms"),
            (Verdict::NoDifference, "\"no-difference\"", "no difference"),
            (Verdict::Undecided, "\"undecided\"", "undecided"),
        ] {
            assert_eq!(serde_json::to_string(&verdict).expect("it has JSON"), json);
            assert_eq!(verdict.to_string(), text);
        }
    }

    #[test]
    #[should_panic(expected = "alpha lies between 0 and 0.5, got 0.5")]
    fn an_alpha_of_a_coin_is_refused() {
        let _ = compare(&[1.0; 6], 0.0, 0.5);
    }
}
