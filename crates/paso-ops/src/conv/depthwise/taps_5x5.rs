//! Depthwise convolution with 5 x 5 taps and stride 1 or 2: of the inputs under a few adjacent
//! outputs, each is read once a row of taps.
//!
//! 25 taps do not fit into the registers next to the sums, as those of 3 x 3 do; the five of a row
//! do. Products are added in the order of the taps, as the general kernel adds them, so that the
//! bits are the same.

use pulp::Simd;

use crate::conv::epilogue::Epilogue;
use crate::conv::geometry::ConvGeometry;
use crate::vector::{VectorKernel, add_to, load, store};

const TAPS: usize = 5;

/// Input pixels per output pixel, where the kernels here apply: 5 x 5 taps, adjacent outputs, and
/// inputs one or two pixels apart.
pub(super) fn step(geometry: &ConvGeometry) -> Option<usize> {
    let adjacent = geometry.output.pixel == geometry.channels;
    let step = geometry.input.pixel / geometry.channels;
    let fits = geometry.taps == TAPS && geometry.row_len == TAPS && adjacent;
    (fits && (1..=2).contains(&step)).then_some(step)
}

/// `output[pixel][c] = bias[c] + sum over taps of input[pixel + tap][c] * weight[tap][c]`, then the
/// epilogue.
pub(super) struct Forward<'a, const STEP: usize> {
    pub(super) geometry: &'a ConvGeometry,
    pub(super) input: &'a [f32],
    pub(super) weight: &'a [f32],
    pub(super) epilogue: Epilogue<'a>,
    pub(super) output: &'a mut [f32],
}

impl<const STEP: usize> VectorKernel for Forward<'_, STEP> {
    #[inline(always)]
    fn vector<S: Simd, const FULL: bool>(&mut self, simd: S, c: usize) {
        for row in 0..self.geometry.rows {
            let (mut column, columns) = (0, self.geometry.columns);
            // With stride 2, eight outputs see too many inputs for the loop to be unrolled.
            while STEP == 1 && column + 8 <= columns {
                self.pixels::<S, 8, FULL>(simd, [row, column], c);
                column += 8;
            }
            while column + 4 <= columns {
                self.pixels::<S, 4, FULL>(simd, [row, column], c);
                column += 4;
            }
            while column + 2 <= columns {
                self.pixels::<S, 2, FULL>(simd, [row, column], c);
                column += 2;
            }
            if column < columns {
                self.pixels::<S, 1, FULL>(simd, [row, column], c);
            }
        }
    }
}

impl<const STEP: usize> Forward<'_, STEP> {
    /// `P` adjacent pixels. Eight sums, five taps and an input leave two of AVX2's registers.
    #[inline(always)]
    fn pixels<S: Simd, const P: usize, const FULL: bool>(
        &mut self,
        simd: S,
        [row, column]: [usize; 2],
        c: usize,
    ) {
        let (geometry, channels) = (self.geometry, self.geometry.channels);
        let lanes = channels - c;
        let from = geometry.input.origin + row * geometry.input.row + column * STEP * channels;
        let to = geometry.output.origin + row * geometry.output.row + column * channels;
        let init = match self.epilogue.bias {
            Some(bias) => load::<S, FULL>(simd, &bias[c..], lanes),
            None => simd.splat_f32s(0.0),
        };
        let mut sums = [init; P];
        for tap in 0..TAPS {
            let mut w = [init; TAPS];
            let weights = &self.weight[tap * TAPS * channels..][..TAPS * channels];
            for (w, weights) in w.iter_mut().zip(weights.chunks_exact(channels)) {
                *w = load::<S, FULL>(simd, &weights[c..], lanes);
            }
            let seen = (P - 1) * STEP + TAPS;
            let inputs = &self.input[from + tap * geometry.tap_stride..][..seen * channels];
            let mut inputs = inputs.chunks_exact(channels);
            for at in 0..seen {
                let Some(x) = inputs.next() else { break };
                let x = load::<S, FULL>(simd, &x[c..], lanes);
                for p in 0..P {
                    // The tap by which output `p` sees this input.
                    if at >= p * STEP && at < p * STEP + TAPS {
                        sums[p] = simd.mul_add_f32s(x, w[at - p * STEP], sums[p]);
                    }
                }
            }
        }
        let output = &mut self.output[to..][..P * channels];
        for (y, sum) in output.chunks_exact_mut(channels).zip(sums) {
            let done = self.epilogue.activation.apply(simd, sum);
            store::<S, FULL>(simd, &mut y[c..], lanes, done);
        }
    }
}

/// Adds to `gradient[tap][c]` the sum over pixels of
/// `input[pixel + tap][c] * output_grad[pixel][c]`.
pub(super) struct WeightGrad<'a, const STEP: usize> {
    pub(super) geometry: &'a ConvGeometry,
    pub(super) input: &'a [f32],
    pub(super) output_grad: &'a [f32],
    pub(super) gradient: &'a mut [f32],
}

impl<const STEP: usize> VectorKernel for WeightGrad<'_, STEP> {
    #[inline(always)]
    fn vector<S: Simd, const FULL: bool>(&mut self, simd: S, c: usize) {
        for tap in 0..TAPS {
            self.row_of_taps::<S, FULL>(simd, tap, c);
        }
    }
}

impl<const STEP: usize> WeightGrad<'_, STEP> {
    /// Sums a row of taps over all pixels, for one vector of channels.
    #[inline(always)]
    fn row_of_taps<S: Simd, const FULL: bool>(&mut self, simd: S, tap: usize, c: usize) {
        let (geometry, channels) = (self.geometry, self.geometry.channels);
        let lanes = channels - c;
        let mut sums = [simd.splat_f32s(0.0); TAPS];
        for row in 0..geometry.rows {
            let start =
                geometry.input.origin + row * geometry.input.row + tap * geometry.tap_stride;
            let seen = (geometry.columns - 1) * STEP + TAPS;
            let mut inputs = self.input[start..][..seen * channels].chunks_exact(channels);
            // What the next output shares with the one before it is shifted along.
            let mut x = [simd.splat_f32s(0.0); TAPS];
            for x in &mut x[STEP..] {
                let Some(next) = inputs.next() else { return };
                *x = load::<S, FULL>(simd, &next[c..], lanes);
            }
            let start = geometry.output.origin + row * geometry.output.row;
            let grads = &self.output_grad[start..][..geometry.columns * channels];
            for d in grads.chunks_exact(channels) {
                let d = load::<S, FULL>(simd, &d[c..], lanes);
                for t in 0..TAPS - STEP {
                    x[t] = x[t + STEP];
                }
                for x in &mut x[TAPS - STEP..] {
                    let Some(next) = inputs.next() else { return };
                    *x = load::<S, FULL>(simd, &next[c..], lanes);
                }
                for t in 0..TAPS {
                    sums[t] = simd.mul_add_f32s(x[t], d, sums[t]);
                }
            }
        }
        for (t, sum) in sums.into_iter().enumerate() {
            let cell = &mut self.gradient[(tap * TAPS + t) * channels + c..];
            add_to::<S, FULL>(simd, cell, lanes, sum);
        }
    }
}
