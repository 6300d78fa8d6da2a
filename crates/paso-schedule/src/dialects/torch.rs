//! The schedules of PyTorch's `torch.optim.lr_scheduler`, checked against version 2.15.
//!
//! `base` is the rate that the optimizer was built with. `at(t)` is the rate of update number `t`,
//! where `scheduler.step()` is called once after each update.
//!
//! What differs on purpose: past its end [`cosine_annealing_lr`] holds (PyTorch's rises again) and
//! [`OneCycleLr`] holds (PyTorch's jumps up, or goes below 0, at `total_steps`, and raises after it). A
//! phase of no length is left out where PyTorch divides by zero. `LambdaLR` and `MultiplicativeLR` are
//! any function: [`Table::sample`](crate::Table::sample), or the function itself.

use super::build::{
    Built, below, checked, constant, cosine, decay, every, finish, join, linear, plus, ramp,
    repeat, skip, then, times,
};
use crate::curves::{Between, MultiStepCurve, PointsCurve, PolynomialEase};
use crate::error::Error;
use crate::improvement::Better;
use crate::node::Node;
use crate::plateau::{Plateau, PlateauConfig};
use crate::spec::Spec;
use crate::validate::invalid;
use alloc::vec::Vec;

/// `ConstantLR`: `base * factor` for the first `total_iters` steps, then `base`.
///
/// With `total_iters` 0 PyTorch never leaves `base * factor`, and neither does this.
///
/// # Errors
/// [`Error::InvalidValue`] where a number is outside its range, as for all functions here.
pub fn constant_lr(base: f64, factor: f64, total_iters: u64) -> Result<Spec, Error> {
    finish(if total_iters == 0 {
        constant(base * factor)
    } else {
        let points = Vec::from([(0.0, base * factor), (total_iters as f64, base)]);
        checked(PointsCurve { points, between: Between::Hold })
    })
}

/// `LinearLR`: from `base * start_factor` to `base * end_factor` over `total_iters` steps.
///
/// With `total_iters` 0 PyTorch stays at the start, and so does this.
///
/// # Errors
/// [`Error::InvalidValue`], also for a `start_factor` of 0 or above 1, which PyTorch refuses.
pub fn linear_lr(
    base: f64,
    start_factor: f64,
    end_factor: f64,
    total_iters: u64,
) -> Result<Spec, Error> {
    if !(start_factor > 0.0 && start_factor <= 1.0) {
        return Err(invalid("start_factor", start_factor, "above 0, at most 1"));
    }
    finish(if total_iters == 0 {
        constant(base * start_factor)
    } else {
        linear(base * start_factor, base * end_factor, total_iters as f64)
    })
}

/// `StepLR`: `base * gamma^floor(t / step_size)`.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn step_lr(base: f64, step_size: u64, gamma: f64) -> Result<Spec, Error> {
    let step_size = step_size as f64;
    finish(every(decay(base, gamma, step_size), step_size))
}

/// `MultiStepLR`: times `gamma` at each milestone, whose step has the new rate.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn multi_step_lr(base: f64, milestones: &[u64], gamma: f64) -> Result<Spec, Error> {
    finish(checked(MultiStepCurve::new(
        base,
        gamma,
        milestones.iter().map(|&at| at as f64).collect(),
    )))
}

/// `ExponentialLR`: `base * gamma^t`.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn exponential_lr(base: f64, gamma: f64) -> Result<Spec, Error> {
    finish(decay(base, gamma, 1.0))
}

/// `PolynomialLR`: `base * (1 - t / total_iters)^power`, then 0.
///
/// With `total_iters` 0 PyTorch stays at `base`, and so does this.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn polynomial_lr(base: f64, total_iters: u64, power: f64) -> Result<Spec, Error> {
    finish(if total_iters == 0 {
        constant(base)
    } else {
        ramp(base, 0.0, total_iters as f64, PolynomialEase::with_power(power))
    })
}

/// `CosineAnnealingLR`: half a cosine wave from `base` to `eta_min` over `t_max` steps, then `eta_min`.
///
/// # Errors
/// [`Error::InvalidValue`], also for `t_max` 0, where PyTorch divides by zero.
pub fn cosine_annealing_lr(base: f64, t_max: u64, eta_min: f64) -> Result<Spec, Error> {
    if t_max == 0 {
        return Err(invalid("t_max", 0.0, "1 or more"));
    }
    finish(cosine(base, eta_min, t_max as f64))
}

/// `CosineAnnealingWarmRestarts`: the same, again and again, each `t_mult` times as long as the one
/// before it. Fractions of an epoch: [`Spec::at_time`].
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn cosine_annealing_warm_restarts(
    base: f64,
    t_0: u64,
    t_mult: u64,
    eta_min: f64,
) -> Result<Spec, Error> {
    finish(repeat(cosine(base, eta_min, t_0 as f64), None, t_mult as f64, 1.0))
}

/// `SequentialLR`: each schedule starts at its own step 0 at its milestone.
///
/// # Errors
/// [`Error::InvalidValue`] where the milestones are not one fewer than the schedules, or not in order.
pub fn sequential_lr(schedules: &[Spec], milestones: &[u64]) -> Result<Spec, Error> {
    finish(join(schedules, milestones))
}

