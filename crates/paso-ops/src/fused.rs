//! Normalization with the activation and pooling behind it, in one pass over memory each way.
//!
//! Apart, `affine`, `ReLU` and max pool write and read three images forward and as many backward. Together they
//! read the convolution's output once and write the next convolution's input; backward, the maximum
//! and the sign are found again from that same output, so nothing between has to be kept.
//! The separate kernels are the reference: forward has their bits, and so has the gradient for the same sums.

use pulp::{Simd, WithSimd};

use crate::norm::Norm;
use crate::plane::same_shape;
use crate::{Image, ImageMut, Isa, Plane, Pool};

/// What follows a normalization in the same pass; nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NormEpilogue {
    /// [`Activation::Relu`](crate::Activation::Relu).
    pub relu: bool,
    /// After it, the largest of 2 x 2 pixels: [`max_pool`](crate::max_pool) with [`Pool::new(2)`](Pool::new).
    pub pool: bool,
}

impl NormEpilogue {
    /// The output's layout for this input, without a halo.
    ///
    /// # Panics
    /// When there is a pool and the input is smaller than its window.
    #[must_use]
    #[track_caller]
    pub fn output(&self, input: Plane) -> Plane {
        if self.pool { Pool::new(2).output(input) } else { input.with_halo(0) }
    }
}

/// Normalization, activation and pooling of one image.
///
/// # Panics
/// When shapes differ.
#[track_caller]
pub fn batch_norm(isa: Isa, norm: &Norm, epilogue: NormEpilogue, x: Image<'_>, y: ImageMut<'_>) {
    same_shape("batch norm", epilogue.output(x.plane), y.plane);
    check(norm, x.plane);
    isa.run(Forward { norm, epilogue, x, y });
}

/// The gradient of the normalization's input, once [`Norm::set_backward`] has the sums of the batch.
///
/// # Panics
/// When shapes differ.
#[track_caller]
pub fn batch_norm_grad(
    isa: Isa,
    norm: &Norm,
    epilogue: NormEpilogue,
    x: Image<'_>,
    dy: Image<'_>,
    dx: ImageMut<'_>,
) {
    same_shape("batch norm", epilogue.output(x.plane), dy.plane);
    same_shape("batch norm", x.plane, dx.plane);
    check(norm, x.plane);
    isa.run(Grad { norm, epilogue, x, dy, dx });
}

#[track_caller]
fn check(norm: &Norm, x: Plane) {
    assert_eq!(x.channels, norm.scale.len(), "batch norm of another number of channels");
}

/// A vector of a pixel's channels `c..end`: a whole one where `FULL`.
#[inline(always)]
fn load<S: Simd, const FULL: bool>(simd: S, x: &[f32], c: usize, end: usize) -> S::f32s {
    if FULL {
        S::as_simd_f32s(&x[c..c + S::F32_LANES]).0[0]
    } else {
        simd.partial_load_f32s(&x[c..end])
    }
}

#[inline(always)]
fn store<S: Simd, const FULL: bool>(simd: S, y: &mut [f32], c: usize, end: usize, value: S::f32s) {
    if FULL {
        S::as_mut_simd_f32s(&mut y[c..c + S::F32_LANES]).0[0] = value;
    } else {
        simd.partial_store_f32s(&mut y[c..end], value);
    }
}

/// The windows of a row of outputs: two pixels of each of two rows.
#[inline(always)]
fn windows(x: Image<'_>, row: usize) -> impl Iterator<Item = [&[f32]; 2]> {
    let two = 2 * x.plane.channels;
    let top = x.data[x.plane.row(2 * row)].chunks_exact(two);
    let bottom = x.data[x.plane.row(2 * row + 1)].chunks_exact(two);
    top.zip(bottom).map(|(top, bottom)| [top, bottom])
}

