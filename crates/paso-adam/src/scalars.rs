//! [`Scalars`]: what a rule remembers in addition to its moments and the count of steps.

use alloc::format;

use crate::error::Error;

/// Values that some rules carry from step to step; the others leave them alone.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Scalars {
    /// The product of [`Rule::NAdam`](crate::Rule::NAdam)'s momenta so far; 1 before the first
    /// step. PyTorch's `mu_product`.
    pub mu_product: f64,
    /// The sum of the weights of [`Rule::ScheduleFree`](crate::Rule::ScheduleFree)'s average so
    /// far. `schedulefree`'s `weight_sum`.
    pub weight_sum: f64,
    /// The highest learning rate so far. `schedulefree`'s `lr_max`.
    pub lr_max: f64,
    /// The share of the last step in [`Rule::ScheduleFree`](crate::Rule::ScheduleFree)'s average.
    pub share: f64,
}

impl Default for Scalars {
    fn default() -> Self {
        Self { mu_product: 1.0, weight_sum: 0.0, lr_max: 0.0, share: 0.0 }
    }
}

impl Scalars {
    /// Names the first value that no step leaves.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        let &Self { mu_product, weight_sum, lr_max, share } = self;
        for (name, value, most) in [
            ("mu_product", mu_product, 1.0),
            ("weight_sum", weight_sum, f64::MAX),
            ("lr_max", lr_max, f64::MAX),
            ("share", share, 1.0),
        ] {
            // NaN is in no range.
            if !(0.0..=most).contains(&value) {
                let allowed = if most == 1.0 { "0 to 1" } else { "finite and at least 0" };
                return Err(Error::State(format!("{name} is {value:e}; it must be {allowed}")));
            }
        }
        Ok(())
    }
}
