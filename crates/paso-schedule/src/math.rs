//! The few functions that schedules need and `core` does not have: cosine, square root, floor;
//! powers are in `crate::power`.
//!
//! They are written here rather than taken from `std`, because `std` hands them to the platform's C
//! library, and C libraries differ in the last bits: the same run would have other learning rates
//! on another machine. Only additions, multiplications and divisions are used, which round alike
//! everywhere. Each is tested against `libm` at the end of this file, to the bound its comment
//! states.
//!
//! Callers keep arguments within the ranges that are stated: a schedule never asks for a cosine
//! outside of `0..=1`, nor for a root of a negative number. So there are no branches for other
//! arguments. A square root is correctly rounded by IEEE 754, so the processor's own is used where
//! `std` has it, with the same bits as the integer version.

/// `cos(pi * p / 2)` for `p` in `0..=1`, within 2 ulp; exactly 1 at 0 and exactly 0 at 1.
pub(crate) fn cos_quarter(p: f64) -> f64 {
    // Both halves stay within pi / 4, and `1 - p` is exact in the second one. The series of Taylor
    // are cut where the next term is below half a unit in the last place.
    if p <= 0.5 {
        let y = core::f64::consts::FRAC_PI_2 * p;
        let z = y * y;
        let tail = series(
            z,
            &[
                1.0 / 24.0,
                -1.0 / 720.0,
                1.0 / 40_320.0,
                -1.0 / 3_628_800.0,
                1.0 / 479_001_600.0,
                -1.0 / 87_178_291_200.0,
                1.0 / 20_922_789_888_000.0,
            ],
        );
        1.0 - (0.5 * z - z * z * tail)
    } else {
        let y = core::f64::consts::FRAC_PI_2 * (1.0 - p);
        let z = y * y;
        let tail = series(
            z,
            &[
                -1.0 / 6.0,
                1.0 / 120.0,
                -1.0 / 5_040.0,
                1.0 / 362_880.0,
                -1.0 / 39_916_800.0,
                1.0 / 6_227_020_800.0,
                -1.0 / 1_307_674_368_000.0,
                1.0 / 355_687_428_096_000.0,
            ],
        );
        y + y * z * tail
    }
}

/// `x`, or `f64::MAX` where it is larger: keeps sums and products finite.
///
/// NaN becomes `f64::MAX`, too, since `min` prefers a number.
pub(crate) fn saturate(x: f64) -> f64 {
    x.min(f64::MAX)
}

/// The square root of `x >= 0`, correctly rounded.
pub(crate) fn sqrt(x: f64) -> f64 {
    #[cfg(feature = "std")]
    return x.sqrt();
    #[cfg(not(feature = "std"))]
    return soft_sqrt(x);
}

/// The largest whole number that is not above `x >= 0`.
pub(crate) fn floor(x: f64) -> f64 {
    // From 2^52 on every double is whole.
    if x < 4_503_599_627_370_496.0 { whole(x) as f64 } else { x }
}

/// `x >= 0` without its fraction; `u64::MAX` where it is larger.
#[expect(clippy::cast_possible_truncation, reason = "a cast from f64 saturates, which is meant")]
pub(crate) const fn whole(x: f64) -> u64 {
    x as u64
}

/// The square root with integers: the root of the mantissa, shifted so that 54 bits of it are
/// whole.
///
/// For finite `x >= 0` and infinity. It is what a build without `std` has in place of the
/// processor's instruction.
#[cfg(any(test, not(feature = "std")))]
fn soft_sqrt(x: f64) -> f64 {
    if x == 0.0 || x == f64::INFINITY {
        return x;
    }
    let (mantissa, exponent) = split(x);
    // 2^52 <= mantissa < 2^53; an even exponent halves exactly.
    let odd = exponent & 1;
    let root = (u128::from(mantissa) << (56 + odd)).isqrt();
    // The root has 54 or 55 bits. A root that is not exact must not look like a tie.
    let exact = root * root == u128::from(mantissa) << (56 + odd);
    let sticky = (root << 1) | u128::from(!exact);
    // `sticky` has at most 56 bits: the conversion rounds once, to nearest even.
    scale(sticky as f64, (exponent - odd) / 2 - 29)
}