/// A vector of the channels of each of a window's four pixels.
#[inline(always)]
fn window<S: Simd, const FULL: bool>(
    simd: S,
    rows: [&[f32]; 2],
    channels: usize,
    c: usize,
    end: usize,
) -> [S::f32s; 4] {
    let mut xs = [simd.splat_f32s(0.0); 4];
    for (x, (r, p)) in xs.iter_mut().zip(WINDOW) {
        *x = load::<S, FULL>(simd, rows[r], p * channels + c, p * channels + end);
    }
    xs
}

/// A vector of channels of two rows of pixels: what the three kernels share.
#[derive(Clone, Copy)]
struct Lane<S: Simd> {
    simd: S,
    relu: bool,
    scale: S::f32s,
    shift: S::f32s,
}

impl<S: Simd> Lane<S> {
    /// Those of the channels `c..end`, vector by vector.
    #[inline(always)]
    fn of<const N: usize>(simd: S, norm: &Norm, relu: bool, c: usize, end: usize) -> [Self; N] {
        let zero = simd.splat_f32s(0.0);
        let mut lanes = [Self { simd, relu, scale: zero, shift: zero }; N];
        for (v, lane) in lanes.iter_mut().enumerate() {
            let (c, end) = part::<S>(c, end, v);
            lane.scale = simd.partial_load_f32s(&norm.scale[c..end]);
            lane.shift = simd.partial_load_f32s(&norm.shift[c..end]);
        }
        lanes
    }

    #[inline(always)]
    fn affine(self, x: S::f32s) -> S::f32s {
        self.simd.mul_add_f32s(x, self.scale, self.shift)
    }

    // Not `map`: its closure may stay a call, compiled without the vector instructions.
    #[inline(always)]
    fn affine4(self, x: [S::f32s; 4]) -> [S::f32s; 4] {
        [self.affine(x[0]), self.affine(x[1]), self.affine(x[2]), self.affine(x[3])]
    }

    /// Zero where not above zero; a NaN stays one.
    #[inline(always)]
    fn activate(self, value: S::f32s) -> S::f32s {
        let zero = self.simd.splat_f32s(0.0);
        if self.relu {
            let off = self.simd.less_than_or_equal_f32s(value, zero);
            self.simd.select_f32s(off, zero, value)
        } else {
            value
        }
    }

    /// The gradient before the activation.
    #[inline(always)]
    fn gate(self, value: S::f32s, d: S::f32s) -> S::f32s {
        let zero = self.simd.splat_f32s(0.0);
        if self.relu {
            self.simd.select_f32s(self.simd.greater_than_f32s(value, zero), d, zero)
        } else {
            d
        }
    }

    /// The gradient of the input, with [`Norm::backward_factors`].
    #[inline(always)]
    fn grad(self, factors: [S::f32s; 4], x: S::f32s, d: S::f32s) -> S::f32s {
        let [mean, d_output, d_centred, d_constant] = factors;
        let centred = self.simd.sub_f32s(x, mean);
        let value = self.simd.mul_add_f32s(centred, d_centred, d_constant);
        self.simd.mul_add_f32s(d, d_output, value)
    }

    /// Whether `x` takes the place of the maximum so far: the first of equal ones stays, a NaN wins for good.
    #[inline(always)]
    fn beats(self, x: S::f32s, max: S::f32s) -> S::m32s {
        let simd = self.simd;
        let not_below = simd.not_m32s(simd.less_than_or_equal_f32s(x, max));
        simd.and_m32s(not_below, simd.equal_f32s(max, max))
    }

    /// The largest of four, and by which of the last three the one before was beaten.
    ///
    /// Before the activation: `ReLU` keeps the order of what is above zero, and lets no gradient through elsewhere.
    #[inline(always)]
    fn largest(self, values: [S::f32s; 4]) -> (S::f32s, [S::m32s; 3]) {
        let (simd, max) = (self.simd, values[0]);
        let first = self.beats(values[1], max);
        let max = simd.select_f32s(first, values[1], max);
        let second = self.beats(values[2], max);
        let max = simd.select_f32s(second, values[2], max);
        let third = self.beats(values[3], max);
        (simd.select_f32s(third, values[3], max), [first, second, third])
    }
}

