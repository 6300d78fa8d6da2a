//! The schedules of PyTorch's `torch.optim.lr_scheduler`, checked against version 2.15.
//!
//! `base` is the learning rate that the optimizer was built with. `at(t)` is the learning rate of
//! update number `t`, where `scheduler.step()` is called once after each update.
//!
//! What differs on purpose: past its end [`cosine_annealing_lr`] holds (PyTorch's rises again) and
//! [`OneCycleLr`] holds (PyTorch's jumps up, or goes below 0, at `total_steps`, and raises after
//! it). A phase of no length is left out where PyTorch divides by zero. `LambdaLR` and
//! `MultiplicativeLR` are any function: [`Table::sample`](crate::Table::sample), or the function
//! itself.
//!
//! ```
//! use paso_schedule::torch;
//! let lr = torch::sequential_lr(
//!     &[torch::linear_lr(0.1, 0.5, 1.0, 10)?, torch::cosine_annealing_lr(0.1, 90, 0.0)?],
//!     &[10],
//! )?;
//! assert_eq!((lr.at(0), lr.at(10), lr.at(100)), (0.05, 0.1, 0.0));
//! # Ok::<(), paso_schedule::Error>(())
//! ```

mod cyclic;
mod one_cycle;
mod plateau;

use super::build::{
    checked, constant, cosine, decay, every, finish, join, linear, ramp, repeat, times,
};
use crate::curves::{Between, MultiStepCurve, PointsCurve, PolynomialEase};
use crate::error::Error;
use crate::node::Node;
use crate::spec::Spec;
use crate::validate::invalid;
use alloc::vec::Vec;
pub use cyclic::{Cycle, CyclicLr};
pub use one_cycle::{Anneal, OneCycleLr};
pub use plateau::{Threshold, reduce_lr_on_plateau};

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

/// `MultiStepLR`: times `gamma` at each milestone, whose step has the new learning rate.
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
        ramp(base, 0.0, total_iters as f64, PolynomialEase, [power, 1.0])
    })
}

/// `CosineAnnealingLR`: half a cosine wave from `base` to `eta_min` over `t_max` steps, then
/// `eta_min`.
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
/// [`Error::InvalidValue`] where the milestones are not one fewer than the schedules, or not in
/// order.
pub fn sequential_lr(schedules: &[Spec], milestones: &[u64]) -> Result<Spec, Error> {
    finish(join(schedules, milestones))
}

/// `ChainedScheduler`: the product of schedules that were all made with the learning rate `base`.
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
