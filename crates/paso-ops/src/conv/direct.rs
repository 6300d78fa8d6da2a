//! Direct convolution: register tiles of pixels times channels, no im2col, only the weights packed.
//!
//! The channels of neighbouring pixels are adjacent, so one row of the kernel is one run of
//! `kernel * in_channels` numbers, and a tile is `acc[pixel][channel] += run[pixel][t] * weight[t][channel]`
//! over its runs. Forward and both kinds of data gradient are this one loop over different [`Walk`]s.

use pulp::{Simd, WithSimd};

use super::Epilogue;
use super::vector::relu_if;
use crate::Isa;

/// Start and strides of the pixels of a walk in one slice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strides {
    pub(super) origin: usize,
    pub(super) image: usize,
    pub(super) row: usize,
    pub(super) pixel: usize,
}

/// Output pixels to visit, where each one's inputs begin, and how many there are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    /// How many images there are. Only Winograd's way looks at more than the first.
    pub(super) images: usize,
    /// Output rows of each, and pixels in a row.
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// First input of an output pixel.
    pub(super) input: Strides,
    /// First channel of an output pixel.
    pub(super) output: Strides,
    /// Kernel rows, and the distance of two in the input.
    pub(super) taps: usize,
    pub(super) tap_stride: usize,
    /// Numbers of the input under one kernel row: kernel width times input channels.
    pub(super) run: usize,
    /// Output channels.
    pub(super) channels: usize,
}

/// Channel ranges that one packed panel serves: two vectors wide while more than one is left.
pub(super) fn panels(channels: usize, lanes: usize) -> impl Iterator<Item = (usize, usize)> {
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

/// Length of the packed weights of `rows` rows (taps times run) of `channels` output channels.
pub(super) fn packed_len(rows: usize, channels: usize, lanes: usize) -> usize {
    panels(channels, lanes).map(|(_, width)| rows * width).sum()
}

/// Packs weights given as `row(r)[channel]` into panels, each `[row][width]`, padded with zeros.
pub(super) fn pack(
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

/// `output[pixel][channel] = bias[channel] + sum over the pixel's runs of input * weight`, finished.
pub(super) fn convolve(
    isa: Isa,
    walk: &Walk,
    input: &[f32],
    packed: &[f32],
    epilogue: Epilogue<'_>,
    output: &mut [f32],
) {
    isa.run(Convolve { walk, input, packed, epilogue, output });
}

pub(super) struct Convolve<'a> {
    pub(super) walk: &'a Walk,
    pub(super) input: &'a [f32],
    pub(super) packed: &'a [f32],
    pub(super) epilogue: Epilogue<'a>,
    pub(super) output: &'a mut [f32],
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

/// Numbers under one row of 3 x 3 taps of three channels: the first convolution of most nets.
const COLOURS: usize = 9;

impl Convolve<'_> {
    /// Tiles of `P` pixels, or of `Q` where only one vector of channels is left and their addresses are known.
    #[inline(always)]
    fn tiles<S: Simd, const P: usize, const Q: usize>(self, simd: S) {
        let walk = *self.walk;
        let mut rest = self.packed;
        for (start, width) in panels(walk.channels, S::F32_LANES) {
            let (panel, tail) = rest.split_at(walk.taps * walk.run * width);
            rest = tail;
            let job = Panel { walk, input: self.input, panel, epilogue: self.epilogue, start };
            let (pixels, wide) = (walk.rows * walk.columns, width > S::F32_LANES);
            let step = if walk.run == COLOURS && pixels >= Q { walk.input.pixel } else { 0 };
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
    walk: Walk,
    input: &'a [f32],
    panel: &'a [f32],
    epilogue: Epilogue<'a>,
    start: usize,
}

impl Panel<'_> {
    /// All pixels, `P` at a time. The last tile reaches back over pixels already done rather than have a tail. With a
    /// `STEP`, a run has the length [`COLOURS`] and those of neighbours lie `STEP` apart.
    #[inline(always)]
    fn run<S: Simd, const P: usize, const V: usize, const STEP: usize>(
        &self,
        simd: S,
        output: &mut [f32],
    ) {
        let walk = &self.walk;
        let lanes = S::F32_LANES;
        let mut init = [simd.splat_f32s(0.0); V];
        if let Some(bias) = self.epilogue.bias {
            for (v, init) in init.iter_mut().enumerate() {
                let from = self.start + v * lanes;
                *init = simd.partial_load_f32s(&bias[from..walk.channels.min(from + lanes)]);
            }
        }
        let pixels = walk.rows * walk.columns;
        let (mut row, mut column) = (0, 0);
        let mut first = 0;
        while first < pixels {
            if first + P > pixels {
                first = pixels - P;
                (row, column) = (first / walk.columns, first % walk.columns);
            }
            let neighbours = STEP > 0 && column + P <= walk.columns;
            let mut from = [0; P];
            let mut to = [0; P];
            for p in 0..P {
                from[p] = walk.input.origin + row * walk.input.row + column * walk.input.pixel;
                to[p] = walk.output.origin
                    + row * walk.output.row
                    + column * walk.output.pixel
                    + self.start;
                column += 1;
                if column == walk.columns {
                    (row, column) = (row + 1, 0);
                }
            }
            let mut acc = if neighbours {
                self.neighbours::<S, P, V, STEP>(simd, from[0], init)
            } else {
                self.tile::<S, P, V>(simd, from, init)
            };
            if self.epilogue.relu {
                // Not by `array::map`: its closure would be compiled without the level's instructions.
                for pixel in &mut acc {
                    for y in pixel {
                        *y = relu_if(simd, true, *y);
                    }
                }
            }
            if self.start + V * lanes <= walk.channels {
                for p in 0..P {
                    let (out, _) = S::as_mut_simd_f32s(&mut output[to[p]..to[p] + V * lanes]);
                    out.copy_from_slice(&acc[p]);
                }
            } else {
                for p in 0..P {
                    for v in 0..V {
                        let end = (walk.channels - self.start).min((v + 1) * lanes);
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
        let walk = &self.walk;
        let mut acc = [init; P];
        for (tap, weights) in self.panel.chunks_exact(walk.run * V * S::F32_LANES).enumerate() {
            let mut runs: [&[f32]; P] = [&[]; P];
            for p in 0..P {
                runs[p] = &self.input[from[p] + tap * walk.tap_stride..][..walk.run];
            }
            let (weights, _) = S::as_simd_f32s(weights);
            for (t, weight) in (0..walk.run).zip(weights.chunks_exact(V)) {
                for p in 0..P {
                    let a = simd.splat_f32s(runs[p][t]);
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
    fn neighbours<S: Simd, const P: usize, const V: usize, const STEP: usize>(
        &self,
        simd: S,
        from: usize,
        init: [S::f32s; V],
    ) -> [[S::f32s; V]; P] {
        let mut acc = [init; P];
        for (tap, weights) in self.panel.chunks_exact(COLOURS * V * S::F32_LANES).enumerate() {
            let from = from + tap * self.walk.tap_stride;
            let inputs = &self.input[from..from + (P - 1) * STEP + COLOURS];
            let (weights, _) = S::as_simd_f32s(weights);
            for (t, weight) in (0..COLOURS).zip(weights.chunks_exact(V)) {
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
