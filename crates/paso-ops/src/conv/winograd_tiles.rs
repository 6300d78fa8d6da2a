//! Inputs to transformed tiles, and products of tiles to outputs: the two ends of [`winograd`](super::winograd).

#![expect(clippy::needless_range_loop, reason = "small matrices are clearest by their indices")]

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::Epilogue;
use super::direct::{Strides, Walk};
use super::filtering::{Filtering, Minimal};
use super::vector::{load, relu_if, store};

/// From one product to the next, a line more than its tiles take. Without it this often is a multiple of 4 KiB, which puts
/// the lines of a tile into one set of the first-level cache, where there is room for eight or twelve.
pub(super) fn stride(tiles: usize, channels: usize) -> usize {
    tiles * channels + 16
}

/// The number of each tile among these, and where its first pixel lies: tiles of `side` pixels, image after image.
pub(super) fn origins(
    walk: &Walk,
    side: usize,
    of: Strides,
    tiles: Range<usize>,
) -> impl Iterator<Item = (usize, usize)> {
    let (down, across) = (walk.rows / side, walk.columns / side);
    tiles.enumerate().map(move |(at, tile)| {
        let (row, column) = (tile / across % down, tile % across);
        let image = tile / across / down * of.image;
        (at, of.origin + image + side * (row * of.row + column * of.pixel))
    })
}

/// Inputs to transformed tiles, `[product][tile][channel]`, the products a [`stride`] apart.
pub(super) struct Spread<'a, const N: usize, const M: usize> {
    pub(super) walk: &'a Walk,
    pub(super) from: usize,
    pub(super) input: &'a [f32],
    pub(super) tiles: Range<usize>,
    pub(super) spread: &'a mut [f32],
}

impl<const N: usize, const M: usize> WithSimd for Spread<'_, N, M>
where
    Minimal<N, M>: Filtering<N, M>,
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for (at, origin) in origins(self.walk, M, self.walk.input, self.tiles.clone()) {
            for c in (0..self.from).step_by(S::F32_LANES) {
                if c + S::F32_LANES <= self.from {
                    self.tile::<S, true>(simd, origin + c, at, c);
                } else {
                    self.tile::<S, false>(simd, origin + c, at, c);
                }
            }
        }
    }
}

impl<const N: usize, const M: usize> Spread<'_, N, M>
where
    Minimal<N, M>: Filtering<N, M>,
{
    #[inline(always)]
    fn tile<S: Simd, const FULL: bool>(&mut self, simd: S, origin: usize, at: usize, c: usize) {
        if N == 6 {
            // 36 products are more than there are registers. Half of them take the inputs once more, but hardly any
            // operation: of a column's products, the first three share nothing with the others.
            self.rows::<S, 3, FULL>(simd, origin, at, c, 0);
            self.rows::<S, 3, FULL>(simd, origin, at, c, 3);
        } else {
            self.rows::<S, N, FULL>(simd, origin, at, c, 0);
        }
    }

    /// `R` rows of products, from `first` on.
    #[inline(always)]
    fn rows<S: Simd, const R: usize, const FULL: bool>(
        &mut self,
        simd: S,
        origin: usize,
        at: usize,
        c: usize,
        first: usize,
    ) {
        let lanes = self.from - c;
        let strides = self.walk.input;
        let mut rows = [[simd.splat_f32s(0.0); N]; R];
        for k in 0..N {
            let mut x = [simd.splat_f32s(0.0); N];
            for r in 0..N {
                let input = &self.input[origin + r * strides.row + k * strides.pixel..];
                x[r] = load::<S, FULL>(simd, input, lanes);
            }
            let column = Minimal::<N, M>::inputs(simd, x);
            for r in 0..R {
                rows[r][k] = column[first + r];
            }
        }
        let product = stride(self.tiles.len(), self.from);
        for r in 0..R {
            let row = Minimal::<N, M>::inputs(simd, rows[r]);
            for k in 0..N {
                let to = (N * (first + r) + k) * product + at * self.from + c;
                store::<S, FULL>(simd, &mut self.spread[to..], lanes, row[k]);
            }
        }
    }
}

/// Products to outputs.
pub(super) struct Gather<'a, const N: usize, const M: usize> {
    pub(super) walk: &'a Walk,
    pub(super) products: &'a [f32],
    pub(super) tiles: Range<usize>,
    pub(super) epilogue: Epilogue<'a>,
    pub(super) output: &'a mut [f32],
}

impl<const N: usize, const M: usize> WithSimd for Gather<'_, N, M>
where
    Minimal<N, M>: Filtering<N, M>,
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let channels = self.walk.channels;
        // Here and not for every tile, because it would be zeroed every time.
        let mut rows = [[simd.splat_f32s(0.0); M]; N];
        for (at, origin) in origins(self.walk, M, self.walk.output, self.tiles.clone()) {
            for c in (0..channels).step_by(S::F32_LANES) {
                if c + S::F32_LANES <= channels {
                    self.tile::<S, true>(simd, origin + c, at, c, &mut rows);
                } else {
                    self.tile::<S, false>(simd, origin + c, at, c, &mut rows);
                }
            }
        }
    }
}

impl<const N: usize, const M: usize> Gather<'_, N, M>
where
    Minimal<N, M>: Filtering<N, M>,
{
    #[inline(always)]
    fn tile<S: Simd, const FULL: bool>(
        &mut self,
        simd: S,
        origin: usize,
        at: usize,
        c: usize,
        rows: &mut [[S::f32s; M]; N],
    ) {
        let (walk, channels) = (self.walk, self.walk.channels);
        let lanes = channels - c;
        let product = stride(self.tiles.len(), channels);
        for (r, row) in rows.iter_mut().enumerate() {
            let mut m = [simd.splat_f32s(0.0); N];
            for k in 0..N {
                let m_rk = &self.products[(N * r + k) * product + at * channels + c..];
                m[k] = load::<S, FULL>(simd, m_rk, lanes);
            }
            *row = Minimal::<N, M>::outputs(simd, m);
        }
        for k in 0..M {
            let mut m = [simd.splat_f32s(0.0); N];
            for r in 0..N {
                m[r] = rows[r][k];
            }
            let column = Minimal::<N, M>::outputs(simd, m);
            for r in 0..M {
                let y = match self.epilogue.bias {
                    Some(bias) => {
                        simd.add_f32s(column[r], load::<S, FULL>(simd, &bias[c..], lanes))
                    }
                    None => column[r],
                };
                let at = origin + r * walk.output.row + k * walk.output.pixel;
                let y = relu_if(simd, self.epilogue.relu, y);
                store::<S, FULL>(simd, &mut self.output[at..], lanes, y);
            }
        }
    }
}
