//! Vectors of channels: the only loads and stores of the kernels, and the loops over the channels
//! of a pixel.
//!
//! A pixel has any number of channels, so the last vector of a pixel may not be full. Every kernel
//! is compiled twice, for whole vectors (`FULL`) and for the last one, whose loads and stores are
//! masked. All functions are `#[inline(always)]`: a call that is not inlined would be compiled
//! without the instruction set of its caller.
//!
//! A kernel is a `struct` with its operands and an implementation of [`VectorKernel`] or
//! [`BlockKernel`], generic over the vector type `S`. `Isa::run` compiles it once for each
//! instruction set. Channels are the innermost dimension of an image, so that a vector is always
//! `S::F32_LANES` channels of one pixel, and no kernel needs a horizontal sum.
//!
//! | lanes | 1 (`scalar`) | 4 (`neon`) | 8 (`avx2`) | 16 (`avx512`) |
//! |---|---|---|---|---|
//! | vectors of a pixel of 20 channels | 20 | 5 | 3, the last has 4 | 2, the last has 4 |

use std::ops::Range;

use pulp::{Simd, WithSimd};

use crate::Isa;

/// The first elements of `x`: a whole vector where `FULL`, else `lanes` of them and zeros.
#[inline(always)]
pub(crate) fn load<S: Simd, const FULL: bool>(simd: S, x: &[f32], lanes: usize) -> S::f32s {
    if FULL {
        S::as_simd_f32s(&x[..S::F32_LANES]).0[0]
    } else {
        simd.partial_load_f32s(&x[..lanes])
    }
}

/// Writes the first elements of `y`: a whole vector where `FULL`, else `lanes` of them.
#[inline(always)]
pub(crate) fn store<S: Simd, const FULL: bool>(
    simd: S,
    y: &mut [f32],
    lanes: usize,
    value: S::f32s,
) {
    if FULL {
        S::as_mut_simd_f32s(&mut y[..S::F32_LANES]).0[0] = value;
    } else {
        simd.partial_store_f32s(&mut y[..lanes], value);
    }
}

/// Adds `value` to the first elements of `y`.
#[inline(always)]
pub(crate) fn add_to<S: Simd, const FULL: bool>(
    simd: S,
    y: &mut [f32],
    lanes: usize,
    value: S::f32s,
) {
    let sum = simd.add_f32s(load::<S, FULL>(simd, y, lanes), value);
    store::<S, FULL>(simd, y, lanes, sum);
}

/// `ReLU` of `y` where `relu`, else `y`. NaN stays NaN, which `max` would not guarantee.
#[inline(always)]
pub(crate) fn relu_if<S: Simd>(simd: S, relu: bool, y: S::f32s) -> S::f32s {
    if relu {
        let zero = simd.splat_f32s(0.0);
        simd.select_f32s(simd.less_than_or_equal_f32s(y, zero), zero, y)
    } else {
        y
    }
}

/// Calls `f` with each channel of a range and its elements of two vectors, as `f64`.
#[inline(always)]
pub(crate) fn for_each_lane<S: Simd>(
    channels: Range<usize>,
    a: S::f32s,
    b: S::f32s,
    mut f: impl FnMut(usize, f64, f64),
) {
    let (a, b) = ([a], [b]);
    let (a, b): (&[f32], &[f32]) = (bytemuck::cast_slice(&a), bytemuck::cast_slice(&b));
    for (c, (a, b)) in channels.zip(a.iter().zip(b)) {
        f(c, f64::from(*a), f64::from(*b));
    }
}

/// A kernel that handles one vector of channels of all pixels at a time.
pub(crate) trait VectorKernel {
    /// The channels from `c` on: `F32_LANES` of them where `FULL`, fewer otherwise.
    fn vector<S: Simd, const FULL: bool>(&mut self, simd: S, c: usize);
}

/// Runs a kernel for every vector of `channels` channels.
pub(crate) fn run_vectors(isa: Isa, channels: usize, kernel: impl VectorKernel) {
    isa.run(Vectors { channels, kernel });
}

struct Vectors<K> {
    channels: usize,
    kernel: K,
}

impl<K: VectorKernel> WithSimd for Vectors<K> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for c in (0..self.channels).step_by(S::F32_LANES) {
            if c + S::F32_LANES <= self.channels {
                self.kernel.vector::<S, true>(simd, c);
            } else {
                self.kernel.vector::<S, false>(simd, c);
            }
        }
    }
}

/// A kernel that handles several vectors of channels of all pixels at a time.
pub(crate) trait BlockKernel {
    /// The channels `c..end`: `N` whole vectors where `FULL`, one that is not full otherwise.
    fn block<S: Simd, const FULL: bool, const N: usize>(&mut self, simd: S, c: usize, end: usize);
}

/// Runs a kernel for all of `channels` channels, up to `MAX` (at most 8) vectors at a time.
///
/// One vector of each pixel of 32 channels is every other cache line of the image, and memory
/// delivers those half as fast as consecutive lines. So a kernel whose input is not in cache takes
/// as many vectors of a pixel as registers allow.
pub(crate) fn run_blocks<const MAX: usize>(isa: Isa, channels: usize, kernel: impl BlockKernel) {
    isa.run(Blocks::<_, MAX> { channels, kernel });
}

struct Blocks<K, const MAX: usize> {
    channels: usize,
    kernel: K,
}

impl<K: BlockKernel, const MAX: usize> WithSimd for Blocks<K, MAX> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (kernel, channels) = (&mut self.kernel, self.channels);
        let mut c = 0;
        while c < channels {
            let left = (channels - c) / S::F32_LANES;
            if left == 0 {
                return kernel.block::<S, false, 1>(simd, c, channels);
            }
            let vectors = 1 << left.min(MAX).ilog2();
            let end = c + vectors * S::F32_LANES;
            match vectors {
                1 => kernel.block::<S, true, 1>(simd, c, end),
                2 => kernel.block::<S, true, 2>(simd, c, end),
                4 if MAX >= 4 => kernel.block::<S, true, 4>(simd, c, end),
                _ if MAX >= 8 => kernel.block::<S, true, 8>(simd, c, end),
                _ => {}
            }
            c = end;
        }
    }
}

/// First channel and number of channels of vector `v` of a block `c..end`.
#[inline(always)]
pub(crate) fn vector_of<S: Simd>(c: usize, end: usize, v: usize) -> (usize, usize) {
    let first = c + v * S::F32_LANES;
    (first, S::F32_LANES.min(end - first))
}

#[cfg(test)]
mod tests;
