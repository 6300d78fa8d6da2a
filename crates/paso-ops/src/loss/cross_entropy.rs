//! Cross-entropy over classes, with label smoothing and class weights, and its gradient.

use super::count;

/// Cross-entropy of `softmax(logits)` with class `target`. `logits` is `[classes]`, of one image.
///
/// `smoothing` in `0..1` moves that share of the target evenly to all classes (Szegedy et al. 2015,
/// arXiv:1512.00567). `weights`, one a class, weigh the target's terms; none means 1 each.
///
/// ```
/// let loss = paso_ops::cross_entropy(&[0.0, 0.0], 1, 0.0, None);
/// assert!((loss - 2_f32.ln()).abs() < 1e-6);
/// ```
///
/// With `q[c] = (1 - smoothing) [c = target] + smoothing / classes`, the loss is
/// `sum over c of weights[c] q[c] (ln(sum of exp(logits)) - logits[c])`. It is not divided by a sum
/// of weights, as `PyTorch` does over a batch with `reduction="mean"`.
///
/// # Panics
/// When `target` is not a class, or `weights` does not have one element per class.
#[must_use]
#[track_caller]
pub fn cross_entropy(
    logits: &[f32],
    target: usize,
    smoothing: f32,
    weights: Option<&[f32]>,
) -> f32 {
    check_classes(logits, target, weights);
    let weight = |c: usize| weights.map_or(1.0, |w| w[c]);
    let log_sum = log_sum_exp(logits);
    let hard = weight(target) * (log_sum - logits[target]);
    if smoothing == 0.0 {
        return hard;
    }
    let all: f32 = logits.iter().enumerate().map(|(c, x)| weight(c) * (log_sum - x)).sum();
    (1.0 - smoothing) * hard + smoothing * all / count(logits.len())
}

/// Writes `scale` times the gradient of [`cross_entropy`] with respect to the logits, `[classes]`,
/// to `dx`, of the same length.
///
/// Without smoothing and weights this is `scale * (softmax(logits) - onehot(target))`, which sums
/// to 0.
///
/// ```
/// let mut dx = [0.0; 2];
/// paso_ops::cross_entropy_grad(&[0.0, 0.0], 1, 0.0, None, 1.0, &mut dx);
/// assert!((dx[0] - 0.5).abs() < 1e-6 && (dx[1] + 0.5).abs() < 1e-6);
/// ```
///
/// # Panics
/// As [`cross_entropy`], and when `dx` has another length than `logits`.
#[track_caller]
pub fn cross_entropy_grad(
    logits: &[f32],
    target: usize,
    smoothing: f32,
    weights: Option<&[f32]>,
    scale: f32,
    dx: &mut [f32],
) {
    check_classes(logits, target, weights);
    assert_eq!(dx.len(), logits.len(), "the gradient needs one element per class");
    let even = smoothing / count(logits.len());
    let share = |c: usize| {
        let hard = if c == target { 1.0 - smoothing } else { 0.0 };
        weights.map_or(1.0, |w| w[c]) * (hard + even)
    };
    let total: f32 = (0..logits.len()).map(share).sum();
    let log_sum = log_sum_exp(logits);
    for (c, dx) in dx.iter_mut().enumerate() {
        *dx = scale * (total * (logits[c] - log_sum).exp() - share(c));
    }
}

#[track_caller]
fn check_classes(logits: &[f32], target: usize, weights: Option<&[f32]>) {
    assert!(target < logits.len(), "class {target} of {}", logits.len());
    if let Some(weights) = weights {
        assert_eq!(
            weights.len(),
            logits.len(),
            "{} class weights for {} classes",
            weights.len(),
            logits.len()
        );
    }
}

/// `ln(sum of exp(x))`, around the largest value: its term is 1, so that the sum neither overflows
/// nor vanishes.
fn log_sum_exp(x: &[f32]) -> f32 {
    let max = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    max + x.iter().map(|x| (x - max).exp()).sum::<f32>().ln()
}
