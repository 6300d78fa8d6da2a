//! Powers, logarithms and the logistic function: tables, a short series, and the bits that a double
//! lacks.
//!
//! A table takes the argument close to 1 (or 0), where few terms of a series are left; the tables
//! are made by the compiler from the longer series at the end of this file. As in `crate::math`,
//! only operations are used that round alike everywhere.
//!
//! Why not the crate `libm`, which rounds alike everywhere too? Its `pow` is more accurate (below 1
//! ulp, here 2), but a schedule is asked once per step and parameter group, and tables of schedules
//! are drawn with millions of steps: the exponents 1/2, 1, 3/2 and 2 that most schedules have cost
//! at most a square root here, a general power has no branch for special values, and the crate has
//! no dependency. What that gains, and how often the bits differ, is printed by
//!
//! ```text
//! PASO_TIMES=1 cargo test --release -p paso-schedule --lib timed_against_libm -- --nocapture
//! ```
//!
//! A change to `libm` would change the last bits of learning rates, and so the weights of every
//! recorded training.
//!
//! The scheme is described by Tang (1991, "Table-Lookup Algorithms for Elementary Functions and
//! Their Error Analysis"). For the logarithm a table gives `c` near `1 / m`, and a series the
//! logarithm of `m c`. Sums and products whose error matters are kept as two doubles (Knuth, "The
//! Art of Computer Programming", volume 2, section 4.2.2; Dekker 1971). For the exponential a table
//! has `2^(k / 256)`.

use crate::math::{fraction, round, scale, series, sqrt};

/// `x` to the power `y` for finite `x >= 0` and finite `y`, within 2 ulp where the result is within
/// `1e-30..1e30` and within 16 ulp elsewhere; saturates at `f64::MAX`.
///
/// `0^0` is 1, as in IEEE 754, and `0^y` for a negative `y` saturates. A result below the smallest
/// double is 0. The result is never infinite or NaN.
pub(crate) fn pow(x: f64, y: f64) -> f64 {
    if y == 0.0 || x == 1.0 {
        return 1.0;
    }
    if x <= 0.0 {
        return if y > 0.0 { 0.0 } else { f64::MAX };
    }
    // Exponents that schedules are written with, at the price of a square root or less.
    if y == 1.0 {
        return x;
    } else if y == 2.0 {
        return (x * x).min(f64::MAX);
    } else if y == 0.5 {
        return sqrt(x);
    } else if y == 1.5 {
        return (x * sqrt(x)).min(f64::MAX);
    }
    // The logarithm needs more bits than a double has, since `y` multiplies its error.
    let (hi, lo) = ln(x);
    let (t, rest) = product(y, hi);
    exp(t, rest + y * lo)
}

/// `1 / (1 + exp(u))`, within 4 ulp.
///
/// Far above 0 it saturates at about 1 / `f64::MAX` and not at 0; far below 0 it is 1.
pub(crate) fn logistic(u: f64) -> f64 {
    1.0 / (1.0 + exp(u, 0.0))
}

/// The natural logarithm of `x > 0`, within 2 ulp.
///
/// Not for 0, negative numbers, infinity or NaN; no caller has them.
pub(crate) fn log(x: f64) -> f64 {
    let (hi, lo) = ln(x);
    hi + lo
}

/// ln 2 in two parts: the first has 20 zero bits at its end, so that a multiple of it is exact.
const LN_2: (f64, f64) = (0.693_147_180_485_539_1, 7.440_617_110_012_397e-11);

/// A number `c` near the inverse of a mantissa, with 12 bits, and its negative logarithm as a sum
/// of two doubles.
type Inverse = (f64, f64, f64);

/// One for each 256th of `1..2`; the upper half are those of half the mantissa. The first and the
/// last are 1, so that the logarithm of what is near 1 loses nothing.
static INVERSES: [Inverse; 256] = inverses();

/// `2^(k / 256)`.
static ROOTS: [f64; 256] = roots();

/// From this 256th on, about the root of 2, a mantissa is halved.
const HALVED: usize = 106;

/// The natural logarithm of `x > 0` as a sum of two doubles, relative error below 2^-58.
fn ln(x: f64) -> (f64, f64) {
    let (m, e) = fraction(x);
    let i = (m.to_bits() >> 44 & 255) as usize;
    let (m, e) = if i >= HALVED { (0.5 * m, e + 1) } else { (m, e) };
    let (c, inverse, inverse_lo) = INVERSES[i];
    // `m c - 1` without an error: each half of `m` has so few bits that its product is exact.
    let m_hi = f64::from_bits(m.to_bits() & !0 << 26);
    let (r, r_lo) = sum(m_hi * c - 1.0, (m - m_hi) * c);
    let square = r * r;
    let tail = series(r, &[1.0 / 3.0, -1.0 / 4.0, 1.0 / 5.0, -1.0 / 6.0, 1.0 / 7.0]);
    let e = f64::from(e);
    let (whole, whole_lo) = ordered_sum(e * LN_2.0, inverse);
    let (hi, hi_lo) = ordered_sum(whole, r);
    let lo = (whole_lo + (inverse_lo + e * LN_2.1)) + (hi_lo + r_lo);
    (hi, lo + (square * r * tail - 0.5 * square))
}

