//! Direct convolution: register tiles of pixels times channels, no im2col, only the weights packed.
//!
//! The channels of neighboring pixels are adjacent, so the inputs under one row of the kernel are
//! `row_len = kernel * in_channels` consecutive elements, and a tile is
//! `acc[pixel][channel] += input[pixel][t] * weight[t][channel]` over the kernel rows. Forward and
//! both kinds of data gradient are this one loop over different [`ConvGeometry`]s.
//!
//! A register tile of `P` pixels and `V` vectors reads `P` inputs and `V` vectors of weights for
//! `P V` multiply-adds, so that arithmetic and not loads is the limit. It must also have at least
//! as many accumulators as multiply-adds are in flight: latency times throughput, 8 to 10 on
//! current CPUs. Both favor large tiles; the number of registers, 16 or 32, ends that. See
//! Georganas et al., *Anatomy of High-Performance Deep Learning Convolutions on SIMD
//! Architectures*, arXiv:1808.05567.
//!
//! | instruction set | registers | tile `P x V` | accumulators |
//! |---|---|---|---|
//! | AVX2 | 16 | 6 x 2 | 12 |
//! | AVX-512, NEON | 32 | 8 x 2 | 16 |
//!
//! Compared with im2col and a matrix product, nothing is copied: im2col writes and reads the input
//! `kernel * kernel` times.

mod weight_grad;

pub(super) use weight_grad::{Sums, weight_grad};

use pulp::{Simd, WithSimd};

use super::epilogue::{Epilogue, FusedActivation};
use super::geometry::ConvGeometry;
use crate::Isa;

/// Channel ranges that one packed panel serves: two vectors wide while more than one is left.
pub(in crate::conv) fn panels(
    channels: usize,
    lanes: usize,
) -> impl Iterator<Item = (usize, usize)> {
    let mut start = 0;
    std::iter::from_fn(move || {
        (start < channels).then(|| {
            let width = if channels - start > lanes { 2 * lanes } else { lanes };
            let panel = (start, width);
            start += width;
            panel
        })
    })
}

/// Length of the packed weights of `rows` rows (taps times `row_len`) of `channels` output
/// channels.
pub(in crate::conv) fn packed_len(rows: usize, channels: usize, lanes: usize) -> usize {
    panels(channels, lanes).map(|(_, width)| rows * width).sum()
}

/// Packs weights given as `row(r)[channel]` into panels, each `[row][width]`, padded with zeros.
pub(in crate::conv) fn pack(
    rows: usize,
    channels: usize,
    lanes: usize,
    packed: &mut [f32],
    mut weight: impl FnMut(usize, usize) -> f32,
) {
    let mut rest = packed;
    for (start, width) in panels(channels, lanes) {
        let (panel, tail) = rest.split_at_mut(rows * width);
        rest = tail;
        for (r, out) in panel.chunks_exact_mut(width).enumerate() {
            for (c, out) in out.iter_mut().enumerate() {
                *out = if start + c < channels { weight(r, start + c) } else { 0.0 };
            }
        }
    }
}

/// `output[pixel][channel] = bias[channel] + sum over kernel rows of input * weight`, then the
/// epilogue.
pub(in crate::conv) fn convolve(
    isa: Isa,
    geometry: &ConvGeometry,
    input: &[f32],
    packed: &[f32],
    epilogue: Epilogue<'_>,
    output: &mut [f32],
) {
    isa.run(Convolve { geometry, input, packed, epilogue, output });
}

/// What a convolution reads, and where it writes.
pub(in crate::conv) struct Convolve<'a> {
    pub(in crate::conv) geometry: &'a ConvGeometry,
    pub(in crate::conv) input: &'a [f32],
    pub(in crate::conv) packed: &'a [f32],
    pub(in crate::conv) epilogue: Epilogue<'a>,
    pub(in crate::conv) output: &'a mut [f32],
}

impl WithSimd for Convolve<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // AVX2 has 16 registers: 6 x 2 accumulators, two weights and one broadcast are 15 of them.
        // AVX-512 and NEON have 32.
        if S::F32_LANES == 8 {
            self.tiles::<S, 6, 12>(simd);
        } else {
            self.tiles::<S, 8, 16>(simd);
        }
    }
}

/// Elements under a kernel row of 3 x 3 taps of three channels: the first convolution of most nets.
const RGB_ROW_LEN: usize = 9;

impl Convolve<'_> {
    /// Tiles of `P` pixels, or of `Q` where only one vector of channels is left and their addresses
    /// are known.
    #[inline(always)]
    fn tiles<S: Simd, const P: usize, const Q: usize>(self, simd: S) {
        let geometry = *self.geometry;
        let mut rest = self.packed;
        for (start, width) in panels(geometry.channels, S::F32_LANES) {
            let (panel, tail) = rest.split_at(geometry.taps * geometry.row_len * width);
            rest = tail;
            let job = Panel { geometry, input: self.input, panel, epilogue: self.epilogue, start };
            let (pixels, wide) = (geometry.rows * geometry.columns, width > S::F32_LANES);
            let step = if geometry.row_len == RGB_ROW_LEN && pixels >= Q {
                geometry.input.pixel
            } else {
                0
            };
            match (step, wide) {
                (3, true) => job.run::<S, P, 2, 3>(simd, self.output),
                (3, false) => job.run::<S, Q, 1, 3>(simd, self.output),
                (6, true) => job.run::<S, P, 2, 6>(simd, self.output),
                (6, false) => job.run::<S, Q, 1, 6>(simd, self.output),
                (_, true) if pixels >= P => job.run::<S, P, 2, 0>(simd, self.output),
                (_, false) if pixels >= P => job.run::<S, P, 1, 0>(simd, self.output),
                (_, true) if pixels >= 4 => job.run::<S, 4, 2, 0>(simd, self.output),
                (_, true) => job.run::<S, 1, 2, 0>(simd, self.output),
                (_, false) => job.run::<S, 1, 1, 0>(simd, self.output),
            }
        }
    }
}

