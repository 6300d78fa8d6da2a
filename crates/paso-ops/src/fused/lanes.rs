//! The arithmetic on one vector of channels that the fused kernels share.

use pulp::Simd;

use crate::Image;
use crate::norm::Norm;
use crate::vector::{load, relu_if, vector_of};

/// Row and pixel of the four pixels of a window.
pub(super) const WINDOW: [(usize, usize); 4] = [(0, 0), (0, 1), (1, 0), (1, 1)];

/// A coefficient per channel for each vector of the channels `c..end`.
#[inline(always)]
pub(super) fn per_vector<S: Simd, const FULL: bool, const N: usize>(
    simd: S,
    coefficients: &[f32],
    c: usize,
    end: usize,
) -> [S::f32s; N] {
    let mut vectors = [simd.splat_f32s(0.0); N];
    for (v, vector) in vectors.iter_mut().enumerate() {
        let (c, lanes) = vector_of::<S>(c, end, v);
        *vector = load::<S, FULL>(simd, &coefficients[c..], lanes);
    }
    vectors
}

/// The windows of a row of outputs: two pixels of each of two rows.
#[inline(always)]
pub(super) fn windows(x: Image<'_>, row: usize) -> impl Iterator<Item = [&[f32]; 2]> {
    let two = 2 * x.plane.channels;
    let top = x.data[x.plane.row(2 * row)].chunks_exact(two);
    let bottom = x.data[x.plane.row(2 * row + 1)].chunks_exact(two);
    top.zip(bottom).map(|(top, bottom)| [top, bottom])
}

/// A vector of channels of each of the four pixels of a window.
#[inline(always)]
pub(super) fn window<S: Simd, const FULL: bool>(
    simd: S,
    rows: [&[f32]; 2],
    channels: usize,
    c: usize,
    lanes: usize,
) -> [S::f32s; 4] {
    let mut xs = [simd.splat_f32s(0.0); 4];
    for (x, (r, p)) in xs.iter_mut().zip(WINDOW) {
        *x = load::<S, FULL>(simd, &rows[r][p * channels + c..], lanes);
    }
    xs
}

/// One vector of channels: coefficients, and the arithmetic that forward and backward kernels
/// share.
#[derive(Clone, Copy)]
pub(super) struct Lanes<S: Simd> {
    simd: S,
    relu: bool,
    pub(super) scale: S::f32s,
    shift: S::f32s,
}

impl<S: Simd> Lanes<S> {
    /// The channels `c..end`, vector by vector.
    #[inline(always)]
    pub(super) fn load<const FULL: bool, const N: usize>(
        simd: S,
        norm: &Norm,
        relu: bool,
        c: usize,
        end: usize,
    ) -> [Self; N] {
        let scale = per_vector::<S, FULL, N>(simd, &norm.scale, c, end);
        let shift = per_vector::<S, FULL, N>(simd, &norm.shift, c, end);
        let zero = simd.splat_f32s(0.0);
        let mut lanes = [Self { simd, relu, scale: zero, shift: zero }; N];
        for (v, lanes) in lanes.iter_mut().enumerate() {
            (lanes.scale, lanes.shift) = (scale[v], shift[v]);
        }
        lanes
    }

    /// `x * scale + shift`.
    #[inline(always)]
    pub(super) fn affine(self, x: S::f32s) -> S::f32s {
        self.simd.mul_add_f32s(x, self.scale, self.shift)
    }

    // Not `map`: its closure may stay a call, compiled without the instruction set.
    #[inline(always)]
    pub(super) fn affine4(self, x: [S::f32s; 4]) -> [S::f32s; 4] {
        [self.affine(x[0]), self.affine(x[1]), self.affine(x[2]), self.affine(x[3])]
    }

    /// The activation.
    #[inline(always)]
    pub(super) fn activate(self, value: S::f32s) -> S::f32s {
        relu_if(self.simd, self.relu, value)
    }

    /// The gradient of the input of the activation, where that input is `value`.
    #[inline(always)]
    pub(super) fn gate(self, value: S::f32s, d: S::f32s) -> S::f32s {
        let zero = self.simd.splat_f32s(0.0);
        if self.relu {
            self.simd.select_f32s(self.simd.greater_than_f32s(value, zero), d, zero)
        } else {
            d
        }
    }

    /// The gradient of the input, with [`Norm::backward_coefficients`].
    #[inline(always)]
    pub(super) fn grad(self, coefficients: [S::f32s; 4], x: S::f32s, d: S::f32s) -> S::f32s {
        let [mean, d_output, d_centered, d_constant] = coefficients;
        let centered = self.simd.sub_f32s(x, mean);
        let value = self.simd.mul_add_f32s(centered, d_centered, d_constant);
        self.simd.mul_add_f32s(d, d_output, value)
    }

    /// Whether `x` replaces the maximum so far: the first of equal values stays, and so does the
    /// first NaN.
    #[inline(always)]
    fn exceeds(self, x: S::f32s, max: S::f32s) -> S::m32s {
        let simd = self.simd;
        let not_below = simd.not_m32s(simd.less_than_or_equal_f32s(x, max));
        simd.and_m32s(not_below, simd.equal_f32s(max, max))
    }

    /// The maximum of four, and which of the last three exceeded the maximum of those before it.
    ///
    /// Taken before the activation: `ReLU` keeps the order of positive values and blocks the
    /// gradient of the others.
    #[inline(always)]
    pub(super) fn largest(self, values: [S::f32s; 4]) -> (S::f32s, [S::m32s; 3]) {
        let (simd, max) = (self.simd, values[0]);
        let first = self.exceeds(values[1], max);
        let max = simd.select_f32s(first, values[1], max);
        let second = self.exceeds(values[2], max);
        let max = simd.select_f32s(second, values[2], max);
        let third = self.exceeds(values[3], max);
        (simd.select_f32s(third, values[3], max), [first, second, third])
    }
}
