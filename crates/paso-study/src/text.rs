//! Numbers for readers.
//!
//! A reader compares differences with intervals and margins, so all of them have three significant
//! digits. More would suggest a precision that a handful of seeds does not give.

/// Three significant digits: `0.0123`, `12.3`, `1.23e-6`.
pub(crate) fn number(x: f64) -> String {
    let size = x.abs();
    // Ends of an interval of equal differences are the smallest numbers there are.
    if x == 0.0 || x.is_subnormal() {
        return "0".into();
    }
    if size.is_finite() && !(1e-5..1e6).contains(&size) {
        return format!("{x:.2e}");
    }
    if x.is_infinite() {
        return if x > 0.0 { "∞".into() } else { "-∞".into() };
    }
    // The first digit's place decides how many decimals make three digits.
    let decimals = (0..8).find(|decimals| size * 10f64.powi(*decimals) >= 99.95).unwrap_or(8);
    format!("{x:.*}", usize::try_from(decimals).unwrap_or(0))
}

/// The same with a sign, for differences.
pub(crate) fn signed(x: f64) -> String {
    if x > 0.0 && !x.is_subnormal() { format!("+{}", number(x)) } else { number(x) }
}

/// A share as a percentage: `95 %`, `99.8 %`.
pub(crate) fn percent(share: f64) -> String {
    let text = format!("{:.1}", 100.0 * share);
    format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
}

/// A learning rate: `2e-3`, `1.5e-3`; from 1 on as it is.
pub(crate) fn rate(x: f64) -> String {
    if (1.0..1000.0).contains(&x) {
        return trimmed(x);
    }
    format!("{}e{}", trimmed(x / 10f64.powf(x.log10().floor())), x.log10().floor())
}

fn trimmed(x: f64) -> String {
    format!("{x:.2}").trim_end_matches('0').trim_end_matches('.').into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_whatever_the_size() {
        for (x, text) in [
            (0.012_34, "0.0123"),
            (12.34, "12.3"),
            (-0.5, "-0.500"),
            (1234.5, "1234"),
            (1.234e-6, "1.23e-6"),
            (0.0, "0"),
            (0.099_99, "0.100"),
        ] {
            assert_eq!(number(x), text, "{x}");
        }
        for (x, text) in
            [(2e-3, "2e-3"), (1.5e-6, "1.5e-6"), (1.0, "1"), (20.0, "20"), (1e3, "1e3")]
        {
            assert_eq!(rate(x), text);
        }
        assert_eq!((percent(0.95), percent(0.998)), ("95 %".into(), "99.8 %".into()), "shares");
        assert_eq!((signed(5e-324), signed(0.0)), ("0".into(), "0".into()), "nothing");
        assert_eq!((signed(0.5), signed(-0.5)), ("+0.500".into(), "-0.500".into()), "signs");
    }
}
