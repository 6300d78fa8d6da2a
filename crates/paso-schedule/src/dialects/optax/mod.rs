//! The schedules of Optax, checked against version 0.2.8.
//!
//! `at(t)` is `schedule(t)`. Optax computes in float32 unless configured otherwise; the numbers
//! here are those of its formulas in float64.
//!
//! ```
//! use paso_schedule::optax;
//! let lr = optax::warmup_cosine_decay_schedule(0.0, 1e-3, 10, 100, 0.0, 1.0)?;
//! assert_eq!(lr.to_string(), "linear(0 -> 1e-3, 10) then cosine(1e-3 -> 0, 90)");
//! # Ok::<(), paso_schedule::Error>(())
//! ```

mod exponential;
mod piecewise;

use super::build::{Built, constant, delay, finish, join, linear, ramp, then};
use crate::curves::{CosineEase, PolynomialEase};
use crate::error::Error;
use crate::improvement::Better;
use crate::plateau::{Plateau, PlateauConfig};
use crate::spec::Spec;
use crate::validate::invalid;
pub use exponential::ExponentialDecayArgs;
pub use piecewise::{
    cosine_onecycle_schedule, linear_onecycle_schedule, piecewise_constant_schedule,
    piecewise_interpolate_schedule,
};

/// `constant_schedule`.
///
/// # Errors
/// [`Error::InvalidValue`] where a number is outside its range, as for all functions here.
pub fn constant_schedule(value: f64) -> Result<Spec, Error> {
    finish(constant(value))
}

/// `polynomial_schedule`: `(init - end) * (1 - t / steps)^power + end`, after `begin` steps at
/// `init`.
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
        ramp(init, end, steps, PolynomialEase, [power, 1.0])
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
    finish(ramp(init, alpha * init, decay_steps as f64, CosineEase, [exponent, 1.0]))
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
    let cosine = ramp(peak, end, rest as f64, CosineEase, [exponent, 1.0]);
    finish(then([linear(init, peak, warmup_steps as f64), cosine]))
}

/// `warmup_exponential_decay_schedule`: a line from `init` to `decay.init_value`, which is the
/// peak.
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

/// `join_schedules`: each schedule starts at its own step 0 at its boundary. `sgdr_schedule` is
/// this with [`warmup_cosine_decay_schedule`]s.
///
/// # Errors
/// [`Error::InvalidValue`] where the boundaries are not one fewer than the schedules, or not in
/// order.
pub fn join_schedules(schedules: &[Spec], boundaries: &[u64]) -> Result<Spec, Error> {
    finish(join(schedules, boundaries))
}

/// `contrib.reduce_on_plateau`, for the schedule to be multiplied with.
///
/// Optax sees a value and scales the update in the same call: call [`Plateau::observe`] before
/// [`Plateau::scale`]. It reduces at bad value number `patience`, of averages of
/// `accumulation_size`.
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
