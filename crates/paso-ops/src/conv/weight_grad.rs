//! The weight gradient of a convolution: register tiles of kernel entries times channels, summed over pixels.
//!
//! The same [`Walk`] as the forward pass, with the roles turned round:
//! `gradient[tap][t][channel] += input[pixel][t] * d_output[pixel][channel]`.

#![expect(clippy::needless_range_loop, reason = "a register tile is clearest by its indices")]

use pulp::{Simd, WithSimd};

use super::direct::{Walk, panels};
use crate::Isa;

/// Adds to `gradient` (`[taps][run][channels]`) the products of inputs and output gradients over all pixels.
pub(super) fn weight_grad(
    isa: Isa,
    walk: &Walk,
    input: &[f32],
    d_output: &[f32],
    gradient: &mut [f32],
) {
    isa.run(WeightGrad { sums: Sums { walk, input, d_output }, gradient });
}

struct WeightGrad<'a> {
    sums: Sums<'a>,
    gradient: &'a mut [f32],
}

/// What is summed: products of inputs and output gradients.
#[derive(Clone, Copy)]
pub(super) struct Sums<'a> {
    pub(super) walk: &'a Walk,
    pub(super) input: &'a [f32],
    pub(super) d_output: &'a [f32],
}

impl WithSimd for WeightGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        // Kernel entries of a tile: 8 x 2 accumulators hide the latency of a multiply-add with 32 registers, 4 x 2
        // with 16. (12 x 2 and 6 x 2 would fit, but the compiler then keeps one or more in memory, in the inner
        // loop.) Fewer where a kernel row is not a multiple of them, because the last tile then repeats work.
        let run = self.sums.walk.run;
        let wide = S::F32_LANES != 8;
        if wide && run == 9 {
            // 3 x 3 over the three channels of a picture.
            self.blocks::<S, 9>(simd);
        } else if wide && (run.is_multiple_of(8) || run > 40) {
            self.blocks::<S, 8>(simd);
        } else if run.is_multiple_of(4) || run > 20 {
            self.blocks::<S, 4>(simd);
        } else if run >= 3 {
            self.blocks::<S, 3>(simd);
        } else {
            self.blocks::<S, 1>(simd);
        }
    }
}

/// Pixels that a tile sums before it is added to the gradient in memory. A tile reads two lines of the output's gradient
/// and one of the input a pixel, which come from the second-level cache in time; adding it takes as long as eight pixels.
const PIXELS: usize = 128;

impl WeightGrad<'_> {
    #[inline(always)]
    fn blocks<S: Simd, const R: usize>(&mut self, simd: S) {
        let walk = *self.sums.walk;
        let step = PIXELS.div_ceil(walk.columns.max(1));
        let mut first = 0;
        while first < walk.rows {
            let rows = (first, walk.rows.min(first + step));
            for (start, width) in panels(walk.channels, S::F32_LANES) {
                let full = start + width <= walk.channels;
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

    /// All tiles of one range of channels. The last tile of a kernel row reaches back and keeps only what is new.
    #[inline(always)]
    fn panel<S: Simd, const R: usize, const V: usize, const FULL: bool>(
        &mut self,
        simd: S,
        rows: (usize, usize),
        start: usize,
    ) {
        let walk = *self.sums.walk;
        let lanes = S::F32_LANES;
        for tap in 0..walk.taps {
            let mut next = 0;
            while next < walk.run {
                let t = next.min(walk.run - R);
                let acc = self.sums.tile::<S, R, V, FULL>(simd, rows, start, tap, t);
                for r in next - t..R {
                    let at = (tap * walk.run + t + r) * walk.channels + start;
                    if FULL {
                        let cells = &mut self.gradient[at..at + V * lanes];
                        let (cells, _) = S::as_mut_simd_f32s(cells);
                        for v in 0..V {
                            cells[v] = simd.add_f32s(cells[v], acc[r][v]);
                        }
                        continue;
                    }
                    for v in 0..V {
                        let end = walk.channels.min(start + (v + 1) * lanes) - start;
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
    /// The sums over the pixels of these rows, for `R` kernel entries from `t` on of one kernel row, and `V` vectors of
    /// channels from `start` on.
    #[inline(always)]
    pub(super) fn tile<S: Simd, const R: usize, const V: usize, const FULL: bool>(
        &self,
        simd: S,
        rows: (usize, usize),
        start: usize,
        tap: usize,
        t: usize,
    ) -> [[S::f32s; V]; R] {
        let walk = self.walk;
        let lanes = S::F32_LANES;
        let mut acc = [[simd.splat_f32s(0.0); V]; R];
        let from = walk.input.origin + tap * walk.tap_stride + t;
        let to = walk.output.origin + start;
        let reach = (walk.columns - 1) * walk.input.pixel + R;
        for row in rows.0..rows.1 {
            let x = &self.input[from + row * walk.input.row..][..reach];
            let d = &self.d_output[to + row * walk.output.row..]
                [..walk.columns * walk.channels - start];
            let pixels = x.windows(R).step_by(walk.input.pixel).zip(d.chunks(walk.channels));
            for (x, d) in pixels {
                let mut g = [simd.splat_f32s(0.0); V];
                if FULL {
                    let (d, _) = S::as_simd_f32s(&d[..V * lanes]);
                    g.copy_from_slice(d);
                } else {
                    for v in 0..V {
                        let from = v * lanes;
                        g[v] = simd
                            .partial_load_f32s(&d[from..(walk.channels - start).min(from + lanes)]);
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
