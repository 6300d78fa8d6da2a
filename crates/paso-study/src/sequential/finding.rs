//! What a look finds. Its interval takes most of the time and is computed only where it is wanted.

use super::boundary::{LastLook, Side, budgets, first_crossing};
use super::interval::interval;
use super::paths::Paths;
use super::{Look, Rule, Verdict};
use crate::stats::{mean, share_better};

/// What a look finds, without its interval, which takes most of the time.
pub(super) struct Finding {
    paths: Paths,
    last: LastLook,
    pub(super) verdict: Verdict,
}

impl Finding {
    /// The look at all these differences, after looks that found `known`.
    pub(super) fn new(rule: Rule, differences: &[f64], known: Verdict) -> Self {
        let Rule { alpha, margin } = rule;
        let paths = Paths::new(differences);
        let twice = budgets(&paths, alpha, 2.0);
        let last = LastLook::new(&paths, &budgets(&paths, alpha, 1.0));
        let center = mean(differences);
        let none = || {
            let rejected = |shift, side| first_crossing(&paths, &twice, shift, side).is_some();
            center.abs() < margin && rejected(margin, Side::Below) && rejected(-margin, Side::Above)
        };
        let verdict = match known {
            // The first decision stands.
            Verdict::Undecided if none() => Verdict::NoDifference,
            Verdict::Undecided if last.crossed && center > 0.0 => Verdict::Helps,
            Verdict::Undecided if last.crossed => Verdict::Harms,
            known => known,
        };
        Self { paths, last, verdict }
    }

    /// With its interval.
    pub(super) fn look(self, rule: Rule, differences: &[f64]) -> Look {
        let Self { paths, last: LastLook { p, needed, .. }, verdict } = self;
        let times = if verdict == Verdict::NoDifference { 2.0 } else { 1.0 };
        let allowed = budgets(&paths, rule.alpha, times);
        Look {
            pairs: differences.len(),
            mean: mean(differences),
            interval: interval(&paths, &allowed, differences),
            level: 1.0 - times * rule.alpha,
            p,
            needed,
            share_better: share_better(differences),
            verdict,
        }
    }
}
