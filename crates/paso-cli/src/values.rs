//! Values of options: numbers, with an error that says what a number looks like.
//!
//! Ranges that depend on nothing else are checked here as well, so that clap names the option.

/// A number, such as `0.004` or `4e-3`.
pub(crate) fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| "it must be a number, such as 0.004 or 4e-3".into())
}

/// A number above 0 and below 1.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    let share = number(text)?;
    if share > 0.0 && share < 1.0 {
        Ok(share)
    } else {
        Err("it must be above 0 and below 1".into())
    }
}

/// A learning rate, above 0 and at most 10.
pub(crate) fn lr(text: &str) -> Result<f64, String> {
    let lr = number(text)?;
    if lr > 0.0 && lr <= 10.0 { Ok(lr) } else { Err("it must be above 0, at most 10".into()) }
}

/// A share or a difference, at least 0 and finite.
pub(crate) fn not_negative(text: &str) -> Result<f64, String> {
    let value = number(text)?;
    if value >= 0.0 && value.is_finite() { Ok(value) } else { Err("it must be at least 0".into()) }
}

/// Threads.
pub(crate) fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1".into()),
        Ok(threads) => Ok(threads),
        Err(_) => Err("it must be a whole number, at least 1".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_or_out_of_range_is_refused_with_what_is_allowed() {
        assert_eq!((number("4e-3"), share("0.2"), lr("10")), (Ok(0.004), Ok(0.2), Ok(10.0)));
        assert_eq!((not_negative("0"), threads("3")), (Ok(0.0), Ok(3)));
        let said = [
            number("fast").expect_err("a word"),
            share("1").expect_err("all"),
            share("NaN").expect_err("not a number"),
            lr("0").expect_err("nothing"),
            lr("inf").expect_err("too large"),
            not_negative("-1").expect_err("below"),
            threads("0").expect_err("none"),
            threads("-1").expect_err("below"),
        ];
        assert!(said.iter().all(|why| why.starts_with("it must be ")), "{said:?}");
    }
}
