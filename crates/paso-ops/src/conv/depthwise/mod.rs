//! Depthwise convolution: one filter per channel, so every tap is one vector multiply-add over
//! channels.
//!
//! The `row_len` of a [`ConvGeometry`] here counts the taps of a kernel row. 3 x 3 and 5 x 5 taps
//! have kernels of their own ([`taps_3x3`], [`taps_5x5`], [`mod@input_grad_stride2`]); those of this
//! file serve all other sizes.
//!
//! A tap has one product per channel where an ordinary convolution has one per pair of channels, so
//! that memory and not arithmetic limits it: what counts is how often an input is loaded. The
//! general kernel loads an input once per tap; the others once per row of taps.

#![expect(clippy::needless_range_loop, reason = "a register tile is clearest by its indices")]

use pulp::Simd;

mod input_grad_stride2;
mod taps_3x3;
mod taps_5x5;

pub(super) use input_grad_stride2::{fits as fits_stride2, input_grad as input_grad_stride2};

use super::epilogue::Epilogue;
use super::geometry::ConvGeometry;
use crate::Isa;
use crate::vector::{VectorKernel, add_to, load, run_vectors, store};

/// `output[pixel][c] = bias[c] + sum over taps of input[pixel + tap][c] * weight[tap][c]`, then the
/// epilogue.
pub(in crate::conv) fn convolve(
    isa: Isa,
    geometry: &ConvGeometry,
    input: &[f32],
    weight: &[f32],
    epilogue: Epilogue<'_>,
    output: &mut [f32],
) {
    let channels = geometry.channels;
    match taps_3x3::step(geometry) {
        Some(1) => {
            let kernel = taps_3x3::Forward::<1> { geometry, input, weight, epilogue, output };
            run_vectors(isa, channels, kernel);
        }
        Some(_) => {
            let kernel = taps_3x3::Forward::<2> { geometry, input, weight, epilogue, output };
            run_vectors(isa, channels, kernel);
        }
        None => match taps_5x5::step(geometry) {
            Some(1) => {
                let kernel = taps_5x5::Forward::<1> { geometry, input, weight, epilogue, output };
                run_vectors(isa, channels, kernel);
            }
            Some(_) => {
                let kernel = taps_5x5::Forward::<2> { geometry, input, weight, epilogue, output };
                run_vectors(isa, channels, kernel);
            }
            None => {
                let kernel = Forward { geometry, input, weight, epilogue, output };
                run_vectors(isa, channels, kernel);
            }
        },
    }
}

/// Adds to `gradient[tap][c]` the sum over pixels of
/// `input[pixel + tap][c] * output_grad[pixel][c]`.
pub(in crate::conv) fn weight_grad(
    isa: Isa,
    geometry: &ConvGeometry,
    input: &[f32],
    output_grad: &[f32],
    gradient: &mut [f32],
) {
    let channels = geometry.channels;
    match taps_3x3::step(geometry) {
        Some(1) => {
            let kernel = taps_3x3::WeightGrad::<1> { geometry, input, output_grad, gradient };
            run_vectors(isa, channels, kernel);
        }
        Some(_) => {
            let kernel = taps_3x3::WeightGrad::<2> { geometry, input, output_grad, gradient };
            run_vectors(isa, channels, kernel);
        }
        None => match taps_5x5::step(geometry) {
            Some(1) => {
                let kernel = taps_5x5::WeightGrad::<1> { geometry, input, output_grad, gradient };
                run_vectors(isa, channels, kernel);
            }
            Some(_) => {
                let kernel = taps_5x5::WeightGrad::<2> { geometry, input, output_grad, gradient };
                run_vectors(isa, channels, kernel);
            }
            None => {
                let kernel = WeightGrad { geometry, input, output_grad, gradient };
                run_vectors(isa, channels, kernel);
            }
        },
    }
}

struct Forward<'a> {
    geometry: &'a ConvGeometry,
    input: &'a [f32],
    weight: &'a [f32],
    epilogue: Epilogue<'a>,
    output: &'a mut [f32],
}

