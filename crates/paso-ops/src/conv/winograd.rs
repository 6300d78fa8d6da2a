//! Winograd's minimal filtering: 16 multiplications for the four outputs of a tile where the direct sum takes 36, or 36 for 16
//! where it takes 144.
//!
//! Winograd, *Arithmetic Complexity of Computations* (1980), as used for convolutions by Lavin & Gray, *Fast Algorithms for
//! Convolutional Neural Networks*, arXiv 1509.09308, section 4.1. Tiles of `N x N` inputs that overlap by two are
//! transformed, multiplied with transformed weights in `N * N` matrix products over the channels, and
//! transformed back to `M x M` outputs. The products are those of a 1 x 1 convolution, so [`direct`] does them. The
//! transformations of a row or a column are in [`filtering`](super::filtering).

use std::cell::RefCell;

use pulp::{Simd, WithSimd};

use super::Epilogue;
use super::direct::{self, Convolve, Strides, Walk, panels};
use super::filtering::{Filtering, Minimal};
use super::winograd_tiles::{Gather, Spread, stride};
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
        epilogue: Epilogue<'_>,
        output: &mut [f32],
    ) {
        match self {
            Self::Two => convolve::<4, 2>(isa, walk, from, input, packed, epilogue, output),
            Self::Four => convolve::<6, 4>(isa, walk, from, input, packed, epilogue, output),
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
                let packed = &mut packed[k * matrix + start * from + i * width..][..width];
                match packed.as_chunks_mut().0.first_mut() {
                    Some(packed) => *packed = *u,
                    None => packed.copy_from_slice(&u[..width]),
                }
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
    epilogue: Epilogue<'_>,
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
            isa.run(Multiply {
                count: N * N,
                one: &product(n, from, to),
                spread,
                packed,
                products,
            });
            isa.run(Gather::<N, M> { walk, products, tiles, epilogue, output });
        }
    });
}

/// Each product of transformed tiles with its matrix of weights.
struct Multiply<'a> {
    count: usize,
    one: &'a Walk,
    spread: &'a [f32],
    packed: &'a [f32],
    products: &'a mut [f32],
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Walk { columns, run: from, channels: to, .. } = *self.one;
        let matrices = self.packed.chunks_exact(self.packed.len() / self.count);
        let tiles = self.spread.chunks_exact(stride(columns, from));
        let products = self.products.chunks_exact_mut(stride(columns, to));
        for (packed, (input, output)) in matrices.zip(tiles.zip(products)) {
            let epilogue = Epilogue::default();
            Convolve { walk: self.one, input, packed, epilogue, output }.with_simd(simd);
        }
    }
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
