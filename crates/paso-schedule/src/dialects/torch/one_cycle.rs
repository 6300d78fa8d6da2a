//! PyTorch's `OneCycleLR`, and the form of its phases.

use crate::dialects::build::{Built, constant, cosine, finish, linear, skip, then};
use crate::error::Error;
use crate::spec::Spec;
use crate::validate::invalid;
use alloc::vec::Vec;

/// `anneal_strategy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anneal {
    /// Half a cosine wave, `"cos"`.
    #[default]
    Cos,
    /// A line, `"linear"`.
    Linear,
}

impl Anneal {
    pub(super) fn ramp(self, from: f64, to: f64, len: f64) -> Built {
        match self {
            Self::Cos => cosine(from, to, len),
            Self::Linear => linear(from, to, len),
        }
    }
}

/// `OneCycleLR`, with PyTorch's defaults in [`Self::new`].
///
/// [Smith and Topin 2018](https://arxiv.org/abs/1708.07120). The learning rate ends at step
/// `total_steps - 1`.
///
/// ```
/// use paso_schedule::torch::OneCycleLr;
/// let cycle = OneCycleLr::new(0.1, 100);
/// let (lr, beta1) = (cycle.rate()?, cycle.momentum()?);
/// // The peak is at 0.3 * 100 - 1.
/// assert!((lr.at(29) - 0.1).abs() < 1e-15 && (beta1.at(29) - 0.85).abs() < 1e-15);
/// assert!((lr.at(99) - 0.1 / 25.0 / 1e4).abs() < 1e-15);
/// # Ok::<(), paso_schedule::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OneCycleLr {
    /// The peak learning rate.
    pub max_lr: f64,
    /// The number of updates of the run.
    pub total_steps: u64,
    /// The share of the steps that rise; 0.3.
    pub pct_start: f64,
    /// Cosine or linear; cosine.
    pub anneal: Anneal,
    /// The momentum, or Adam's `beta1`, at the peak; 0.85.
    pub base_momentum: f64,
    /// The momentum at both ends; 0.95.
    pub max_momentum: f64,
    /// The first learning rate is `max_lr / div_factor`; 25.
    pub div_factor: f64,
    /// The last learning rate is the first one divided by this; 1e4.
    pub final_div_factor: f64,
    /// Down to the first learning rate as fast as up, then on to the last one; false.
    pub three_phase: bool,
}

impl OneCycleLr {
    /// PyTorch's defaults.
    #[must_use]
    pub fn new(max_lr: f64, total_steps: u64) -> Self {
        Self {
            max_lr,
            total_steps,
            pct_start: 0.3,
            anneal: Anneal::Cos,
            base_momentum: 0.85,
            max_momentum: 0.95,
            div_factor: 25.0,
            final_div_factor: 1e4,
            three_phase: false,
        }
    }

    /// The learning rate.
    ///
    /// # Errors
    /// [`Error::InvalidValue`].
    pub fn rate(&self) -> Result<Spec, Error> {
        let first = self.max_lr / self.div_factor;
        self.phases(first, self.max_lr, first, first / self.final_div_factor)
    }

    /// The momentum (SGD) or `beta1` (Adam), which goes against the learning rate.
    ///
    /// # Errors
    /// [`Error::InvalidValue`].
    pub fn momentum(&self) -> Result<Spec, Error> {
        self.phases(self.max_momentum, self.base_momentum, self.max_momentum, self.max_momentum)
    }

    /// From `first` to `peak` and back: to `last`, or in three phases by way of `back`.
    fn phases(&self, first: f64, peak: f64, back: f64, last: f64) -> Result<Spec, Error> {
        if !(0.0..=1.0).contains(&self.pct_start) {
            return Err(invalid("pct_start", self.pct_start, "0 to 1"));
        }
        if self.total_steps == 0 {
            return Err(invalid("total_steps", 0.0, "1 or more"));
        }
        let (rise, end) =
            (self.pct_start * self.total_steps as f64 - 1.0, (self.total_steps - 1) as f64);
        let mut bounds = Vec::from([(rise, first, peak)]);
        if self.three_phase {
            bounds.push((2.0 * rise, peak, back));
            bounds.push((end, back, last));
        } else {
            bounds.push((end, peak, last));
        }
        let mut start = 0.0;
        let mut parts = Vec::new();
        for (end, from, to) in bounds {
            let len = end - start;
            if end > 0.0 && len > 0.0 {
                // A phase that should have started before step 0 is met on its way.
                parts.push(skip(self.anneal.ramp(from, to, len), f64::max(-start, 0.0)));
            } else if end == 0.0 && start < 0.0 {
                parts.push(constant(to));
            }
            start = end;
        }
        finish(if parts.is_empty() { constant(peak) } else { then(parts) })
    }
}
