//! Fused kernel: batch normalization, `ReLU` and 2 x 2 max pooling in one pass over memory each
//! way.
//!
//! As separate kernels, the three would write and read three images forward and as many backward.
//! Fused, the forward pass reads the output of the convolution once and writes the input of the
//! next one. The backward pass computes the maximum and the sign again from the output of the
//! convolution, so nothing in between is stored. The order of operations is that of the separate
//! kernels, so the results have the same bits (see the tests).
//!
//! Inference needs less: there the coefficients of the normalization are multiplied into the
//! weights of the convolution, whose [`Epilogue`](crate::Epilogue) adds the shift as a bias.
//!
//! The gradient follows the same steps backward, for a window of four pixels `x` with the output
//! gradient `d`: recompute `a = x * scale + shift`, find the first of the largest `a`, let `d` pass
//! if that one is above 0 (`ReLU`), give it to that pixel and 0 to the other three, and apply the
//! gradient of the normalization to all four. Pixels that no window covers still get the part of
//! the gradient that comes through mean and variance.

mod forward;
mod grad;
mod grad_sums;
mod lanes;
#[cfg(test)]
mod tests;

pub use forward::batch_norm;
pub use grad::batch_norm_grad;
pub use grad_sums::{batch_norm_grad_sums, batch_norm_grad_sums_from_output};

use crate::norm::Norm;
use crate::{Plane, Pool};

/// Vectors of channels that the kernels take at a time.
const VECTORS: usize = 8;

/// What follows a batch normalization in the same pass; nothing by default.
///
/// ```
/// use paso_ops::{NormEpilogue, Plane};
///
/// let x = Plane::new(8, 8, 16).with_halo(1);
/// assert_eq!(NormEpilogue::default().output(x), Plane::new(8, 8, 16));
/// assert_eq!(NormEpilogue { relu: true, pool: true }.output(x), Plane::new(4, 4, 16));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NormEpilogue {
    /// [`Activation::Relu`](crate::Activation::Relu).
    pub relu: bool,
    /// After it, the maximum of 2 x 2 pixels: [`max_pool`](crate::max_pool) with
    /// [`Pool::new(2)`](Pool::new).
    pub pool: bool,
}

impl NormEpilogue {
    /// The output's layout for this input, without a halo: half the height and width (rounded down)
    /// with a pool.
    ///
    /// # Panics
    /// When there is a pool and the input is smaller than 2 x 2.
    #[must_use]
    #[track_caller]
    pub fn output(&self, input: Plane) -> Plane {
        if self.pool { Pool::new(2).output(input) } else { input.with_halo(0) }
    }
}

#[track_caller]
fn check_channels(norm: &Norm, x: Plane) {
    let channels = norm.scale.len();
    assert_eq!(
        channels, x.channels,
        "batch norm of {channels} channels, an image of {}",
        x.channels
    );
}
