//! The weight gradient of a 3 x 3 convolution by Winograd's filtering: [`winograd`] turned round.
//!
//! With the forward pass `y = A' ((G w G') * (B' x B)) A` tile by tile, the gradient of `w` is
//! `G' (sum over tiles of (A dy A') * (B' x B)) G`: `N * N` products a tile and pair of channels.

#![expect(clippy::needless_range_loop, reason = "small matrices are clearest by their indices")]

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::direct::{Walk, panels};
use super::filtering::{Filtering, Minimal};
use super::vector::{load, store};
use super::weight_grad::Sums;
use super::winograd::{self, SCRATCH, Tile};
use super::winograd_tiles::{Spread, origins, stride};
use crate::Isa;

/// Tiles to transform at a time. More of them share the way back to the nine weights, as long as those of one product stay in the
/// first-level cache, and all products in the second.
fn block(tiles: usize, products: usize, channels: usize) -> usize {
    winograd::even_blocks(tiles, ((1 << 20) / (4 * products * channels)).clamp(16, 96))
}

impl Tile {
    /// Adds to `gradient` (`[9][from][to]`) the products of inputs and output gradients over all pixels.
    pub(super) fn weight_grad(
        self,
        isa: Isa,
        walk: &Walk,
        from: usize,
        input: &[f32],
        d_output: &[f32],
        gradient: &mut [f32],
    ) {
        match self {
            Self::Two => weight_grad::<4, 2>(isa, walk, from, input, d_output, gradient),
            Self::Four => weight_grad::<6, 4>(isa, walk, from, input, d_output, gradient),
        }
    }
}

fn weight_grad<const N: usize, const M: usize>(
    isa: Isa,
    walk: &Walk,
    from: usize,
    input: &[f32],
    d_output: &[f32],
    gradient: &mut [f32],
) where
    Minimal<N, M>: Filtering<N, M>,
{
    let (to, tiles) = (walk.channels, winograd::count(walk, M));
    let block = block(tiles, N * N, from + to);
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.resize(N * N * (stride(block, from) + stride(block, to)));
        let (spread, widened) = scratch.split_at_mut(N * N * stride(block, from));
        for first in (0..tiles).step_by(block) {
            let tiles = first..tiles.min(first + block);
            let one = winograd::product(tiles.len(), from, to);
            isa.run(Spread::<N, M> { walk, from, input, tiles: tiles.clone(), spread });
            isa.run(Widen::<N, M> { walk, d_output, tiles, widened });
            isa.run(Products::<N, M> { one: &one, spread, widened, gradient });
        }
    });
}

/// Output gradients to transformed tiles, `[product][tile][channel]`, the products a [`stride`] apart.
struct Widen<'a, const N: usize, const M: usize> {
    walk: &'a Walk,
    d_output: &'a [f32],
    tiles: Range<usize>,
    widened: &'a mut [f32],
}

impl<const N: usize, const M: usize> WithSimd for Widen<'_, N, M>
where
    Minimal<N, M>: Filtering<N, M>,
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let channels = self.walk.channels;
        for (at, origin) in origins(self.walk, M, self.walk.output, self.tiles.clone()) {
            for c in (0..channels).step_by(S::F32_LANES) {
                if c + S::F32_LANES <= channels {
                    self.tile::<S, true>(simd, origin + c, at, c);
                } else {
                    self.tile::<S, false>(simd, origin + c, at, c);
                }
            }
        }
    }
}

impl<const N: usize, const M: usize> Widen<'_, N, M>
where
    Minimal<N, M>: Filtering<N, M>,
{
    #[inline(always)]
    fn tile<S: Simd, const FULL: bool>(&mut self, simd: S, origin: usize, at: usize, c: usize) {
        let channels = self.walk.channels;
        let (lanes, strides) = (channels - c, self.walk.output);
        let mut rows = [[simd.splat_f32s(0.0); N]; M];
        for r in 0..M {
            let mut dy = [simd.splat_f32s(0.0); M];
            for k in 0..M {
                let d_output = &self.d_output[origin + r * strides.row + k * strides.pixel..];
                dy[k] = load::<S, FULL>(simd, d_output, lanes);
            }
            rows[r] = Minimal::<N, M>::d_outputs(simd, dy);
        }
        let product = stride(self.tiles.len(), channels);
        for k in 0..N {
            let mut dy = [simd.splat_f32s(0.0); M];
            for r in 0..M {
                dy[r] = rows[r][k];
            }
            let column = Minimal::<N, M>::d_outputs(simd, dy);
            for r in 0..N {
                let out = &mut self.widened[(N * r + k) * product + at * channels + c..];
                store::<S, FULL>(simd, out, lanes, column[r]);
            }
        }
    }
}

