//! One vector of channels, which at the end of a pixel may not be full, and what is done to it before it is written.

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

/// `y`, or where a `ReLU` is wanted, its `ReLU`; NaN stays NaN.
#[inline(always)]
pub(super) fn relu_if<S: Simd>(simd: S, relu: bool, y: S::f32s) -> S::f32s {
    if relu {
        let zero = simd.splat_f32s(0.0);
        simd.select_f32s(simd.less_than_or_equal_f32s(y, zero), zero, y)
    } else {
        y
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
