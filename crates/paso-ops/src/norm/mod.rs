//! Statistics and coefficients of batch normalization (Ioffe and Szegedy 2015, arXiv:1502.03167).
//!
//! Training needs the moments of the whole batch before it can write the first output, and the sums
//! of the whole batch before it can write the first gradient. So the work is split into passes over
//! single images and small steps per channel between them:
//!
//! | pass | per image | then, once per batch |
//! |---|---|---|
//! | forward | [`Moments::add_image`] | [`Norm::set_batch`] |
//! | forward | [`batch_norm`](crate::batch_norm) | |
//! | backward | [`batch_norm_grad_sums`](crate::batch_norm_grad_sums) | [`Norm::set_backward`] |
//! | backward | [`batch_norm_grad`](crate::batch_norm_grad) | |
//!
//! Sums over one image are `f32`; sums over a batch are `f64`, in the order in which images and
//! batch chunks are added.

mod coefficients;
mod grad_sums;
mod moments;
#[cfg(test)]
mod tests;

pub use coefficients::Norm;
pub use grad_sums::GradSums;
pub use moments::Moments;
