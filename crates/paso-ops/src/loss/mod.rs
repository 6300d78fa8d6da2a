//! Losses of one image: a value, and a gradient scaled by whatever comes from above.
//!
//! A loss over several values is their mean. The mean over the images of a batch is left to the
//! caller. Losses take no instruction set: they are sums over a few values, dominated by `exp` and
//! `ln`.
//!
//! | here | `torch.nn.functional` | range | gradient bounded |
//! |---|---|---|---|
//! | [`smooth_l1`] | `smooth_l1_loss(beta=...)` | `0..` | by `1 / n` |
//! | [`mse`] | `mse_loss` | `0..` | no |
//! | [`bce_with_logits`] | `binary_cross_entropy_with_logits` | `0..` | by `1 / n` |
//! | [`cross_entropy`] | `cross_entropy(label_smoothing=..., weight=..., reduction="sum")` | `0..` | by the weights |
//!
//! Gradients take a `scale`, the gradient of the total loss with respect to this one: the weight of
//! the loss, divided by the number of images where the total is a mean over them. Losses of zero
//! values are NaN, the mean of nothing.
//!
//! Logits, not probabilities: `sigmoid` and `softmax` are part of the loss, because
//! `ln(sigmoid(x))` of large negative `x` is `ln(0)` when it is computed in two steps.

mod boxes;
#[cfg(test)]
mod boxes_tests;
mod cross_entropy;
#[cfg(test)]
mod tests;

pub use boxes::{BoxLoss, box_loss};
pub use cross_entropy::{cross_entropy, cross_entropy_grad};

/// Smooth L1 (Girshick 2015, arXiv:1504.08083, with `PyTorch`'s `beta`): `d^2 / (2 beta)` where
/// `|d| < beta`, else `|d| - beta / 2`, averaged over the values, with `d = x - target`. `beta` 0
/// is the L1 loss. `x` and `target` have one length.
///
/// ```
/// assert_eq!(paso_ops::smooth_l1(&[0.5, 3.0], &[0.0, 0.0], 1.0), (0.125 + 2.5) / 2.0);
/// ```
///
/// # Panics
/// When lengths differ.
#[must_use]
#[track_caller]
pub fn smooth_l1(x: &[f32], target: &[f32], beta: f32) -> f32 {
    mean(x, target, |x, t| {
        let d = (x - t).abs();
        if d < beta { 0.5 * d * d / beta } else { d - 0.5 * beta }
    })
}

/// Writes `scale` times the gradient of [`smooth_l1`] with respect to `x` to `dx`; all have one
/// length.
///
/// The gradient of the mean: `clamp(d / beta, -1, 1) / n` for each value.
///
/// ```
/// let mut dx = [0.0; 2];
/// paso_ops::smooth_l1_grad(&[0.5, 3.0], &[0.0, 0.0], 1.0, 1.0, &mut dx);
/// assert_eq!(dx, [0.25, 0.5]);
/// ```
///
/// # Panics
/// When lengths differ.
#[track_caller]
pub fn smooth_l1_grad(x: &[f32], target: &[f32], beta: f32, scale: f32, dx: &mut [f32]) {
    mean_grad(x, target, scale, dx, |x, t| {
        let d = x - t;
        if d.abs() < beta {
            d / beta
        } else if d == 0.0 {
            0.0
        } else {
            1.0_f32.copysign(d) * if d.is_nan() { d } else { 1.0 }
        }
    });
}

/// Mean squared error: the mean of `(x - target)^2`. `x` and `target` have one length.
///
/// ```
/// assert_eq!(paso_ops::mse(&[1.0, 4.0], &[1.0, 2.0]), 2.0);
/// ```
///
/// # Panics
/// When lengths differ.
#[must_use]
#[track_caller]
pub fn mse(x: &[f32], target: &[f32]) -> f32 {
    mean(x, target, |x, t| (x - t) * (x - t))
}

/// Writes `scale` times the gradient of [`mse`] with respect to `x`, `2 (x - target) / n`, to `dx`;
/// all have one length.
///
/// ```
/// let mut dx = [0.0; 2];
/// paso_ops::mse_grad(&[1.0, 4.0], &[1.0, 2.0], 0.5, &mut dx);
/// assert_eq!(dx, [0.0, 1.0]);
/// ```
///
/// # Panics
/// When lengths differ.
#[track_caller]
pub fn mse_grad(x: &[f32], target: &[f32], scale: f32, dx: &mut [f32]) {
    mean_grad(x, target, scale, dx, |x, t| 2.0 * (x - t));
}

/// Binary cross-entropy of `sigmoid(x)` with a target in `0..=1`, averaged over the values. `x` and
/// `target` have one length.
///
/// `-t ln(sigmoid(x)) - (1 - t) ln(1 - sigmoid(x))`, computed as
/// `max(x, 0) - x t + ln(1 + exp(-|x|))`, which neither overflows nor cancels. The target may be a
/// share; the loss is then at least its entropy.
///
/// ```
/// let even = paso_ops::bce_with_logits(&[0.0], &[1.0]);
/// assert!((even - 2_f32.ln()).abs() < 1e-6);
/// assert_eq!(paso_ops::bce_with_logits(&[-1000.0], &[1.0]), 1000.0); // wrong, and sure of it
/// ```
///
/// # Panics
/// When lengths differ.
#[must_use]
#[track_caller]
pub fn bce_with_logits(x: &[f32], target: &[f32]) -> f32 {
    mean(x, target, |x, t| x.max(0.0) - x * t + (-x.abs()).exp().ln_1p())
}

/// Writes `scale` times the gradient of [`bce_with_logits`] with respect to `x`,
/// `(sigmoid(x) - target) / n`, to `dx`; all have one length.
///
/// # Panics
/// When lengths differ.
#[track_caller]
pub fn bce_with_logits_grad(x: &[f32], target: &[f32], scale: f32, dx: &mut [f32]) {
    mean_grad(x, target, scale, dx, |x, t| 1.0 / (1.0 + (-x).exp()) - t);
}

#[track_caller]
fn mean(x: &[f32], target: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    assert_eq!(x.len(), target.len(), "{} values and {} targets", x.len(), target.len());
    x.iter().zip(target).map(|(&x, &t)| term(x, t)).sum::<f32>() / count(x.len())
}

#[track_caller]
fn mean_grad(
    x: &[f32],
    target: &[f32],
    scale: f32,
    dx: &mut [f32],
    derivative: impl Fn(f32, f32) -> f32,
) {
    assert_eq!(x.len(), target.len(), "{} values and {} targets", x.len(), target.len());
    assert_eq!(x.len(), dx.len(), "{} values and {} gradients", x.len(), dx.len());
    let share = scale / count(x.len());
    for ((dx, &x), &t) in dx.iter_mut().zip(x).zip(target) {
        *dx = share * derivative(x, t);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a loss averages far fewer than 2^24 values")]
fn count(n: usize) -> f32 {
    n as f32
}
