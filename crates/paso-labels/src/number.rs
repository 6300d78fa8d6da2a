//! Numbers that label files have as text, and how messages show what is none.

/// Characters of a value that a message shows, at most.
const SHOWN: usize = 60;

/// A value in quotes; of a long one only its beginning, since it is something else anyway.
pub(crate) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{:?}...", &text[..at]),
        None => format!("{text:?}"),
    }
}

/// A finite number with a decimal point.
pub(crate) fn finite(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|value| value.is_finite())
}

/// What to say of a text that is no finite number, behind the name of its field and `is`.
pub(crate) fn not_finite(text: &str) -> String {
    let text = text.trim();
    let pointed = text.replace(',', ".");
    let hint = match finite(&pointed) {
        Some(_) if pointed != text => format!("; write it with a decimal point: {pointed}"),
        _ => String::new(),
    };
    format!("{}, not a finite number{hint}", shown(text))
}

/// A number of pixels: whole, also where it is written as `640.0`. 0 is one.
pub(crate) fn pixels(text: &str) -> Option<u32> {
    let value =
        finite(text).filter(|v| v.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(v));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and in range, as was just checked"
    )]
    value.map(|v| v as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_finite_and_have_a_point() {
        for (text, value) in
            [("12", 12.0), (" 12 ", 12.0), ("012", 12.0), ("1e2", 100.0), ("-.5", -0.5)]
        {
            assert_eq!(finite(text), Some(value), "{text}");
        }
        for text in ["", "nan", "inf", "1e400", "12,5", "1 2", "0x10", "١"] {
            assert_eq!(finite(text), None, "{text}");
        }
        assert_eq!(
            not_finite("12,5"),
            "\"12,5\", not a finite number; write it with a decimal point: 12.5"
        );
        assert_eq!(not_finite("left"), "\"left\", not a finite number");
        assert_eq!(not_finite("nan"), "\"nan\", not a finite number");
    }

    #[test]
    fn pixels_are_whole_however_they_are_written() {
        for (text, value) in [
            ("640", Some(640)),
            ("640.0", Some(640)),
            ("0", Some(0)),
            ("4294967295", Some(u32::MAX)),
        ] {
            assert_eq!(pixels(text), value, "{text}");
        }
        for text in ["640.5", "-3", "4294967296", "1e300", "", "wide"] {
            assert_eq!(pixels(text), None, "{text}");
        }
    }

    #[test]
    fn a_long_value_is_shown_by_its_beginning() {
        let long = "é".repeat(1000);
        assert_eq!(shown(&long), format!("{:?}...", "é".repeat(60)));
        assert_eq!(shown("a\n"), "\"a\\n\"");
    }
}
