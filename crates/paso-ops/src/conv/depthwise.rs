//! Depthwise convolution: one filter a channel, so every tap is one vector multiply-add over channels.
//!
//! Here the `run` of a [`Walk`] counts the taps of a kernel row, not numbers.

#![expect(clippy::needless_range_loop, reason = "a register tile is clearest by its indices")]

use pulp::{Simd, WithSimd};

use super::direct::Walk;
use crate::Isa;

/// `output[pixel][c] = bias[c] + sum over taps of input[pixel + tap][c] * weight[tap][c]`.
pub(super) fn convolve(
    isa: Isa,
    walk: &Walk,
    input: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    output: &mut [f32],
) {
    isa.run(Forward { walk, input, weight, bias, output });
}

/// Adds to `gradient[tap][c]` the sum over pixels of `input[pixel + tap][c] * d_output[pixel][c]`.
pub(super) fn weight_grad(
    isa: Isa,
    walk: &Walk,
    input: &[f32],
    d_output: &[f32],
    gradient: &mut [f32],
) {
    isa.run(WeightGrad { walk, input, d_output, gradient });
}

struct Forward<'a> {
    walk: &'a Walk,
    input: &'a [f32],
    weight: &'a [f32],
    bias: Option<&'a [f32]>,
    output: &'a mut [f32],
}

/// Pixels of one tile: enough independent sums to hide the latency of a multiply-add.
const TILE: usize = 4;

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for row in 0..self.walk.rows {
            let mut column = 0;
            while column + TILE <= self.walk.columns {
                self.pixels::<S, TILE>(simd, row, column);
                column += TILE;
            }
            while column < self.walk.columns {
                self.pixels::<S, 1>(simd, row, column);
                column += 1;
            }
        }
    }
}

impl Forward<'_> {
    #[inline(always)]
    fn pixels<S: Simd, const P: usize>(&mut self, simd: S, row: usize, column: usize) {
        let walk = self.walk;
        let from = walk.input.origin + row * walk.input.row + column * walk.input.pixel;
        let to = walk.output.origin + row * walk.output.row + column * walk.output.pixel;
        let mut c = 0;
        while c < walk.channels {
            let end = walk.channels.min(c + S::F32_LANES);
            let init = match self.bias {
                Some(bias) => simd.partial_load_f32s(&bias[c..end]),
                None => simd.splat_f32s(0.0),
            };
            let mut acc = [init; P];
            for tap in 0..walk.taps {
                for t in 0..walk.run {
                    let w = &self.weight[(tap * walk.run + t) * walk.channels..][c..end];
                    let w = simd.partial_load_f32s(w);
                    let offset = from + tap * walk.tap_stride + t * walk.channels;
                    for p in 0..P {
                        let x = &self.input[offset + p * walk.input.pixel..][c..end];
                        acc[p] = simd.mul_add_f32s(simd.partial_load_f32s(x), w, acc[p]);
                    }
                }
            }
            for p in 0..P {
                simd.partial_store_f32s(
                    &mut self.output[to + p * walk.output.pixel..][c..end],
                    acc[p],
                );
            }
            c = end;
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
        // Three taps at a time: a row of the usual 3 x 3 kernel reads its gradient once.
        for tap in 0..self.walk.taps {
            let mut t = 0;
            while t < self.walk.run {
                if t + 3 <= self.walk.run {
                    self.taps::<S, 3>(simd, tap, t);
                    t += 3;
                } else {
                    self.taps::<S, 1>(simd, tap, t);
                    t += 1;
                }
            }
        }
    }
}

impl WeightGrad<'_> {
    #[inline(always)]
    fn taps<S: Simd, const T: usize>(&mut self, simd: S, tap: usize, first: usize) {
        let walk = self.walk;
        let mut c = 0;
        while c < walk.channels {
            let end = walk.channels.min(c + S::F32_LANES);
            let mut acc = [simd.splat_f32s(0.0); T];
            for row in 0..walk.rows {
                let from = walk.input.origin + row * walk.input.row + tap * walk.tap_stride;
                let to = walk.output.origin + row * walk.output.row;
                for column in 0..walk.columns {
                    let d = &self.d_output[to + column * walk.output.pixel..][c..end];
                    let d = simd.partial_load_f32s(d);
                    let from = from + column * walk.input.pixel;
                    for t in 0..T {
                        let x = &self.input[from + (first + t) * walk.channels..][c..end];
                        acc[t] = simd.mul_add_f32s(simd.partial_load_f32s(x), d, acc[t]);
                    }
                }
            }
            for t in 0..T {
                let cell =
                    &mut self.gradient[(tap * walk.run + first + t) * walk.channels..][c..end];
                let sum = simd.add_f32s(simd.partial_load_f32s(cell), acc[t]);
                simd.partial_store_f32s(cell, sum);
            }
            c = end;
        }
    }
}
