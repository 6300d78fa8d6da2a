//! The schedules of Optax, checked against version 0.2.8.
//!
//! `at(t)` is `schedule(t)`. Optax computes in float32 unless told otherwise; the numbers here are those
//! of its formulas in float64.

use super::build::{
    Built, checked, constant, decay, delay, every, finish, join, linear, ramp, then,
};
use crate::curves::{Between, CosineEase, PointsCurve, PolynomialEase};
use crate::error::Error;
use crate::improvement::Better;
use crate::math::floor;
use crate::node::Node;
use crate::plateau::{Plateau, PlateauConfig};
use crate::spec::Spec;
use crate::validate::invalid;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// `constant_schedule`.
///
/// # Errors
/// [`Error::InvalidValue`] where a number is outside its range, as for all functions here.
pub fn constant_schedule(value: f64) -> Result<Spec, Error> {
    finish(constant(value))
}

/// `polynomial_schedule`: `(init - end) * (1 - t / steps)^power + end`, after `begin` steps at `init`.
///
/// With `transition_steps` 0 Optax stays at `init`, and so does this.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn polynomial_schedule(
    init: f64,
    end: f64,
    power: f64,
    transition_steps: u64,
    begin: u64,
) -> Result<Spec, Error> {
    finish(polynomial(init, end, power, transition_steps, begin))
}

fn polynomial(init: f64, end: f64, power: f64, transition_steps: u64, begin: u64) -> Built {
    if transition_steps == 0 {
        return constant(init);
    }
    let steps = transition_steps as f64;
    let curve = if power == 1.0 {
        linear(init, end, steps)
    } else {
        ramp(init, end, steps, PolynomialEase::with_power(power))
    };
    delay(curve, begin as f64)
}

/// `linear_schedule`: a line from `init` to `end`, after `begin` steps at `init`.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn linear_schedule(
    init: f64,
    end: f64,
    transition_steps: u64,
    begin: u64,
) -> Result<Spec, Error> {
    polynomial_schedule(init, end, 1.0, transition_steps, begin)
}

/// `exponential_decay`, with Optax' defaults in [`Self::new`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExponentialDecayArgs {
    /// The rate up to step `transition_begin`.
    pub init_value: f64,
    /// What each `transition_steps` multiply the rate by; with 0 Optax stays at `init_value`.
    pub decay_rate: f64,
    /// With 0 Optax stays at `init_value`.
    pub transition_steps: u64,
    /// Steps before it begins; 0.
    pub transition_begin: u64,
    /// Whether it changes only every `transition_steps`; false.
    pub staircase: bool,
    /// The rate that it stops at: from above where `decay_rate` is below 1, else from below; none.
    pub end_value: Option<f64>,
}

impl ExponentialDecayArgs {
    /// Optax' defaults.
    #[must_use]
    pub fn new(init_value: f64, transition_steps: u64, decay_rate: f64) -> Self {
        Self {
            init_value,
            decay_rate,
            transition_steps,
            transition_begin: 0,
            staircase: false,
            end_value: None,
        }
    }

    /// The schedule.
    ///
    /// # Errors
    /// [`Error::InvalidValue`].
    pub fn spec(&self) -> Result<Spec, Error> {
        finish(self.node())
    }

    fn node(&self) -> Built {
        if self.transition_steps == 0 || self.decay_rate == 0.0 {
            return constant(self.init_value);
        }
        let steps = self.transition_steps as f64;
        let smooth = decay(self.init_value, self.decay_rate, steps);
        let curve = if self.staircase { every(smooth, steps) } else { smooth };
        let inner = delay(curve, self.transition_begin as f64)?;
        match self.end_value {
            None => Ok(inner),
            Some(lr) if self.decay_rate < 1.0 => {
                checked(Node::Floor { inner: Box::new(inner), lr })
            }
            Some(lr) => checked(Node::Cap { inner: Box::new(inner), lr }),
        }
    }
}

/// `cosine_decay_schedule`: from `init` to `alpha * init`.
///
/// # Errors
/// [`Error::InvalidValue`], also for `decay_steps` 0, which Optax refuses.
pub fn cosine_decay_schedule(
    init: f64,
    decay_steps: u64,
    alpha: f64,
    exponent: f64,
) -> Result<Spec, Error> {
    if decay_steps == 0 {
        return Err(invalid("decay_steps", 0.0, "1 or more"));
    }
    finish(ramp(init, alpha * init, decay_steps as f64, CosineEase { exponent, k: 1.0 }))
}

/// `piecewise_constant_schedule`: times `scale` at each `(boundary, scale)`; the boundary has the new rate.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn piecewise_constant_schedule(
    init: f64,
    boundaries_and_scales: &[(u64, f64)],
) -> Result<Spec, Error> {
    finish(piecewise(init, boundaries_and_scales, Between::Hold))
}

