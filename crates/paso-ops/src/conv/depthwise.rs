//! Depthwise convolution: one filter a channel, so every tap is one vector multiply-add over channels.
//!
//! Here the `run` of a [`Walk`] counts the taps of a kernel row, not numbers. The usual 3 x 3 taps have kernels of
//! their own ([`depthwise_3x3`]); these are for all others.

#![expect(clippy::needless_range_loop, reason = "a register tile is clearest by its indices")]

use pulp::{Simd, WithSimd};

use super::direct::Walk;
use super::vector::{load, relu_if, store};
use super::{Epilogue, depthwise_3x3};
use crate::Isa;

/// `output[pixel][c] = bias[c] + sum over taps of input[pixel + tap][c] * weight[tap][c]`, finished.
pub(super) fn convolve(
    isa: Isa,
    walk: &Walk,
    input: &[f32],
    weight: &[f32],
    epilogue: Epilogue<'_>,
    output: &mut [f32],
) {
    if depthwise_3x3::fits(walk) {
        isa.run(depthwise_3x3::Forward { walk, input, weight, epilogue, output });
    } else {
        isa.run(Forward { walk, input, weight, epilogue, output });
    }
}

/// Adds to `gradient[tap][c]` the sum over pixels of `input[pixel + tap][c] * d_output[pixel][c]`.
pub(super) fn weight_grad(
    isa: Isa,
    walk: &Walk,
    input: &[f32],
    d_output: &[f32],
    gradient: &mut [f32],
) {
    if depthwise_3x3::fits(walk) {
        isa.run(depthwise_3x3::WeightGrad { walk, input, d_output, gradient });
    } else {
        isa.run(WeightGrad { walk, input, d_output, gradient });
    }
}

struct Forward<'a> {
    walk: &'a Walk,
    input: &'a [f32],
    weight: &'a [f32],
    epilogue: Epilogue<'a>,
    output: &'a mut [f32],
}

/// Pixels of one tile: enough independent sums to hide the latency of a multiply-add.
const TILE: usize = 4;

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for c in (0..self.walk.channels).step_by(S::F32_LANES) {
            if c + S::F32_LANES <= self.walk.channels {
                self.channels::<S, true>(simd, c);
            } else {
                self.channels::<S, false>(simd, c);
            }
        }
    }
}

impl Forward<'_> {
    /// All pixels of one vector of channels.
    #[inline(always)]
    fn channels<S: Simd, const FULL: bool>(&mut self, simd: S, c: usize) {
        for row in 0..self.walk.rows {
            let mut column = 0;
            while column + TILE <= self.walk.columns {
                self.pixels::<S, TILE, FULL>(simd, [row, column], c);
                column += TILE;
            }
            while column < self.walk.columns {
                self.pixels::<S, 1, FULL>(simd, [row, column], c);
                column += 1;
            }
        }
    }

    /// `P` neighbouring pixels.
    #[inline(always)]
    fn pixels<S: Simd, const P: usize, const FULL: bool>(
        &mut self,
        simd: S,
        [row, column]: [usize; 2],
        c: usize,
    ) {
        let (walk, lanes) = (self.walk, self.walk.channels - c);
        let from = walk.input.origin + row * walk.input.row + column * walk.input.pixel + c;
        let to = walk.output.origin + row * walk.output.row + column * walk.output.pixel + c;
        let init = match self.epilogue.bias {
            Some(bias) => load::<S, FULL>(simd, &bias[c..], lanes),
            None => simd.splat_f32s(0.0),
        };
        let mut acc = [init; P];
        for tap in 0..walk.taps {
            for t in 0..walk.run {
                let w = &self.weight[(tap * walk.run + t) * walk.channels + c..];
                let w = load::<S, FULL>(simd, w, lanes);
                let x = &self.input[from + tap * walk.tap_stride + t * walk.channels..];
                for p in 0..P {
                    let x = load::<S, FULL>(simd, &x[p * walk.input.pixel..], lanes);
                    acc[p] = simd.mul_add_f32s(x, w, acc[p]);
                }
            }
        }
        for p in 0..P {
            let y = &mut self.output[to + p * walk.output.pixel..];
            store::<S, FULL>(simd, y, lanes, relu_if(simd, self.epilogue.relu, acc[p]));
        }
    }
}

struct WeightGrad<'a> {
    walk: &'a Walk,
    input: &'a [f32],
    d_output: &'a [f32],
    gradient: &'a mut [f32],
}

impl WithSimd for WeightGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for c in (0..self.walk.channels).step_by(S::F32_LANES) {
            for tap in 0..self.walk.taps * self.walk.run {
                if c + S::F32_LANES <= self.walk.channels {
                    self.tap::<S, true>(simd, tap, c);
                } else {
                    self.tap::<S, false>(simd, tap, c);
                }
            }
        }
    }
}

impl WeightGrad<'_> {
    /// Sums one tap over all pixels, for one vector of channels.
    #[inline(always)]
    fn tap<S: Simd, const FULL: bool>(&mut self, simd: S, tap: usize, c: usize) {
        let (walk, lanes) = (self.walk, self.walk.channels - c);
        let first = (tap / walk.run) * walk.tap_stride + (tap % walk.run) * walk.channels + c;
        let mut acc = simd.splat_f32s(0.0);
        for row in 0..walk.rows {
            let x = &self.input[walk.input.origin + row * walk.input.row + first..];
            let d = &self.d_output[walk.output.origin + row * walk.output.row + c..];
            for column in 0..walk.columns {
                let x = load::<S, FULL>(simd, &x[column * walk.input.pixel..], lanes);
                let d = load::<S, FULL>(simd, &d[column * walk.output.pixel..], lanes);
                acc = simd.mul_add_f32s(x, d, acc);
            }
        }
        let cell = &mut self.gradient[tap * walk.channels + c..];
        let sum = simd.add_f32s(load::<S, FULL>(simd, cell, lanes), acc);
        store::<S, FULL>(simd, cell, lanes, sum);
    }
}