struct Panel<'a> {
    geometry: ConvGeometry,
    input: &'a [f32],
    panel: &'a [f32],
    epilogue: Epilogue<'a>,
    start: usize,
}

impl Panel<'_> {
    /// All pixels, `P` at a time. The last tile reaches back over pixels already done instead of
    /// leaving a remainder. With a `STEP`, a kernel row has the length [`RGB_ROW_LEN`] and those of
    /// adjacent pixels begin `STEP` elements apart.
    #[inline(always)]
    fn run<S: Simd, const P: usize, const V: usize, const STEP: usize>(
        &self,
        simd: S,
        output: &mut [f32],
    ) {
        let geometry = &self.geometry;
        let lanes = S::F32_LANES;
        let mut init = [simd.splat_f32s(0.0); V];
        if let Some(bias) = self.epilogue.bias {
            for (v, init) in init.iter_mut().enumerate() {
                let from = self.start + v * lanes;
                *init = simd.partial_load_f32s(&bias[from..geometry.channels.min(from + lanes)]);
            }
        }
        let pixels = geometry.rows * geometry.columns;
        let (mut row, mut column) = (0, 0);
        let mut first = 0;
        while first < pixels {
            if first + P > pixels {
                first = pixels - P;
                (row, column) = (first / geometry.columns, first % geometry.columns);
            }
            let adjacent = STEP > 0 && column + P <= geometry.columns;
            let mut from = [0; P];
            let mut to = [0; P];
            for p in 0..P {
                from[p] = geometry.input.origin
                    + row * geometry.input.row
                    + column * geometry.input.pixel;
                to[p] = geometry.output.origin
                    + row * geometry.output.row
                    + column * geometry.output.pixel
                    + self.start;
                column += 1;
                if column == geometry.columns {
                    (row, column) = (row + 1, 0);
                }
            }
            let mut acc = if adjacent {
                self.adjacent::<S, P, V, STEP>(simd, from[0], init)
            } else {
                self.tile::<S, P, V>(simd, from, init)
            };
            if self.epilogue.activation != FusedActivation::None {
                // Not by `array::map`: its closure would be compiled without the level's
                // instructions.
                for pixel in &mut acc {
                    for y in pixel {
                        *y = self.epilogue.activation.apply(simd, *y);
                    }
                }
            }
            if self.start + V * lanes <= geometry.channels {
                for p in 0..P {
                    let (out, _) = S::as_mut_simd_f32s(&mut output[to[p]..to[p] + V * lanes]);
                    out.copy_from_slice(&acc[p]);
                }
            } else {
                for p in 0..P {
                    for v in 0..V {
                        let end = (geometry.channels - self.start).min((v + 1) * lanes);
                        simd.partial_store_f32s(
                            &mut output[to[p] + v * lanes..to[p] + end],
                            acc[p][v],
                        );
                    }
                }
            }
            first += P;
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const P: usize, const V: usize>(
        &self,
        simd: S,
        from: [usize; P],
        init: [S::f32s; V],
    ) -> [[S::f32s; V]; P] {
        let geometry = &self.geometry;
        let mut acc = [init; P];
        for (tap, weights) in
            self.panel.chunks_exact(geometry.row_len * V * S::F32_LANES).enumerate()
        {
            let mut inputs: [&[f32]; P] = [&[]; P];
            for p in 0..P {
                inputs[p] = &self.input[from[p] + tap * geometry.tap_stride..][..geometry.row_len];
            }
            let (weights, _) = S::as_simd_f32s(weights);
            for (t, weight) in (0..geometry.row_len).zip(weights.chunks_exact(V)) {
                for p in 0..P {
                    let a = simd.splat_f32s(inputs[p][t]);
                    for v in 0..V {
                        acc[p][v] = simd.mul_add_f32s(a, weight[v], acc[p][v]);
                    }
                }
            }
        }
        acc
    }

    /// [`Panel::tile`] of pixels in one row: one address for all of them, the rest are constants.
    #[inline(always)]
    fn adjacent<S: Simd, const P: usize, const V: usize, const STEP: usize>(
        &self,
        simd: S,
        from: usize,
        init: [S::f32s; V],
    ) -> [[S::f32s; V]; P] {
        let mut acc = [init; P];
        for (tap, weights) in self.panel.chunks_exact(RGB_ROW_LEN * V * S::F32_LANES).enumerate() {
            let from = from + tap * self.geometry.tap_stride;
            let inputs = &self.input[from..from + (P - 1) * STEP + RGB_ROW_LEN];
            let (weights, _) = S::as_simd_f32s(weights);
            for (t, weight) in (0..RGB_ROW_LEN).zip(weights.chunks_exact(V)) {
                for p in 0..P {
                    let a = simd.splat_f32s(inputs[p * STEP + t]);
                    for v in 0..V {
                        acc[p][v] = simd.mul_add_f32s(a, weight[v], acc[p][v]);
                    }
                }
            }
        }
        acc
    }
}
