//! The sequential test over every sign path of some magnitudes: its size and its coverage, counted.
//!
//! Under the null hypothesis all sign paths are equally likely, so the share of them that crosses is the
//! chance of a wrong verdict, and not an estimate of it. The test is the public one, pair by pair, as
//! a study uses it.

use super::{Allowed, Check};
use crate::sequential::Verdict;
use crate::sequential::{Rule, SequentialTest, looks, spent};

/// Without ties, and small ones next to large ones.
const MAGNITUDES: [f64; 12] =
    [0.31, 1.13, 0.72, 0.23, 2.04, 0.94, 1.45, 0.61, 0.52, 1.01, 0.83, 0.17];

/// The mean that the intervals have to hold.
const SHIFT: f64 = 0.37;

/// A row for the size and one for the coverage at each look up to 12 pairs.
pub(super) fn checks() -> Vec<Check> {
    let rule = Rule::default();
    let of_look = |pairs: usize| {
        let may = spent(rule.alpha, pairs);
        let decided = share(0.0, pairs, &|test| test.verdict() != Verdict::Undecided) / 2.0;
        let covered = share(SHIFT, pairs, &|test| {
            let holds = |low: f64, high: f64| low <= SHIFT && SHIFT <= high;
            test.looks().iter().all(|look| holds(look.interval.low, look.interval.high))
        });
        let row = |name: &str, measured, expected, allowed| Check {
            name: format!("sequential test, {pairs} pairs: {name}"),
            measured,
            expected,
            allowed,
        };
        [
            row("wrong verdicts a side", decided, may, Allowed::AtMost),
            row("intervals that hold", covered, 1.0 - 2.0 * may, Allowed::AtLeast),
        ]
    };
    looks().take_while(|pairs| *pairs <= MAGNITUDES.len()).flat_map(of_look).collect()
}

/// The share of the sign paths over so many pairs whose test `is` so. Paths that start with a minus
/// mirror the others, and a property that treats both sides alike has the same share among them.
fn share(shift: f64, pairs: usize, is: &dyn Fn(&SequentialTest) -> bool) -> f64 {
    let mut test = SequentialTest::new(Rule::default()).expect("the default is valid");
    test.push(shift + MAGNITUDES[0]);
    count(&test, shift, pairs, is) as f64 / (1u64 << (pairs - 1)) as f64
}

/// How many of the paths that go on from here: each pair is shown to the test once for all paths that
/// share it.
fn count(
    test: &SequentialTest,
    shift: f64,
    pairs: usize,
    is: &dyn Fn(&SequentialTest) -> bool,
) -> u64 {
    let so_far = test.differences().len();
    if so_far == pairs {
        return u64::from(is(test));
    }
    let with = |sign: f64| {
        let mut next = test.clone();
        next.push(shift + sign * MAGNITUDES[so_far]);
        count(&next, shift, pairs, is)
    };
    with(1.0) + with(-1.0)
}
