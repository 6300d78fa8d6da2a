//! Pieces of text that schedules as written and complete schedules print alike.

use super::number::number;
use core::fmt;

/// Things with a separator between them.
pub(crate) fn joined<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    things: &[T],
    separator: &str,
) -> fmt::Result {
    things.iter().enumerate().try_for_each(|(i, thing)| {
        f.write_str(if i == 0 { "" } else { separator })?;
        write!(f, "{thing}")
    })
}

/// `repeat`, `repeat(3)`, `repeat(3, stretch 2, scale 0.5)`.
pub(crate) fn repeat(
    f: &mut fmt::Formatter<'_>,
    times: Option<u64>,
    stretch: f64,
    scale: f64,
) -> fmt::Result {
    f.write_str("repeat")?;
    let mut separator = "(";
    if let Some(times) = times {
        write!(f, "({times}")?;
        separator = ", ";
    }
    for (name, value) in [("stretch", stretch), ("scale", scale)] {
        if value != 1.0 {
            write!(f, "{separator}{name} {}", number(value))?;
            separator = ", ";
        }
    }
    f.write_str(if separator == "(" { "" } else { ")" })
}