/// Offsets of a window's four pixels in two rows: row and pixel.
const WINDOW: [(usize, usize); 4] = [(0, 0), (0, 1), (1, 0), (1, 1)];

/// The channels of vector `v` of those from `c` to `end`.
#[inline(always)]
fn part<S: Simd>(c: usize, end: usize, v: usize) -> (usize, usize) {
    let c = c + v * S::F32_LANES;
    (c, end.min(c + S::F32_LANES))
}

/// What is done to all pixels, `N` vectors of channels at a time.
trait Kernel {
    /// The channels `c..end`: whole vectors where `FULL`, less than one otherwise.
    fn channels<S: Simd, const POOL: bool, const FULL: bool, const N: usize>(
        &mut self,
        simd: S,
        c: usize,
        end: usize,
    );
}

/// Runs a kernel over all channels.
#[inline(always)]
fn run<S: Simd>(simd: S, kernel: &mut impl Kernel, channels: usize, pool: bool) {
    if pool {
        run_with::<S, true>(simd, kernel, channels);
    } else {
        run_with::<S, false>(simd, kernel, channels);
    }
}

/// Up to eight vectors at a time: one vector of each pixel of 32 channels would be every other line of the memory, and
/// those come half as fast.
#[inline(always)]
fn run_with<S: Simd, const POOL: bool>(simd: S, kernel: &mut impl Kernel, channels: usize) {
    let mut c = 0;
    while c < channels {
        let left = (channels - c) / S::F32_LANES;
        if left == 0 {
            return kernel.channels::<S, POOL, false, 1>(simd, c, channels);
        }
        let vectors = 1 << left.min(8).ilog2();
        let end = c + vectors * S::F32_LANES;
        match vectors {
            1 => kernel.channels::<S, POOL, true, 1>(simd, c, end),
            2 => kernel.channels::<S, POOL, true, 2>(simd, c, end),
            4 => kernel.channels::<S, POOL, true, 4>(simd, c, end),
            _ => kernel.channels::<S, POOL, true, 8>(simd, c, end),
        }
        c = end;
    }
}

struct Forward<'a> {
    norm: &'a Norm,
    epilogue: NormEpilogue,
    x: Image<'a>,
    y: ImageMut<'a>,
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (channels, pool) = (self.x.plane.channels, self.epilogue.pool);
        run(simd, &mut self, channels, pool);
    }
}

impl Kernel for Forward<'_> {
    #[inline(always)]
    fn channels<S: Simd, const POOL: bool, const FULL: bool, const N: usize>(
        &mut self,
        simd: S,
        c: usize,
        end: usize,
    ) {
        let (x, channels) = (self.x, self.x.plane.channels);
        let lanes = Lane::of::<N>(simd, self.norm, self.epilogue.relu, c, end);
        for row in 0..self.y.plane.height {
            let y = &mut self.y.data[self.y.plane.row(row)];
            let y = y.chunks_exact_mut(channels);
            if POOL {
                for (y, rows) in y.zip(windows(x, row)) {
                    for (v, lane) in lanes.iter().enumerate() {
                        let (c, end) = part::<S>(c, end, v);
                        let xs = window::<S, FULL>(simd, rows, channels, c, end);
                        let max = lane.activate(lane.largest(lane.affine4(xs)).0);
                        store::<S, FULL>(simd, y, c, end, max);
                    }
                }
            } else {
                for (y, x) in y.zip(x.data[x.plane.row(row)].chunks_exact(channels)) {
                    for (v, lane) in lanes.iter().enumerate() {
                        let (c, end) = part::<S>(c, end, v);
                        let value = lane.affine(load::<S, FULL>(simd, x, c, end));
                        store::<S, FULL>(simd, y, c, end, lane.activate(value));
                    }
                }
            }
        }
    }
}

struct Grad<'a> {
    norm: &'a Norm,
    epilogue: NormEpilogue,
    x: Image<'a>,
    dy: Image<'a>,
    dx: ImageMut<'a>,
}

impl WithSimd for Grad<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (channels, pool) = (self.x.plane.channels, self.epilogue.pool);
        run(simd, &mut self, channels, pool);
    }
}