/// `exp(hi + lo)`, saturating at `f64::MAX` and 0.
fn exp(hi: f64, lo: f64) -> f64 {
    if hi > 709.78 {
        return f64::MAX;
    }
    if hi < -745.2 {
        return 0.0;
    }
    let n = round(hi * (256.0 * core::f64::consts::LOG2_E));
    let r = (hi - n * (LN_2.0 / 256.0)) + (lo - n * (LN_2.1 / 256.0));
    let tail = series(r, &[1.0 / 2.0, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0]);
    #[expect(clippy::cast_possible_truncation, reason = "|n| is at most 256 * 1076")]
    let n = n as i32;
    let root = ROOTS[(n & 255).unsigned_abs() as usize];
    scale(root + root * (r + r * r * tail), n >> 8).min(f64::MAX)
}

/// `a + b` and what rounding took from it.
const fn sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let b_in_s = s - a;
    (s, (a - (s - b_in_s)) + (b - b_in_s))
}

/// The same where `a` is 0 or not the smaller magnitude.
fn ordered_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    (s, b - (s - a))
}

/// The upper and the lower half of a double's bits.
const fn halves(x: f64) -> (f64, f64) {
    let hi = f64::from_bits(x.to_bits() & !0 << 27);
    (hi, x - hi)
}

/// `a * b` and what rounding took from it, to 2^-105 of it (after Dekker); no number where the
/// product overflows.
const fn product(a: f64, b: f64) -> (f64, f64) {
    let ((ah, al), (bh, bl)) = (halves(a), halves(b));
    let p = a * b;
    (p, ((ah * bh - p) + (ah * bl + al * bh)) + al * bl)
}

/// Each entry is the inverse of the middle of its 256th, rounded to a multiple of 1/2048, so that
/// products with halves of a mantissa are exact. Entries 0 and 255 stay 1.
const fn inverses() -> [Inverse; 256] {
    let mut table = [(1.0, 0.0, 0.0); 256];
    let mut i = 1;
    while i < 255 {
        let middle = (1.0 + (i as f64 + 0.5) / 256.0) * if i >= HALVED { 0.5 } else { 1.0 };
        let c = crate::math::whole(2048.0 / middle + 0.5) as f64 / 2048.0;
        let (hi, lo) = long_ln(c);
        table[i] = (c, -hi, -lo);
        i += 1;
    }
    table
}

/// The natural logarithm of `m` in `0.7..1.42` as a sum of two doubles:
/// `2 atanh((m - 1) / (m + 1))`.
const fn long_ln(m: f64) -> (f64, f64) {
    let top = m - 1.0;
    let (below, below_lo) = sum(m, 1.0);
    let s = top / below;
    let (back, back_lo) = product(s, below);
    let s_lo = (top - back - back_lo - s * below_lo) / below;
    let z = s * s;
    let (mut tail, mut n) = (0.0, 25.0);
    while n > 1.0 {
        tail = z * (tail + 2.0 / n);
        n -= 2.0;
    }
    sum(2.0 * s, 2.0 * s_lo + s * tail)
}

