//! Batch normalization (Ioffe and Szegedy 2015, arXiv:1502.03167), cut where a batch must meet.
//!
//! Training needs the moments of the whole batch before the first number can be written, and the sums of the whole
//! batch before the first gradient. So this module has the per-image halves ([`Moments::add_image`], [`affine`],
//! [`GradSums::add_image`], [`input_grad`]) and the small per-channel steps between them ([`Norm`]).
//! Everything summed over a batch is summed in `f64`, in the order in which images and parts are added.

mod moments;

use std::ops::Range;

use pulp::{Simd, WithSimd};

use crate::plane::same_shape;
use crate::{Image, ImageMut, Isa};

pub use moments::Moments;

/// Two vectors from a slice of at most two vectors' length; what is missing is zero.
#[inline(always)]
fn load2<S: Simd>(simd: S, x: &[f32]) -> [S::f32s; 2] {
    let (low, high) = x.split_at(x.len().min(S::F32_LANES));
    [simd.partial_load_f32s(low), simd.partial_load_f32s(high)]
}

#[inline(always)]
fn store2<S: Simd>(simd: S, y: &mut [f32], value: [S::f32s; 2]) {
    let (low, high) = y.split_at_mut(y.len().min(S::F32_LANES));
    simd.partial_store_f32s(low, value[0]);
    simd.partial_store_f32s(high, value[1]);
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

    /// The means that [`GradSums::add_image`] wants.
    #[must_use]
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// What the output is where the input is the mean.
    pub(crate) fn beta(&self) -> &[f32] {
        &self.beta
    }

    /// Whether the input can be told from the output, for
    /// [`norm_tail_sums_from_output`](crate::norm_tail_sums_from_output): the rounding of `y` is that of `beta` where `gamma` is small beside
    /// it, and is divided by `gamma`. This asks for `|beta| <= 16 |gamma|` in all channels, so that at most 4 of 24 bits are lost.
    #[must_use]
    pub fn output_is_enough(&self) -> bool {
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

    /// From the sums over the batch: sets what [`input_grad`] needs, and adds to the gradients of gamma and beta.
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

    /// Adds one image: the input of the normalization and the gradient of its output.
    ///
    /// # Panics
    /// When shapes differ.
    #[track_caller]
    pub fn add_image(&mut self, isa: Isa, mean: &[f32], x: Image<'_>, dy: Image<'_>) {
        same_shape("batch norm", x.plane, dy.plane);
        assert_eq!(x.plane.channels, mean.len(), "batch norm of another number of channels");
        isa.run(ImageGradSums { x, dy, mean, sums: self });
    }

    /// Both sums, for tests.
    #[cfg(test)]
    pub(crate) fn sums(&self) -> impl Iterator<Item = &[f64]> {
        [&self.d_output[..], &self.d_output_x].into_iter()
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

struct ImageGradSums<'a> {
    x: Image<'a>,
    dy: Image<'a>,
    mean: &'a [f32],
    sums: &'a mut GradSums,
}

impl WithSimd for ImageGradSums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { x, dy, mean, sums } = self;
        let channels = x.plane.channels;
        let mut start = 0;
        while start < channels {
            let end = channels.min(start + 2 * S::F32_LANES);
            let shift = load2(simd, &mean[start..end]);
            let mut sum = [simd.splat_f32s(0.0); 2];
            let mut product = sum;
            for y in 0..x.plane.height {
                let (x, dy) = (&x.data[x.plane.row(y)], &dy.data[dy.plane.row(y)]);
                for (x, dy) in x.chunks_exact(channels).zip(dy.chunks_exact(channels)) {
                    let (x, dy) = (load2(simd, &x[start..end]), load2(simd, &dy[start..end]));
                    for v in 0..2 {
                        sum[v] = simd.add_f32s(sum[v], dy[v]);
                        product[v] =
                            simd.mul_add_f32s(simd.sub_f32s(x[v], shift[v]), dy[v], product[v]);
                    }
                }
            }
            for_each_lane::<S>(start, end, [sum, product], |c, [sum, product]| {
                sums.d_output[c] += sum;
                sums.d_output_x[c] += product;
            });
            start = end;
        }
    }
}