/// Transformed tiles to the gradient.
struct Products<'a, const N: usize, const M: usize> {
    one: &'a Walk,
    spread: &'a [f32],
    widened: &'a [f32],
    gradient: &'a mut [f32],
}

impl<const N: usize, const M: usize> WithSimd for Products<'_, N, M>
where
    Minimal<N, M>: Filtering<N, M>,
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // 16 registers are fewer than 6 x 2 accumulators and what is added to them, but the long rows make up for it.
        if S::F32_LANES == 8 {
            self.panels::<S, 6>(simd);
        } else {
            self.panels::<S, 8>(simd);
        }
    }
}

impl<const N: usize, const M: usize> Products<'_, N, M>
where
    Minimal<N, M>: Filtering<N, M>,
{
    #[inline(always)]
    fn panels<S: Simd, const R: usize>(mut self, simd: S) {
        for (start, width) in panels(self.one.channels, S::F32_LANES) {
            let full = start + width <= self.one.channels;
            match (width > S::F32_LANES, full) {
                (true, true) => self.panel::<S, R, 2, true>(simd, start),
                (true, false) => self.panel::<S, R, 2, false>(simd, start),
                (false, true) => self.panel::<S, R, 1, true>(simd, start),
                (false, false) => self.panel::<S, R, 1, false>(simd, start),
            }
        }
    }

    /// One range of output channels, `R` input channels at a time, whose sums do not leave the first-level cache. The
    /// last reach back and keep only what is new.
    #[inline(always)]
    fn panel<S: Simd, const R: usize, const V: usize, const FULL: bool>(
        &mut self,
        simd: S,
        start: usize,
    ) {
        let walk = self.one;
        let (from, to) = (walk.run, walk.channels);
        // Sums of a row of products become three at once: half the memory. Outside of the loop, which writes all of it, because
        // zeroing it takes as long as some of the sums.
        let mut sums = [[[simd.splat_f32s(0.0); V]; R]; N];
        let mut rows = [[[[simd.splat_f32s(0.0); V]; R]; 3]; N];
        let mut next = 0;
        while next < from {
            let first = next.min(from - R);
            for r in 0..N {
                for k in 0..N {
                    let product = N * r + k;
                    let input = &self.spread[product * stride(walk.columns, from)..];
                    let d_output = &self.widened[product * stride(walk.columns, to)..];
                    let input = &input[..walk.columns * from];
                    let d_output = &d_output[..walk.columns * to];
                    let products = Sums { walk, input, d_output };
                    let sum = products.tile::<S, R, V, FULL>(simd, (0, 1), start, 0, first);
                    for i in 0..R {
                        for v in 0..V {
                            sums[k][i][v] = sum[i][v];
                        }
                    }
                }
                for i in 0..R {
                    for v in 0..V {
                        let mut m = [simd.splat_f32s(0.0); N];
                        for k in 0..N {
                            m[k] = sums[k][i][v];
                        }
                        let row = Minimal::<N, M>::d_weights(simd, m);
                        for k in 0..3 {
                            rows[r][k][i][v] = row[k];
                        }
                    }
                }
            }
            for i in next - first..R {
                for v in 0..V {
                    let at = (first + i) * to + start + v * S::F32_LANES;
                    let lanes = (to - start).saturating_sub(v * S::F32_LANES).min(S::F32_LANES);
                    for k in 0..3 {
                        let mut m = [simd.splat_f32s(0.0); N];
                        for r in 0..N {
                            m[r] = rows[r][k][i][v];
                        }
                        let column = Minimal::<N, M>::d_weights(simd, m);
                        for r in 0..3 {
                            let weights = &mut self.gradient[(3 * r + k) * from * to + at..];
                            let sum = load::<S, FULL>(simd, weights, lanes);
                            store::<S, FULL>(simd, weights, lanes, simd.add_f32s(sum, column[r]));
                        }
                    }
                }
            }
            next = first + R;
        }
    }
}
