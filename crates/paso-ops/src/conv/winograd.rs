//! Winograd's minimal filtering: 16 multiplications for the four outputs of a tile where the direct sum takes 36, or 36 for 16
//! where it takes 144.
//!
//! Winograd, *Arithmetic Complexity of Computations* (1980), as used for convolutions by Lavin & Gray, *Fast Algorithms for
//! Convolutional Neural Networks*, arXiv 1509.09308, section 4.1. Tiles of `N x N` inputs that overlap by two are
//! transformed, multiplied with transformed weights in `N * N` matrix products over the channels, and
//! transformed back to `M x M` outputs. The products are those of a 1 x 1 convolution, so [`direct`] does them. The
//! transformations of a row or a column are in [`filtering`](super::filtering).

#![expect(clippy::needless_range_loop, reason = "small matrices are clearest by their indices")]

use std::cell::RefCell;
use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::Finish;
use super::direct::{self, Strides, Walk, panels};
use super::filtering::{Filtering, Minimal};
use super::vector::{finish, load, store};
use crate::{Buffer, Isa};

/// The outputs of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tile {
    /// 2 x 2 of 4 x 4 inputs.
    Two,
    /// 4 x 4 of 6 x 6 inputs.
    Four,
}

impl Tile {
    /// The tile with which a 3 x 3 convolution of stride 1 with so many channels and outputs is fastest, unless the direct sum is.
    pub(super) fn of(from: usize, to: usize, rows: usize, columns: usize) -> Option<Self> {
        let whole = |side| rows.is_multiple_of(side) && columns.is_multiple_of(side);
        if from < 16 || to < 16 {
            None
        } else if whole(4) && rows * columns >= 64 {
            Some(Self::Four)
        } else if whole(2) && rows * columns >= 64 {
            Some(Self::Two)
        } else {
            None
        }
    }

    /// Length of the packed weights.
    pub(super) fn packed_len(self, from: usize, to: usize, lanes: usize) -> usize {
        let products = match self {
            Self::Two => 16,
            Self::Four => 36,
        };
        products * direct::packed_len(from, to, lanes)
    }

    /// Transforms and packs the weights, given as `weight(tap, from, to)` with taps 0 to 8 row by row: a matrix for each
    /// product, in the panels of [`direct`].
    pub(super) fn pack(
        self,
        from: usize,
        to: usize,
        lanes: usize,
        packed: &mut [f32],
        weight: impl Fn(usize, usize, usize) -> f32,
    ) {
        match self {
            Self::Two => pack::<4, 2>(from, to, lanes, packed, weight),
            Self::Four => pack::<6, 4>(from, to, lanes, packed, weight),
        }
    }

    /// The convolution of a walk with 3 x 3 taps and stride 1, over `from` channels.
    #[expect(clippy::too_many_arguments, reason = "those of a convolution, and the tile")]
    pub(super) fn convolve(
        self,
        isa: Isa,
        walk: &Walk,
        from: usize,
        input: &[f32],
        packed: &[f32],
        finish: Finish<'_>,
        output: &mut [f32],
    ) {
        match self {
            Self::Two => convolve::<4, 2>(isa, walk, from, input, packed, finish, output),
            Self::Four => convolve::<6, 4>(isa, walk, from, input, packed, finish, output),
        }
    }
}

fn pack<const N: usize, const M: usize>(
    from: usize,
    to: usize,
    lanes: usize,
    packed: &mut [f32],
    weight: impl Fn(usize, usize, usize) -> f32,
) where
    Minimal<N, M>: Filtering<N, M>,
{
    const WIDEST: usize = 32;
    let matrix = direct::packed_len(from, to, lanes);
    for (start, width) in panels(to, lanes) {
        let used = width.min(to - start);
        for i in 0..from {
            let mut g = [[0.0; WIDEST]; 9];
            for (tap, g) in g.iter_mut().enumerate() {
                for (o, g) in g[..used].iter_mut().enumerate() {
                    *g = weight(tap, i, start + o);
                }
            }
            let mut u = [[[0.0; WIDEST]; N]; N];
            for o in 0..WIDEST {
                let column =
                    |c: usize| Minimal::<N, M>::weights([g[c][o], g[3 + c][o], g[6 + c][o]]);
                let (a, b, c) = (column(0), column(1), column(2));
                for r in 0..N {
                    let row = Minimal::<N, M>::weights([a[r], b[r], c[r]]);
                    for k in 0..N {
                        u[r][k][o] = row[k];
                    }
                }
            }
            for (k, u) in u.as_flattened().iter().enumerate() {
                let at = k * matrix + start * from + i * width;
                packed[at..at + width].copy_from_slice(&u[..width]);
            }
        }
    }
}