/// `y = x * scale + shift`, channel by channel.
///
/// # Panics
/// When shapes differ.
#[track_caller]
pub fn affine(isa: Isa, norm: &Norm, x: Image<'_>, y: ImageMut<'_>) {
    same_shape("batch norm", x.plane, y.plane);
    assert_eq!(x.plane.channels, norm.scale.len(), "batch norm of another number of channels");
    isa.run(Affine { norm, x, y });
}

struct Affine<'a> {
    norm: &'a Norm,
    x: Image<'a>,
    y: ImageMut<'a>,
}

impl WithSimd for Affine<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { norm, x, y } = self;
        let channels = x.plane.channels;
        for row in 0..x.plane.height {
            let (x, y) = (&x.data[x.plane.row(row)], &mut y.data[y.plane.row(row)]);
            let mut start = 0;
            while start < channels {
                let end = channels.min(start + 2 * S::F32_LANES);
                let (scale, shift) =
                    (load2(simd, &norm.scale[start..end]), load2(simd, &norm.shift[start..end]));
                for (x, y) in x.chunks_exact(channels).zip(y.chunks_exact_mut(channels)) {
                    let x = load2(simd, &x[start..end]);
                    let value = [
                        simd.mul_add_f32s(x[0], scale[0], shift[0]),
                        simd.mul_add_f32s(x[1], scale[1], shift[1]),
                    ];
                    store2(simd, &mut y[start..end], value);
                }
                start = end;
            }
        }
    }
}

/// The gradient of the input, once [`Norm::set_backward`] has the sums of the batch.
///
/// # Panics
/// When shapes differ.
#[track_caller]
pub fn input_grad(isa: Isa, norm: &Norm, x: Image<'_>, dy: Image<'_>, dx: ImageMut<'_>) {
    same_shape("batch norm", x.plane, dy.plane);
    same_shape("batch norm", x.plane, dx.plane);
    assert_eq!(x.plane.channels, norm.scale.len(), "batch norm of another number of channels");
    isa.run(InputGrad { norm, x, dy, dx });
}

struct InputGrad<'a> {
    norm: &'a Norm,
    x: Image<'a>,
    dy: Image<'a>,
    dx: ImageMut<'a>,
}

impl WithSimd for InputGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { norm, x, dy, dx } = self;
        let channels = x.plane.channels;
        for row in 0..x.plane.height {
            let (x, dy) = (&x.data[x.plane.row(row)], &dy.data[dy.plane.row(row)]);
            let dx = &mut dx.data[dx.plane.row(row)];
            let mut start = 0;
            while start < channels {
                let end = channels.min(start + 2 * S::F32_LANES);
                let mean = load2(simd, &norm.mean[start..end]);
                let d_output = load2(simd, &norm.d_output[start..end]);
                let d_centred = load2(simd, &norm.d_centred[start..end]);
                let d_constant = load2(simd, &norm.d_constant[start..end]);
                let pixels = x.chunks_exact(channels).zip(dy.chunks_exact(channels));
                for ((x, dy), dx) in pixels.zip(dx.chunks_exact_mut(channels)) {
                    let (x, dy) = (load2(simd, &x[start..end]), load2(simd, &dy[start..end]));
                    let mut value = d_constant;
                    for v in 0..2 {
                        let centred = simd.sub_f32s(x[v], mean[v]);
                        value[v] = simd.mul_add_f32s(centred, d_centred[v], value[v]);
                        value[v] = simd.mul_add_f32s(dy[v], d_output[v], value[v]);
                    }
                    store2(simd, &mut dx[start..end], value);
                }
                start = end;
            }
        }
    }
}

/// A count of values as `f64`: exact below 2^53.
#[expect(clippy::cast_precision_loss, reason = "no image has 2^53 pixels")]
fn to_f64(n: usize) -> f64 {
    n as f64
}
