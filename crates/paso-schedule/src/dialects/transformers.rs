//! The schedules of Hugging Face transformers' `get_scheduler`, checked against version 5.23.
//!
//! `base` is the learning rate that the optimizer was built with; `warmup` and `total` are
//! `num_warmup_steps` and `num_training_steps`, and `total` includes the warm-up. Its warm-ups
//! start at 0: the first update does nothing. Past the end [`cosine`] and its variants hold; the
//! library's rise again. A warm-up that is longer than the run keeps rising through all of it, as
//! in the library.
//!
//! ```
//! use paso_schedule::transformers;
//! let lr = transformers::cosine(5e-5, 100, 1_000, 0.5)?;
//! assert_eq!(lr.to_string(), "linear(0 -> 5e-5, 100) then cosine(5e-5 -> 0, 900)");
//! # Ok::<(), paso_schedule::Error>(())
//! ```

use super::build::cosine as half_wave;
use super::build::{
    Built, constant as constant_node, endless, finish, hold, linear as line, ramp, repeat, skip,
    take, then,
};
use crate::curves::{InverseSqrtForm, OneMinusSqrtEase, PolynomialEase};
use crate::error::Error;
use crate::greedy::{Greedy, GreedyConfig};
use crate::spec::Spec;
use crate::validate::invalid;

/// `reduce_lr_on_plateau`: transformers hands `scheduler_specific_kwargs` to PyTorch, `cooldown`,
/// `min_lr` and `mode` included.
///
/// PyTorch's defaults: `Better::Lower`, factor 0.1, patience 10, `Threshold::Relative(1e-4)`,
/// cooldown 0, `min_lr` 0, `eps` 1e-8.
pub use super::torch::{Threshold, reduce_lr_on_plateau};

/// `constant`.
///
/// # Errors
/// [`Error::InvalidValue`] where a number is outside its range, as for all functions here.
pub fn constant(base: f64) -> Result<Spec, Error> {
    finish(constant_node(base))
}

/// `constant_with_warmup`.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn constant_with_warmup(base: f64, warmup: u64) -> Result<Spec, Error> {
    warmed(base, warmup, constant_node(base))
}

/// `linear`: to 0 at step `total`.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn linear(base: f64, warmup: u64, total: u64) -> Result<Spec, Error> {
    // Not at least 1: what is left is counted from `total`, so a run of warm-up alone ends at 0.
    warmed(base, warmup, line(base, 0.0, total.saturating_sub(warmup) as f64))
}

/// `cosine`: `num_cycles` waves, by default 0.5, which is half a wave down to 0.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn cosine(base: f64, warmup: u64, total: u64, num_cycles: f64) -> Result<Spec, Error> {
    warmed(base, warmup, waves(base, 0.0, rest(warmup, total), num_cycles))
}

/// `cosine_with_restarts`: `num_cycles` half waves down to 0, each from `base`.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn cosine_with_restarts(
    base: f64,
    warmup: u64,
    total: u64,
    num_cycles: u64,
) -> Result<Spec, Error> {
    let len = rest(warmup, total) / num_cycles as f64;
    warmed(base, warmup, repeat(half_wave(base, 0.0, len), Some(num_cycles), 1.0, 1.0))
}

/// `polynomial`: to `lr_end`, by default 1e-7, with `power`, by default 1.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn polynomial(
    base: f64,
    warmup: u64,
    total: u64,
    lr_end: f64,
    power: f64,
) -> Result<Spec, Error> {
    // The library goes to the end at the first step after `total`, also where the warm-up is
    // longer.
    let len = if warmup > total { 0.0 } else { rest(warmup, total) };
    warmed(base, warmup, ramp(base, lr_end, len, PolynomialEase, [power, 1.0]))
}

/// `inverse_sqrt`: the time scale is the warm-up if none is given, and 10000 where there is no
/// warm-up.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn inverse_sqrt(base: f64, warmup: u64, timescale: Option<u64>) -> Result<Spec, Error> {
    let timescale = timescale.unwrap_or(if warmup == 0 { 10_000 } else { warmup }) as f64;
    warmed(base, warmup, endless(base, InverseSqrtForm, [timescale]))
}

/// `cosine_with_min_lr`: as [`cosine`], down to `min_lr`.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn cosine_with_min_lr(
    base: f64,
    warmup: u64,
    total: u64,
    num_cycles: f64,
    min_lr: f64,
) -> Result<Spec, Error> {
    warmed(base, warmup, waves(base, min_lr, rest(warmup, total), num_cycles))
}