/// `piecewise_interpolate_schedule`: the same rates at the boundaries, [`Between::Linear`] or
/// [`Between::Cosine`] between them.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn piecewise_interpolate_schedule(
    between: Between,
    init: f64,
    boundaries_and_scales: &[(u64, f64)],
) -> Result<Spec, Error> {
    finish(piecewise(init, boundaries_and_scales, between))
}

fn piecewise(init: f64, boundaries_and_scales: &[(u64, f64)], between: Between) -> Built {
    let mut boundaries = Vec::from(boundaries_and_scales);
    boundaries.sort_by_key(|&(at, _)| at);
    let mut rate = init;
    let mut points = Vec::from([(0.0, init)]);
    for (at, scale) in boundaries {
        rate *= scale;
        points.push((at as f64, rate));
    }
    checked(PointsCurve { points, between })
}

/// `linear_onecycle_schedule`: up to `peak`, down to where it started, down to the end.
///
/// Optax' defaults are `pct_start` 0.3, `pct_final` 0.85, `div_factor` 25, `final_div_factor` 1e4.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn linear_onecycle_schedule(
    transition_steps: u64,
    peak: f64,
    pct_start: f64,
    pct_final: f64,
    div_factor: f64,
    final_div_factor: f64,
) -> Result<Spec, Error> {
    let (steps, first) = (transition_steps as f64, peak / div_factor);
    let points = Vec::from([
        (0.0, first),
        (floor(pct_start * steps), peak),
        (floor(pct_final * steps), first),
        (steps, first / final_div_factor),
    ]);
    finish(checked(PointsCurve { points, between: Between::Linear }))
}

/// `cosine_onecycle_schedule`: up to `peak` and down, in half cosine waves.
///
/// Optax' defaults are `pct_start` 0.3, `div_factor` 25, `final_div_factor` 1e4.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn cosine_onecycle_schedule(
    transition_steps: u64,
    peak: f64,
    pct_start: f64,
    div_factor: f64,
    final_div_factor: f64,
) -> Result<Spec, Error> {
    let (steps, first) = (transition_steps as f64, peak / div_factor);
    let points = Vec::from([
        (0.0, first),
        (floor(pct_start * steps), peak),
        (steps, first / final_div_factor),
    ]);
    finish(checked(PointsCurve { points, between: Between::Cosine }))
}

/// `warmup_constant_schedule`: a line from `init` to `peak`, then `peak`.
///
/// With `warmup_steps` 0 Optax stays at `init`, and so does this.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn warmup_constant_schedule(init: f64, peak: f64, warmup_steps: u64) -> Result<Spec, Error> {
    linear_schedule(init, peak, warmup_steps, 0)
}

/// `warmup_cosine_decay_schedule`: the cosine ends at `decay_steps`, which include the warm-up.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn warmup_cosine_decay_schedule(
    init: f64,
    peak: f64,
    warmup_steps: u64,
    decay_steps: u64,
    end: f64,
    exponent: f64,
) -> Result<Spec, Error> {
    let Some(rest) = decay_steps.checked_sub(warmup_steps).filter(|rest| *rest > 0) else {
        let allowed = "more than `warmup_steps`, which it includes";
        return Err(invalid("decay_steps", decay_steps as f64, allowed));
    };
    let cosine = ramp(peak, end, rest as f64, CosineEase { exponent, k: 1.0 });
    finish(then([linear(init, peak, warmup_steps as f64), cosine]))
}

/// `warmup_exponential_decay_schedule`: a line from `init` to `decay.init_value`, which is the peak.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn warmup_exponential_decay_schedule(
    init: f64,
    warmup_steps: u64,
    decay: ExponentialDecayArgs,
) -> Result<Spec, Error> {
    finish(then([linear(init, decay.init_value, warmup_steps as f64), decay.node()]))
}

/// `join_schedules`: each schedule starts at its own step 0 at its boundary. `sgdr_schedule` is this
/// with [`warmup_cosine_decay_schedule`]s.
///
/// # Errors
/// [`Error::InvalidValue`] where the boundaries are not one fewer than the schedules, or not in order.
pub fn join_schedules(schedules: &[Spec], boundaries: &[u64]) -> Result<Spec, Error> {
    finish(join(schedules, boundaries))
}

/// `contrib.reduce_on_plateau`, for the schedule to be multiplied with.
///
/// Optax sees a value and scales the update in the same call: call [`Plateau::observe`] before
/// [`Plateau::scale`]. It reduces at bad value number `patience`, of averages of `accumulation_size`.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn reduce_on_plateau(
    factor: f64,
    patience: u64,
    rtol: f64,
    atol: f64,
    cooldown: u64,
    accumulation_size: u64,
    min_scale: f64,
) -> Result<Plateau, Error> {
    Plateau::new(PlateauConfig {
        better: Better::Lower,
        factor,
        patience,
        relative: rtol,
        absolute: atol,
        cooldown,
        min_scale,
        min_change: 0.0,
        average: accumulation_size,
    })
}
