//! A step on several threads: the work is halved until a piece is small, and the halves run side by side.
//!
//! Pieces may be cut anywhere, because no weight's bits depend on its neighbours. `rayon::join` allocates nothing.

use crate::adam::Step;
use crate::group::{Moments, Tensor, serial, split};

/// Up to so many weights a group stays in the caller's thread.
pub(crate) const SERIAL: usize = 100_000;

/// Pieces of at most so many weights (1.75 MiB of memory traffic) are not cut further.
const PIECE: usize = 64 * 1024;

/// Runs the step over the tensors.
pub(crate) fn step(step: &Step, tensors: &mut [Tensor<'_, '_>], moments: Moments<'_>) {
    match tensors {
        [(weights, gradient)] => one(step, weights, gradient, moments),
        _ if tensors.iter().map(|(weights, _)| weights.len()).sum::<usize>() <= PIECE => {
            serial(step, tensors, moments);
        }
        _ => {
            let (left, right) = tensors.split_at_mut(tensors.len() / 2);
            let weights = left.iter().map(|(weights, _)| weights.len()).sum();
            let (first, second) = split(moments, weights);
            rayon::join(|| self::step(step, left, first), || self::step(step, right, second));
        }
    }
}

/// Runs the step over one tensor.
fn one(step: &Step, weights: &mut [f32], gradient: &[f32], moments: Moments<'_>) {
    if weights.len() <= PIECE {
        return step.apply(weights, gradient, moments);
    }
    // A whole number of pieces to the left, so that no piece is much smaller than the others.
    let middle = (weights.len() / PIECE).div_ceil(2) * PIECE;
    let (w_left, w_right) = weights.split_at_mut(middle);
    let (g_left, g_right) = gradient.split_at(middle);
    let (first, second) = split(moments, middle);
    rayon::join(|| one(step, w_left, g_left, first), || one(step, w_right, g_right, second));
}
