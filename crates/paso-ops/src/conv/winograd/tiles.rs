//! The transforms of tiles: of inputs, of products to outputs, and of output gradients.

#![expect(clippy::needless_range_loop, reason = "small matrices are clearest by their indices")]

use std::cell::RefCell;
use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::winograd_transform::{Winograd, WinogradTransform};
use crate::conv::descriptor::Epilogue;
use crate::conv::geometry::{ConvGeometry, Strides};
use crate::vector::{load, relu_if, store};
use crate::{Buffer, Isa};

thread_local! {
    /// Transformed tiles and their products. Grows to what the largest convolution of a thread needs, and is kept.
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
/// Without it the distance is often a multiple of 4 KiB, which maps the lines of a tile to one set of the L1 cache, of eight or twelve
/// lines.
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

/// One tile of a block.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    /// Index in the block.
    at: usize,
    /// Tiles of the block.
    count: usize,
    /// Index of its first pixel in the image.
    origin: usize,
}

/// A transform of one tile, for one vector of channels.
pub(super) trait TileKernel<const N: usize, const M: usize> {
    /// Channels, and the strides of the images that are read or written.
    fn layout(&self, geometry: &ConvGeometry) -> (usize, Strides);

    /// The channels from `c` on. `rows` is scratch memory with any content.
    fn tile<S: Simd, const FULL: bool>(
        &mut self,
        simd: S,
        geometry: &ConvGeometry,
        tile: Tile,
        c: usize,
        rows: &mut [[S::f32s; M]; N],
    );
}

/// Runs a transform for these tiles of a geometry, image after image.
pub(super) fn run_tiles<const N: usize, const M: usize>(
    isa: Isa,
    geometry: &ConvGeometry,
    tiles: Range<usize>,
    kernel: impl TileKernel<N, M>,
) {
    isa.run(Tiles::<_, N, M> { geometry, tiles, kernel });
}

struct Tiles<'a, K, const N: usize, const M: usize> {
    geometry: &'a ConvGeometry,
    tiles: Range<usize>,
    kernel: K,
}

impl<K: TileKernel<N, M>, const N: usize, const M: usize> WithSimd for Tiles<'_, K, N, M> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { geometry, tiles, mut kernel } = self;
        let (channels, strides) = kernel.layout(geometry);
        let (down, across) = (geometry.rows / M, geometry.columns / M);
        let count = tiles.len();
        // Here and not in the loop, which would set it to zero for every tile.
        let mut rows = [[simd.splat_f32s(0.0); M]; N];
        for (at, index) in tiles.enumerate() {
            let (row, column) = (index / across % down, index % across);
            let image = index / across / down * strides.image;
            let origin = strides.origin + image + M * (row * strides.row + column * strides.pixel);
            for c in (0..channels).step_by(S::F32_LANES) {
                let tile = Tile { at, count, origin: origin + c };
                if c + S::F32_LANES <= channels {
                    kernel.tile::<S, true>(simd, geometry, tile, c, &mut rows);
                } else {
                    kernel.tile::<S, false>(simd, geometry, tile, c, &mut rows);
                }
            }
        }
    }
}

/// Inputs to transformed tiles, `[product][tile][channel]`, the products a [`stride`] apart.
pub(super) struct InputTransform<'a> {
    pub(super) in_channels: usize,
    pub(super) input: &'a [f32],
    pub(super) transformed: &'a mut [f32],
}

impl<const N: usize, const M: usize> TileKernel<N, M> for InputTransform<'_>
where
    Winograd<N, M>: WinogradTransform<N, M>,
{
    #[inline(always)]
    fn layout(&self, geometry: &ConvGeometry) -> (usize, Strides) {
        (self.in_channels, geometry.input)
    }

    #[inline(always)]
    fn tile<S: Simd, const FULL: bool>(
        &mut self,
        simd: S,
        geometry: &ConvGeometry,
        tile: Tile,
        c: usize,
        _: &mut [[S::f32s; M]; N],
    ) {
        let place = (geometry, tile);
        if N == 6 {
            // 36 products do not fit into registers. Two halves read the inputs twice but repeat hardly any operation: the first
            // three products of a column share nothing with the others.
            self.rows::<S, N, M, 3, FULL>(simd, place, c, 0);
            self.rows::<S, N, M, 3, FULL>(simd, place, c, 3);
        } else {
            self.rows::<S, N, M, N, FULL>(simd, place, c, 0);
        }
    }
}