thread_local! {
    /// Transformed tiles and their products: grows to what the largest convolution of a thread needs, and stays.
    pub(super) static SCRATCH: RefCell<Buffer> = RefCell::default();
}

/// Bytes of transformed tiles at a time: well inside a second-level cache, beside the weights.
const BLOCK_BYTES: usize = 384 * 1024;

/// Tiles to transform at a time, of so many with so many products and channels on both sides.
fn block(tiles: usize, products: usize, channels: usize) -> usize {
    even_blocks(tiles, (BLOCK_BYTES / (4 * products * channels)).clamp(16, 256))
}

/// Tiles of a block where there are `most` at most, and all blocks are alike.
pub(super) fn even_blocks(tiles: usize, most: usize) -> usize {
    tiles.div_ceil(tiles.div_ceil(most))
}

/// From one product to the next, a line more than its tiles take. Without it this often is a multiple of 4 KiB, which puts
/// the lines of a tile into one set of the first-level cache, where there is room for eight or twelve.
pub(super) fn stride(tiles: usize, channels: usize) -> usize {
    tiles * channels + 16
}

/// How many tiles of `side x side` outputs a walk has.
pub(super) fn count(walk: &Walk, side: usize) -> usize {
    walk.images * (walk.rows / side) * (walk.columns / side)
}

fn convolve<const N: usize, const M: usize>(
    isa: Isa,
    walk: &Walk,
    from: usize,
    input: &[f32],
    packed: &[f32],
    finish: Finish<'_>,
    output: &mut [f32],
) where
    Minimal<N, M>: Filtering<N, M>,
{
    let (to, tiles) = (walk.channels, count(walk, M));
    let block = block(tiles, N * N, from + to);
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.resize(N * N * (stride(block, from) + stride(block, to)));
        let (spread, products) = scratch.split_at_mut(N * N * stride(block, from));
        for first in (0..tiles).step_by(block) {
            let tiles = first..tiles.min(first + block);
            let n = tiles.len();
            isa.run(Spread::<N, M> { walk, from, input, tiles: tiles.clone(), spread });
            let one = product(n, from, to);
            let matrices = packed.chunks_exact(packed.len() / (N * N));
            let spread = spread.chunks_exact(stride(n, from));
            let parts = spread.zip(products.chunks_exact_mut(stride(n, to)));
            for (u, (v, m)) in matrices.zip(parts) {
                direct::convolve(isa, &one, v, u, Finish::default(), m);
            }
            isa.run(Gather::<N, M> { walk, products, tiles, finish, output });
        }
    });
}

/// A product of `n` transformed tiles with one of the matrices: a 1 x 1 convolution.
pub(super) fn product(n: usize, from: usize, to: usize) -> Walk {
    Walk {
        images: 1,
        rows: 1,
        columns: n,
        input: Strides { origin: 0, image: 0, row: 0, pixel: from },
        output: Strides { origin: 0, image: 0, row: 0, pixel: to },
        taps: 1,
        tap_stride: 0,
        run: from,
        channels: to,
    }
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
struct Gather<'a, const N: usize, const M: usize> {
    walk: &'a Walk,
    products: &'a [f32],
    tiles: Range<usize>,
    finish: Finish<'a>,
    output: &'a mut [f32],
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
                let y = match self.finish.bias {
                    Some(bias) => {
                        simd.add_f32s(column[r], load::<S, FULL>(simd, &bias[c..], lanes))
                    }
                    None => column[r],
                };
                let at = origin + r * walk.output.row + k * walk.output.pixel;
                let y = finish(simd, self.finish.relu, y);
                store::<S, FULL>(simd, &mut self.output[at..], lanes, y);
            }
        }
    }
}