/// `ChainedScheduler`: the product of schedules that were all made with the rate `base`.
///
/// That is what PyTorch computes where each of them only multiplies, which those with a lower end
/// above 0 do not.
///
/// # Errors
/// [`Error::InvalidValue`] where `base` is not above 0.
pub fn chained_scheduler(base: f64, schedules: &[Spec]) -> Result<Spec, Error> {
    let [first, others @ ..] = schedules else { return finish(constant(base)) };
    let factor = 1.0 / base;
    finish(others.iter().try_fold(first.node.clone(), |product, other| {
        let inner = alloc::boxed::Box::new(other.node.clone());
        times(Ok(product), checked(Node::Scale { inner, factor }))
    }))
}

/// `SWALR`: from `base` to `swa_lr` over `anneal_epochs` steps.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn swa_lr(base: f64, swa_lr: f64, anneal_epochs: u64, anneal: Anneal) -> Result<Spec, Error> {
    finish(anneal.ramp(base, swa_lr, anneal_epochs as f64))
}

/// `ReduceLROnPlateau` on an optimizer with the rate `base`, for the schedule to be multiplied with.
///
/// PyTorch reduces at the observation after `patience` bad ones, which is number `patience + 1`. Its
/// relative margin is `best * (1 - threshold)`, which is *above* a negative best, so that worse values
/// count as improvements; here the margin always asks for an improvement.
///
/// # Errors
/// [`Error::InvalidValue`].
#[expect(clippy::too_many_arguments, reason = "they are PyTorch's, in PyTorch's order")]
pub fn reduce_lr_on_plateau(
    base: f64,
    better: Better,
    factor: f64,
    patience: u64,
    threshold: Threshold,
    cooldown: u64,
    min_lr: f64,
    eps: f64,
) -> Result<Plateau, Error> {
    let (relative, absolute) = threshold.margins();
    Plateau::new(PlateauConfig {
        better,
        factor,
        patience: patience.saturating_add(1),
        relative,
        absolute,
        cooldown,
        min_scale: min_lr / base,
        min_change: eps / base,
        average: 1,
    })
}

/// By how much a metric has to improve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// A share of the best value (`threshold_mode="rel"`).
    Relative(f64),
    /// A difference (`threshold_mode="abs"`).
    Absolute(f64),
}

impl Threshold {
    /// The relative and the absolute margin.
    pub(super) fn margins(self) -> (f64, f64) {
        match self {
            Self::Relative(share) => (share, 0.0),
            Self::Absolute(difference) => (0.0, difference),
        }
    }
}

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
    fn ramp(self, from: f64, to: f64, len: f64) -> Built {
        match self {
            Self::Cos => cosine(from, to, len),
            Self::Linear => linear(from, to, len),
        }
    }
}

/// `OneCycleLR`, with PyTorch's defaults in [`Self::new`].
///
/// [Smith and Topin 2018](https://arxiv.org/abs/1708.07120). The rate ends at step `total_steps - 1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OneCycleLr {
    /// The peak rate.
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
    /// The first rate is `max_lr / div_factor`; 25.
    pub div_factor: f64,
    /// The last rate is the first one divided by this; 1e4.
    pub final_div_factor: f64,
    /// Down to the first rate as fast as up, then on to the last one; false.
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

    /// The momentum (SGD) or `beta1` (Adam), which goes against the rate.
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

/// The modes of [`CyclicLr`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Cycle {
    /// Every cycle as high as the first.
    #[default]
    Triangular,
    /// Each cycle half as high.
    Triangular2,
    /// The height falls by this factor at each step.
    ExpRange(f64),
}

/// `CyclicLR`, with PyTorch's defaults in [`Self::new`].
///
/// [Smith 2017](https://arxiv.org/abs/1506.01186).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CyclicLr {
    /// The lowest rate.
    pub base_lr: f64,
    /// The highest rate.
    pub max_lr: f64,
    /// Steps of a rise, which may be a fraction; 2000.
    pub step_size_up: f64,
    /// Steps of a fall; as many.
    pub step_size_down: f64,
    /// What happens to the height; triangular.
    pub mode: Cycle,
    /// The momentum, or Adam's `beta1`, at the peak; 0.8.
    pub base_momentum: f64,
    /// The momentum at the lowest rate; 0.9.
    pub max_momentum: f64,
}

impl CyclicLr {
    /// PyTorch's defaults.
    #[must_use]
    pub fn new(base_lr: f64, max_lr: f64) -> Self {
        Self {
            base_lr,
            max_lr,
            step_size_up: 2_000.0,
            step_size_down: 2_000.0,
            mode: Cycle::Triangular,
            base_momentum: 0.8,
            max_momentum: 0.9,
        }
    }

    /// The learning rate.
    ///
    /// # Errors
    /// [`Error::InvalidValue`].
    pub fn rate(&self) -> Result<Spec, Error> {
        finish(plus(self.triangles(self.max_lr - self.base_lr), self.base_lr))
    }

    /// The momentum (SGD) or `beta1` (Adam), which goes against the rate.
    ///
    /// # Errors
    /// [`Error::InvalidValue`].
    pub fn momentum(&self) -> Result<Spec, Error> {
        finish(below(self.triangles(self.max_momentum - self.base_momentum), self.max_momentum))
    }

    /// Triangles from 0 to `height`.
    fn triangles(&self, height: f64) -> Built {
        let up = linear(0.0, height, self.step_size_up);
        let cycle = then([up, linear(height, 0.0, self.step_size_down)]);
        match self.mode {
            Cycle::Triangular => repeat(cycle, None, 1.0, 1.0),
            Cycle::Triangular2 => repeat(cycle, None, 1.0, 0.5),
            Cycle::ExpRange(gamma) => times(repeat(cycle, None, 1.0, 1.0), decay(1.0, gamma, 1.0)),
        }
    }
}
