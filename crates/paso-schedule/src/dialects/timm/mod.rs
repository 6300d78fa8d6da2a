//! The schedules of timm, checked against version 1.0.31.
//!
//! `base` is the learning rate that the optimizer was built with. `at(t)` is the learning rate
//! after `scheduler.step(t)`, or `step_update(t)`: the unit is the epoch or the update. The noise
//! that timm can add is not offered.
//!
//! ```
//! use paso_schedule::timm::{Cycles, Warmup, cosine_lr};
//! let warmup = Warmup { steps: 5, init: 1e-6, prefix: true };
//! let lr = cosine_lr(1e-3, 95, Cycles::default(), warmup, 1.0)?;
//! assert_eq!(lr.to_string(), "linear(1e-6 -> 1e-3, 5) then cosine(1e-3 -> 0, 95)");
//! # Ok::<(), paso_schedule::Error>(())
//! ```

mod wsd;

use super::build::{Built, checked, decay, every, finish, linear, ramp, skip, then};
use crate::curves::{CosineEase, Curve, Ease, MultiStepCurve, PolynomialEase, Ramp, TanhEase};
use crate::error::Error;
use crate::improvement::Better;
use crate::plateau::Plateau;
use crate::spec::Spec;
use crate::validate::invalid;
use alloc::vec::Vec;
pub use wsd::{DecayFn, StableFn, WsdLr};

/// What timm's schedulers have in common: a warm-up and cycles. The defaults are timm's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cycles {
    /// The learning rate at the end of every cycle, and after the last; 0.
    pub lr_min: f64,
    /// Each cycle is so many times as long as the one before; 1, or 1.001 to 1e6.
    pub cycle_mul: f64,
    /// Each cycle starts at so many times the learning rate; 1.
    pub cycle_decay: f64,
    /// How many cycles there are, at most 10000; 1.
    pub cycle_limit: u32,
}

impl Default for Cycles {
    fn default() -> Self {
        Self { lr_min: 0.0, cycle_mul: 1.0, cycle_decay: 1.0, cycle_limit: 1 }
    }
}

/// timm's warm-up: a line from `init` over `steps`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Warmup {
    /// `warmup_t`; 0.
    pub steps: u64,
    /// `warmup_lr_init`; 0.
    pub init: f64,
    /// `warmup_prefix`: the schedule starts after the warm-up. Otherwise the warm-up hides its
    /// first steps, and the learning rate may jump where it ends.
    pub prefix: bool,
}

impl Warmup {
    /// The warm-up to `target` before `curve`, or over its first steps.
    fn before(self, target: f64, curve: Built) -> Built {
        let steps = self.steps as f64;
        if steps == 0.0 {
            return curve;
        }
        then([
            linear(self.init, target, steps),
            if self.prefix { curve } else { skip(curve, steps) },
        ])
    }
}

/// `CosineLRScheduler`; `k_decay` is 1 by default.
///
/// # Errors
/// [`Error::InvalidValue`] where a number is outside its range, as for all functions here.
pub fn cosine_lr(
    base: f64,
    t_initial: u64,
    cycles: Cycles,
    warmup: Warmup,
    k_decay: f64,
) -> Result<Spec, Error> {
    finish(warmup.before(base, cycled(base, t_initial, cycles, CosineEase, [1.0, k_decay])))
}

/// `TanhLRScheduler`; `lb` and `ub` are -7 and 3 by default.
///
/// A warm-up that is no prefix leads to the learning rate that the curve has at its end. timm's
/// constructor leaves the first learning rate at `base`; here `at(0)` is that of the curve.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn tanh_lr(
    base: f64,
    t_initial: u64,
    cycles: Cycles,
    warmup: Warmup,
    lb: f64,
    ub: f64,
) -> Result<Spec, Error> {
    let curve = cycled(base, t_initial, cycles, TanhEase, [lb, ub])?;
    let target = if warmup.prefix { base } else { curve.value(warmup.steps as f64) };
    finish(warmup.before(target, Ok(curve)))
}

/// `PolyLRScheduler`; `power` is 0.5 and `k_decay` 1 by default.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn poly_lr(
    base: f64,
    t_initial: u64,
    cycles: Cycles,
    warmup: Warmup,
    power: f64,
    k_decay: f64,
) -> Result<Spec, Error> {
    finish(warmup.before(base, cycled(base, t_initial, cycles, PolynomialEase, [power, k_decay])))
}

/// The cycles one by one: only their first learning rate decays, not their last, so they are no
/// repetition.
fn cycled<E: Ease<N>, const N: usize>(
    base: f64,
    t_initial: u64,
    cycles: Cycles,
    ease: E,
    options: [f64; N],
) -> Built
where
    Curve: From<Ramp<E, N>>,
{
    if !(1..=10_000).contains(&cycles.cycle_limit) {
        let value = f64::from(cycles.cycle_limit);
        return Err(invalid("cycle_limit", value, "1 to 10000"));
    }
    if cycles.cycle_mul != 1.0 && !(1.001..=1e6).contains(&cycles.cycle_mul) {
        let value = cycles.cycle_mul;
        return Err(invalid("cycle_mul", value, "1, or between 1.001 and 1e6"));
    }
    let (mut from, mut len) = (base, t_initial as f64);
    let mut parts = Vec::new();
    for _ in 0..cycles.cycle_limit {
        parts.push(ramp(from, cycles.lr_min, len, ease.clone(), options));
        from *= cycles.cycle_decay;
        len *= cycles.cycle_mul;
    }
    then(parts)
}

/// `StepLRScheduler`: `base * decay_rate^floor(t / decay_t)`; `decay_t` may be a fraction.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn step_lr(base: f64, decay_t: f64, decay_rate: f64, warmup: Warmup) -> Result<Spec, Error> {
    finish(warmup.before(base, every(decay(base, decay_rate, decay_t), decay_t)))
}

/// `MultiStepLRScheduler`: times `decay_rate` at each milestone, which acts *one step early*, at
/// `t = m - 1`.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn multi_step_lr(
    base: f64,
    decay_t: &[u64],
    decay_rate: f64,
    warmup: Warmup,
) -> Result<Spec, Error> {
    let at = decay_t.iter().map(|&at| at.saturating_sub(1) as f64).collect();
    finish(warmup.before(base, checked(MultiStepCurve::new(base, decay_rate, at))))
}

/// `PlateauLRScheduler` without its warm-up: PyTorch's plateau, with a relative threshold.
///
/// timm's warm-up is [`Schedule::warmup_from`](crate::Schedule::warmup_from) of a constant, and the
/// plateau observes only after it. timm loses the plateau's state on resume; [`Plateau::state`]
/// keeps it.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn plateau_lr(
    base: f64,
    better: Better,
    decay_rate: f64,
    patience_t: u64,
    threshold: f64,
    cooldown_t: u64,
    lr_min: f64,
) -> Result<Plateau, Error> {
    let threshold = super::torch::Threshold::Relative(threshold);
    super::torch::reduce_lr_on_plateau(
        base, better, decay_rate, patience_t, threshold, cooldown_t, lr_min, 1e-8,
    )
}
