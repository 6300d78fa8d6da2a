//! Depthwise convolution: one filter a channel, so every tap is one vector multiply-add over channels.
//!
//! Here the `run` of a [`Walk`] counts the taps of a kernel row, not numbers.

#![expect(clippy::needless_range_loop, reason = "a register tile is clearest by its indices")]

use pulp::{Simd, WithSimd};

use super::Finish;
use super::direct::Walk;
use super::vector::{finish, load, store};
use crate::Isa;

/// `output[pixel][c] = bias[c] + sum over taps of input[pixel + tap][c] * weight[tap][c]`, finished.
pub(super) fn convolve(
    isa: Isa,
    walk: &Walk,
    input: &[f32],
    weight: &[f32],
    finish: Finish<'_>,
    output: &mut [f32],
) {
    isa.run(Forward { walk, input, weight, finish, output });
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
    finish: Finish<'a>,
    output: &'a mut [f32],
}

/// Pixels of one tile: enough independent sums to hide the latency of a multiply-add. With the weights of the usual nine
/// taps and the inputs of a row they fit in 32 registers.
const TILE: usize = 4;

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for c in (0..self.walk.channels).step_by(S::F32_LANES) {
            if c + S::F32_LANES <= self.walk.channels {
                self.sized::<S, true>(simd, c);
            } else {
                self.sized::<S, false>(simd, c);
            }
        }
    }
}

impl Forward<'_> {
    /// 3 x 3 taps, and the parts of them that the input's gradient has at stride 2, with their weights in registers.
    #[inline(always)]
    fn sized<S: Simd, const FULL: bool>(&mut self, simd: S, c: usize) {
        match (self.walk.taps, self.walk.run) {
            (3, 3) => self.channels::<S, 3, 3, FULL>(simd, c),
            (2, 2) => self.channels::<S, 2, 2, FULL>(simd, c),
            (2, 1) => self.channels::<S, 2, 1, FULL>(simd, c),
            (1, 2) => self.channels::<S, 1, 2, FULL>(simd, c),
            (1, 1) => self.channels::<S, 1, 1, FULL>(simd, c),
            _ => self.channels::<S, 0, 0, FULL>(simd, c),
        }
    }

    /// All pixels of one vector of channels. `K` x `T` taps are kept in registers; with none, all are read for each tile.
    #[inline(always)]
    fn channels<S: Simd, const K: usize, const T: usize, const FULL: bool>(
        &mut self,
        simd: S,
        c: usize,
    ) {
        let walk = self.walk;
        let mut kept = [[simd.splat_f32s(0.0); T]; K];
        for tap in 0..K {
            for t in 0..T {
                let w = &self.weight[(tap * T + t) * walk.channels + c..];
                kept[tap][t] = load::<S, FULL>(simd, w, walk.channels - c);
            }
        }
        let step = walk.input.pixel / walk.channels;
        for row in 0..walk.rows {
            let mut column = 0;
            while column + TILE <= walk.columns {
                match step {
                    1 => self.pixels::<S, TILE, 1, K, T, FULL>(simd, &kept, [row, column], c),
                    2 => self.pixels::<S, TILE, 2, K, T, FULL>(simd, &kept, [row, column], c),
                    _ => self.pixels::<S, TILE, 0, K, T, FULL>(simd, &kept, [row, column], c),
                }
                column += TILE;
            }
            while column < walk.columns {
                self.pixels::<S, 1, 0, K, T, FULL>(simd, &kept, [row, column], c);
                column += 1;
            }
        }
    }

    /// `P` neighbouring pixels, whose inputs are `STEP` pixels apart: 1 or 2, or 0 where that is not known.
    #[inline(always)]
    fn pixels<
        S: Simd,
        const P: usize,
        const STEP: usize,
        const K: usize,
        const T: usize,
        const FULL: bool,
    >(
        &mut self,
        simd: S,
        kept: &[[S::f32s; T]; K],
        [row, column]: [usize; 2],
        c: usize,
    ) {
        let (walk, lanes) = (self.walk, self.walk.channels - c);
        let from = walk.input.origin + row * walk.input.row + column * walk.input.pixel + c;
        let to = walk.output.origin + row * walk.output.row + column * walk.output.pixel + c;
        let init = match self.finish.bias {
            Some(bias) => load::<S, FULL>(simd, &bias[c..], lanes),
            None => simd.splat_f32s(0.0),
        };
        let mut acc = [init; P];
        let input = self.input;
        let add = |acc: &mut [S::f32s; P], offset: usize, w: S::f32s| {
            for p in 0..P {
                let x = &input[offset + p * walk.input.pixel..];
                acc[p] = simd.mul_add_f32s(load::<S, FULL>(simd, x, lanes), w, acc[p]);
            }
        };
        if K > 0 && STEP > 0 {
            for tap in 0..K {
                // Windows overlap: each input is read once for all of them.
                let columns = &self.input[from + tap * walk.tap_stride..];
                let x = Columns::<S, FULL>::load(
                    simd,
                    columns,
                    walk.channels,
                    lanes,
                    (P - 1) * STEP + T,
                );
                for t in 0..T {
                    for p in 0..P {
                        acc[p] = simd.mul_add_f32s(x.0[p * STEP + t], kept[tap][t], acc[p]);
                    }
                }
            }
        } else if K > 0 {
            for tap in 0..K {
                for t in 0..T {
                    add(&mut acc, from + tap * walk.tap_stride + t * walk.channels, kept[tap][t]);
                }
            }
        } else {
            for tap in 0..walk.taps {
                for t in 0..walk.run {
                    let w = &self.weight[(tap * walk.run + t) * walk.channels + c..];
                    let w = load::<S, FULL>(simd, w, lanes);
                    add(&mut acc, from + tap * walk.tap_stride + t * walk.channels, w);
                }
            }
        }
        for p in 0..P {
            let y = &mut self.output[to + p * walk.output.pixel..];
            store::<S, FULL>(simd, y, lanes, finish(simd, self.finish.relu, acc[p]));
        }
    }
}

