//! Depthwise convolution with 3 x 3 taps and stride 1 or 2: along a row of outputs, each input is
//! read once.
//!
//! The sums of the next outputs stay in registers. Rows are iterated pixel by pixel: with slices
//! taken by index, bounds checks were half of the instructions.

use pulp::Simd;

use crate::conv::epilogue::Epilogue;
use crate::conv::geometry::ConvGeometry;
use crate::vector::{VectorKernel, add_to, load, store};

/// Input pixels per output pixel, where the kernels here apply: 3 x 3 taps, adjacent outputs, and
/// inputs one or two pixels apart.
pub(super) fn step(geometry: &ConvGeometry) -> Option<usize> {
    let adjacent = geometry.output.pixel == geometry.channels;
    let step = geometry.input.pixel / geometry.channels;
    let fits = geometry.taps == 3 && geometry.row_len == 3 && adjacent && (1..=2).contains(&step);
    fits.then_some(step)
}

/// The three rows of inputs under a row of outputs: `STEP` pixels per output, and the rest of the
/// last kernel.
fn input_rows<'a, const STEP: usize>(
    geometry: &ConvGeometry,
    input: &'a [f32],
    row: usize,
) -> [&'a [f32]; 3] {
    let len = (STEP * geometry.columns + 3 - STEP) * geometry.channels;
    let start = geometry.input.origin + row * geometry.input.row;
    let (next, last) = (start + geometry.tap_stride, start + 2 * geometry.tap_stride);
    [&input[start..][..len], &input[next..][..len], &input[last..][..len]]
}

/// The inputs that each output of a row sees and the one before it does not: `STEP` pixels of each
/// of the three rows.
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

/// One vector of channels of three pixels of a column.
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

/// The products of a column of inputs with column `t` of the taps.
#[inline(always)]
fn sum<S: Simd>(simd: S, x: &[S::f32s; 3], w: &[[S::f32s; 3]; 3], t: usize) -> S::f32s {
    let upper = simd.mul_add_f32s(x[1], w[1][t], simd.mul_f32s(x[0], w[0][t]));
    simd.mul_add_f32s(x[2], w[2][t], upper)
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
        let geometry = self.geometry;
        let (channels, lanes) = (geometry.channels, geometry.channels - c);
        let mut w = [[simd.splat_f32s(0.0); 3]; 3];
        for tap in 0..9 {
            w[tap / 3][tap % 3] = load::<S, FULL>(simd, &self.weight[tap * channels + c..], lanes);
        }
        let bias = match self.epilogue.bias {
            Some(bias) => load::<S, FULL>(simd, &bias[c..], lanes),
            None => simd.splat_f32s(0.0),
        };
        for row in 0..geometry.rows {
            let inputs = input_rows::<STEP>(geometry, self.input, row);
            let start = geometry.output.origin + row * geometry.output.row;
            let output =
                self.output[start..][..geometry.columns * channels].chunks_exact_mut(channels);
            // Partial sums of the next output and of the one after it.
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
                let done = self.epilogue.activation.apply(simd, done);
                store::<S, FULL>(simd, &mut y[c..], lanes, done);
            }
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
        let geometry = self.geometry;
        let (channels, lanes) = (geometry.channels, geometry.channels - c);
        let zero = simd.splat_f32s(0.0);
        let mut acc = [[zero; 3]; 3];
        for row in 0..geometry.rows {
            let inputs = input_rows::<STEP>(geometry, self.input, row);
            // The columns that the next output shares with the one before it.
            let mut left = column::<S, FULL>(simd, inputs, c, lanes);
            let mut middle = column::<S, FULL>(simd, inputs, channels + c, lanes);
            let start = geometry.output.origin + row * geometry.output.row;
            let output_grad =
                self.output_grad[start..][..geometry.columns * channels].chunks_exact(channels);
            for (pixels, d) in ahead::<STEP>(inputs, channels).zip(output_grad) {
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
            add_to::<S, FULL>(simd, cell, lanes, acc[tap / 3][tap % 3]);
        }
    }
}
