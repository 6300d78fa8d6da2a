//! Batch normalization (Ioffe and Szegedy 2015, arXiv:1502.03167), cut where a batch must meet.
//!
//! Training needs the moments of the whole batch before the first number can be written, and the sums of the whole
//! batch before the first gradient. So this module has the per-image halves ([`Moments::add_image`], [`batch_norm`](crate::batch_norm),
//! [`batch_norm_grad_sums`](crate::batch_norm_grad_sums), [`batch_norm_grad`](crate::batch_norm_grad)) and the small per-channel steps between them ([`Norm`]).
//! Everything summed over a batch is summed in `f64`, in the order in which images and parts are added.

mod moments;

use std::ops::Range;

use pulp::Simd;

pub use moments::Moments;

/// Two vectors from a slice of at most two vectors' length; what is missing is zero.
#[inline(always)]
fn load2<S: Simd>(simd: S, x: &[f32]) -> [S::f32s; 2] {
    let (low, high) = x.split_at(x.len().min(S::F32_LANES));
    [simd.partial_load_f32s(low), simd.partial_load_f32s(high)]
}

/// Calls `f` with each channel of two pairs of vectors, as `f64`.
#[inline(always)]
fn for_each_lane<S: Simd>(
    start: usize,
    end: usize,
    sums: [[S::f32s; 2]; 2],
    mut f: impl FnMut(usize, [f64; 2]),
) {
    let lanes = |v: [S::f32s; 2]| {
        let mut out = [0.0_f32; 32];
        let (a, b) = out.split_at_mut(S::F32_LANES);
        a.copy_from_slice(bytemuck::cast_slice(&[v[0]]));
        b[..S::F32_LANES].copy_from_slice(bytemuck::cast_slice(&[v[1]]));
        out
    };
    let (a, b) = (lanes(sums[0]), lanes(sums[1]));
    for c in start..end {
        f(c, [f64::from(a[c - start]), f64::from(b[c - start])]);
    }
}

/// The per-channel numbers of one normalization: what turns `x` into `gamma * (x - mean) / sqrt(var + eps) + beta`.
#[derive(Clone, Debug, Default)]
pub struct Norm {
    /// `y = x * scale + shift`.
    pub scale: Vec<f32>,
    /// See `scale`.
    pub shift: Vec<f32>,
    mean: Vec<f32>,
    beta: Vec<f32>,
    inverse_std: Vec<f64>,
    d_output: Vec<f32>,
    d_centred: Vec<f32>,
    d_constant: Vec<f32>,
}