impl InputTransform<'_> {
    /// `R` rows of products, from `first` on.
    #[inline(always)]
    fn rows<S: Simd, const N: usize, const M: usize, const R: usize, const FULL: bool>(
        &mut self,
        simd: S,
        (layout, tile): (&ConvGeometry, Tile),
        c: usize,
        first: usize,
    ) where
        Winograd<N, M>: WinogradTransform<N, M>,
    {
        let Tile { at, count, origin } = tile;
        let lanes = self.in_channels - c;
        let strides = layout.input;
        let mut rows = [[simd.splat_f32s(0.0); N]; R];
        for k in 0..N {
            let mut x = [simd.splat_f32s(0.0); N];
            for r in 0..N {
                let input = &self.input[origin + r * strides.row + k * strides.pixel..];
                x[r] = load::<S, FULL>(simd, input, lanes);
            }
            let column = Winograd::<N, M>::input(simd, x);
            for r in 0..R {
                rows[r][k] = column[first + r];
            }
        }
        let product = stride(count, self.in_channels);
        for r in 0..R {
            let row = Winograd::<N, M>::input(simd, rows[r]);
            for k in 0..N {
                let index = (N * (first + r) + k) * product + at * self.in_channels + c;
                store::<S, FULL>(simd, &mut self.transformed[index..], lanes, row[k]);
            }
        }
    }
}

/// Products to outputs, with the epilogue of the convolution.
pub(super) struct OutputTransform<'a> {
    pub(super) products: &'a [f32],
    pub(super) epilogue: Epilogue<'a>,
    pub(super) output: &'a mut [f32],
}

impl<const N: usize, const M: usize> TileKernel<N, M> for OutputTransform<'_>
where
    Winograd<N, M>: WinogradTransform<N, M>,
{
    #[inline(always)]
    fn layout(&self, geometry: &ConvGeometry) -> (usize, Strides) {
        (geometry.channels, geometry.output)
    }

    #[inline(always)]
    fn tile<S: Simd, const FULL: bool>(
        &mut self,
        simd: S,
        geometry: &ConvGeometry,
        tile: Tile,
        c: usize,
        rows: &mut [[S::f32s; M]; N],
    ) {
        let (Tile { at, count, origin }, channels) = (tile, geometry.channels);
        let lanes = channels - c;
        let product = stride(count, channels);
        for (r, row) in rows.iter_mut().enumerate() {
            let mut m = [simd.splat_f32s(0.0); N];
            for k in 0..N {
                let m_rk = &self.products[(N * r + k) * product + at * channels + c..];
                m[k] = load::<S, FULL>(simd, m_rk, lanes);
            }
            *row = Winograd::<N, M>::output(simd, m);
        }
        for k in 0..M {
            let mut m = [simd.splat_f32s(0.0); N];
            for r in 0..N {
                m[r] = rows[r][k];
            }
            let column = Winograd::<N, M>::output(simd, m);
            for r in 0..M {
                let y = match self.epilogue.bias {
                    Some(bias) => {
                        simd.add_f32s(column[r], load::<S, FULL>(simd, &bias[c..], lanes))
                    }
                    None => column[r],
                };
                let index = origin + r * geometry.output.row + k * geometry.output.pixel;
                let y = relu_if(simd, self.epilogue.relu, y);
                store::<S, FULL>(simd, &mut self.output[index..], lanes, y);
            }
        }
    }
}

/// Output gradients to transformed tiles, `[product][tile][channel]`, the products a [`stride`] apart.
pub(super) struct OutputGradTransform<'a> {
    pub(super) output_grad: &'a [f32],
    pub(super) transformed: &'a mut [f32],
}

impl<const N: usize, const M: usize> TileKernel<N, M> for OutputGradTransform<'_>
where
    Winograd<N, M>: WinogradTransform<N, M>,
{
    #[inline(always)]
    fn layout(&self, geometry: &ConvGeometry) -> (usize, Strides) {
        (geometry.channels, geometry.output)
    }

    #[inline(always)]
    fn tile<S: Simd, const FULL: bool>(
        &mut self,
        simd: S,
        geometry: &ConvGeometry,
        tile: Tile,
        c: usize,
        _: &mut [[S::f32s; M]; N],
    ) {
        let (Tile { at, count, origin }, channels) = (tile, geometry.channels);
        let (lanes, strides) = (channels - c, geometry.output);
        let mut rows = [[simd.splat_f32s(0.0); N]; M];
        for r in 0..M {
            let mut dy = [simd.splat_f32s(0.0); M];
            for k in 0..M {
                let output_grad = &self.output_grad[origin + r * strides.row + k * strides.pixel..];
                dy[k] = load::<S, FULL>(simd, output_grad, lanes);
            }
            rows[r] = Winograd::<N, M>::output_grad(simd, dy);
        }
        let product = stride(count, channels);
        for k in 0..N {
            let mut dy = [simd.splat_f32s(0.0); M];
            for r in 0..M {
                dy[r] = rows[r][k];
            }
            let column = Winograd::<N, M>::output_grad(simd, dy);
            for r in 0..N {
                let out = &mut self.transformed[(N * r + k) * product + at * channels + c..];
                store::<S, FULL>(simd, out, lanes, column[r]);
            }
        }
    }
}
