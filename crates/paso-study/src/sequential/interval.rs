//! The shifts that no look has rejected, found by bisection.
//!
//! A shift `t` is rejected when the differences minus `t` cross at some look. Between a rejected
//! shift and the mean there is one end of the interval. Each question replays every look, so most of
//! them are asked of few paths: first of every 16th path, for a rough end; then, in a narrow range
//! around it, of those paths only that can be removed there, which gives the answer of all paths.

use super::boundary::{Side, bar, first_crossing};
use super::paths::Paths;
use crate::stats::ConfidenceInterval;

/// Every how many paths are asked for a rough end.
const STRIDE: usize = 16;

/// Half the range around the rough end, as a share of the whole range divided by the square root of
/// the number of pairs.
const NEAR: f64 = 0.01;

/// Where halving ends, as shares of the whole range: for the rough end, and for the one that counts.
const ROUGH: f64 = 5e-4;
const FINE: f64 = 1e-6;

/// The interval of the shifts that are not rejected with these budgets; everything before the first
/// look, and a single point for equal differences.
pub(super) fn interval(
    paths: &Paths,
    budgets: &[usize],
    differences: &[f64],
) -> ConfidenceInterval {
    if budgets.iter().all(|budget| *budget == 0) {
        return ConfidenceInterval { low: f64::NEG_INFINITY, high: f64::INFINITY };
    }
    let (least, most) = differences
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), d| (low.min(*d), high.max(*d)));
    if least == most {
        // Any other shift gives every difference the same sign.
        return ConfidenceInterval { low: least, high: least };
    }
    let beyond = (most - least).max(most.abs().max(least.abs()) * 1e-9).max(f64::MIN_POSITIVE);
    let end = |side: Side| {
        // Beyond all differences every sign agrees, which is the most extreme path there is.
        let outside = if side == Side::Above { least - beyond } else { most + beyond };
        let inside = if side == Side::Above { most + beyond } else { least - beyond };
        bisect(paths, budgets, side, outside, inside)
    };
    let (low, high) = (end(Side::Above), end(Side::Below));
    // Looks may contradict each other so strongly that nothing is left; then the ends meet.
    let middle = f64::midpoint(low, high);
    if low > high {
        ConfidenceInterval { low: middle, high: middle }
    } else {
        ConfidenceInterval { low, high }
    }
}

/// Where shifts stop being rejected: `outside` is rejected, `inside` is not.
fn bisect(paths: &Paths, budgets: &[usize], side: Side, outside: f64, inside: f64) -> f64 {
    let whole = inside - outside;
    if !whole.is_finite() {
        return outside; // Differences near the largest number there is.
    }
    let few = paths.thinned(STRIDE);
    let fewer: Vec<usize> = budgets.iter().map(|budget| budget / STRIDE).collect();
    let (out, within) = halve(&few, &fewer, side, (outside, inside), ROUGH * whole.abs());
    let rough = f64::midpoint(out, within);
    // How far a sixteenth of the paths is off goes with the standard error of the mean.
    let mut reach = NEAR * whole / (paths.pairs() as f64).sqrt();
    loop {
        let ends = [rough - reach, rough + reach];
        let ends = ends.map(|end| end.clamp(outside.min(inside), outside.max(inside)));
        let narrow = relevant(paths, budgets, side, ends);
        let crossed = |shift| first_crossing(&narrow, budgets, shift, side).is_some();
        if crossed(ends[0]) && !crossed(ends[1]) {
            let (out, within) =
                halve(&narrow, budgets, side, (ends[0], ends[1]), FINE * whole.abs());
            return f64::midpoint(out, within);
        }
        if ends == [outside, inside] {
            return outside; // Unreachable for finite differences; the safe answer.
        }
        reach *= 4.0;
    }
}

/// Halves the range until it is no longer than `length`; its first end stays rejected, its second one
/// accepted.
fn halve(
    paths: &Paths,
    budgets: &[usize],
    side: Side,
    (mut out, mut within): (f64, f64),
    length: f64,
) -> (f64, f64) {
    while (within - out).abs() > length {
        let middle = f64::midpoint(out, within);
        if middle == out || middle == within {
            break; // There is no number between them.
        }
        if first_crossing(paths, budgets, middle, side).is_some() {
            out = middle;
        } else {
            within = middle;
        }
    }
    (out, within)
}

/// The paths that can be removed at any shift of the range, and the observed one.
///
/// Whatever earlier looks removed, no look removes a sum below that of rank `budget` among all
/// paths. A sum is linear in the shift: within the range it lies between its values at the ends. So
/// that rank is never below the same rank of each path's smaller value, and a path matters only if
/// its larger value reaches it.
fn relevant(paths: &Paths, budgets: &[usize], side: Side, [a, b]: [f64; 2]) -> Paths {
    let mut keep = vec![false; paths.len()];
    keep[0] = true;
    let mut least = vec![0.0; paths.len()];
    for (sums, budget) in paths.looks.iter().zip(budgets) {
        // No sum is NaN, for which `f64::min` and `f64::max` would take care.
        let ends = || side.sums(sums, a).zip(side.sums(sums, b));
        least.iter_mut().zip(ends()).for_each(|(least, (a, b))| *least = if a < b { a } else { b });
        let bar = bar(&least, *budget, paths.slack) - 2.0 * paths.slack;
        keep.iter_mut().zip(ends()).for_each(|(keep, (a, b))| *keep |= (a >= bar) | (b >= bar));
    }
    paths.chosen(paths.total, |i| keep[i])
}
