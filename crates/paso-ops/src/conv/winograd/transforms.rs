//! The transforms of tiles: of inputs, of products to outputs, and of output gradients.

#![expect(clippy::needless_range_loop, reason = "small matrices are clearest by their indices")]

use pulp::Simd;

use super::tiles::{Tile, TileKernel};
use super::winograd_transform::{Winograd, WinogradTransform};
use crate::conv::epilogue::Epilogue;
use crate::vector::{load, store};

/// Inputs to transformed tiles, `[product][tile][channel]`, the products a
/// [`stride`](super::tiles::stride) apart.
pub(super) struct InputTransform<'a> {
    pub(super) input: &'a [f32],
    pub(super) transformed: &'a mut [f32],
}

impl<const N: usize, const M: usize> TileKernel<N, M> for InputTransform<'_>
where
    Winograd<N, M>: WinogradTransform<N, M>,
{
    #[inline(always)]
    fn tile<S: Simd, const FULL: bool>(
        &mut self,
        simd: S,
        tile: Tile<'_>,
        _: &mut [[S::f32s; M]; N],
    ) {
        if N == 6 {
            // 36 products do not fit into registers. Two halves read the inputs twice but repeat
            // hardly any operation: the first three products of a column share nothing with the
            // others.
            self.rows::<S, N, M, 3, FULL>(simd, tile, 0);
            self.rows::<S, N, M, 3, FULL>(simd, tile, 3);
        } else {
            self.rows::<S, N, M, N, FULL>(simd, tile, 0);
        }
    }
}

impl InputTransform<'_> {
    /// `R` rows of products, from `first` on.
    #[inline(always)]
    fn rows<S: Simd, const N: usize, const M: usize, const R: usize, const FULL: bool>(
        &mut self,
        simd: S,
        tile: Tile<'_>,
        first: usize,
    ) where
        Winograd<N, M>: WinogradTransform<N, M>,
    {
        let strides = tile.geometry.input;
        let mut rows = [[simd.splat_f32s(0.0); N]; R];
        for k in 0..N {
            let mut x = [simd.splat_f32s(0.0); N];
            for r in 0..N {
                let input = &self.input[tile.origin + r * strides.row + k * strides.pixel..];
                x[r] = load::<S, FULL>(simd, input, tile.lanes);
            }
            let column = Winograd::<N, M>::input(simd, x);
            for r in 0..R {
                rows[r][k] = column[first + r];
            }
        }
        for r in 0..R {
            let row = Winograd::<N, M>::input(simd, rows[r]);
            for k in 0..N {
                let index = (N * (first + r) + k) * tile.product + tile.transformed;
                store::<S, FULL>(simd, &mut self.transformed[index..], tile.lanes, row[k]);
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
    fn tile<S: Simd, const FULL: bool>(
        &mut self,
        simd: S,
        tile: Tile<'_>,
        rows: &mut [[S::f32s; M]; N],
    ) {
        let (lanes, strides) = (tile.lanes, tile.geometry.output);
        for (r, row) in rows.iter_mut().enumerate() {
            let mut m = [simd.splat_f32s(0.0); N];
            for k in 0..N {
                let m_rk = &self.products[(N * r + k) * tile.product + tile.transformed..];
                m[k] = load::<S, FULL>(simd, m_rk, lanes);
            }
            *row = Winograd::<N, M>::output(simd, m);
        }
        for k in 0..M {
            let column = Winograd::<N, M>::output(simd, column_of(simd, rows, k));
            for r in 0..M {
                let y = match self.epilogue.bias {
                    Some(bias) => {
                        simd.add_f32s(column[r], load::<S, FULL>(simd, &bias[tile.c..], lanes))
                    }
                    None => column[r],
                };
                let index = tile.origin + r * strides.row + k * strides.pixel;
                let y = self.epilogue.activation.apply(simd, y);
                store::<S, FULL>(simd, &mut self.output[index..], lanes, y);
            }
        }
    }
}

/// Output gradients to transformed tiles, `[product][tile][channel]`, the products a
/// [`stride`](super::tiles::stride) apart.
pub(super) struct OutputGradTransform<'a> {
    pub(super) output_grad: &'a [f32],
    pub(super) transformed: &'a mut [f32],
}

impl<const N: usize, const M: usize> TileKernel<N, M> for OutputGradTransform<'_>
where
    Winograd<N, M>: WinogradTransform<N, M>,
{
    #[inline(always)]
    fn tile<S: Simd, const FULL: bool>(
        &mut self,
        simd: S,
        tile: Tile<'_>,
        _: &mut [[S::f32s; M]; N],
    ) {
        let (lanes, strides) = (tile.lanes, tile.geometry.output);
        let mut rows = [[simd.splat_f32s(0.0); N]; M];
        for r in 0..M {
            let mut dy = [simd.splat_f32s(0.0); M];
            for k in 0..M {
                let dy_rk = &self.output_grad[tile.origin + r * strides.row + k * strides.pixel..];
                dy[k] = load::<S, FULL>(simd, dy_rk, lanes);
            }
            rows[r] = Winograd::<N, M>::output_grad(simd, dy);
        }
        for k in 0..N {
            let column = Winograd::<N, M>::output_grad(simd, column_of(simd, &rows, k));
            for r in 0..N {
                let out = &mut self.transformed[(N * r + k) * tile.product + tile.transformed..];
                store::<S, FULL>(simd, out, lanes, column[r]);
            }
        }
    }
}

/// Column `k` of a small matrix.
#[inline(always)]
fn column_of<S: Simd, const R: usize, const C: usize>(
    simd: S,
    rows: &[[S::f32s; C]; R],
    k: usize,
) -> [S::f32s; R] {
    let mut column = [simd.splat_f32s(0.0); R];
    for r in 0..R {
        column[r] = rows[r][k];
    }
    column
}
