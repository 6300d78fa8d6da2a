//! The weight gradient of a convolution: register tiles of kernel entries times channels, summed
//! over pixels.
//!
//! The same [`ConvGeometry`] as the forward pass, summed over pixels instead of taps:
//! `gradient[tap][t][channel] += input[pixel][t] * output_grad[pixel][channel]`.

#![expect(clippy::needless_range_loop, reason = "a register tile is clearest by its indices")]

use pulp::{Simd, WithSimd};

use super::panels;
use crate::Isa;
use crate::conv::geometry::ConvGeometry;

/// Adds to `gradient` (`[taps][row_len][channels]`) the products of inputs and output gradients
/// over all pixels.
pub(in crate::conv) fn weight_grad(
    isa: Isa,
    geometry: &ConvGeometry,
    input: &[f32],
    output_grad: &[f32],
    gradient: &mut [f32],
) {
    isa.run(WeightGrad { sums: Sums { geometry, input, output_grad }, gradient });
}

struct WeightGrad<'a> {
    sums: Sums<'a>,
    gradient: &'a mut [f32],
}

/// What is summed: products of inputs and output gradients.
#[derive(Clone, Copy)]
pub(in crate::conv) struct Sums<'a> {
    pub(in crate::conv) geometry: &'a ConvGeometry,
    pub(in crate::conv) input: &'a [f32],
    pub(in crate::conv) output_grad: &'a [f32],
}

impl WithSimd for WeightGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        // Kernel entries of a tile: 8 x 2 accumulators hide the latency of a multiply-add with 32
        // registers, 4 x 2 with 16. (12 x 2 and 6 x 2 would fit, but the compiler then keeps one or
        // more in memory, in the inner loop.) Fewer where a kernel row is not a multiple of them,
        // because the last tile then repeats work.
        let row_len = self.sums.geometry.row_len;
        let wide = S::F32_LANES != 8;
        if wide && row_len == 9 {
            // 3 x 3 over the three channels of an RGB image.
            self.blocks::<S, 9>(simd);
        } else if wide && (row_len.is_multiple_of(8) || row_len > 40) {
            self.blocks::<S, 8>(simd);
        } else if row_len.is_multiple_of(4) || row_len > 20 {
            self.blocks::<S, 4>(simd);
        } else if row_len >= 3 {
            self.blocks::<S, 3>(simd);
        } else {
            self.blocks::<S, 1>(simd);
        }
    }
}

/// Pixels that a tile sums before it is added to the gradient in memory. A tile reads two lines of
/// the output's gradient and one of the input per pixel, which the L2 cache delivers in time.
/// Adding the tile costs as much as eight pixels.
const PIXELS: usize = 128;

impl WeightGrad<'_> {
    #[inline(always)]
    fn blocks<S: Simd, const R: usize>(&mut self, simd: S) {
        let geometry = *self.sums.geometry;
        let step = PIXELS.div_ceil(geometry.columns.max(1));
        let mut first = 0;
        while first < geometry.rows {
            let rows = (first, geometry.rows.min(first + step));
            for (start, width) in panels(geometry.channels, S::F32_LANES) {
                let full = start + width <= geometry.channels;
                match (width > S::F32_LANES, full) {
                    (true, true) => self.panel::<S, R, 2, true>(simd, rows, start),
                    (true, false) => self.panel::<S, R, 2, false>(simd, rows, start),
                    (false, true) => self.panel::<S, R, 1, true>(simd, rows, start),
                    (false, false) => self.panel::<S, R, 1, false>(simd, rows, start),
                }
            }
            first = rows.1;
        }
    }

    /// All tiles of one range of channels. The last tile of a kernel row reaches back and keeps
    /// only what is new.
    #[inline(always)]
    fn panel<S: Simd, const R: usize, const V: usize, const FULL: bool>(
        &mut self,
        simd: S,
        rows: (usize, usize),
        start: usize,
    ) {
        let geometry = *self.sums.geometry;
        let lanes = S::F32_LANES;
        for tap in 0..geometry.taps {
            let mut next = 0;
            while next < geometry.row_len {
                let t = next.min(geometry.row_len - R);
                let acc = self.sums.tile::<S, R, V, FULL>(simd, rows, start, tap, t);
                for r in next - t..R {
                    let at = (tap * geometry.row_len + t + r) * geometry.channels + start;
                    if FULL {
                        let cells = &mut self.gradient[at..at + V * lanes];
                        let (cells, _) = S::as_mut_simd_f32s(cells);
                        for v in 0..V {
                            cells[v] = simd.add_f32s(cells[v], acc[r][v]);
                        }
                        continue;
                    }
                    for v in 0..V {
                        let end = geometry.channels.min(start + (v + 1) * lanes) - start;
                        let cell = &mut self.gradient[at + v * lanes..at + end];
                        let sum = simd.add_f32s(simd.partial_load_f32s(cell), acc[r][v]);
                        simd.partial_store_f32s(cell, sum);
                    }
                }
                next = t + R;
            }
        }
    }
}

impl Sums<'_> {
    /// The sums over the pixels of these rows, for `R` kernel entries from `t` on of one kernel
    /// row, and `V` vectors of channels from `start` on.
    #[inline(always)]
    pub(in crate::conv) fn tile<S: Simd, const R: usize, const V: usize, const FULL: bool>(
        &self,
        simd: S,
        rows: (usize, usize),
        start: usize,
        tap: usize,
        t: usize,
    ) -> [[S::f32s; V]; R] {
        let geometry = self.geometry;
        let lanes = S::F32_LANES;
        let mut acc = [[simd.splat_f32s(0.0); V]; R];
        let from = geometry.input.origin + tap * geometry.tap_stride + t;
        let to = geometry.output.origin + start;
        let reach = (geometry.columns - 1) * geometry.input.pixel + R;
        for row in rows.0..rows.1 {
            let x = &self.input[from + row * geometry.input.row..][..reach];
            let d = &self.output_grad[to + row * geometry.output.row..]
                [..geometry.columns * geometry.channels - start];
            let pixels =
                x.windows(R).step_by(geometry.input.pixel).zip(d.chunks(geometry.channels));
            for (x, d) in pixels {
                let mut g = [simd.splat_f32s(0.0); V];
                if FULL {
                    let (d, _) = S::as_simd_f32s(&d[..V * lanes]);
                    g.copy_from_slice(d);
                } else {
                    for v in 0..V {
                        let from = v * lanes;
                        g[v] = simd.partial_load_f32s(
                            &d[from..(geometry.channels - start).min(from + lanes)],
                        );
                    }
                }
                for r in 0..R {
                    let a = simd.splat_f32s(x[r]);
                    for v in 0..V {
                        acc[r][v] = simd.mul_add_f32s(a, g[v], acc[r][v]);
                    }
                }
            }
        }
        acc
    }
}
