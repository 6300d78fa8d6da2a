//! What counts as an improvement of a metric, for [`Plateau`](crate::Plateau) and
//! [`Greedy`](crate::Greedy).
//!
//! PyTorch's `ReduceLROnPlateau` has one margin and a `threshold_mode`, `rel` or `abs`; here there
//! are two margins that add up, so that for a positive metric either mode is one of them being 0.

use crate::error::Error;
use crate::validate::not_negative;

/// Which way a metric improves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum Better {
    /// Smaller values are better, as of a loss.
    #[default]
    Lower,
    /// Larger values are better, as of an accuracy.
    Higher,
}

/// By how much a metric has to change, and which way. Margins are finite and not negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Improvement {
    pub(crate) better: Better,
    /// A share of the best value.
    pub(crate) relative: f64,
    /// In the metric's own unit, added to the relative margin.
    pub(crate) absolute: f64,
}

impl Improvement {
    /// Whether the margins are in their ranges.
    pub(crate) fn validate(self) -> Result<(), Error> {
        not_negative("relative", self.relative)?;
        not_negative("absolute", self.absolute)
    }

    /// Whether `value` improves on `best` by more than the margins. NaN improves on nothing, and
    /// every other value improves on `None`.
    pub(crate) fn over(self, best: Option<f64>, value: f64) -> bool {
        let Some(best) = best else { return !value.is_nan() };
        // The magnitude of the best value, so that the margin asks for more, also below 0.
        let margin = self.relative * best.abs() + self.absolute;
        match self.better {
            Better::Lower => value < best - margin,
            Better::Higher => value > best + margin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOSS: Improvement = Improvement { better: Better::Lower, relative: 0.1, absolute: 0.5 };
    const ACCURACY: Improvement = Improvement { better: Better::Higher, ..LOSS };

    #[test]
    fn both_margins_have_to_be_exceeded_and_not_only_reached() {
        // 0.1 * 10 + 0.5 = 1.5.
        assert_eq!(
            (LOSS.over(Some(10.0), 8.5), LOSS.over(Some(10.0), 8.49)),
            (false, true),
            "loss"
        );
        assert_eq!(
            (ACCURACY.over(Some(10.0), 11.5), ACCURACY.over(Some(10.0), 11.51)),
            (false, true),
            "accuracy"
        );
    }

    #[test]
    fn the_margin_of_a_negative_best_value_asks_for_an_improvement_too() {
        assert!(!LOSS.over(Some(-10.0), -11.0), "-11 is within the margin of 1.5");
        assert!(LOSS.over(Some(-10.0), -11.6), "-11.6 is better by 1.6");
        assert!(!ACCURACY.over(Some(-10.0), -9.0), "-9 is within the margin of 1.5");
    }

    #[test]
    fn nan_improves_on_nothing_and_the_first_number_improves_on_no_value() {
        assert_eq!((LOSS.over(None, f64::NAN), LOSS.over(None, 1e9)), (false, true), "the first");
        assert!(!LOSS.over(Some(1.0), f64::NAN), "a later one");
    }

    #[test]
    fn margins_are_not_negative() {
        for bad in [-1e-9, f64::NAN, f64::INFINITY] {
            assert!(Improvement { relative: bad, ..LOSS }.validate().is_err(), "relative {bad}");
            assert!(Improvement { absolute: bad, ..LOSS }.validate().is_err(), "absolute {bad}");
        }
    }
}
