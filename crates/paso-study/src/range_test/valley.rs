//! What other tools would suggest, for comparison; named as theirs, and not recommended.
//!
//! It is here for comparison only: readers who know the number from fast.ai's finder can see how
//! far it is from the steepest place. The rule is applied to the fitted losses, not to smoothed raw
//! ones.

/// fast.ai's "valley": the middle of the longest decreasing subsequence of the losses, as an index.
///
/// That is: the first index at which such a subsequence has the greatest length, `length` points
/// back from there, and half of the way between (in whole thirds and sixths). As in fastai 2.8.
pub(super) fn valley(loss: &[f64]) -> usize {
    let mut longest = vec![1usize; loss.len()];
    let (mut end, mut start) = (0, 0);
    for i in 1..loss.len() {
        for j in 0..i {
            if loss[i] < loss[j] && longest[i] < longest[j] + 1 {
                longest[i] = longest[j] + 1;
            }
        }
        if longest[end] < longest[i] {
            end = i;
            // Can be one before the first point, which fastai takes for the last one, by Python's
            // rule.
            start = (end + loss.len() + 1 - longest[end] - 1) % loss.len();
        }
    }
    let third = end.saturating_sub(start) / 3;
    start + third + (end.saturating_sub(start)) / 6
}
