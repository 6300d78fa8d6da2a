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
//!
//! With `mu` and `var` of a channel over all pixels of the batch, `n` of them, and
//! `hat = (x - mu) / sqrt(var + eps)`,
//!
//! ```text
//! y       = gamma * hat + beta
//! d_gamma = sum of dy * hat
//! d_beta  = sum of dy
//! dx      = gamma / sqrt(var + eps) * (dy - d_beta / n - hat * d_gamma / n)
//! ```
//!
//! (section 3 of the paper). `PyTorch`'s `nn.BatchNorm2d` computes the same, normalizes by the
//! biased variance, divided by `n`, and averages the unbiased one, divided by `n - 1`, for
//! inference. Its `momentum` 0.1 is the weight of the new batch; Keras calls the other weight,
//! 0.99, momentum.
//!
//! A step over a batch of two images of one channel:
//!
//! ```
//! use paso_ops::{
//!     GradSums, Image, ImageMut, Isa, Moments, Norm, NormEpilogue, Plane, batch_norm,
//!     batch_norm_grad, batch_norm_grad_sums,
//! };
//!
//! let (isa, plane, epilogue) = (Isa::best(), Plane::new(1, 2, 1), NormEpilogue::default());
//! let images = [[1.0, 3.0], [5.0, 7.0]]; // mean 4, variance 5
//! let mut moments = Moments::new(1);
//! images.iter().for_each(|x| moments.add_image(isa, Image::new(plane, x)));
//! let mut norm = Norm::new(1);
//! norm.set_batch(&moments, &[5_f32.sqrt()], &[10.0], 0.0);
//! let mut y = [0.0; 2];
//! batch_norm(isa, &norm, epilogue, Image::new(plane, &images[0]), ImageMut::new(plane, &mut y));
//! assert!((y[0] - 7.0).abs() < 1e-6 && (y[1] - 9.0).abs() < 1e-6);
//!
//! let (dy, mut sums) = ([[1.0, 0.0], [0.0, 0.0]], GradSums::new(1));
//! for (x, dy) in images.iter().zip(&dy) {
//!     let (x, dy) = (Image::new(plane, x), Image::new(plane, dy));
//!     batch_norm_grad_sums(isa, &norm, epilogue, x, dy, &mut sums);
//! }
//! let (mut d_gamma, mut d_beta, mut dx) = ([0.0], [0.0], [0.0; 2]);
//! norm.set_backward(&sums, moments.count(), &mut d_gamma, &mut d_beta);
//! assert_eq!(d_beta, [1.0]);
//! let (x, dy) = (Image::new(plane, &images[0]), Image::new(plane, &dy[0]));
//! batch_norm_grad(isa, &norm, epilogue, x, dy, ImageMut::new(plane, &mut dx));
//! // 1 - 1/4 - (9/5)/4 = 0.3 and 0 - 1/4 - (3/5)/4 = -0.4
//! assert!((dx[0] - 0.3).abs() < 1e-6 && (dx[1] + 0.4).abs() < 1e-6);
//! ```

mod coefficients;
mod grad_sums;
mod moments;
#[cfg(test)]
mod tests;

pub use coefficients::Norm;
pub use grad_sums::GradSums;
pub use moments::Moments;