/// The most neighbouring pixels that a tile sees in a row: four windows of three, two apart.
const COLUMNS: usize = 9;

/// One vector of channels of each of some neighbouring pixels.
struct Columns<S: Simd, const FULL: bool>([S::f32s; COLUMNS]);

impl<S: Simd, const FULL: bool> Columns<S, FULL> {
    #[inline(always)]
    fn load(simd: S, x: &[f32], stride: usize, lanes: usize, count: usize) -> Self {
        let mut columns = [simd.splat_f32s(0.0); COLUMNS];
        for i in 0..count {
            columns[i] = load::<S, FULL>(simd, &x[i * stride..], lanes);
        }
        Self(columns)
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
        let walk = self.walk;
        for c in (0..walk.channels).step_by(S::F32_LANES) {
            let full = c + S::F32_LANES <= walk.channels;
            // All nine taps of the usual kernel read a pixel's gradient once.
            let step = walk.input.pixel / walk.channels;
            if walk.taps == 3 && walk.run == 3 {
                match (step, full) {
                    (1, true) => self.taps::<S, 1, 3, 3, true>(simd, [0, 0], c),
                    (2, true) => self.taps::<S, 2, 3, 3, true>(simd, [0, 0], c),
                    (_, true) => self.taps::<S, 0, 3, 3, true>(simd, [0, 0], c),
                    (_, false) => self.taps::<S, 0, 3, 3, false>(simd, [0, 0], c),
                }
                continue;
            }
            for tap in 0..walk.taps {
                for t in 0..walk.run {
                    match full {
                        true => self.taps::<S, 0, 1, 1, true>(simd, [tap, t], c),
                        false => self.taps::<S, 0, 1, 1, false>(simd, [tap, t], c),
                    }
                }
            }
        }
    }
}

impl WeightGrad<'_> {
    /// Sums `K` x `T` taps over all pixels, for one vector of channels. `STEP` as in [`Forward::pixels`].
    #[inline(always)]
    fn taps<S: Simd, const STEP: usize, const K: usize, const T: usize, const FULL: bool>(
        &mut self,
        simd: S,
        [tap, first]: [usize; 2],
        c: usize,
    ) {
        let (walk, lanes) = (self.walk, self.walk.channels - c);
        let mut acc = [[simd.splat_f32s(0.0); T]; K];
        for row in 0..walk.rows {
            let from = walk.input.origin
                + row * walk.input.row
                + tap * walk.tap_stride
                + first * walk.channels
                + c;
            let to = walk.output.origin + row * walk.output.row + c;
            let mut done = 0;
            if STEP > 0 {
                while done + TILE <= walk.columns {
                    let d = &self.d_output[to + done * walk.output.pixel..];
                    let d = Columns::<S, FULL>::load(simd, d, walk.output.pixel, lanes, TILE);
                    let from = from + done * walk.input.pixel;
                    for k in 0..K {
                        let x = &self.input[from + k * walk.tap_stride..];
                        let count = (TILE - 1) * STEP + T;
                        let x = Columns::<S, FULL>::load(simd, x, walk.channels, lanes, count);
                        for p in 0..TILE {
                            for t in 0..T {
                                acc[k][t] = simd.mul_add_f32s(x.0[p * STEP + t], d.0[p], acc[k][t]);
                            }
                        }
                    }
                    done += TILE;
                }
            }
            for column in done..walk.columns {
                let d = &self.d_output[to + column * walk.output.pixel..];
                let d = load::<S, FULL>(simd, d, lanes);
                let from = from + column * walk.input.pixel;
                for k in 0..K {
                    for t in 0..T {
                        let x = &self.input[from + k * walk.tap_stride + t * walk.channels..];
                        acc[k][t] =
                            simd.mul_add_f32s(load::<S, FULL>(simd, x, lanes), d, acc[k][t]);
                    }
                }
            }
        }
        for k in 0..K {
            for t in 0..T {
                let at = ((tap + k) * walk.run + first + t) * walk.channels + c;
                let cell = &mut self.gradient[at..];
                let sum = simd.add_f32s(load::<S, FULL>(simd, cell, lanes), acc[k][t]);
                store::<S, FULL>(simd, cell, lanes, sum);
            }
        }
    }
}
