//! The sequential test over every sign path of some magnitudes: its size and its coverage, counted.
//!
//! If the mean is 0, all sign paths are equally likely, so the share of them that crosses is the chance of
//! a wrong verdict, and not an estimate of it. The test is the public one, pair by pair, as a study
//! uses it.

use super::{Allowed, Check};
use crate::sequential::{Rule, SequentialTest, Verdict, spent};

/// Without ties, and small ones next to large ones.
const MAGNITUDES: [f64; 12] =
    [0.31, 1.13, 0.72, 0.23, 2.04, 0.94, 1.45, 0.61, 0.52, 1.01, 0.83, 0.17];

/// What was counted at one look.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    pairs: usize,
    paths: u32,
    decided: u32,
    /// Paths whose intervals held 0 at this look and at all before.
    covered: u32,
}

/// A row for the size and one for the coverage, at each look up to 12 pairs.
pub(super) fn checks() -> Vec<Check> {
    let mut test = SequentialTest::new(Rule::default()).expect("the default is valid");
    // Paths that start with a minus mirror these, and the test treats both sides alike.
    test.push(MAGNITUDES[0]);
    let mut tallies = Vec::new();
    count(&test, &mut tallies);
    tallies.into_iter().flat_map(rows).collect()
}

/// Counts all paths that go on from here. Each pair is pushed once for all paths that share it.
fn count(test: &SequentialTest, tallies: &mut Vec<Tally>) {
    let Some(magnitude) = MAGNITUDES.get(test.differences().len()) else { return };
    for difference in [*magnitude, -magnitude] {
        let mut next = test.clone();
        let looked = next.push(difference).is_some();
        if looked {
            let number = next.looks().len() - 1;
            if number == tallies.len() {
                tallies.push(Tally::default());
            }
            let covered =
                next.looks().iter().all(|l| l.interval.low <= 0.0 && 0.0 <= l.interval.high);
            let tally = &mut tallies[number];
            tally.pairs = next.differences().len();
            tally.paths += 1;
            tally.decided += u32::from(next.verdict() != Verdict::Undecided);
            tally.covered += u32::from(covered);
        }
        count(&next, tallies);
    }
}

fn rows(tally: Tally) -> [Check; 2] {
    let Tally { pairs, paths, decided, covered } = tally;
    let may = spent(Rule::default().alpha, pairs);
    let share = |count: u32| f64::from(count) / f64::from(paths);
    let row = |name: &str, measured, expected, allowed| Check {
        name: format!("sequential test, {pairs} pairs: {name}"),
        measured,
        expected,
        allowed,
    };
    [
        row("wrong verdicts a side", share(decided) / 2.0, may, Allowed::AtMost),
        row("intervals that hold", share(covered), 1.0 - 2.0 * may, Allowed::AtLeast),
    ]
}