/// `x` as a whole mantissa in `2^52..2^53` and a power of two: `x = mantissa * 2^exponent`.
#[cfg(any(test, not(feature = "std")))]
fn split(x: f64) -> (u64, i32) {
    let (m, e) = fraction(x);
    // `m` is in 1..2, so its 52 bits and the hidden one are the mantissa.
    ((m.to_bits() & ((1 << 52) - 1)) | (1 << 52), e - 52)
}

/// `x > 0` as `m * 2^e` with `1 <= m < 2`.
///
/// Denormal numbers are first multiplied by 2^54, so that their leading bit is where `m` needs it.
pub(crate) fn fraction(x: f64) -> (f64, i32) {
    let (x, shift) =
        if x < f64::MIN_POSITIVE { (x * 18_014_398_509_481_984.0, 54) } else { (x, 0) };
    let bits = x.to_bits();
    let exponent = i32::try_from(bits >> 52 & 0x7ff).unwrap_or(0) - 1023 - shift;
    (f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52), exponent)
}

/// `x * 2^n`, rounding at most once.
///
/// Two factors are needed where `2^n` is no normal double. Above the largest double the result is
/// infinity; below the smallest one it is 0.
pub(crate) fn scale(x: f64, n: i32) -> f64 {
    let power = |n: i32| f64::from_bits(u64::from((n + 1023).unsigned_abs()) << 52);
    match n {
        -1022..=1023 => x * power(n),
        1024.. => x * power(1023) * power((n - 1023).min(1023)),
        _ => x * power((n + 1000).max(-1022)) * power(-1000),
    }
}

/// The nearest whole number, for `|x| < 2^51`.
///
/// A tie goes to the even number, as additions round.
pub(crate) fn round(x: f64) -> f64 {
    const SHIFT: f64 = 6_755_399_441_055_744.0; // 1.5 * 2^52: adding it leaves no room for a fraction
    (x + SHIFT) - SHIFT
}

/// `c[0] + c[1] z + c[2] z^2 …` by Horner's rule: in a loop over steps, the processor overlaps one
/// with the next.
#[inline(always)]
pub(crate) fn series<const N: usize>(z: f64, c: &[f64; N]) -> f64 {
    c.iter().rev().fold(0.0, |sum, c| sum * z + c)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// How many doubles lie between two positive ones.
    pub(crate) fn ulps(a: f64, b: f64) -> u64 {
        a.to_bits().abs_diff(b.to_bits())
    }

    /// A reproducible stream of numbers in `0..1`.
    pub(crate) fn stream() -> impl FnMut() -> f64 {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / 9_007_199_254_740_992.0
        }
    }

    #[test]
    fn the_cosine_is_within_2_ulp_of_libm_and_exact_at_its_ends() {
        assert_eq!((cos_quarter(0.0), cos_quarter(1.0)), (1.0, 0.0), "the ends are exact");
        let mut next = stream();
        for _ in 0..200_000 {
            let p = next();
            // libm is asked for the half of the circle where its argument is not cancelled.
            let want = if p <= 0.5 {
                libm::cos(core::f64::consts::FRAC_PI_2 * p)
            } else {
                libm::sin(core::f64::consts::FRAC_PI_2 * (1.0 - p))
            };
            assert!(
                ulps(cos_quarter(p), want) <= 2,
                "cos(pi/2 * {p}): {} against {want}",
                cos_quarter(p)
            );
        }
    }

    #[test]
    fn the_square_root_of_integers_rounds_as_the_processors() {
        let mut next = stream();
        for _ in 0..100_000 {
            let x = libm::exp2(next() * 2100.0 - 1070.0);
            assert_eq!(soft_sqrt(x).to_bits(), libm::sqrt(x).to_bits(), "sqrt {x:e}");
        }
        for x in [
            0.0,
            f64::from_bits(1),
            f64::MIN_POSITIVE,
            1.0,
            2.0,
            4.0,
            1.0 - f64::EPSILON / 2.0,
            f64::MAX,
        ] {
            assert_eq!(soft_sqrt(x).to_bits(), libm::sqrt(x).to_bits(), "sqrt {x:e}");
            assert_eq!(
                soft_sqrt(x).to_bits(),
                sqrt(x).to_bits(),
                "the two square roots differ at {x:e}"
            );
        }
    }

    #[test]
    fn floor_keeps_whole_numbers_and_large_ones() {
        assert_eq!((floor(2.999), floor(3.0), floor(1e300)), (2.0, 3.0, 1e300), "floor");
        assert_eq!(whole(1e300), u64::MAX, "whole saturates");
    }
}