/// Pixels of one tile: enough independent sums to hide the latency of a multiply-add.
const TILE: usize = 4;

impl VectorKernel for Forward<'_> {
    #[inline(always)]
    fn vector<S: Simd, const FULL: bool>(&mut self, simd: S, c: usize) {
        self.channels::<S, FULL>(simd, c);
    }
}

impl Forward<'_> {
    /// All pixels of one vector of channels.
    #[inline(always)]
    fn channels<S: Simd, const FULL: bool>(&mut self, simd: S, c: usize) {
        for row in 0..self.geometry.rows {
            let mut column = 0;
            while column + TILE <= self.geometry.columns {
                self.pixels::<S, TILE, FULL>(simd, [row, column], c);
                column += TILE;
            }
            while column < self.geometry.columns {
                self.pixels::<S, 1, FULL>(simd, [row, column], c);
                column += 1;
            }
        }
    }

    /// `P` adjacent pixels.
    #[inline(always)]
    fn pixels<S: Simd, const P: usize, const FULL: bool>(
        &mut self,
        simd: S,
        [row, column]: [usize; 2],
        c: usize,
    ) {
        let (geometry, lanes) = (self.geometry, self.geometry.channels - c);
        let from =
            geometry.input.origin + row * geometry.input.row + column * geometry.input.pixel + c;
        let to =
            geometry.output.origin + row * geometry.output.row + column * geometry.output.pixel + c;
        let init = match self.epilogue.bias {
            Some(bias) => load::<S, FULL>(simd, &bias[c..], lanes),
            None => simd.splat_f32s(0.0),
        };
        let mut acc = [init; P];
        for tap in 0..geometry.taps {
            for t in 0..geometry.row_len {
                let w = &self.weight[(tap * geometry.row_len + t) * geometry.channels + c..];
                let w = load::<S, FULL>(simd, w, lanes);
                let x = &self.input[from + tap * geometry.tap_stride + t * geometry.channels..];
                for p in 0..P {
                    let x = load::<S, FULL>(simd, &x[p * geometry.input.pixel..], lanes);
                    acc[p] = simd.mul_add_f32s(x, w, acc[p]);
                }
            }
        }
        for p in 0..P {
            let y = &mut self.output[to + p * geometry.output.pixel..];
            let done = self.epilogue.activation.apply(simd, acc[p]);
            store::<S, FULL>(simd, y, lanes, done);
        }
    }
}

struct WeightGrad<'a> {
    geometry: &'a ConvGeometry,
    input: &'a [f32],
    output_grad: &'a [f32],
    gradient: &'a mut [f32],
}

impl VectorKernel for WeightGrad<'_> {
    #[inline(always)]
    fn vector<S: Simd, const FULL: bool>(&mut self, simd: S, c: usize) {
        for tap in 0..self.geometry.taps * self.geometry.row_len {
            self.tap::<S, FULL>(simd, tap, c);
        }
    }
}

impl WeightGrad<'_> {
    /// Sums one tap over all pixels, for one vector of channels.
    #[inline(always)]
    fn tap<S: Simd, const FULL: bool>(&mut self, simd: S, tap: usize, c: usize) {
        let (geometry, lanes) = (self.geometry, self.geometry.channels - c);
        let first = (tap / geometry.row_len) * geometry.tap_stride
            + (tap % geometry.row_len) * geometry.channels
            + c;
        let mut acc = simd.splat_f32s(0.0);
        for row in 0..geometry.rows {
            let x = &self.input[geometry.input.origin + row * geometry.input.row + first..];
            let d = &self.output_grad[geometry.output.origin + row * geometry.output.row + c..];
            for column in 0..geometry.columns {
                let x = load::<S, FULL>(simd, &x[column * geometry.input.pixel..], lanes);
                let d = load::<S, FULL>(simd, &d[column * geometry.output.pixel..], lanes);
                acc = simd.mul_add_f32s(x, d, acc);
            }
        }
        let cell = &mut self.gradient[tap * geometry.channels + c..];
        add_to::<S, FULL>(simd, cell, lanes, acc);
    }
}
