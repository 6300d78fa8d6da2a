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
    isa.run(WeightGrad { walk, input, d_output, gradient });
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
        // Kernel entries of a tile: 8 x 2 accumulators hide the latency of a multiply-add with 32 registers, 6 x 2
        // with 16. (12 x 2 would fit in 32, but the compiler then keeps one of them in memory, in the inner
        // loop.) Fewer where a kernel row is not a multiple of them, because the last tile then repeats work.
        let run = self.walk.run;
        let wide = S::F32_LANES != 8;
        if wide && run == 9 {
            // 3 x 3 over the three channels of a picture.
            self.blocks::<S, 9>(simd);
        } else if wide && (run.is_multiple_of(8) || run > 40) {
            self.blocks::<S, 8>(simd);
        } else if run.is_multiple_of(6) || run > 30 {
            self.blocks::<S, 6>(simd);
        } else if run.is_multiple_of(4) {
            self.blocks::<S, 4>(simd);
        } else if run >= 3 {
            self.blocks::<S, 3>(simd);
        } else {
            self.blocks::<S, 1>(simd);
        }
    }
}

/// Bytes of input and gradient rows to visit with every tile before going on: well inside a first-level cache.
const BLOCK_BYTES: usize = 24 * 1024;

impl WeightGrad<'_> {
    #[inline(always)]
    fn blocks<S: Simd, const R: usize>(&mut self, simd: S) {
        let walk = *self.walk;
        let row_bytes = 4 * (walk.input.row + walk.columns * walk.channels);
        let step =
            (BLOCK_BYTES / row_bytes).saturating_sub(walk.taps - 1).clamp(1, walk.rows.max(1));
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
        let walk = *self.walk;
        let lanes = S::F32_LANES;
        for tap in 0..walk.taps {
            let mut next = 0;
            while next < walk.run {
                let t = next.min(walk.run - R);
                let acc = self.tile::<S, R, V, FULL>(simd, rows, start, tap, t);
                for r in next - t..R {
                    let at = (tap * walk.run + t + r) * walk.channels + start;
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

    #[inline(always)]
    fn tile<S: Simd, const R: usize, const V: usize, const FULL: bool>(
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
        for row in rows.0..rows.1 {
            let from = walk.input.origin + row * walk.input.row + tap * walk.tap_stride + t;
            let inputs = &self.input[from..from + (walk.columns - 1) * walk.input.pixel + R];
            let to = walk.output.origin + row * walk.output.row;
            let grads = &self.d_output[to..to + walk.columns * walk.channels];
            for (i, d) in grads.chunks_exact(walk.channels).enumerate() {
                let x = &inputs[i * walk.input.pixel..][..R];
                let mut g = [simd.splat_f32s(0.0); V];
                if FULL {
                    let (d, _) = S::as_simd_f32s(&d[start..start + V * lanes]);
                    g.copy_from_slice(d);
                } else {
                    for v in 0..V {
                        let from = start + v * lanes;
                        g[v] = simd.partial_load_f32s(&d[from..walk.channels.min(from + lanes)]);
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
