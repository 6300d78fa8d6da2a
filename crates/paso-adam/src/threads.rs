//! A step on several threads: the work is halved until a piece is small, and the halves run side by side.
//!
//! Pieces may be cut anywhere, because no weight's bits depend on its neighbours. `rayon::join` allocates nothing.

use crate::adam::Step;
use crate::group::{Tensor, serial};

/// Up to so many weights a group stays in the caller's thread.
pub(crate) const SERIAL: usize = 100_000;

/// Pieces of at most so many weights (1.75 MiB of memory traffic) are not cut further.
const PIECE: usize = 64 * 1024;

/// Runs the step over the tensors, whose moments lie in `m` and `v`.
pub(crate) fn step(step: &Step, tensors: &mut [Tensor<'_, '_>], m: &mut [f32], v: &mut [f32]) {
    match tensors {
        _ if m.len() <= PIECE => serial(step, tensors, m, v),
        [(weights, gradient)] => one(step, weights, gradient, m, v),
        _ => {
            let (left, right) = tensors.split_at_mut(tensors.len() / 2);
            let weights = left.iter().map(|(weights, _)| weights.len()).sum();
            let (m_left, m_right) = m.split_at_mut(weights);
            let (v_left, v_right) = v.split_at_mut(weights);
            rayon::join(
                || self::step(step, left, m_left, v_left),
                || self::step(step, right, m_right, v_right),
            );
        }
    }
}

/// Runs the step over one tensor.
fn one(step: &Step, weights: &mut [f32], gradient: &[f32], m: &mut [f32], v: &mut [f32]) {
    if weights.len() <= PIECE {
        return step.apply(weights, gradient, [m, v, &mut []]);
    }
    // A whole number of pieces to the left, so that no piece is much smaller than the others.
    let middle = (weights.len() / PIECE).div_ceil(2) * PIECE;
    let (w_left, w_right) = weights.split_at_mut(middle);
    let (g_left, g_right) = gradient.split_at(middle);
    let (m_left, m_right) = m.split_at_mut(middle);
    let (v_left, v_right) = v.split_at_mut(middle);
    rayon::join(
        || one(step, w_left, g_left, m_left, v_left),
        || one(step, w_right, g_right, m_right, v_right),
    );
}
