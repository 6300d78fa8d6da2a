//! When the test looks, and how much of its error rate it may have spent by then.
//!
//! Looks go by count and never by result: 8 pairs, then a fifth more each time. What may be spent
//! depends on the count alone, so a test can be stopped and continued at any time.

/// The number of pairs at the first look.
pub const FIRST_LOOK: usize = 8;

/// The counts at which the test looks: 8, 10, 12, 15, 18, 22, 27, 33, 40, 48, ...; each is the last
/// times 1.2, rounded up.
///
/// ```
/// let looks: Vec<usize> = paso_study::sequential::looks().take(10).collect();
/// assert_eq!(looks, [8, 10, 12, 15, 18, 22, 27, 33, 40, 48]);
/// ```
pub fn looks() -> impl Iterator<Item = usize> {
    std::iter::successors(Some(FIRST_LOOK), |n| n.checked_mul(6).map(|sixfold| sixfold.div_ceil(5)))
}

/// The first look with at least so many pairs.
///
/// ```
/// assert_eq!(paso_study::sequential::next_look(20), 22);
/// ```
#[must_use]
pub fn next_look(pairs: usize) -> usize {
    looks().find(|look| *look >= pairs).unwrap_or(usize::MAX)
}

/// What each side of a test at level `alpha` may have spent after `pairs` pairs:
/// `alpha / 2 * (1 - 6 / pairs)`, and nothing below seven.
///
/// ```
/// use paso_study::sequential::spent;
/// assert_eq!(spent(0.05, 6), 0.0);
/// assert!((spent(0.05, 12) - 0.0125).abs() < 1e-15);
/// ```
#[must_use]
pub fn spent(alpha: f64, pairs: usize) -> f64 {
    (alpha / 2.0 * (1.0 - 6.0 / pairs as f64)).max(0.0)
}
