//! One vector of channels, which at the end of a pixel may not be full.

use pulp::Simd;

/// The first channels of `x`: as many as a vector holds, or the `lanes` that are left.
#[inline(always)]
pub(super) fn load<S: Simd, const FULL: bool>(simd: S, x: &[f32], lanes: usize) -> S::f32s {
    if FULL {
        S::as_simd_f32s(&x[..S::F32_LANES]).0[0]
    } else {
        simd.partial_load_f32s(&x[..lanes])
    }
}

/// Writes them to the beginning of `y`.
#[inline(always)]
pub(super) fn store<S: Simd, const FULL: bool>(
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
