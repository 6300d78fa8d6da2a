//! 2-D convolution: forward pass, and the gradients of input, weights and bias.
//!
//! [`Conv`] describes a convolution, [`PackedConv`] has its weights in the order in which kernels
//! read them. Shapes alone decide which kernels run:
//!
//! | convolution | forward, input gradient | weight gradient |
//! |---|---|---|
//! | 3 x 3, stride 1, at least 16 channels on both sides and 64 pixels | `winograd` | `winograd/weight_grad.rs` |
//! | other, one group | `direct`, for each residue class of the stride | `direct/weight_grad.rs` |
//! | depthwise 3 x 3, stride 1 or 2 | `depthwise/taps_3x3.rs`, `depthwise/input_grad_stride2.rs` | `depthwise/taps_3x3.rs` |
//! | other depthwise | `depthwise` | `depthwise` |
//! | grouped | `grouped.rs`, the plain loops | `grouped.rs` |
//! | depthwise, then 1 x 1 (inference) | `separable.rs` | |
//!
//! A kernel for another size of depthwise convolution is a file in `depthwise` and a line where the
//! others are chosen. Another activation behind a convolution is a field of [`Epilogue`] and a line
//! where vectors are stored.
//!
//! # From call to kernel
//!
//! 1. [`PackedConv::pack`] chooses the kernel by shapes and copies the weights into its order.
//! 2. [`Conv::forward`] checks shapes and describes loops and strides by a `ConvGeometry`.
//! 3. The kernel runs that geometry. Gradients of inputs are the same kernels with other
//!    geometries.

mod bias;
mod depthwise;
mod descriptor;
mod direct;
mod epilogue;
mod geometry;
#[cfg(test)]
mod geometry_tests;
mod grouped;
mod input_grad;
mod kernels;
mod packed;
#[cfg(test)]
mod reuse_tests;
mod separable;
#[cfg(test)]
mod tests;
mod winograd;
mod winograd_tile;

pub use bias::bias_grad;
pub use descriptor::Conv;
pub use epilogue::{Epilogue, FusedActivation};
pub use packed::PackedConv;
pub use separable::Separable;
