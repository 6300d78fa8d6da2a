//! A sweep: short training while the learning rate rises.
//!
//! Learning rates are spaced geometrically, since what matters is their factor: from 1e-7 to 10 in
//! 100 steps, neighbors differ by 20 %. A sweep records what it gets; the evaluation is left to
//! [`suggest`](super::suggest()), which knows all sweeps.

use super::fit::median;
use serde::{Deserialize, Serialize};

/// The learning rates of a sweep: `steps` of them from `from` to `to`, each a constant factor above
/// the last.
///
/// ```
/// let test = paso_study::range_test::RangeTest::default();
/// assert!((test.lr(0) - 1e-7).abs() < 1e-20 && (test.lr(99) - 10.0).abs() < 1e-9);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RangeTest {
    /// First learning rate. Default 1e-7.
    pub from: f64,
    /// Last learning rate. Default 10.
    pub to: f64,
    /// Updates of a sweep. Default 100.
    pub steps: usize,
}

impl Default for RangeTest {
    fn default() -> Self {
        Self { from: 1e-7, to: 10.0, steps: 100 }
    }
}

impl RangeTest {
    /// The learning rate of update `i`, from 0 to `steps - 1`.
    #[must_use]
    pub fn lr(&self, i: usize) -> f64 {
        self.from
            * (self.to / self.from).powf(i as f64 / self.steps.saturating_sub(1).max(1) as f64)
    }

    /// Does a sweep: `step` is one update of a copy of the training state at the given learning
    /// rate, and returns the loss of its batch before the update. Stops early once the loss [has
    /// diverged](Self::diverged).
    ///
    /// With Adam, let the second moment settle first: some tens of updates at learning rate 0.
    /// Otherwise the first updates, in which every step is as large as the learning rate whatever
    /// the gradient, belong to another optimizer than the later ones.
    ///
    /// ```
    /// use paso_study::range_test::{RangeTest, suggest};
    /// // The loss of a learning rate, without any history: it falls around 1e-3.
    /// let step = |lr: f64| Ok::<_, String>(2.0 - 1.5 / (1.0 + (1e-3 / lr).powi(2)) + lr.powi(4));
    /// let found = suggest(&[RangeTest::default().sweep(step)?]).map_err(|refusal| refusal.to_string())?;
    /// assert!((found.steepest / 1e-3 - 1.0).abs() < 0.1, "{found:?}");
    /// // It is low from 2e-3 to 1; a training belongs below the middle of that.
    /// assert!((1e-3..0.1).contains(&found.peak_lr), "{found:?}");
    /// # Ok::<(), String>(())
    /// ```
    ///
    /// # Errors
    /// Those of `step`, at once. A loss that is not finite is no error.
    pub fn sweep<E>(&self, mut step: impl FnMut(f64) -> Result<f64, E>) -> Result<Sweep, E> {
        let mut sweep = Sweep::default();
        for lr in (0..self.steps).map(|i| self.lr(i)) {
            sweep.lr.push(lr);
            sweep.loss.push(step(lr)?);
            if self.diverged(&sweep.loss) {
                break;
            }
        }
        Ok(sweep)
    }

    /// Whether a sweep may stop: its last loss is not finite, or its last five all lie far above
    /// the first ones.
    #[must_use]
    pub fn diverged(&self, losses: &[f64]) -> bool {
        let Some(last) = losses.last() else { return false };
        if !last.is_finite() {
            return true;
        }
        let Some((head, tail)) = losses.split_at_checked(10) else { return false };
        let (start, best) = (median(head), losses.iter().copied().fold(f64::INFINITY, f64::min));
        tail.len() >= 5
            && tail[tail.len() - 5..].iter().all(|loss| *loss > start + 3.0 * (start - best))
    }
}

/// What a sweep saw: the loss of each update at its learning rate. NaN and infinity mean "diverged
/// here".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// Rates, ascending.
    pub lr: Vec<f64>,
    /// Loss of the batch at each, before the update; `null` in JSON, which is read as NaN, where it
    /// is not finite.
    #[serde(with = "crate::json::finite_or_null_list")]
    pub loss: Vec<f64>,
}
