//! Small arithmetic that the rules share: constants folded in f64, running means, and zero for what
//! is too small.

use pulp::Simd;

use crate::hyper_params::HyperParams;

/// `base^t` in f64. Through `libm`, so that it has the same bits on every platform.
pub(crate) fn power(base: f64, t: u64) -> f64 {
    libm::pow(base, t as f64) // `t` is exact up to 2^53 steps
}

/// The nearest f32: where a constant folded in f64 enters the loop.
#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what this function is for")]
pub(crate) fn round(x: f64) -> f32 {
    x as f32
}

/// An exponential moving average with the decay rate `beta`: `beta * mean + (1 - beta) * x`.
///
/// It is computed as a step from the mean towards `x`, or, where that step is the longer part, from
/// `x` back towards the mean: either way the smaller of the two rates is rounded to f32, which
/// keeps all its digits, and the result is as exact as two roundings can be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ema {
    /// `beta > 1/2`: step from the mean.
    slow: bool,
    /// The smaller of `beta` and `1 - beta`.
    part: f32,
}

impl Ema {
    pub(crate) fn new(beta: f64) -> Self {
        let slow = beta > 0.5;
        let part = round(if slow { 1.0 - beta } else { beta });
        Self { slow, part }
    }

    /// The next mean after `x`.
    #[inline(always)]
    pub(crate) fn update<S: Simd>(self, simd: S, mean: S::f32s, x: S::f32s) -> S::f32s {
        let part = simd.splat_f32s(self.part);
        if self.slow {
            simd.mul_add_f32s(part, simd.sub_f32s(x, mean), mean)
        } else {
            simd.mul_add_f32s(part, simd.sub_f32s(mean, x), x)
        }
    }

    /// The next mean of squares after `x`.
    #[inline(always)]
    pub(crate) fn update_squares<S: Simd>(self, simd: S, mean: S::f32s, x: S::f32s) -> S::f32s {
        let part = simd.splat_f32s(self.part);
        if self.slow {
            let gap = simd.mul_add_f32s(x, x, simd.neg_f32s(mean));
            simd.mul_add_f32s(part, gap, mean)
        } else {
            let square = simd.mul_f32s(x, x);
            simd.mul_add_f32s(part, simd.sub_f32s(mean, square), square)
        }
    }
}

/// The magnitude up to which a gradient counts as zero: its square, times `1 - beta2`, would be
/// denormal. At the default `beta2` that is 3.4e-18.
pub(crate) fn flush_threshold_squared(beta2: f64) -> f32 {
    round(libm::sqrt(f64::from(f32::MIN_POSITIVE) / (1.0 - beta2)))
}

/// The magnitude up to which a gradient counts as zero where it is not squared: its part in a
/// moment would be denormal.
pub(crate) fn flush_threshold(hyper: &HyperParams) -> f32 {
    let part = (1.0 - hyper.beta1).min(1.0 - hyper.beta2);
    round(f64::from(f32::MIN_POSITIVE) / part)
}

/// The largest denormal.
pub(crate) const DENORMAL: f32 = f32::from_bits(f32::MIN_POSITIVE.to_bits() - 1);

/// Zero where the magnitude is at most `limit`, which is positive. NaN stays NaN.
///
/// The comparison is one of integers: the bits of positive floats have the order of the floats, and
/// compilers see through it, where they keep the mask of a float comparison and a blend apart.
#[inline(always)]
pub(crate) fn zero_up_to<S: Simd>(simd: S, limit: f32, x: S::f32s) -> S::f32s {
    simd.select_f32s(beyond(simd, limit, x), x, simd.splat_f32s(0.0))
}

/// Where the magnitude is above `limit`, or NaN.
#[inline(always)]
pub(crate) fn beyond<S: Simd>(simd: S, limit: f32, x: S::f32s) -> S::m32s {
    let magnitude = simd.transmute_i32s_f32s(simd.abs_f32s(x));
    let limit = simd.transmute_i32s_f32s(simd.splat_f32s(limit));
    simd.greater_than_i32s(magnitude, limit)
}

/// The larger of the two; `b` where one of them is NaN.
#[inline(always)]
pub(crate) fn larger<S: Simd>(simd: S, a: S::f32s, b: S::f32s) -> S::f32s {
    simd.select_f32s(simd.greater_than_f32s(a, b), a, b)
}

/// Between `-limit` and `limit`; NaN stays NaN.
#[inline(always)]
pub(crate) fn clamp<S: Simd>(simd: S, limit: f32, x: S::f32s) -> S::f32s {
    let (low, high) = (simd.splat_f32s(-limit), simd.splat_f32s(limit));
    let x = simd.select_f32s(simd.greater_than_f32s(x, high), high, x);
    simd.select_f32s(simd.greater_than_f32s(low, x), low, x)
}
