//! The Winograd convolution: weights transformed when they are packed, inputs and outputs tile by
//! tile.

use pulp::{Simd, WithSimd};

use super::tiles::{SCRATCH, count, even_blocks, product, run_tiles, stride};
use super::transforms::{InputTransform, OutputTransform};
use super::winograd_transform::{Winograd, WinogradTransform};
use crate::Isa;
use crate::conv::direct::{self, Convolve, panels};
use crate::conv::epilogue::Epilogue;
use crate::conv::geometry::ConvGeometry;

/// Bytes of transformed tiles at a time: they stay in the L2 cache together with the weights.
const BLOCK_BYTES: usize = 384 * 1024;

/// Tiles of a block, of `tiles` in all with `products` products over `channels` channels (input and
/// output).
fn block(tiles: usize, products: usize, channels: usize) -> usize {
    even_blocks(tiles, (BLOCK_BYTES / (4 * products * channels)).clamp(16, 256))
}

/// Transforms and packs weights, given as `weight(tap, input channel, output channel)`: a matrix
/// for each product, in the panels of [`direct`].
pub(super) fn pack<const N: usize, const M: usize>(
    in_channels: usize,
    out_channels: usize,
    lanes: usize,
    packed: &mut [f32],
    weight: impl Fn(usize, usize, usize) -> f32,
) where
    Winograd<N, M>: WinogradTransform<N, M>,
{
    const WIDEST: usize = 32;
    let matrix = direct::packed_len(in_channels, out_channels, lanes);
    for (start, width) in panels(out_channels, lanes) {
        let used = width.min(out_channels - start);
        for i in 0..in_channels {
            let mut g = [[0.0; WIDEST]; 9];
            for (tap, g) in g.iter_mut().enumerate() {
                for (o, g) in g[..used].iter_mut().enumerate() {
                    *g = weight(tap, i, start + o);
                }
            }
            let mut u = [[[0.0; WIDEST]; N]; N];
            for o in 0..WIDEST {
                let column =
                    |c: usize| Winograd::<N, M>::weight([g[c][o], g[3 + c][o], g[6 + c][o]]);
                let (a, b, c) = (column(0), column(1), column(2));
                for r in 0..N {
                    let row = Winograd::<N, M>::weight([a[r], b[r], c[r]]);
                    for k in 0..N {
                        u[r][k][o] = row[k];
                    }
                }
            }
            for (k, u) in u.as_flattened().iter().enumerate() {
                let packed = &mut packed[k * matrix + start * in_channels + i * width..][..width];
                match packed.as_chunks_mut().0.first_mut() {
                    Some(packed) => *packed = *u,
                    None => packed.copy_from_slice(&u[..width]),
                }
            }
        }
    }
}

/// The convolution of a geometry of 3 x 3 taps and stride 1, in blocks of tiles that stay in the L2
/// cache.
pub(super) fn convolve<const N: usize, const M: usize>(
    isa: Isa,
    in_channels: usize,
    conv: Convolve<'_>,
) where
    Winograd<N, M>: WinogradTransform<N, M>,
{
    let Convolve { geometry, input, packed, epilogue, output } = conv;
    let (out_channels, tiles) = (geometry.channels, count(geometry, M));
    let block = block(tiles, N * N, in_channels + out_channels);
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.resize(N * N * (stride(block, in_channels) + stride(block, out_channels)));
        let (transformed, products) = scratch.split_at_mut(N * N * stride(block, in_channels));
        for first in (0..tiles).step_by(block) {
            let tiles = first..tiles.min(first + block);
            let n = tiles.len();
            let kernel = InputTransform { input, transformed };
            run_tiles::<N, M>(isa, geometry, (in_channels, geometry.input), tiles.clone(), kernel);
            isa.run(BatchedGemm {
                count: N * N,
                product: &product(n, in_channels, out_channels),
                transformed,
                packed,
                products,
            });
            let kernel = OutputTransform { products, epilogue, output };
            run_tiles::<N, M>(isa, geometry, (out_channels, geometry.output), tiles, kernel);
        }
    });
}

/// Each product of transformed tiles with its matrix of weights.
struct BatchedGemm<'a> {
    count: usize,
    product: &'a ConvGeometry,
    transformed: &'a [f32],
    packed: &'a [f32],
    products: &'a mut [f32],
}

impl WithSimd for BatchedGemm<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let ConvGeometry { columns, row_len: in_channels, channels: out_channels, .. } =
            *self.product;
        let matrices = self.packed.chunks_exact(self.packed.len() / self.count);
        let tiles = self.transformed.chunks_exact(stride(columns, in_channels));
        let products = self.products.chunks_exact_mut(stride(columns, out_channels));
        for (packed, (input, output)) in matrices.zip(tiles.zip(products)) {
            let epilogue = Epilogue::default();
            Convolve { geometry: self.product, input, packed, epilogue, output }.with_simd(simd);
        }
    }
}
