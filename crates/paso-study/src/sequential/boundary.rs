//! Which paths are removed at which look.
//!
//! Both sides of the test are one procedure: the side below is the side above with every sum
//! negated.

use super::paths::{Paths, Sums};
use super::schedule::spent;

/// The side of a one-sided test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Removes the largest sums: rejects that the mean is at most the shift.
    Above,
    /// Removes the smallest sums: rejects that the mean is at least the shift.
    Below,
}

impl Side {
    /// The sums of all paths after a shift, turned so that extreme is large.
    pub(super) fn sums(self, sums: &Sums, shift: f64) -> impl Iterator<Item = f64> {
        // A factor and no branch, so that the loop is vectorized.
        let turn = if self == Self::Above { 1.0 } else { -1.0 };
        sums.signed
            .iter()
            .zip(&sums.signs)
            .map(move |(sum, signs)| turn * (sum - shift * f64::from(*signs)))
    }
}

/// How many paths may be gone at each look, all looks before included.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count")]
pub(super) fn budgets(paths: &Paths, alpha: f64, times: f64) -> Vec<usize> {
    let share = |sums: &Sums| times * spent(alpha, sums.pairs) * paths.total as f64;
    // A product such as 0.2 * 5 must not be rounded below its whole number.
    paths.looks.iter().map(|sums| (share(sums) + 1e-9) as usize).collect()
}

/// The first look, counted from 0, at which the observed path is removed.
pub(super) fn first_crossing(
    paths: &Paths,
    budgets: &[usize],
    shift: f64,
    side: Side,
) -> Option<usize> {
    let mut crossed = None;
    remove(paths, budgets, shift, side, |look, observed, bar| {
        crossed = crossed.or((observed > bar).then_some(look));
        crossed.is_none()
    });
    crossed
}

/// Removes paths look by look. `seen` gets the look, the observed sum and the bar above which sums
/// go, and says whether to go on.
fn remove(
    paths: &Paths,
    budgets: &[usize],
    shift: f64,
    side: Side,
    mut seen: impl FnMut(usize, f64, f64) -> bool,
) {
    // Minus infinity for a path that is gone, else 0: added to its sum, it takes the path out.
    let mut out = vec![0.0; paths.len()];
    let mut all = vec![0.0; paths.len()];
    let mut gone = 0;
    for (look, (sums, budget)) in paths.looks.iter().zip(budgets).enumerate() {
        for ((all, sum), out) in all.iter_mut().zip(side.sums(sums, shift)).zip(&out) {
            *all = sum + out;
        }
        let bar = bar(&all, budget.saturating_sub(gone), paths.slack);
        if !seen(look, all[0], bar) {
            return;
        }
        for (out, sum) in out.iter_mut().zip(&all) {
            let goes = *sum > bar;
            *out = if goes { f64::NEG_INFINITY } else { *out };
            gone += usize::from(goes);
        }
    }
}

/// Above this sum are the `most` largest, or fewer where more of them tie: ties go together or stay
/// together. Infinite if none may go.
pub(super) fn bar(sums: &[f64], most: usize, slack: f64) -> f64 {
    if most == 0 {
        return f64::INFINITY;
    }
    if most >= sums.len() {
        return f64::NEG_INFINITY;
    }
    let mut largest = largest(sums, most);
    let (larger, next, _) = largest.select_nth_unstable_by(most, |a, b| b.total_cmp(a));
    let next = *next;
    let last = larger.iter().copied().fold(f64::INFINITY, f64::min);
    if last - next <= slack { last + slack } else { f64::midpoint(last, next) }
}

/// The sums above a bound that a sample says, more than `most` of them: a small part of all.
fn largest(sums: &[f64], most: usize) -> Vec<f64> {
    const STRIDE: usize = 64;
    let mut sample: Vec<f64> = sums.iter().copied().step_by(STRIDE).collect();
    let rank = 2 * most / STRIDE + 8;
    if rank < sample.len() {
        let (_, bound, _) = sample.select_nth_unstable_by(rank, |a, b| b.total_cmp(a));
        // Written always and counted sometimes: there is no branch to be mispredicted.
        let (mut above, mut count) = (vec![0.0; sums.len() + 1], 0);
        for sum in sums {
            above[count] = *sum;
            count += usize::from(sum >= bound);
        }
        if count > most {
            above.truncate(count);
            return above;
        }
    }
    sums.to_vec()
}

/// What the last look says of the side that the observed sum is on, without a shift.
pub(super) struct LastLook {
    /// Whether the observed path is removed, here or before.
    pub(super) crossed: bool,
    /// The two-sided p-value of the sign-flip test of these pairs alone.
    pub(super) p: f64,
    /// The p-value at which this look removes paths; 0 if it removes none.
    pub(super) needed: f64,
}

impl LastLook {
    pub(super) fn new(paths: &Paths, budgets: &[usize]) -> Self {
        let Some(sums) = paths.looks.last() else {
            return Self { crossed: false, p: 1.0, needed: 0.0 };
        };
        let side = if sums.signed[0] >= 0.0 { Side::Above } else { Side::Below };
        let (mut crossed, mut last) = (false, f64::INFINITY);
        remove(paths, budgets, 0.0, side, |_, observed, bar| {
            crossed |= observed > bar;
            last = bar;
            true
        });
        let extreme = |bar: f64| {
            let count = side.sums(sums, 0.0).filter(|sum| *sum > bar).count();
            2.0 * count as f64 / paths.total as f64
        };
        let observed = sums.signed[0].abs();
        Self {
            crossed,
            p: extreme(observed - paths.slack.max(f64::MIN_POSITIVE)).min(1.0),
            needed: extreme(last),
        }
    }
}
