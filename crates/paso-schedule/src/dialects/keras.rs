//! The schedules of `keras.optimizers.schedules`, checked against version 3.15.
//!
//! `at(t)` is the learning rate at `optimizer.iterations == t`. Keras computes in float32, also
//! where float64 is asked for in its cosine schedules; the numbers here are those of its formulas
//! in float64.
//!
//! ```
//! use paso_schedule::keras;
//! let lr = keras::cosine_decay(0.0, 90, 0.1, Some((1e-3, 10)))?;
//! assert_eq!(lr.to_string(), "linear(0 -> 1e-3, 10) then cosine(1e-3 -> 1e-4, 90)");
//! # Ok::<(), paso_schedule::Error>(())
//! ```

use super::build::{
    checked, constant, cosine, decay, endless, finish, linear, plus, ramp, repeat, staircase, then,
};
use crate::curves::{Between, InverseTimeForm, PointsCurve, PolynomialCycleCurve, PolynomialEase};
use crate::error::Error;
use crate::improvement::Better;
use crate::plateau::{Plateau, PlateauConfig};
use crate::spec::Spec;
use crate::validate::invalid;
use alloc::vec::Vec;

/// `ExponentialDecay`: `initial * decay_rate^(t / decay_steps)`, as a staircase if asked for.
///
/// # Errors
/// [`Error::InvalidValue`] where a number is outside its range, as for all functions here.
pub fn exponential_decay(
    initial: f64,
    decay_steps: u64,
    decay_rate: f64,
    stairs: bool,
) -> Result<Spec, Error> {
    let steps = decay_steps as f64;
    finish(staircase(decay(initial, decay_rate, steps), stairs, steps))
}

/// `InverseTimeDecay`: `initial / (1 + decay_rate * t / decay_steps)`, as a staircase if asked for.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn inverse_time_decay(
    initial: f64,
    decay_steps: u64,
    decay_rate: f64,
    stairs: bool,
) -> Result<Spec, Error> {
    let every = decay_steps as f64;
    finish(staircase(endless(initial, InverseTimeForm, [decay_rate, every]), stairs, every))
}

/// `PolynomialDecay`: `(initial - end) * (1 - t / decay_steps)^power + end`, then `end`.
///
/// With `cycle` the length becomes the next multiple of `decay_steps` each time it is passed,
/// without end.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn polynomial_decay(
    initial: f64,
    decay_steps: u64,
    end: f64,
    power: f64,
    cycle: bool,
) -> Result<Spec, Error> {
    let len = decay_steps as f64;
    finish(if cycle {
        checked(PolynomialCycleCurve { from: initial, to: end, every: len, power })
    } else {
        ramp(initial, end, len, PolynomialEase, [power, 1.0])
    })
}

/// `CosineDecay`: to `alpha` times the peak over `decay_steps`, which do *not* include the warm-up.
///
/// `warmup` is `(warmup_target, warmup_steps)`: a line from `initial` to the target, which is then
/// the peak. Without it `initial` is the peak.
///
/// # Errors
/// [`Error::InvalidValue`], also for `decay_steps` 0, which Keras refuses.
pub fn cosine_decay(
    initial: f64,
    decay_steps: u64,
    alpha: f64,
    warmup: Option<(f64, u64)>,
) -> Result<Spec, Error> {
    if decay_steps == 0 {
        return Err(invalid("decay_steps", 0.0, "1 or more"));
    }
    let steps = decay_steps as f64;
    finish(match warmup {
        None => cosine(initial, alpha * initial, steps),
        Some((peak, warmup)) => {
            then([linear(initial, peak, warmup as f64), cosine(peak, alpha * peak, steps)])
        }
    })
}

/// `CosineDecayRestarts`: each cycle `t_mul` times as long and its height above `alpha * initial`
/// `m_mul` times that of the one before.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn cosine_decay_restarts(
    initial: f64,
    first_decay_steps: u64,
    t_mul: f64,
    m_mul: f64,
    alpha: f64,
) -> Result<Spec, Error> {
    let cycle = cosine(initial * (1.0 - alpha), 0.0, first_decay_steps as f64);
    finish(plus(repeat(cycle, None, t_mul, m_mul), alpha * initial))
}

/// `PiecewiseConstantDecay`: `values[i]` up to *and with* step `boundaries[i]`, then the next one.
///
/// # Errors
/// [`Error::InvalidValue`], also where the values are not one more than the boundaries.
pub fn piecewise_constant_decay(boundaries: &[u64], values: &[f64]) -> Result<Spec, Error> {
    if boundaries.len() + 1 != values.len() {
        let allowed = "one value more than boundaries";
        return Err(invalid("values", values.len() as f64, allowed));
    }
    let starts = core::iter::once(0.0).chain(boundaries.iter().map(|&at| at as f64 + 1.0));
    let points: Vec<_> = starts.zip(values.iter().copied()).collect();
    finish(match points[..] {
        [(_, rate)] => constant(rate),
        _ => checked(PointsCurve { points, between: Between::Hold }),
    })
}

/// `ReduceLROnPlateau` on an optimizer with the learning rate `base`, for the schedule to be
/// multiplied with.
///
/// Keras reduces at bad observation number `patience` (number 1 for 0), one earlier than PyTorch,
/// and counts the last observation of a cooldown again.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn reduce_lr_on_plateau(
    base: f64,
    better: Better,
    factor: f64,
    patience: u64,
    min_delta: f64,
    cooldown: u64,
    min_lr: f64,
) -> Result<Plateau, Error> {
    Plateau::new(PlateauConfig {
        better,
        factor,
        patience: patience.max(1),
        relative: 0.0,
        absolute: min_delta,
        cooldown: cooldown.saturating_sub(1),
        min_scale: min_lr / base,
        min_change: 0.0,
        average: 1,
    })
}
