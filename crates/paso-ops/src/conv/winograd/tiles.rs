//! The tiles of a Winograd convolution: how many there are, how they are cut into blocks, and the
//! loop over them.
//!
//! A block of tiles is transformed, multiplied and transformed back while it is in the L2 cache.
//! Blocks run through all images of a call, so that small images fill a block together
//! ([`Conv::preferred_batch`](crate::Conv::preferred_batch)).

use std::cell::RefCell;
use std::ops::Range;

use pulp::{Simd, WithSimd};

use crate::conv::geometry::{ConvGeometry, Strides};
use crate::{Buffer, Isa};

thread_local! {
    /// Transformed tiles and their products. Grows to what the largest convolution of a thread
    /// needs, and is kept.
    pub(super) static SCRATCH: RefCell<Buffer> = RefCell::default();
}

/// Tiles of a block: at most `most`, and about the same number in all blocks.
pub(super) fn even_blocks(tiles: usize, most: usize) -> usize {
    tiles.div_ceil(tiles.div_ceil(most))
}

/// How many tiles of `side x side` outputs a geometry has.
pub(super) fn count(geometry: &ConvGeometry, side: usize) -> usize {
    geometry.images * (geometry.rows / side) * (geometry.columns / side)
}

/// Elements from one product to the next: a cache line more than its tiles need.
///
/// Without it the distance is often a multiple of 4 KiB, which maps the lines of a tile to one set
/// of the L1 cache, of eight or twelve lines.
pub(super) fn stride(tiles: usize, channels: usize) -> usize {
    tiles * channels + 16
}

/// The product of `n` transformed tiles and one matrix, as a 1 x 1 convolution.
pub(super) fn product(n: usize, in_channels: usize, out_channels: usize) -> ConvGeometry {
    ConvGeometry {
        images: 1,
        rows: 1,
        columns: n,
        input: Strides { origin: 0, image: 0, row: 0, pixel: in_channels },
        output: Strides { origin: 0, image: 0, row: 0, pixel: out_channels },
        taps: 1,
        tap_stride: 0,
        row_len: in_channels,
        channels: out_channels,
    }
}

/// One tile of a block and one vector of its channels: what a transform reads and writes.
#[derive(Clone, Copy)]
pub(super) struct Tile<'a> {
    pub(super) geometry: &'a ConvGeometry,
    /// First element of the tile in the image, at the first channel of the vector.
    pub(super) origin: usize,
    /// First channel of the vector.
    pub(super) c: usize,
    /// Channels from `c` on: more than a vector has, or fewer.
    pub(super) lanes: usize,
    /// The same channel in the tile's first product.
    pub(super) transformed: usize,
    /// Elements from one product to the next.
    pub(super) product: usize,
}

/// A transform of one tile, for one vector of channels.
pub(super) trait TileKernel<const N: usize, const M: usize> {
    /// Transforms a tile. `rows` is scratch memory with any content.
    fn tile<S: Simd, const FULL: bool>(
        &mut self,
        simd: S,
        tile: Tile<'_>,
        rows: &mut [[S::f32s; M]; N],
    );
}

/// Runs a transform for these tiles of a geometry, image after image. Pixels have `channels`
/// channels, and are `strides` apart.
pub(super) fn run_tiles<const N: usize, const M: usize>(
    isa: Isa,
    geometry: &ConvGeometry,
    (channels, strides): (usize, Strides),
    tiles: Range<usize>,
    kernel: impl TileKernel<N, M>,
) {
    isa.run(Tiles::<_, N, M> { geometry, channels, strides, tiles, kernel });
}

struct Tiles<'a, K, const N: usize, const M: usize> {
    geometry: &'a ConvGeometry,
    channels: usize,
    strides: Strides,
    tiles: Range<usize>,
    kernel: K,
}

impl<K: TileKernel<N, M>, const N: usize, const M: usize> WithSimd for Tiles<'_, K, N, M> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { geometry, channels, strides, tiles, mut kernel } = self;
        let (down, across) = (geometry.rows / M, geometry.columns / M);
        let product = stride(tiles.len(), channels);
        // Here and not in the loop, which would set it to zero for every tile.
        let mut rows = [[simd.splat_f32s(0.0); M]; N];
        for (at, index) in tiles.enumerate() {
            let (row, column) = (index / across % down, index % across);
            let image = index / across / down * strides.image;
            let first = strides.origin + image + M * (row * strides.row + column * strides.pixel);
            for c in (0..channels).step_by(S::F32_LANES) {
                let (origin, lanes, transformed) = (first + c, channels - c, at * channels + c);
                let tile = Tile { geometry, origin, c, lanes, transformed, product };
                if c + S::F32_LANES <= channels {
                    kernel.tile::<S, true>(simd, tile, &mut rows);
                } else {
                    kernel.tile::<S, false>(simd, tile, &mut rows);
                }
            }
        }
    }
}