/// Computed from the Taylor series of `exp` around the nearer of 1 and 2.
const fn roots() -> [f64; 256] {
    let mut table = [1.0; 256];
    let mut i = 1;
    while i < 256 {
        // Within 0.35 of 0, below or above.
        let below = i > 128;
        let r = core::f64::consts::LN_2 * (i as f64 / 256.0 - if below { 1.0 } else { 0.0 });
        let (mut tail, mut n) = (0.0, 16.0);
        while n > 1.0 {
            tail = (tail + 1.0) * r / n;
            n -= 1.0;
        }
        table[i] = (1.0 + (r + r * tail)) * if below { 2.0 } else { 1.0 };
        i += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::tests::{stream, ulps};
    use alloc::vec::Vec;

    #[test]
    fn the_power_is_within_its_bound_of_libm() {
        let mut next = stream();
        let (mut near, mut far) = (0, 0);
        for _ in 0..400_000 {
            let x = libm::exp2(next() * 40.0 - 20.0);
            let y = (next() - 0.5) * 60.0;
            let (got, want) = (pow(x, y), libm::pow(x, y));
            if want == 0.0 || want == f64::INFINITY || want < f64::MIN_POSITIVE {
                assert!(got.is_finite(), "pow({x}, {y}) is not finite");
            } else if (1e-30..1e30).contains(&want) {
                near = near.max(ulps(got, want));
            } else {
                far = far.max(ulps(got, want));
            }
        }
        assert!(near <= 2 && far <= 16, "near {near} ulp, far {far} ulp");
    }

    #[test]
    fn long_geometric_decays_stay_exact() {
        for (base, t) in
            [(0.9, 300.0), (0.999, 5_000.0), (0.99999, 1e6), (1.0001, 1e5), (0.5, 60.0)]
        {
            let (got, want) = (pow(base, t), libm::pow(base, t));
            assert!(ulps(got, want) <= 2, "{base}^{t}: {got} against {want}");
        }
        for y in [0.5, 1.0, 1.5, 2.0] {
            for x in [1e-300, 0.3, 0.999, 7.0, 1e150] {
                assert!(ulps(pow(x, y), libm::pow(x, y)) <= 2, "{x}^{y}");
            }
            assert_eq!(pow(f64::MAX, y), libm::pow(f64::MAX, y).min(f64::MAX), "it saturates");
        }
        assert_eq!(pow(0.5, 3.0), 0.125, "powers of two are exact");
        assert_eq!(
            (pow(0.0, 2.0), pow(0.0, 0.0), pow(0.0, -1.0)),
            (0.0, 1.0, f64::MAX),
            "powers of zero"
        );
        assert_eq!((pow(2.0, 5e3), pow(0.5, 5e3)), (f64::MAX, 0.0), "it saturates");
        assert_eq!(pow(2.0, 1023.0), libm::pow(2.0, 1023.0), "the largest power of two");
        assert_eq!(pow(2.0, -1074.0), f64::from_bits(1), "the smallest double");
    }

    #[test]
    fn the_logarithm_and_the_logistic_agree_with_libm() {
        let mut next = stream();
        for _ in 0..100_000 {
            let x = libm::exp2(next() * 2000.0 - 1000.0);
            assert!(ulps(log(x).abs(), libm::log(x).abs()) <= 2, "ln {x}");
            let u = next() * 40.0 - 20.0;
            assert!(ulps(logistic(u), 1.0 / (1.0 + libm::exp(u))) <= 4, "logistic {u}");
        }
        assert_eq!((logistic(-1e4), logistic(1e4) < 1e-300), (1.0, true), "far out");
    }

    type Function = fn(f64, f64) -> f64;

    /// A name, arguments, the function here and the one in `libm`.
    type Row = (&'static str, Vec<(f64, f64)>, Function, Function);

    /// Median seconds of a sweep over the arguments, and of the same sweep by the other function,
    /// measured alternately.
    fn medians(arguments: &[(f64, f64)], ours: Function, theirs: Function) -> (f64, f64) {
        let sweep = |f: Function| {
            let start = std::time::Instant::now();
            for &(x, y) in arguments {
                std::hint::black_box(f(std::hint::black_box(x), y));
            }
            start.elapsed().as_secs_f64()
        };
        let (mut a, mut b): (Vec<f64>, Vec<f64>) =
            (0..31).map(|_| (sweep(ours), sweep(theirs))).unzip();
        a.sort_by(f64::total_cmp);
        b.sort_by(f64::total_cmp);
        (a[15], b[15])
    }

    /// The command is in the head of this file; without `PASO_TIMES` only the accuracy is tested.
    #[test]
    fn the_power_and_the_logistic_are_accurate_and_can_be_timed_against_libm() {
        let mut next = stream();
        let mut arguments = |exponent: Option<f64>| -> Vec<(f64, f64)> {
            (0..100_000).map(|_| (next(), exponent.unwrap_or(next() * 4.0))).collect()
        };
        let logistic_of = |x: f64, _: f64| logistic(20.0 * x - 10.0);
        let by_libm = |x: f64, _: f64| 1.0 / (1.0 + libm::exp(20.0 * x - 10.0));
        let rows: [Row; 4] = [
            ("x^y, 0 < x < 1, 0 < y < 4", arguments(None), pow, libm::pow),
            ("x^0.9", arguments(Some(0.9)), pow, libm::pow),
            ("x^0.5", arguments(Some(0.5)), pow, libm::pow),
            ("logistic", arguments(None), logistic_of, by_libm),
        ];
        for (name, arguments, ours, theirs) in rows {
            let differences = arguments.iter().map(|&(x, y)| ulps(ours(x, y), theirs(x, y)));
            let (differ, largest) = differences
                .fold((0_u32, 0), |(n, most), ulps| (n + u32::from(ulps > 0), most.max(ulps)));
            assert!(largest <= 5, "{name}: {largest} ulp");
            if std::env::var_os("PASO_TIMES").is_none() {
                continue;
            }
            let (a, b) = medians(&arguments, ours, theirs);
            let per_call = 1e9 / arguments.len() as f64;
            std::eprintln!(
                "{name}: {:.1} ns here, {:.1} ns in libm, ratio {:.2}; {:.1} % of the results differ, by at most {largest} ulp",
                a * per_call,
                b * per_call,
                a / b,
                100.0 * f64::from(differ) / arguments.len() as f64
            );
        }
    }
}
