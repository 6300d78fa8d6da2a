//! The weight gradient of a 3 x 3 convolution by Winograd's transforms: the convolution transposed.
//!
//! With the forward pass `y = A' ((G w G') * (B' x B)) A` per tile, the gradient of `w` is
//! `G' (sum over tiles of (A dy A') * (B' x B)) G`: `N * N` products per tile and pair of channels.

#![expect(clippy::needless_range_loop, reason = "small matrices are clearest by their indices")]

use pulp::{Simd, WithSimd};

use super::tiles::{SCRATCH, count, even_blocks, product, run_tiles, stride};
use super::transforms::{InputTransform, OutputGradTransform};
use super::winograd_transform::{Winograd, WinogradTransform};
use crate::Isa;
use crate::conv::direct::{Sums, panels};
use crate::conv::geometry::ConvGeometry;
use crate::vector::add_to;

/// Tiles of a block. More of them share one transform to the nine weights, as long as those of one
/// product stay in the L1 cache and all products in the L2 cache.
fn block(tiles: usize, products: usize, channels: usize) -> usize {
    even_blocks(tiles, ((1 << 20) / (4 * products * channels)).clamp(16, 96))
}

/// Adds to `gradient` (`[9][in_channels][out_channels]`) the products of inputs and output
/// gradients over all pixels.
pub(super) fn add<const N: usize, const M: usize>(
    isa: Isa,
    geometry: &ConvGeometry,
    in_channels: usize,
    (input, output_grad): (&[f32], &[f32]),
    gradient: &mut [f32],
) where
    Winograd<N, M>: WinogradTransform<N, M>,
{
    let (out_channels, tiles) = (geometry.channels, count(geometry, M));
    let block = block(tiles, N * N, in_channels + out_channels);
    let input_len = N * N * stride(block, in_channels);
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.resize(input_len + N * N * stride(block, out_channels));
        let (transformed, transformed_grad) = scratch.split_at_mut(input_len);
        for first in (0..tiles).step_by(block) {
            let tiles = first..tiles.min(first + block);
            let product = &product(tiles.len(), in_channels, out_channels);
            let kernel = InputTransform { input, transformed };
            run_tiles::<N, M>(isa, geometry, (in_channels, geometry.input), tiles.clone(), kernel);
            let kernel = OutputGradTransform { output_grad, transformed: transformed_grad };
            run_tiles::<N, M>(isa, geometry, (out_channels, geometry.output), tiles, kernel);
            isa.run(WeightGradProducts::<N, M> {
                product,
                transformed,
                transformed_grad,
                gradient,
            });
        }
    });
}

/// Transformed tiles to the gradient.
struct WeightGradProducts<'a, const N: usize, const M: usize> {
    product: &'a ConvGeometry,
    transformed: &'a [f32],
    transformed_grad: &'a [f32],
    gradient: &'a mut [f32],
}

impl<const N: usize, const M: usize> WithSimd for WeightGradProducts<'_, N, M>
where
    Winograd<N, M>: WinogradTransform<N, M>,
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // 16 registers are fewer than 6 x 2 accumulators and what is added to them, but the long
        // rows make up for it.
        if S::F32_LANES == 8 {
            self.panels::<S, 6>(simd);
        } else {
            self.panels::<S, 8>(simd);
        }
    }
}

impl<const N: usize, const M: usize> WeightGradProducts<'_, N, M>
where
    Winograd<N, M>: WinogradTransform<N, M>,
{
    #[inline(always)]
    fn panels<S: Simd, const R: usize>(mut self, simd: S) {
        for (start, width) in panels(self.product.channels, S::F32_LANES) {
            let full = start + width <= self.product.channels;
            match (width > S::F32_LANES, full) {
                (true, true) => self.panel::<S, R, 2, true>(simd, start),
                (true, false) => self.panel::<S, R, 2, false>(simd, start),
                (false, true) => self.panel::<S, R, 1, true>(simd, start),
                (false, false) => self.panel::<S, R, 1, false>(simd, start),
            }
        }
    }

    /// One range of output channels, `R` input channels at a time, whose sums stay in the L1 cache.
    /// The last reach back and keep only what is new.
    #[inline(always)]
    fn panel<S: Simd, const R: usize, const V: usize, const FULL: bool>(
        &mut self,
        simd: S,
        start: usize,
    ) {
        let geometry = self.product;
        let (in_channels, out_channels) = (geometry.row_len, geometry.channels);
        // Sums of a row of products become three at once: half the memory. Outside of the loop,
        // which writes all of it, because zeroing it takes as long as some of the sums.
        let mut sums = [[[simd.splat_f32s(0.0); V]; R]; N];
        let mut rows = [[[[simd.splat_f32s(0.0); V]; R]; 3]; N];
        let mut next = 0;
        while next < in_channels {
            let first = next.min(in_channels - R);
            for r in 0..N {
                for k in 0..N {
                    let product = N * r + k;
                    let input =
                        &self.transformed[product * stride(geometry.columns, in_channels)..];
                    let output_grad =
                        &self.transformed_grad[product * stride(geometry.columns, out_channels)..];
                    let input = &input[..geometry.columns * in_channels];
                    let output_grad = &output_grad[..geometry.columns * out_channels];
                    let products = Sums { geometry, input, output_grad };
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
                        let row = Winograd::<N, M>::weight_grad(simd, m);
                        for k in 0..3 {
                            rows[r][k][i][v] = row[k];
                        }
                    }
                }
            }
            for i in next - first..R {
                for v in 0..V {
                    let at = (first + i) * out_channels + start + v * S::F32_LANES;
                    let lanes =
                        (out_channels - start).saturating_sub(v * S::F32_LANES).min(S::F32_LANES);
                    for k in 0..3 {
                        let mut m = [simd.splat_f32s(0.0); N];
                        for r in 0..N {
                            m[r] = rows[r][k][i][v];
                        }
                        let column = Winograd::<N, M>::weight_grad(simd, m);
                        for r in 0..3 {
                            let index = (3 * r + k) * in_channels * out_channels + at;
                            let cell = &mut self.gradient[index..];
                            add_to::<S, FULL>(simd, cell, lanes, column[r]);
                        }
                    }
                }
            }
            next = first + R;
        }
    }
}
