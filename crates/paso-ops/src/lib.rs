//! Forward and backward kernels of small convolutional networks over `f32` slices, with the
//! instruction set chosen at run time.
//!
//! The crate has no tensor and no graph. A kernel reads and writes the elements of one image
//! ([`Image`]: a slice and its [`Plane`]); a convolution takes one or more images ([`Images`]). No
//! kernel starts a thread, and none allocates once its scratch memory has grown to the largest
//! convolution. `paso-tape` builds networks on top.
//!
//! ```
//! use paso_ops::{Activation, Image, ImageMut, Isa, Plane, activate};
//!
//! let plane = Plane::new(1, 2, 2); // 1 x 2 pixels of 2 channels
//! let mut y = [0.0; 4];
//! activate(Isa::best(), Activation::Relu, Image::new(plane, &[-1.0, 2.0, 3.0, -4.0]), ImageMut::new(plane, &mut y));
//! assert_eq!(y, [0.0, 2.0, 3.0, 0.0]);
//! ```
//!
//! # Conventions
//!
//! - **Layout.** Images are NHWC: element `[row, column, channel]` of an image is at
//!   `plane.row(row).start + column * channels + channel`. A [halo](Plane::halo) of zeros may
//!   surround the pixels; kernels never write it. Weights of convolutions are
//!   `[kernel, kernel, in_channels / groups, out_channels]` (HWIO).
//! - **Instruction set.** Every function that computes on images takes an [`Isa`] as its first
//!   argument. Losses do not: they are sums over a few values.
//! - **Gradients** of inputs (`dx`) are overwritten. Gradients of parameters (weights, biases, sums
//!   of a normalization) are added to, because a batch has many images.
//! - **Errors.** Shapes that do not fit are mistakes of the caller: functions panic, with both
//!   shapes in the message. There is no error type.
//! - **Special values.** NaN and infinity propagate as in the formula. `ReLU` and max pooling keep
//!   NaN.

mod activation;
mod combine;
mod conv;
mod dropout;
mod fused;
mod layout;
mod loss;
mod norm;
mod pool;
#[cfg(test)]
mod test_support;
mod vector;

// Layout, memory, instruction sets.
pub use layout::{Buffer, Image, ImageMut, Images, ImagesMut, Plane};
pub use paso_isa::{Isa, IsaError};

// Layers.
pub use activation::{Activation, activate, activate_grad};
pub use conv::{Conv, Epilogue, PackedConv, Separable, bias_grad};
pub use dropout::dropout;
pub use fused::{
    NormEpilogue, batch_norm, batch_norm_grad, batch_norm_grad_sums,
    batch_norm_grad_sums_from_output,
};
pub use norm::{GradSums, Moments, Norm};
pub use pool::{
    Pool, avg_pool, avg_pool_grad, global_avg_pool, global_avg_pool_grad, max_pool, max_pool_grad,
};

// Additions and copies.
pub use combine::{add, add_scaled, clear, copy_channels};

// Losses.
pub use loss::{
    BoxLoss, bce_with_logits, bce_with_logits_grad, box_loss, cross_entropy, cross_entropy_grad,
    mse, mse_grad, smooth_l1, smooth_l1_grad,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
