//! Winograd convolution F(2 x 2, 3 x 3) and F(4 x 4, 3 x 3): 16 multiplications for the 4 outputs
//! of a tile where the direct sum has 36, or 36 for 16 outputs where it has 144.
//!
//! Winograd, *Arithmetic Complexity of Computations* (1980), as applied to convolutions by Lavin &
//! Gray, *Fast Algorithms for Convolutional Neural Networks*, arXiv 1509.09308, section 4.1. Tiles
//! of `N x N` inputs that overlap by two are transformed ([`transforms::InputTransform`]),
//! multiplied by transformed weights in `N * N` matrix products over the channels, and transformed
//! to `M x M` outputs ([`transforms::OutputTransform`]). A matrix product is a 1 x 1 convolution,
//! so the kernel of [`direct`] computes it. The transforms of one row or column are in
//! [`winograd_transform`].
//!
//! | tile | inputs | products per output | of the direct sum |
//! |---|---|---|---|
//! | F(2 x 2, 3 x 3) | 4 x 4 | 4 | 4 / 9 |
//! | F(4 x 4, 3 x 3) | 6 x 6 | 2.25 | 1 / 4 |
//!
//! The transforms cost additions per channel, and their cost per product falls with the number of
//! channels on the other side: below 16 channels nothing is gained. Only whole tiles are computed,
//! so that both sides of the output have to be multiples of the tile.
//!
//! Larger tiles have transforms with larger coefficients, which amplify rounding.
//! `winograd_transform` has the points that keep F(4 x 4) within about twice the error of the
//! direct sum.

mod forward;
mod tiles;
mod transforms;
mod weight_grad;
mod winograd_transform;

use super::direct::{self, Convolve};
use super::geometry::ConvGeometry;
use super::winograd_tile::WinogradTile;
use crate::Isa;

impl WinogradTile {
    /// Length of the packed weights.
    pub(in crate::conv) fn packed_len(
        self,
        in_channels: usize,
        out_channels: usize,
        lanes: usize,
    ) -> usize {
        let products = match self {
            Self::F2x2 => 16,
            Self::F4x4 => 36,
        };
        products * direct::packed_len(in_channels, out_channels, lanes)
    }

    /// Transforms and packs the weights, given as `weight(tap, input channel, output channel)` with
    /// taps 0 to 8 row by row.
    pub(in crate::conv) fn pack(
        self,
        in_channels: usize,
        out_channels: usize,
        lanes: usize,
        packed: &mut [f32],
        weight: impl Fn(usize, usize, usize) -> f32,
    ) {
        match self {
            Self::F2x2 => forward::pack::<4, 2>(in_channels, out_channels, lanes, packed, weight),
            Self::F4x4 => forward::pack::<6, 4>(in_channels, out_channels, lanes, packed, weight),
        }
    }

    /// A convolution with 3 x 3 taps and stride 1 over `in_channels` channels, its weights packed
    /// by [`Self::pack`].
    pub(in crate::conv) fn convolve(self, isa: Isa, in_channels: usize, conv: Convolve<'_>) {
        match self {
            Self::F2x2 => forward::convolve::<4, 2>(isa, in_channels, conv),
            Self::F4x4 => forward::convolve::<6, 4>(isa, in_channels, conv),
        }
    }

    /// Adds the gradient of the weights to `gradient` (`[9][in_channels][out_channels]`).
    pub(in crate::conv) fn weight_grad(
        self,
        isa: Isa,
        geometry: &ConvGeometry,
        in_channels: usize,
        input: &[f32],
        output_grad: &[f32],
        gradient: &mut [f32],
    ) {
        let images = (input, output_grad);
        match self {
            Self::F2x2 => weight_grad::add::<4, 2>(isa, geometry, in_channels, images, gradient),
            Self::F4x4 => weight_grad::add::<6, 4>(isa, geometry, in_channels, images, gradient),
        }
    }
}
