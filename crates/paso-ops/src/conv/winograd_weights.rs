//! The weight gradient of a 3 x 3 convolution by Winograd's filtering: [`winograd`] turned round.
//!
//! With the forward pass `y = A' ((G w G') * (B' x B)) A` tile by tile, the gradient of `w` is
//! `G' (sum over tiles of (A dy A') * (B' x B)) G`: 16 products a tile and pair of channels, where the direct sum takes 36.

#![expect(clippy::needless_range_loop, reason = "small matrices are clearest by their indices")]

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::direct::{Walk, panels};
use super::vector::{load, store};
use super::weight_grad::Sums;
use super::winograd::{self, PRODUCTS, SCRATCH, Spread, origins, stride};
use crate::Isa;

/// Tiles to transform at a time. More of them share the way back to the nine weights, as long as those of one product stay in the
/// first-level cache, and all products in the second.
fn block(tiles: usize, channels: usize) -> usize {
    winograd::even_blocks(tiles, ((1 << 20) / (4 * PRODUCTS * channels)).clamp(16, 96))
}

/// Adds to `gradient` (`[9][from][to]`) the products of inputs and output gradients over all pixels.
pub(super) fn weight_grad(
    isa: Isa,
    walk: &Walk,
    from: usize,
    input: &[f32],
    d_output: &[f32],
    gradient: &mut [f32],
) {
    let (to, tiles) = (walk.channels, walk.rows / 2 * (walk.columns / 2));
    let block = block(tiles, from + to);
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.resize(PRODUCTS * (stride(block, from) + stride(block, to)));
        let (spread, widened) = scratch.split_at_mut(PRODUCTS * stride(block, from));
        for first in (0..tiles).step_by(block) {
            let tiles = first..tiles.min(first + block);
            let one = winograd::product(tiles.len(), from, to);
            isa.run(Spread { walk, from, input, tiles: tiles.clone(), spread });
            isa.run(Widen { walk, d_output, tiles, widened });
            isa.run(Products { one: &one, spread, widened, gradient });
        }
    });
}

/// Output gradients to transformed tiles, `[product][tile][channel]`, the products a [`stride`] apart.
struct Widen<'a> {
    walk: &'a Walk,
    d_output: &'a [f32],
    tiles: Range<usize>,
    widened: &'a mut [f32],
}

impl WithSimd for Widen<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let channels = self.walk.channels;
        for (at, origin) in origins(self.walk.columns, self.walk.output, self.tiles.clone()) {
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

impl Widen<'_> {
    #[inline(always)]
    fn tile<S: Simd, const FULL: bool>(&mut self, simd: S, origin: usize, at: usize, c: usize) {
        let channels = self.walk.channels;
        let (lanes, strides) = (channels - c, self.walk.output);
        let mut rows = [[simd.splat_f32s(0.0); 4]; 2];
        for r in 0..2 {
            let left = &self.d_output[origin + r * strides.row..];
            let right = &left[strides.pixel..];
            let pair = [load::<S, FULL>(simd, left, lanes), load::<S, FULL>(simd, right, lanes)];
            rows[r] = widen(simd, pair);
        }
        let product = stride(self.tiles.len(), channels);
        for k in 0..4 {
            let column = widen(simd, [rows[0][k], rows[1][k]]);
            for r in 0..4 {
                let out = &mut self.widened[(4 * r + k) * product + at * channels + c..];
                store::<S, FULL>(simd, out, lanes, column[r]);
            }
        }
    }
}

/// Two gradients of outputs of a row or column as those of its four products.
#[inline(always)]
fn widen<S: Simd>(simd: S, [a, b]: [S::f32s; 2]) -> [S::f32s; 4] {
    [a, simd.add_f32s(a, b), simd.sub_f32s(a, b), simd.neg_f32s(b)]
}

/// Transformed tiles to the gradient.
struct Products<'a> {
    one: &'a Walk,
    spread: &'a [f32],
    widened: &'a [f32],
    gradient: &'a mut [f32],
}

impl WithSimd for Products<'_> {
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

impl Products<'_> {
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

    /// One range of output channels, `R` input channels at a time, whose 16 sums do not leave the first-level cache. The
    /// last reach back and keep only what is new.
    #[inline(always)]
    fn panel<S: Simd, const R: usize, const V: usize, const FULL: bool>(
        &mut self,
        simd: S,
        start: usize,
    ) {
        let walk = self.one;
        let (from, to) = (walk.run, walk.channels);
        let mut next = 0;
        while next < from {
            let first = next.min(from - R);
            let mut sums = [[[simd.splat_f32s(0.0); V]; R]; PRODUCTS];
            for k in 0..PRODUCTS {
                let input = &self.spread[k * stride(walk.columns, from)..][..walk.columns * from];
                let d_output = &self.widened[k * stride(walk.columns, to)..][..walk.columns * to];
                sums[k] = Sums { walk, input, d_output }.tile::<S, R, V, FULL>(
                    simd,
                    (0, 1),
                    start,
                    0,
                    first,
                );
            }
            for r in next - first..R {
                for v in 0..V {
                    let at = (first + r) * to + start + v * S::F32_LANES;
                    let lanes = (to - start).saturating_sub(v * S::F32_LANES).min(S::F32_LANES);
                    let mut products = [simd.splat_f32s(0.0); PRODUCTS];
                    for k in 0..PRODUCTS {
                        products[k] = sums[k][r][v];
                    }
                    self.add::<S, FULL>(simd, at, lanes, products);
                }
            }
            next = first + R;
        }
    }

    /// Adds 16 sums to the nine weights they belong to, the first of which is at `at`.
    #[inline(always)]
    fn add<S: Simd, const FULL: bool>(
        &mut self,
        simd: S,
        at: usize,
        lanes: usize,
        m: [S::f32s; PRODUCTS],
    ) {
        let mut rows = [[simd.splat_f32s(0.0); 3]; 4];
        for r in 0..4 {
            rows[r] = narrow(simd, [m[4 * r], m[4 * r + 1], m[4 * r + 2], m[4 * r + 3]]);
        }
        for k in 0..3 {
            let column = narrow(simd, [rows[0][k], rows[1][k], rows[2][k], rows[3][k]]);
            for r in 0..3 {
                let tap = (3 * r + k) * self.one.run * self.one.channels;
                let weights = &mut self.gradient[tap + at..];
                let sum = simd.add_f32s(load::<S, FULL>(simd, weights, lanes), column[r]);
                store::<S, FULL>(simd, weights, lanes, sum);
            }
        }
    }
}

/// Four sums of a row or column as the gradients of its three weights.
#[inline(always)]
fn narrow<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 3] {
    let half = simd.splat_f32s(0.5);
    let both = simd.mul_f32s(half, simd.add_f32s(b, c));
    [simd.add_f32s(a, both), simd.mul_f32s(half, simd.sub_f32s(b, c)), simd.add_f32s(both, d)]
}
