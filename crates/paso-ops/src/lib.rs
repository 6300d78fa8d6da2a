//! Forward and backward kernels of small convolutional networks over `f32` slices, SIMD chosen at run time.
//!
//! The crate knows no tensor and no graph: a kernel takes the numbers of one image ([`Image`]: a slice and its
//! [`Plane`]), a convolution those of one or more ([`Images`]), writes others, starts no thread and allocates nothing once its
//! memory has grown to the largest convolution. `paso-tape` makes networks of them.
//!
//! ```
//! use paso_ops::{Activation, Image, ImageMut, Isa, Plane, activate};
//!
//! let plane = Plane::new(1, 2, 2); // 1 x 2 pixels of 2 channels, NHWC
//! let mut y = [0.0; 4];
//! activate(Isa::best(), Activation::Relu, Image::new(plane, &[-1.0, 2.0, 3.0, -4.0]), ImageMut::new(plane, &mut y));
//! assert_eq!(y, [0.0, 2.0, 3.0, 0.0]);
//! ```
//!
//! Gradients replace what the slice held, except those of parameters (weights, biases, normalization sums), which
//! add to it, because a batch is many images.

mod activation;
mod boxes;
mod buffer;
mod combine;
mod conv;
mod dropout;
mod fused;
mod images;
mod loss;
mod norm;
mod plane;
mod pool;

// Layout, memory, instruction sets.
pub use buffer::Buffer;
pub use images::{Images, ImagesMut};
pub use paso_isa::{Isa, IsaError};
pub use plane::{Image, ImageMut, Plane};

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

// Ops that only move or add.
pub use combine::{add, add_scaled, clear, copy_channels};

// Losses.
pub use boxes::{BoxLoss, box_loss};
pub use loss::{
    bce_with_logits, bce_with_logits_grad, cross_entropy, cross_entropy_grad, mse, mse_grad,
    smooth_l1, smooth_l1_grad,
};
