//! The coefficients per channel that turn inputs into normalized outputs, and their gradients into
//! those of the inputs.

use super::{GradSums, Moments};

/// The coefficients of one batch normalization: `y = gamma * (x - mean) / sqrt(var + eps) + beta`
/// as one multiply-add, `x * scale + shift`. All lengths are the number of channels.
///
/// Coefficients are computed in `f64` and rounded once.
///
/// ```
/// use paso_ops::Norm;
///
/// let mut norm = Norm::new(2);
/// norm.set_running(&[1.0, 0.0], &[4.0, 1.0], &[1.0, 3.0], &[0.5, 0.0], 0.0);
/// assert_eq!(norm.scale, [0.5, 3.0]);
/// assert_eq!(norm.shift, [0.0, 0.0]);
/// ```
///
/// For inference, `scale` can be multiplied into the weights of the convolution before the
/// normalization, and `shift` be its bias ([`Epilogue`](crate::Epilogue)): the two layers then are
/// one.
///
/// With `mu` and `var` of a channel over all pixels of the batch, `n` of them, and
/// `hat = (x - mu) / sqrt(var + eps)`,
///
/// ```text
/// y       = gamma * hat + beta
/// d_gamma = sum of dy * hat
/// d_beta  = sum of dy
/// dx      = gamma / sqrt(var + eps) * (dy - d_beta / n - hat * d_gamma / n)
/// ```
///
/// (Ioffe & Szegedy, arXiv:1502.03167, section 3). `PyTorch`'s `nn.BatchNorm2d` computes the same,
/// normalizes by the biased variance, divided by `n`, and averages the unbiased one, divided by
/// `n - 1`, for inference. Its `momentum` 0.1 is the weight of the new batch; Keras calls the other
/// weight, 0.99, momentum.
///
/// A step over a batch of two images of one channel:
///
/// ```
/// use paso_ops::{
///     GradSums, Image, ImageMut, Isa, Moments, Norm, NormEpilogue, Plane, batch_norm,
///     batch_norm_grad, batch_norm_grad_sums,
/// };
///
/// let (isa, plane, epilogue) = (Isa::best(), Plane::new(1, 2, 1), NormEpilogue::default());
/// let images = [[1.0, 3.0], [5.0, 7.0]]; // mean 4, variance 5
/// let mut moments = Moments::new(1);
/// images.iter().for_each(|x| moments.add_image(isa, Image::new(plane, x)));
/// let mut norm = Norm::new(1);
/// norm.set_batch(&moments, &[5_f32.sqrt()], &[10.0], 0.0);
/// let mut y = [0.0; 2];
/// batch_norm(isa, &norm, epilogue, Image::new(plane, &images[0]), ImageMut::new(plane, &mut y));
/// assert!((y[0] - 7.0).abs() < 1e-6 && (y[1] - 9.0).abs() < 1e-6);
///
/// let (dy, mut sums) = ([[1.0, 0.0], [0.0, 0.0]], GradSums::new(1));
/// for (x, dy) in images.iter().zip(&dy) {
///     let (x, dy) = (Image::new(plane, x), Image::new(plane, dy));
///     batch_norm_grad_sums(isa, &norm, epilogue, x, dy, &mut sums);
/// }
/// let (mut d_gamma, mut d_beta, mut dx) = ([0.0], [0.0], [0.0; 2]);
/// norm.set_backward(&sums, moments.count(), &mut d_gamma, &mut d_beta);
/// assert_eq!(d_beta, [1.0]);
/// let (x, dy) = (Image::new(plane, &images[0]), Image::new(plane, &dy[0]));
/// batch_norm_grad(isa, &norm, epilogue, x, dy, ImageMut::new(plane, &mut dx));
/// // 1 - 1/4 - (9/5)/4 = 0.3 and 0 - 1/4 - (3/5)/4 = -0.4
/// assert!((dx[0] - 0.3).abs() < 1e-6 && (dx[1] + 0.4).abs() < 1e-6);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Norm {
    /// `gamma / sqrt(var + eps)`.
    pub scale: Vec<f32>,
    /// `beta - mean * scale`.
    pub shift: Vec<f32>,
    mean: Vec<f32>,
    beta: Vec<f32>,
    inverse_std: Vec<f64>,
    d_output: Vec<f32>,
    d_centered: Vec<f32>,
    d_constant: Vec<f32>,
}

