//! Range checks of settings, each with the field, its value and what is allowed.

use crate::error::Error;

/// In words, what [`is_non_negative`] allows.
pub(crate) const NON_NEGATIVE: &str = "finite and at least 0";

/// `Err` with the field, its value and the range in words, unless `ok`.
pub(crate) fn require(
    field: &'static str,
    value: f64,
    ok: bool,
    allowed: &'static str,
) -> Result<(), Error> {
    if ok { Ok(()) } else { Err(Error::InvalidValue { field, value, allowed }) }
}

/// Finite and at least 0.
#[inline]
pub(crate) fn is_non_negative(x: f64) -> bool {
    x >= 0.0 && x.is_finite()
}

/// `Err` unless the value is finite and at least 0.
pub(crate) fn non_negative(field: &'static str, value: f64) -> Result<(), Error> {
    require(field, value, is_non_negative(value), NON_NEGATIVE)
}

/// `Err` unless the value is finite and above 0.
pub(crate) fn positive(field: &'static str, value: f64) -> Result<(), Error> {
    require(field, value, is_non_negative(value) && value > 0.0, "finite and above 0")
}

/// `Err` unless the value is in `[0, 1)`.
pub(crate) fn decay_rate(field: &'static str, value: f64) -> Result<(), Error> {
    require(field, value, (0.0..1.0).contains(&value), "at least 0 and below 1")
}

/// Panics unless the learning rate is finite and at least 0, also as an f32.
#[track_caller]
#[inline]
pub(crate) fn assert_lr(lr: f64) {
    let fits = is_non_negative(lr) && lr <= f64::from(f32::MAX);
    assert!(fits, "learning rate {lr}: must be finite and at least 0, and at most 3.4e38");
}
