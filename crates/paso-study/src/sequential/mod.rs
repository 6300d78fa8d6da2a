//! A sequential test of paired differences: look at the data after 8, 10, 12, 15, ... pairs, and
//! stop at the first look that decides.
//!
//! Use it for anything that is compared in pairs: two schedules on the same seeds, two programs on
//! the same inputs. Push differences in the order of their pairs; at some counts the test looks and
//! returns a [`Look`] with a verdict, an interval and a p-value.
//!
//! # The test
//!
//! If the two sides of a pair do not differ, each difference could as well have the other sign
//! (Fisher 1935, "The Design of Experiments", section 21). A *sign path* is one choice of sign for
//! every pair; under the null hypothesis the observed path is one of `2^n` equally likely ones. Each
//! side of the test may spend, up to `n` pairs,
//!
//! `a(n) = alpha / 2 * (1 - 6 / n)`.
//!
//! At every look, the paths with the largest sums are removed from those that are left, until a
//! share `a(n)` of all paths is gone in total. The first look at which the observed path is removed
//! decides. So the chance that a path is removed at any look is at most `alpha / 2` a side. This is
//! a sequential permutation test (Plamadeala and Rosenberger 2012, "Sequential monitoring with
//! conditional randomization tests", Annals of Statistics 40) with alpha spending (Jennison and
//! Turnbull 2000, "Group Sequential Methods", chapter 7).
//!
//! Up to 15 pairs all paths are enumerated. Above, 65,535 random paths from a fixed seed are used,
//! and the observed one is counted among them (Phipson and Smyth 2010). The result is deterministic.
//!
//! # Guarantees
//!
//! * If the differences are symmetric around 0, "helps" and "harms" are each said with a chance of
//!   at most `alpha / 2`, at whatever look the test stops.
//! * What is spent depends on the number of pairs alone, never on the differences. So a test may be
//!   stopped at any count, for any reason, and continued later.
//! * The interval holds every shift of the differences that no look has rejected. It covers the true
//!   mean with a chance of at least `1 - alpha` at whatever look it is read (a repeated confidence
//!   interval).
//! * "No difference" means that both one-sided tests against `±margin` reject, each spending
//!   `2 a(n)` (two one-sided tests, Schuirmann 1987).
//!
//! # Limits
//!
//! * Symmetry is an assumption. In whole studies, with one side's noise exponential and the other's
//!   normal, wrong decisions rise to 4.6 % of studies at `alpha = 0.05`; where all noise is
//!   exponential, on one side, to 10 %, and intervals hold in 90 %. See `cargo xtask rigour`.
//! * The pairs must be independent.
//! * Eight pairs can only decide when all of them agree.
//!
//! ```
//! use paso_study::{Verdict, sequential::{Rule, SequentialTest}};
//!
//! let mut test = SequentialTest::new(Rule::default())?;
//! for difference in [0.02, 0.01, 0.03, 0.02, 0.01, 0.05, 0.02, 0.04] {
//!     if let Some(look) = test.push(difference) {
//!         println!("{look}");
//!     }
//! }
//! assert_eq!(test.verdict(), Verdict::Helps, "all eight agree");
//! # Ok::<(), paso_study::Error>(())
//! ```

mod boundary;
mod finding;
mod forecast;
mod interval;
mod look;
mod paths;
mod schedule;
mod verdict;

pub use look::Look;
pub use schedule::{FIRST_LOOK, looks, next_look, spent};
pub use verdict::Verdict;

use crate::error::Error;
use finding::Finding;
use serde::{Deserialize, Serialize};

/// The level of a test and the margin below which a difference is of no interest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Chance of a wrong "helps" or "harms" (together) when there is no difference, above 0 and
    /// below 0.5. Default 0.05.
    pub alpha: f64,
    /// Differences below this are of no interest, in their unit; at least 0. With 0, "no
    /// difference" is never said. Default 0.
    pub margin: f64,
}

impl Default for Rule {
    fn default() -> Self {
        Self { alpha: 0.05, margin: 0.0 }
    }
}

impl Rule {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] names the field, its value and the range.
    pub fn validate(&self) -> Result<(), Error> {
        let wrong = |field, value: f64, allowed| {
            Err(Error::InvalidValue { field, value: value.to_string(), allowed })
        };
        if !(self.alpha > 0.0 && self.alpha < 0.5) {
            return wrong("alpha", self.alpha, "between 0 and 0.5");
        }
        if !(self.margin >= 0.0 && self.margin.is_finite()) {
            return wrong("margin", self.margin, "a difference of the metric, at least 0");
        }
        Ok(())
    }
}

/// A test in progress: the differences so far, and what each look found.
#[derive(Clone, Debug, PartialEq)]
pub struct SequentialTest {
    rule: Rule,
    differences: Vec<f64>,
    looks: Vec<Look>,
}

impl SequentialTest {
    /// A test without any pair.
    ///
    /// # Errors
    /// As [`Rule::validate`].
    pub fn new(rule: Rule) -> Result<Self, Error> {
        rule.validate()?;
        Ok(Self { rule, differences: Vec::new(), looks: Vec::new() })
    }

    /// Adds the difference of the next pair. Returns the look, if there is one at this count.
    ///
    /// # Panics
    /// If the difference is not finite.
    #[track_caller]
    pub fn push(&mut self, difference: f64) -> Option<&Look> {
        assert!(difference.is_finite(), "a difference is finite, got {difference}");
        self.differences.push(difference);
        if looks().take_while(|n| *n <= self.differences.len()).last()
            != Some(self.differences.len())
        {
            return None;
        }
        let look = self.look();
        self.looks.push(look);
        self.looks.last()
    }

    /// The differences so far, in order.
    #[must_use]
    pub fn differences(&self) -> &[f64] {
        &self.differences
    }

    /// What each look found, in order.
    #[must_use]
    pub fn looks(&self) -> &[Look] {
        &self.looks
    }

    /// What the looks so far decided. The first decision stands.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.looks.last().map_or(Verdict::Undecided, |look| look.verdict)
    }

    /// About how many more pairs would decide, if mean and spread stay as they are; a count at
    /// which there is a look. `None` when decided, when there are fewer than two pairs, or when
    /// 1,000 pairs would not do. A forecast from few pairs is rough: half as many or twice as many
    /// are common.
    #[must_use]
    pub fn more_pairs(&self) -> Option<usize> {
        if self.verdict() != Verdict::Undecided {
            return None;
        }
        forecast::pairs(&self.differences, self.rule).map(|n| n - self.differences.len())
    }

    /// The last look at these differences, as [`push`](Self::push) finds it after all of them; `None`
    /// before the first look. Nothing is computed of the earlier looks but their verdicts, which
    /// takes a fraction of the time.
    ///
    /// # Errors
    /// As [`Rule::validate`].
    ///
    /// # Panics
    /// As [`push`](Self::push).
    #[track_caller]
    pub fn last_look(rule: Rule, differences: &[f64]) -> Result<Option<Look>, Error> {
        rule.validate()?;
        assert!(differences.iter().all(|d| d.is_finite()), "differences are finite");
        let (mut known, mut last) = (Verdict::Undecided, None);
        for seen in looks().take_while(|n| *n <= differences.len()) {
            let found = Finding::new(rule, &differences[..seen], known);
            known = found.verdict;
            last = Some((seen, found));
        }
        Ok(last.map(|(seen, found)| found.look(rule, &differences[..seen])))
    }

    fn look(&self) -> Look {
        Finding::new(self.rule, &self.differences, self.verdict())
            .look(self.rule, &self.differences)
    }
}

#[cfg(test)]
mod tests;
