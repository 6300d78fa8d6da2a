//! What a training loop may tell about its optimizer's steps.

use serde::{Deserialize, Serialize};

/// What an audited optimizer tells about a run; see [`theory`](crate::theory) for what to expect of each figure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunAudit {
    /// The optimizer's first beta; theory's floor for `step_rms` depends on it.
    pub beta1: f64,
    /// Root mean square of step / rate over the parameters, averaged over the last steps; 0.229 at a beta of 0.9 when noise rules.
    pub step_rms: f64,
    /// Largest `|step| / (rate * R(t))` of the whole run; above 1 would be a bug.
    pub largest_over_bound: f64,
    /// Share of all `|step|` above the rate, over the whole run, in `0..=1`.
    #[serde(rename = "share_above_rate")]
    pub share_above_lr: f64,
    /// Sum over the parameters of `sqrt(v)`, bias-corrected, at the end, in units of loss per unit of parameter.
    pub sum_sqrt_v: f64,
    /// How the rates that the parameters really had, `rate / (sqrt(v) + epsilon)`, are spread; one histogram a layer, may be empty.
    #[serde(default, rename = "effective_rates")]
    pub effective_lrs: Vec<LrHistogram>,
}

/// How many parameters of a layer have which effective rate: counts over half decades.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LrHistogram {
    /// The layer's name.
    pub layer: String,
    /// The first count is of rates from `10^(first / 2)` on, each covers half a decade.
    pub first: i32,
    /// Parameters in each half decade.
    pub counts: Vec<u64>,
}

impl LrHistogram {
    /// Counts `rates`; those that are not above 0 and finite are left out.
    ///
    /// ```
    /// let histogram = paso_study::LrHistogram::new("conv1", [1e-3, 2e-3, 5e-2]);
    /// assert_eq!((histogram.first, histogram.counts.as_slice()), (-6, &[2, 0, 0, 1][..]));
    /// ```
    #[must_use]
    pub fn new(layer: &str, rates: impl IntoIterator<Item = f64>) -> Self {
        let mut histogram = Self { layer: layer.into(), ..Self::default() };
        for rate in rates.into_iter().filter(|rate| *rate > 0.0 && rate.is_finite()) {
            histogram.add(bin(rate), 1);
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

/// The half decade of a positive, finite rate.
#[expect(clippy::cast_possible_truncation, reason = "the logarithm of an f64 is below 400")]
fn bin(rate: f64) -> i32 {
    // A hair up: the logarithm of 1e-3 may come out just below -3.
    (2.0 * rate.log10() + 1e-9).floor() as i32
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
        assert_eq!(one.counts.iter().sum::<u64>(), 3, "what is no rate is left out");
    }
}
