//! Depthwise convolution with 3 x 3 taps at stride 1 or 2, the usual one: along a row of outputs, each input is read once.
//!
//! What an input adds to the outputs around it is carried along in registers. Rows are walked by iterators of whole
//! pixels: with slices cut by index, the checks of their bounds were half of the instructions.

use pulp::{Simd, WithSimd};

use super::Epilogue;
use super::direct::Walk;
use super::vector::{load, relu_if, store};

/// Whether a walk is one for the kernels here: its outputs adjacent, their inputs one or two pixels apart.
pub(super) fn fits(walk: &Walk) -> bool {
    let adjacent = walk.output.pixel == walk.channels;
    let step = walk.input.pixel / walk.channels;
    walk.taps == 3 && walk.run == 3 && adjacent && (1..=2).contains(&step)
}

/// The three rows of inputs of a row of outputs, `STEP` pixels an output and what the last output has more.
fn inputs<'a, const STEP: usize>(walk: &Walk, input: &'a [f32], row: usize) -> [&'a [f32]; 3] {
    let len = (STEP * walk.columns + 3 - STEP) * walk.channels;
    let start = walk.input.origin + row * walk.input.row;
    let (next, last) = (start + walk.tap_stride, start + 2 * walk.tap_stride);
    [&input[start..][..len], &input[next..][..len], &input[last..][..len]]
}

/// What each output of a row has that the one before it had not: `STEP` pixels of each of the three rows.
#[inline(always)]
fn ahead<const STEP: usize>(
    [a, b, c]: [&[f32]; 3],
    channels: usize,
) -> impl Iterator<Item = [&[f32]; 3]> {
    let seen = (3 - STEP) * channels;
    a[seen..]
        .chunks_exact(STEP * channels)
        .zip(b[seen..].chunks_exact(STEP * channels))
        .zip(c[seen..].chunks_exact(STEP * channels))
        .map(|((a, b), c)| [a, b, c])
}

/// One vector of channels of three pixels below each other.
#[inline(always)]
fn column<S: Simd, const FULL: bool>(
    simd: S,
    rows: [&[f32]; 3],
    at: usize,
    lanes: usize,
) -> [S::f32s; 3] {
    let load = |row: &[f32]| load::<S, FULL>(simd, &row[at..], lanes);
    [load(rows[0]), load(rows[1]), load(rows[2])]
}

/// What a column of inputs adds to an output whose column `t` of taps it meets.
#[inline(always)]
fn sum<S: Simd>(simd: S, x: &[S::f32s; 3], w: &[[S::f32s; 3]; 3], t: usize) -> S::f32s {
    let upper = simd.mul_add_f32s(x[1], w[1][t], simd.mul_f32s(x[0], w[0][t]));
    simd.mul_add_f32s(x[2], w[2][t], upper)
}

/// `output[pixel][c] = bias[c] + sum over taps of input[pixel + tap][c] * weight[tap][c]`, finished.
pub(super) struct Forward<'a> {
    pub(super) walk: &'a Walk,
    pub(super) input: &'a [f32],
    pub(super) weight: &'a [f32],
    pub(super) epilogue: Epilogue<'a>,
    pub(super) output: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for c in (0..self.walk.channels).step_by(S::F32_LANES) {
            let full = c + S::F32_LANES <= self.walk.channels;
            match (self.walk.input.pixel == self.walk.channels, full) {
                (true, true) => self.channels::<S, 1, true>(simd, c),
                (true, false) => self.channels::<S, 1, false>(simd, c),
                (false, true) => self.channels::<S, 2, true>(simd, c),
                (false, false) => self.channels::<S, 2, false>(simd, c),
            }
        }
    }
}

