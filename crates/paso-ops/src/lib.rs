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
//! let (x, to) = (Image::new(plane, &[-1.0, 2.0, 3.0, -4.0]), ImageMut::new(plane, &mut y));
//! activate(Isa::best(), Activation::Relu, x, to);
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
//!
//! # What there is
//!
//! | here | PyTorch | notes |
//! |---|---|---|
//! | [`Conv`], [`PackedConv`], [`Epilogue`] | `nn.Conv2d` | weights are HWIO, not OIHW |
//! | [`Separable`] | two `nn.Conv2d` | depthwise and 1 x 1 in one pass |
//! | [`Moments`], [`Norm`], [`batch_norm`] | `nn.BatchNorm2d` | with `ReLU` and 2 x 2 pooling in one pass |
//! | [`Activation`], [`activate`] | `nn.ReLU`, `nn.SiLU`, ... | |
//! | [`Pool`], [`max_pool`], [`avg_pool`] | `nn.MaxPool2d`, `nn.AvgPool2d` | padding counts in a mean |
//! | [`dropout()`] | `nn.Dropout` | without a stored mask |
//! | [`mse`], [`smooth_l1`], [`bce_with_logits`], [`cross_entropy`] | `nn.functional`, of the same names | of one image |
//! | [`box_loss`] | `torchvision.ops`, `*_box_iou_loss` | gradients by dual numbers |
//!
//! # A step by hand
//!
//! Every operation is a pair: a forward kernel and one for its gradient. The gradient kernel takes
//! `dy`, the gradient of the loss with respect to the output, and makes `dx`, that with respect to
//! the input. Here the loss is the mean squared error of a 1 x 1 convolution of two pixels:
//!
//! ```
//! use paso_ops::{
//!     Conv, Epilogue, Images, ImagesMut, Isa, PackedConv, Plane, mse, mse_grad,
//! };
//!
//! let isa = Isa::best();
//! let conv = Conv::new(2, 1, 1); // two channels to one
//! let (x, y) = (Plane::new(1, 2, 2), Plane::new(1, 2, 1));
//! let (input, target) = ([1.0, 2.0, 3.0, 4.0], [1.0, 0.0]);
//! let mut weights = [0.5, 0.25];
//! let mut packed = PackedConv::default();
//!
//! let mut losses = Vec::new();
//! for _ in 0..20 {
//!     packed.pack(isa, &conv, x, &weights);
//!     let mut out = [0.0; 2];
//!     let (from, to) = (Images::new(x, &input), ImagesMut::new(y, &mut out));
//!     conv.forward(isa, from, &packed, Epilogue::default(), to);
//!     losses.push(mse(&out, &target));
//!
//!     let (mut dy, mut dw) = ([0.0; 2], [0.0; 2]);
//!     mse_grad(&out, &target, 1.0, &mut dy);
//!     conv.weight_grad(isa, Images::new(x, &input), Images::new(y, &dy), &mut dw);
//!     weights.iter_mut().zip(dw).for_each(|(w, dw)| *w -= 0.02 * dw);
//! }
//! assert_eq!(losses[0], 3.125); // outputs 1 and 2.5
//! assert!(losses[19] < 0.6);
//! ```
//!
//! # Reproducibility
//!
//! A kernel gives the same bits each time on one instruction set. Between instruction sets nothing
//! is promised about the last bits of sums and of `exp`. `ReLU`, max pooling, copies and dropout do
//! not round a sum, and have the same bits everywhere.

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
pub use conv::{Conv, Epilogue, FusedActivation, PackedConv, Separable, bias_grad};
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
