//! Measurements of the optimizer's steps in a run.
//!
//! A study can only say *whether* decay helps. Why it does is in the steps of the optimizer: near
//! an optimum, Adam's steps have the size that gradient noise gives them, and a constant learning
//! rate keeps them there. A training loop that measures its steps returns a [`RunAudit`], and
//! [`NoiseAnalysis`](crate::NoiseAnalysis) compares it with [`theory`](crate::theory).

use crate::json::finite_or_null;
use serde::{Deserialize, Serialize};

/// Measurements of the optimizer's steps in a run; see [`theory`](crate::theory) for what to expect
/// of each figure. One that is not finite is kept as `null`, and the audit is then left out of the
/// analysis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunAudit {
    /// The optimizer's first beta; theory's floor for `step_rms` depends on it.
    #[serde(with = "finite_or_null")]
    pub beta1: f64,
    /// Root mean square of step / learning rate over the parameters, averaged over the last steps;
    /// 0.229 for a `beta1` of 0.9 and pure-noise gradients.
    #[serde(with = "finite_or_null")]
    pub step_rms: f64,
    /// Largest `|step| / (lr * R(t))` of the whole run; above 1 would be a bug.
    #[serde(with = "finite_or_null")]
    pub largest_over_bound: f64,
    /// Share of all `|step|` above the learning rate, over the whole run, in `0..=1`.
    #[serde(rename = "share_above_rate", with = "finite_or_null")]
    pub share_above_lr: f64,
    /// Sum over the parameters of `sqrt(v)`, bias-corrected, at the end, in units of loss per unit
    /// of parameter.
    #[serde(with = "finite_or_null")]
    pub sum_sqrt_v: f64,
    /// Distribution of the effective learning rates, `lr / (sqrt(v) + eps)`; one histogram per
    /// layer, may be empty.
    #[serde(default, rename = "effective_rates")]
    pub effective_lrs: Vec<LrHistogram>,
}

impl RunAudit {
    /// Whether every figure is a number, which it is not in a run that nearly diverged.
    pub(crate) fn is_finite(&self) -> bool {
        let Self { beta1, step_rms, largest_over_bound, share_above_lr, sum_sqrt_v, .. } = *self;
        let all = [beta1, step_rms, largest_over_bound, share_above_lr, sum_sqrt_v];
        all.iter().all(|figure| figure.is_finite())
    }
}

/// Histogram of the effective learning rates of a layer's parameters, in half decades.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LrHistogram {
    /// The layer's name.
    pub layer: String,
    /// The first bin starts at `10^(first / 2)`; each covers half a decade.
    pub first: i32,
    /// Parameters in each half decade.
    pub counts: Vec<u64>,
}

impl LrHistogram {
    /// Counts `lrs`; values that are not positive and finite are ignored.
    ///
    /// ```
    /// let histogram = paso_study::LrHistogram::new("conv1", [1e-3, 2e-3, 5e-2]);
    /// assert_eq!((histogram.first, histogram.counts.as_slice()), (-6, &[2, 0, 0, 1][..]));
    /// ```
    #[must_use]
    pub fn new(layer: &str, lrs: impl IntoIterator<Item = f64>) -> Self {
        let mut histogram = Self { layer: layer.into(), ..Self::default() };
        for lr in lrs.into_iter().filter(|lr| *lr > 0.0 && lr.is_finite()) {
            histogram.add(bin(lr), 1);
        }
        histogram
    }

    /// Adds the counts of another histogram of the same layer.
    pub fn merge(&mut self, other: &Self) {
        for (bin, count) in (other.first..).zip(&other.counts) {
            self.add(bin, *count);
        }
    }

    fn add(&mut self, bin: i32, count: u64) {
        if self.counts.is_empty() {
            self.first = bin;
        }
        while bin < self.first {
            self.counts.insert(0, 0);
            self.first -= 1;
        }
        let index = usize::try_from(bin - self.first).expect("not before the first");
        if index >= self.counts.len() {
            self.counts.resize(index + 1, 0);
        }
        self.counts[index] += count;
    }
}

/// The half decade of a positive, finite value.
#[expect(clippy::cast_possible_truncation, reason = "the logarithm of an f64 is below 400")]
fn bin(lr: f64) -> i32 {
    // The logarithm of 1e-3 may be rounded to just below -3.
    (2.0 * lr.log10() + 1e-9).floor() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histograms_add_up_in_either_order() {
        let (low, high) =
            (LrHistogram::new("a", [1e-6, 1.5e-6]), LrHistogram::new("a", [1e-2, f64::NAN, 0.0]));
        let (mut one, mut other) = (low.clone(), high.clone());
        one.merge(&high);
        other.merge(&low);
        assert_eq!(one, other, "the order does not matter");
        assert_eq!((one.first, one.counts.len()), (-12, 9), "from 1e-6 to 1e-2: {one:?}");
        assert_eq!(one.counts.iter().sum::<u64>(), 3, "other values are ignored");
    }

    #[test]
    fn bins_are_half_decades_and_powers_of_ten_start_one() {
        for (lr, expected) in [
            (1.0, 0),
            (9.99, 1),
            (10.0, 2),
            (3.17, 1),
            (3.16, 0),
            (1e-3, -6),
            (1e-8, -16),
            (5e-324, -647),
        ] {
            assert_eq!(bin(lr), expected, "{lr:e}");
        }
    }

    #[test]
    fn nothing_to_count_is_an_empty_histogram_and_merging_it_changes_nothing() {
        let empty = LrHistogram::new("a", [f64::NAN, -1.0, 0.0, f64::INFINITY]);
        assert!(empty.counts.is_empty(), "{empty:?}");
        let some = LrHistogram::new("a", [1e-3, 1e-3]);
        let mut merged = some.clone();
        merged.merge(&empty);
        assert_eq!(merged, some);
        let mut merged = empty;
        merged.merge(&some);
        assert_eq!(merged, some);
    }
}