impl Forward<'_> {
    /// All pixels of one vector of channels.
    #[inline(always)]
    fn channels<S: Simd, const STEP: usize, const FULL: bool>(&mut self, simd: S, c: usize) {
        let walk = self.walk;
        let (channels, lanes) = (walk.channels, walk.channels - c);
        let mut w = [[simd.splat_f32s(0.0); 3]; 3];
        for tap in 0..9 {
            w[tap / 3][tap % 3] = load::<S, FULL>(simd, &self.weight[tap * channels + c..], lanes);
        }
        let bias = match self.epilogue.bias {
            Some(bias) => load::<S, FULL>(simd, &bias[c..], lanes),
            None => simd.splat_f32s(0.0),
        };
        for row in 0..walk.rows {
            let inputs = inputs::<STEP>(walk, self.input, row);
            let start = walk.output.origin + row * walk.output.row;
            let output = self.output[start..][..walk.columns * channels].chunks_exact_mut(channels);
            // Sums of the next output and the one after it.
            let x = column::<S, FULL>(simd, inputs, c, lanes);
            let mut next = simd.add_f32s(bias, sum(simd, &x, &w, 0));
            let mut after = bias;
            if STEP == 1 {
                let x = column::<S, FULL>(simd, inputs, channels + c, lanes);
                next = simd.add_f32s(next, sum(simd, &x, &w, 1));
                after = simd.add_f32s(bias, sum(simd, &x, &w, 0));
            }
            for (pixels, y) in ahead::<STEP>(inputs, channels).zip(output) {
                let right = (STEP - 1) * channels + c;
                let x = column::<S, FULL>(simd, pixels, right, lanes);
                if STEP == 2 {
                    let middle = column::<S, FULL>(simd, pixels, c, lanes);
                    next = simd.add_f32s(next, sum(simd, &middle, &w, 1));
                }
                let done = simd.add_f32s(next, sum(simd, &x, &w, 2));
                if STEP == 1 {
                    next = simd.add_f32s(after, sum(simd, &x, &w, 1));
                    after = simd.add_f32s(bias, sum(simd, &x, &w, 0));
                } else {
                    next = simd.add_f32s(bias, sum(simd, &x, &w, 0));
                }
                store::<S, FULL>(simd, &mut y[c..], lanes, relu_if(simd, self.epilogue.relu, done));
            }
        }
    }
}

/// Adds to `gradient[tap][c]` the sum over pixels of `input[pixel + tap][c] * d_output[pixel][c]`.
pub(super) struct WeightGrad<'a> {
    pub(super) walk: &'a Walk,
    pub(super) input: &'a [f32],
    pub(super) d_output: &'a [f32],
    pub(super) gradient: &'a mut [f32],
}

impl WithSimd for WeightGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for c in (0..self.walk.channels).step_by(S::F32_LANES) {
            let full = c + S::F32_LANES <= self.walk.channels;
            match (self.walk.input.pixel == self.walk.channels, full) {
                (true, true) => self.channels::<S, 1, true>(simd, c),
                (true, false) => self.channels::<S, 1, false>(simd, c),
                (false, true) => self.channels::<S, 2, true>(simd, c),
                (false, false) => self.channels::<S, 2, false>(simd, c),
            }
        }
    }
}

impl WeightGrad<'_> {
    /// All taps and pixels of one vector of channels.
    #[inline(always)]
    fn channels<S: Simd, const STEP: usize, const FULL: bool>(&mut self, simd: S, c: usize) {
        let walk = self.walk;
        let (channels, lanes) = (walk.channels, walk.channels - c);
        let zero = simd.splat_f32s(0.0);
        let mut acc = [[zero; 3]; 3];
        for row in 0..walk.rows {
            let inputs = inputs::<STEP>(walk, self.input, row);
            // The columns that the next output has seen already.
            let mut left = column::<S, FULL>(simd, inputs, c, lanes);
            let mut middle = column::<S, FULL>(simd, inputs, channels + c, lanes);
            let start = walk.output.origin + row * walk.output.row;
            let d_output = self.d_output[start..][..walk.columns * channels].chunks_exact(channels);
            for (pixels, d) in ahead::<STEP>(inputs, channels).zip(d_output) {
                let d = load::<S, FULL>(simd, &d[c..], lanes);
                let at = (STEP - 1) * channels + c;
                let right = column::<S, FULL>(simd, pixels, at, lanes);
                if STEP == 2 {
                    middle = column::<S, FULL>(simd, pixels, c, lanes);
                }
                for tap in 0..3 {
                    acc[tap][0] = simd.mul_add_f32s(left[tap], d, acc[tap][0]);
                    acc[tap][1] = simd.mul_add_f32s(middle[tap], d, acc[tap][1]);
                    acc[tap][2] = simd.mul_add_f32s(right[tap], d, acc[tap][2]);
                }
                (left, middle) = if STEP == 1 { (middle, right) } else { (right, middle) };
            }
        }
        for tap in 0..9 {
            let cell = &mut self.gradient[tap * channels + c..];
            let sum = simd.add_f32s(load::<S, FULL>(simd, cell, lanes), acc[tap / 3][tap % 3]);
            store::<S, FULL>(simd, cell, lanes, sum);
        }
    }
}