impl Norm {
    /// Coefficients of `channels` channels; all zero until one of the setters is called.
    #[must_use]
    pub fn new(channels: usize) -> Self {
        let zeros = vec![0.0; channels];
        Self {
            scale: zeros.clone(),
            shift: zeros.clone(),
            mean: zeros.clone(),
            beta: zeros.clone(),
            inverse_std: vec![0.0; channels],
            d_output: zeros.clone(),
            d_centered: zeros.clone(),
            d_constant: zeros,
        }
    }

    /// Normalizes with the moments of a batch, as in training. The variance is the biased one,
    /// divided by the count.
    ///
    /// `gamma` and `beta` are `[channels]`; `eps` is added to the variance, `PyTorch`'s default is
    /// 1e-5. A channel that is constant over the batch has variance 0 and is scaled by
    /// `gamma / sqrt(eps)`.
    ///
    /// # Panics
    /// When `moments`, `gamma` or `beta` has fewer channels.
    pub fn set_batch(&mut self, moments: &Moments, gamma: &[f32], beta: &[f32], eps: f64) {
        for c in 0..self.scale.len() {
            self.set(c, moments.mean()[c], moments.variance(c), gamma[c], beta[c], eps);
        }
    }

    /// Normalizes with running statistics, as in inference.
    ///
    /// All slices are `[channels]`; `var` is a variance and not a standard deviation, at least 0.
    ///
    /// # Panics
    /// When one of the slices has fewer channels.
    pub fn set_running(
        &mut self,
        mean: &[f32],
        var: &[f32],
        gamma: &[f32],
        beta: &[f32],
        eps: f64,
    ) {
        for c in 0..self.scale.len() {
            self.set(c, f64::from(mean[c]), f64::from(var[c]), gamma[c], beta[c], eps);
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "coefficients are computed in f64 and used in f32"
    )]
    fn set(&mut self, c: usize, mean: f64, var: f64, gamma: f32, beta: f32, eps: f64) {
        let inverse = 1.0 / (var + eps).sqrt();
        let scale = f64::from(gamma) * inverse;
        (self.mean[c], self.beta[c]) = (mean as f32, beta);
        self.inverse_std[c] = inverse;
        self.scale[c] = scale as f32;
        self.shift[c] = (f64::from(beta) - mean * scale) as f32;
    }

    /// The means, rounded to `f32`.
    #[must_use]
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// The outputs at the mean.
    pub(crate) fn beta(&self) -> &[f32] {
        &self.beta
    }

    /// Whether the input can be computed from the output well enough for
    /// [`batch_norm_grad_sums_from_output`](crate::batch_norm_grad_sums_from_output).
    ///
    /// The output is rounded to a multiple of `ulp(beta)` where `gamma` is small compared with it,
    /// and computing the input divides that error by `gamma`. True where `|beta| <= 16 |gamma|` in
    /// all channels, so that at most 4 of 24 bits are lost.
    #[must_use]
    pub fn is_invertible(&self) -> bool {
        self.scale.iter().zip(&self.inverse_std).zip(&self.beta).all(|((scale, inverse), beta)| {
            let gamma = f64::from(*scale) / inverse;
            scale.is_normal() && f64::from(beta.abs()) <= 16.0 * gamma.abs()
        })
    }

    /// The coefficients of `dx = dy * d_output + (x - mean) * d_centered + d_constant`: mean, then
    /// the three.
    pub(crate) fn backward_coefficients(&self) -> [&[f32]; 4] {
        [&self.mean, &self.d_output, &self.d_centered, &self.d_constant]
    }

    /// Sets what [`batch_norm_grad`](crate::batch_norm_grad) needs from the sums over a batch of
    /// `count` pixels, and adds to the gradients of gamma and beta.
    ///
    /// `count` is [`Moments::count`] of the same batch. The coefficients of [`Norm::set_batch`]
    /// must still be set. `d_gamma` and `d_beta` are `[channels]` and are added to.
    ///
    /// # Panics
    /// When the sums or one of the slices has fewer channels.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "coefficients are computed in f64 and used in f32"
    )]
    pub fn set_backward(
        &mut self,
        sums: &GradSums,
        count: f64,
        d_gamma: &mut [f32],
        d_beta: &mut [f32],
    ) {
        for c in 0..self.scale.len() {
            let (d, dx) = (sums.d_output()[c], sums.d_output_x()[c] * self.inverse_std[c]);
            d_gamma[c] += dx as f32;
            d_beta[c] += d as f32;
            let scale = f64::from(self.scale[c]);
            self.d_output[c] = self.scale[c];
            self.d_centered[c] = (-scale * self.inverse_std[c] * dx / count) as f32;
            self.d_constant[c] = (-scale * d / count) as f32;
        }
    }
}
