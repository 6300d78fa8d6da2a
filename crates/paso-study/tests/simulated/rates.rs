//! Frequencies over many studies, their standard errors, and the bounds that they must keep.

use super::record::Found;
use paso_study::Verdict;
use std::fmt::Write as _;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    Helps,
    Harms,
    /// "Helps" or "harms".
    Decided,
    /// The chance that two studies of the same truth give different verdicts.
    Flip,
    /// Trainings per study.
    Runs,
    /// Studies whose intervals all held the true difference.
    Covered,
}

/// A bound of a rate.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    AtMost(Rate, f64),
    AtLeast(Rate, f64),
}

/// The findings of the studies of a cell.
#[derive(Clone, Debug)]
pub struct Rates(pub Vec<Found>);

impl Rates {
    /// The rate and its standard error.
    pub fn get(&self, rate: Rate) -> (f64, f64) {
        match rate {
            Rate::Helps => self.share(|found| found.verdict == Verdict::Helps),
            Rate::Harms => self.share(|found| found.verdict == Verdict::Harms),
            Rate::Decided => self.share(|found| found.verdict != Verdict::Undecided),
            Rate::Covered => self.share(|found| found.covered),
            Rate::Flip => self.flip(),
            Rate::Runs => {
                let n = self.0.len() as f64;
                let mean = self.0.iter().map(|found| found.runs as f64).sum::<f64>() / n;
                let squares: f64 = self.0.iter().map(|f| (f.runs as f64 - mean).powi(2)).sum();
                (mean, (squares / (n - 1.0) / n).sqrt())
            }
        }
    }

    fn share(&self, is: impl Fn(&Found) -> bool) -> (f64, f64) {
        let n = self.0.len() as f64;
        let share = self.0.iter().filter(|found| is(found)).count() as f64 / n;
        (share, (share * (1.0 - share) / n).sqrt())
    }

    /// Of all pairs of two different studies, the share whose verdicts differ: unbiased, where one
    /// minus the sum of squared shares would be too small. The error is that of the delta method.
    fn flip(&self) -> (f64, f64) {
        let n = self.0.len() as f64;
        let verdicts = [Verdict::Helps, Verdict::Harms, Verdict::NoDifference, Verdict::Undecided];
        let count = |verdict| self.0.iter().filter(|found| found.verdict == verdict).count() as f64;
        let counts = verdicts.map(count);
        let same: f64 = counts.iter().map(|c| c * (c - 1.0)).sum::<f64>() / (n * (n - 1.0));
        let moment = |power| counts.iter().map(|c| (c / n).powi(power)).sum::<f64>();
        let variance = 4.0 / n * (moment(3) - moment(2).powi(2));
        (1.0 - same, variance.max(0.0).sqrt())
    }

    /// The bounds that are missed by more than `errors` standard errors.
    pub fn missed(&self, bounds: &[Bound], errors: f64) -> Vec<String> {
        let check = |bound: &Bound| {
            let (Bound::AtMost(rate, limit) | Bound::AtLeast(rate, limit)) = *bound;
            let (value, error) = self.get(rate);
            let (wrong, word) = match bound {
                Bound::AtMost(..) => (value > limit + errors * error, "most"),
                Bound::AtLeast(..) => (value < limit - errors * error, "least"),
            };
            wrong.then(|| format!("{rate:?} is {value:.4} ± {error:.4}, must be at {word} {limit}"))
        };
        bounds.iter().filter_map(check).collect()
    }

    /// Cells of a table: helps, harms, flip, runs, coverage.
    pub fn row(&self) -> String {
        let mut row = String::new();
        for rate in [Rate::Helps, Rate::Harms, Rate::Flip, Rate::Covered, Rate::Runs] {
            let (value, error) = self.get(rate);
            let _ = match rate {
                Rate::Runs => write!(row, " {value:.0} ± {error:.1} |"),
                Rate::Flip => write!(row, " {value:.3} ± {error:.3} |"),
                _ => write!(row, " {:.1} ± {:.1} |", 100.0 * value, 100.0 * error),
            };
        }
        row
    }
}