impl Norm {
    /// For `channels` channels; all zero until set.
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
            d_centred: zeros.clone(),
            d_constant: zeros,
        }
    }

    /// Normalizes with the moments of a batch (training).
    pub fn set_batch(&mut self, moments: &Moments, gamma: &[f32], beta: &[f32], eps: f64) {
        for c in 0..self.scale.len() {
            self.set(c, moments.mean()[c], moments.variance(c), gamma[c], beta[c], eps);
        }
    }

    /// Normalizes with running statistics (inference).
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
        reason = "per-channel factors are computed in f64 and used in f32"
    )]
    fn set(&mut self, c: usize, mean: f64, var: f64, gamma: f32, beta: f32, eps: f64) {
        let inverse = 1.0 / (var + eps).sqrt();
        let scale = f64::from(gamma) * inverse;
        (self.mean[c], self.beta[c]) = (mean as f32, beta);
        self.inverse_std[c] = inverse;
        self.scale[c] = scale as f32;
        self.shift[c] = (f64::from(beta) - mean * scale) as f32;
    }

    /// The means that [`batch_norm_grad_sums`](crate::batch_norm_grad_sums) wants.
    #[must_use]
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// What the output is where the input is the mean.
    pub(crate) fn beta(&self) -> &[f32] {
        &self.beta
    }

    /// Whether the input can be told from the output, for
    /// [`batch_norm_grad_sums_from_output`](crate::batch_norm_grad_sums_from_output): the rounding of `y` is that of `beta` where `gamma` is small beside
    /// it, and is divided by `gamma`. This asks for `|beta| <= 16 |gamma|` in all channels, so that at most 4 of 24 bits are lost.
    #[must_use]
    pub fn is_invertible(&self) -> bool {
        self.scale.iter().zip(&self.inverse_std).zip(&self.beta).all(|((scale, inverse), beta)| {
            let gamma = f64::from(*scale) / inverse;
            scale.is_normal() && f64::from(beta.abs()) <= 16.0 * gamma.abs()
        })
    }

    /// What the gradient of the input is made of: `mean`, and the factors of the output's gradient, of the centred
    /// input, and 1.
    pub(crate) fn backward_factors(&self) -> [&[f32]; 4] {
        [&self.mean, &self.d_output, &self.d_centred, &self.d_constant]
    }

    /// From the sums over the batch: sets what [`batch_norm_grad`](crate::batch_norm_grad) needs, and adds to the gradients of gamma and beta.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "per-channel factors are computed in f64 and used in f32"
    )]
    pub fn set_backward(
        &mut self,
        sums: &GradSums,
        count: f64,
        d_gamma: &mut [f32],
        d_beta: &mut [f32],
    ) {
        for c in 0..self.scale.len() {
            let (d, dx) = (sums.d_output[c], sums.d_output_x[c] * self.inverse_std[c]);
            d_gamma[c] += dx as f32;
            d_beta[c] += d as f32;
            let scale = f64::from(self.scale[c]);
            self.d_output[c] = self.scale[c];
            self.d_centred[c] = (-scale * self.inverse_std[c] * dx / count) as f32;
            self.d_constant[c] = (-scale * d / count) as f32;
        }
    }
}

/// Sums over a batch for each channel: of `dy`, and of `dy * (x - mean)`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GradSums {
    d_output: Vec<f64>,
    d_output_x: Vec<f64>,
}

impl GradSums {
    /// Zero sums of `channels` channels.
    #[must_use]
    pub fn new(channels: usize) -> Self {
        Self { d_output: vec![0.0; channels], d_output_x: vec![0.0; channels] }
    }

    /// Back to zero; allocates nothing.
    pub fn reset(&mut self) {
        self.d_output.fill(0.0);
        self.d_output_x.fill(0.0);
    }

    /// Both sums, for tests.
    #[cfg(test)]
    pub(crate) fn sums(&self) -> impl Iterator<Item = &[f64]> {
        [&self.d_output[..], &self.d_output_x].into_iter()
    }

    /// Adds to the sums of one channel, for tests.
    #[cfg(test)]
    pub(crate) fn add(&mut self, channel: usize, d_output: f64, d_output_x: f64) {
        self.d_output[channel] += d_output;
        self.d_output_x[channel] += d_output_x;
    }

    /// Channels summed.
    pub(crate) fn channels(&self) -> usize {
        self.d_output.len()
    }

    /// Adds sums over one image for some channels.
    #[inline(always)]
    pub(crate) fn add_vectors<S: Simd>(
        &mut self,
        channels: Range<usize>,
        d_output: S::f32s,
        d_output_x: S::f32s,
    ) {
        let (d, dx) = ([d_output], [d_output_x]);
        let (d, dx): (&[f32], &[f32]) = (bytemuck::cast_slice(&d), bytemuck::cast_slice(&dx));
        for (sum, d) in self.d_output[channels.clone()].iter_mut().zip(d) {
            *sum += f64::from(*d);
        }
        for (sum, dx) in self.d_output_x[channels].iter_mut().zip(dx) {
            *sum += f64::from(*dx);
        }
    }

    /// Adds the sums of another part of the batch.
    pub fn merge(&mut self, other: &Self) {
        for (a, b) in self.d_output.iter_mut().zip(&other.d_output) {
            *a += b;
        }
        for (a, b) in self.d_output_x.iter_mut().zip(&other.d_output_x) {
            *a += b;
        }
    }
}

/// A count of values as `f64`: exact below 2^53.
#[expect(clippy::cast_precision_loss, reason = "no image has 2^53 pixels")]
fn to_f64(n: usize) -> f64 {
    n as f64
}
