//! Numbers as people write them: the shortest text that reads back as the same double.
//!
//! Printing must be exact, since a printed schedule is what files and reports keep. Rust prints the
//! fewest digits that read back as the same double; only the choice of notation is made here.

use alloc::format;
use alloc::string::String;

/// A learning rate or a factor: `3e-4`, `0.05`, `1`; whichever of the two notations is shorter.
pub(crate) fn number(x: f64) -> String {
    let x = x + 0.0; // no `-0`
    let (plain, scientific) = (format!("{x}"), format!("{x:e}"));
    if scientific.len() < plain.len() { scientific } else { plain }
}

/// A number of steps: digits where it is whole and not absurdly long.
pub(crate) fn steps(x: f64) -> String {
    if x < 1e15 { format!("{}", x + 0.0) } else { number(x) }
}

/// `percent` hundredths of `whole`, as one would calculate on paper: 1 % of 3e-4 is 3e-6, and not
/// the neighboring double that the product of the two doubles gives.
///
/// The product is replaced by the nearest decimal number of 15 digits if that is at most 2 units in
/// the last place away. It saturates at `f64::MAX`.
pub(crate) fn share(whole: f64, percent: f64) -> f64 {
    if percent == 100.0 {
        return whole;
    }
    let product = (whole * percent / 100.0).min(f64::MAX);
    let decimal = format!("{product:.14e}").parse().unwrap_or(product);
    let near = product.to_bits().abs_diff(f64::to_bits(decimal)) <= 2;
    if near && decimal.is_finite() { decimal } else { product }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_those_of_the_decimal_numbers() {
        assert_eq!(
            (share(3e-4, 1.0), share(0.1, 30.0), share(1e-3, 33.3)),
            (3e-6, 0.03, 3.33e-4),
            "shares"
        );
        assert_eq!(
            (share(0.0, 5.0), share(f64::MAX, 200.0), share(1.0 / 3.0, 100.0)),
            (0.0, f64::MAX, 1.0 / 3.0),
            "ends"
        );
    }

    #[test]
    fn numbers_are_short_and_read_back() {
        for (x, text) in [
            (3e-4, "3e-4"),
            (0.1, "0.1"),
            (0.05, "0.05"),
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (1e4, "1e4"),
            (0.000_25, "2.5e-4"),
        ] {
            assert_eq!(number(x), text, "{x:?}");
        }
        assert_eq!(
            (steps(9_500.0), steps(2.5), steps(1e16)),
            ("9500".into(), "2.5".into(), "1e16".into()),
            "steps"
        );
        for x in [f64::MAX, f64::MIN_POSITIVE, f64::from_bits(1), 1.0 / 3.0, 0.1 + 0.2] {
            assert_eq!(number(x).parse(), Ok(x), "{x:?}");
        }
    }
}