impl Kernel for Grad<'_> {
    #[inline(always)]
    fn channels<S: Simd, const POOL: bool, const FULL: bool, const N: usize>(
        &mut self,
        simd: S,
        c: usize,
        end: usize,
    ) {
        let (x, dy, channels) = (self.x, self.dy, self.x.plane.channels);
        let lanes = Lane::of::<N>(simd, self.norm, self.epilogue.relu, c, end);
        let zero = simd.splat_f32s(0.0);
        let mut factors = [[zero; 4]; N];
        for (v, factors) in factors.iter_mut().enumerate() {
            let (c, end) = part::<S>(c, end, v);
            for (factor, all) in factors.iter_mut().zip(self.norm.backward_factors()) {
                *factor = simd.partial_load_f32s(&all[c..end]);
            }
        }
        // Pixels that no window covers: all of a last odd row, the last of a row of odd width.
        let (rows, pixels) = if POOL { (2 * dy.plane.height, 2 * dy.plane.width) } else { (0, 0) };
        let plane = self.dx.plane;
        if POOL {
            let (line, halo) = (plane.row_stride(), 2 * plane.halo * channels);
            for row in 0..dy.plane.height {
                let start = plane.row(2 * row).start;
                let two = &mut self.dx.data[start..start + 2 * line - halo];
                let (dx_top, dx_bottom) = two.split_at_mut(line);
                let dx = dx_top
                    .chunks_exact_mut(2 * channels)
                    .zip(dx_bottom.chunks_exact_mut(2 * channels));
                let dy = dy.data[dy.plane.row(row)].chunks_exact(channels);
                for ((dy, rows), dx) in dy.zip(windows(x, row)).zip(dx) {
                    let dx = [dx.0, dx.1];
                    for (v, (lane, factors)) in lanes.iter().zip(factors).enumerate() {
                        let (c, end) = part::<S>(c, end, v);
                        let xs = window::<S, FULL>(simd, rows, channels, c, end);
                        let (max, beaten) = lane.largest(lane.affine4(xs));
                        let mut d = lane.gate(max, load::<S, FULL>(simd, dy, c, end));
                        for k in (0..4).rev() {
                            let (r, p) = WINDOW[k];
                            let mut share = d;
                            if k > 0 {
                                share = simd.select_f32s(beaten[k - 1], d, zero);
                                d = simd.select_f32s(beaten[k - 1], zero, d);
                            }
                            let (at, end) = (p * channels + c, p * channels + end);
                            let value = lane.grad(factors, xs[k], share);
                            store::<S, FULL>(simd, dx[r], at, end, value);
                        }
                    }
                }
            }
        }
        for row in 0..plane.height {
            let skip = if row < rows { pixels } else { 0 };
            let x = x.data[x.plane.row(row)].chunks_exact(channels);
            let dx = self.dx.data[plane.row(row)].chunks_exact_mut(channels);
            if POOL {
                for (x, dx) in x.zip(dx).skip(skip) {
                    for (v, (lane, factors)) in lanes.iter().zip(factors).enumerate() {
                        let (c, end) = part::<S>(c, end, v);
                        let x = load::<S, FULL>(simd, x, c, end);
                        store::<S, FULL>(simd, dx, c, end, lane.grad(factors, x, zero));
                    }
                }
            } else {
                let dy = dy.data[dy.plane.row(row)].chunks_exact(channels);
                for ((x, dx), dy) in x.zip(dx).zip(dy) {
                    for (v, (lane, factors)) in lanes.iter().zip(factors).enumerate() {
                        let (c, end) = part::<S>(c, end, v);
                        let x = load::<S, FULL>(simd, x, c, end);
                        let d = lane.gate(lane.affine(x), load::<S, FULL>(simd, dy, c, end));
                        store::<S, FULL>(simd, dx, c, end, lane.grad(factors, x, d));
                    }
                }
            }
        }
    }
}

mod sums;
#[cfg(test)]
mod tests;

pub use sums::{batch_norm_grad_sums, batch_norm_grad_sums_from_output};
