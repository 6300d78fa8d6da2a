//! The input's gradient of the depthwise convolution that halves an image: 3 x 3 taps, stride 2,
//! padding 1, even sides.
//!
//! Of the four pixels of a 2 x 2 block, one uses one tap, two use two and one uses four. Computed
//! together, a pixel of the output's gradient is read once for all nine, where one class of pixels
//! after the other would store about as often as it multiplies.

#![expect(clippy::needless_range_loop, reason = "a register tile is clearest by its indices")]

use pulp::{Simd, WithSimd};

use crate::conv::descriptor::Conv;
use crate::vector::{load, store};
use crate::{Image, ImageMut, Isa, Plane};

/// Whether a convolution is of this kind for inputs of this size.
pub(in crate::conv) fn fits(conv: &Conv, input: Plane) -> bool {
    conv.is_depthwise()
        && (conv.kernel, conv.stride, conv.padding, conv.extra_padding) == (3, 2, 1, 0)
        && input.height.is_multiple_of(2)
        && input.width.is_multiple_of(2)
}

/// Writes the gradient of the input. The weights are those that `input_grad::pack` wrote.
pub(in crate::conv) fn input_grad(isa: Isa, dy: Image<'_>, weights: &[f32], dx: ImageMut<'_>) {
    isa.run(Stride2InputGrad { dy, weights, dx });
}

struct Stride2InputGrad<'a> {
    dy: Image<'a>,
    weights: &'a [f32],
    dx: ImageMut<'a>,
}

impl WithSimd for Stride2InputGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for row in 0..self.dy.plane.height {
            for c in (0..self.dy.plane.channels).step_by(S::F32_LANES) {
                if c + S::F32_LANES <= self.dy.plane.channels {
                    self.row::<S, true>(simd, row, c);
                } else {
                    self.row::<S, false>(simd, row, c);
                }
            }
        }
    }
}

impl Stride2InputGrad<'_> {
    /// Two rows of the input's gradient, one vector of channels.
    #[inline(always)]
    fn row<S: Simd, const FULL: bool>(&mut self, simd: S, row: usize, c: usize) {
        let (from, to) = (self.dy.plane, self.dx.plane);
        let (channels, lanes) = (from.channels, from.channels - c);
        let mut w = [simd.splat_f32s(0.0); 9];
        for tap in 0..9 {
            w[tap] = load::<S, FULL>(simd, &self.weights[tap * channels + c..], lanes);
        }
        // Iterators over whole pixels: slices taken by index would check bounds for every vector.
        let dy = |row: usize| {
            // The pixel and row past the end are halo.
            let start = from.origin() + row * from.row_stride();
            self.dy.data[start..start + (from.width + 1) * channels].chunks_exact(channels)
        };
        let (mut upper, mut lower) = (dy(row), dy(row + 1));
        let (top, bottom) = self.dx.data.split_at_mut(to.row(2 * row + 1).start);
        let len = 2 * from.width * channels;
        let top = top[to.row(2 * row).start..][..len].chunks_exact_mut(2 * channels);
        let bottom = bottom[..len].chunks_exact_mut(2 * channels);
        let mul = |x, w| simd.mul_f32s(x, w);
        let mul_add = |x, w, sum| simd.mul_add_f32s(x, w, sum);
        let (Some(a), Some(b)) = (upper.next(), lower.next()) else { return };
        let mut a = load::<S, FULL>(simd, &a[c..], lanes);
        let mut b = load::<S, FULL>(simd, &b[c..], lanes);
        for (((next, below), top), bottom) in upper.zip(lower).zip(top).zip(bottom) {
            let next = load::<S, FULL>(simd, &next[c..], lanes);
            let below = load::<S, FULL>(simd, &below[c..], lanes);
            store::<S, FULL>(simd, &mut top[c..], lanes, mul(a, w[0]));
            let right = mul_add(next, w[2], mul(a, w[1]));
            store::<S, FULL>(simd, &mut top[channels + c..], lanes, right);
            store::<S, FULL>(simd, &mut bottom[c..], lanes, mul_add(b, w[4], mul(a, w[3])));
            let upper = mul_add(next, w[6], mul(a, w[5]));
            let right = mul_add(below, w[8], mul_add(b, w[7], upper));
            store::<S, FULL>(simd, &mut bottom[channels + c..], lanes, right);
            (a, b) = (next, below);
        }
    }
}