/// `cosine_warmup_with_min_lr`: one half wave one step early, after a warm-up that starts at
/// `warmup_lr_rate` times the base, by default `1 / warmup`, and has the base learning rate at its
/// last step.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn cosine_warmup_with_min_lr(
    base: f64,
    warmup: u64,
    total: u64,
    min_lr: f64,
    warmup_lr_rate: Option<f64>,
) -> Result<Spec, Error> {
    let decay = skip(half_wave(base, min_lr, rest(warmup, total)), 1.0);
    if warmup == 0 {
        return finish(decay);
    }
    let first = base * warmup_lr_rate.unwrap_or(1.0 / warmup as f64);
    let rise = take(line(first, base, (warmup - 1) as f64), warmup as f64);
    finish(then([rise, decay]))
}

/// The forms of the warm-up and the decay in [`WsdSchedule`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// `"linear"`.
    Linear,
    /// `"cosine"`: for the decay with `num_cycles`, by default 0.5.
    Cosine(f64),
    /// `"1-sqrt"`.
    OneMinusSqrt,
}

/// `warmup_stable_decay`. All of it is in updates; the learning rate starts and ends at `min_lr`.
///
/// ```
/// use paso_schedule::transformers::{Form, WsdSchedule};
/// let wsd = WsdSchedule {
///     base: 0.1,
///     warmup: 10,
///     stable: 70,
///     decay: 20,
///     min_lr: 0.0,
///     warmup_form: Form::Linear,
///     decay_form: Form::OneMinusSqrt,
/// };
/// let lr = wsd.spec()?;
/// assert_eq!((lr.at(5), lr.at(79), lr.at(85), lr.at(100)), (0.05, 0.1, 0.05, 0.0));
/// # Ok::<(), paso_schedule::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WsdSchedule {
    /// The learning rate of the stable phase.
    pub base: f64,
    /// `num_warmup_steps`.
    pub warmup: u64,
    /// `num_stable_steps`, or what the other two leave of `num_training_steps`.
    pub stable: u64,
    /// `num_decay_steps`.
    pub decay: u64,
    /// The first and the last learning rate: `min_lr_ratio` times the base.
    pub min_lr: f64,
    /// `warmup_type`; linear by default.
    pub warmup_form: Form,
    /// `decay_type`; half a cosine wave by default.
    pub decay_form: Form,
}

impl WsdSchedule {
    /// The schedule.
    ///
    /// # Errors
    /// [`Error::InvalidValue`].
    pub fn spec(&self) -> Result<Spec, Error> {
        let (up, down) = (self.warmup as f64, self.decay as f64);
        let rise = match self.warmup_form {
            Form::Linear => line(self.min_lr, self.base, up),
            Form::Cosine(_) => half_wave(self.min_lr, self.base, up),
            // 1 - sqrt(1 - p), upwards.
            Form::OneMinusSqrt => ramp(self.min_lr, self.base, up, PolynomialEase, [0.5, 1.0]),
        };
        let fall = match self.decay_form {
            Form::Linear => line(self.base, self.min_lr, down),
            Form::Cosine(num_cycles) => waves(self.base, self.min_lr, down, num_cycles),
            Form::OneMinusSqrt => ramp(self.base, self.min_lr, down, OneMinusSqrtEase, []),
        };
        finish(then([rise, hold(self.base, self.stable as f64), fall, constant_node(self.min_lr)]))
    }
}

/// `greedy`: `GreedyLR` on an optimizer with the learning rate `base`, whose bounds are learning
/// rates.
///
/// `config` has everything else; its patience is one more than transformers'.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn greedy(base: f64, min_lr: f64, max_lr: f64, config: GreedyConfig) -> Result<Greedy, Error> {
    Greedy::new(GreedyConfig {
        min_scale: min_lr / base,
        max_scale: max_lr / base,
        min_change: 1e-8 / base,
        ..config
    })
}

/// A line from 0 to `base`, and then a curve.
fn warmed(base: f64, warmup: u64, curve: Built) -> Result<Spec, Error> {
    finish(then([line(0.0, base, warmup as f64), curve]))
}

/// The steps after the warm-up, at least 1 as in the library: also where the warm-up is longer than
/// the run, which then only warms up.
fn rest(warmup: u64, total: u64) -> f64 {
    total.saturating_sub(warmup).max(1) as f64
}

/// Half waves down, up, down …: `num_cycles` times two of them in `len` steps.
fn waves(high: f64, low: f64, len: f64, num_cycles: f64) -> Built {
    if num_cycles == 0.5 {
        return half_wave(high, low, len);
    }
    if !(num_cycles > 0.0 && num_cycles.is_finite()) {
        let allowed = "a finite number above 0";
        return Err(invalid("num_cycles", num_cycles, allowed));
    }
    let half = len / (2.0 * num_cycles);
    take(
        repeat(then([half_wave(high, low, half), half_wave(low, high, half)]), None, 1.0, 1.0),
        len,
    )
}
