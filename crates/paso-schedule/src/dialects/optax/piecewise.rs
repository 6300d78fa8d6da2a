//! Optax' schedules through given points.

use crate::curves::{Between, PointsCurve};
use crate::dialects::build::{Built, checked, finish};
use crate::error::Error;
use crate::math::floor;
use crate::spec::Spec;
use alloc::vec::Vec;

/// `piecewise_constant_schedule`: times `scale` at each `(boundary, scale)`; the boundary has the
/// new learning rate.
///
/// # Errors
/// [`Error::InvalidValue`].
pub fn piecewise_constant_schedule(
    init: f64,
    boundaries_and_scales: &[(u64, f64)],
) -> Result<Spec, Error> {
    finish(piecewise(init, boundaries_and_scales, Between::Hold))
}

/// `piecewise_interpolate_schedule`: the same learning rates at the boundaries, [`Between::Linear`]
/// or [`Between::Cosine`] between them.
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
    let first = peak / div_factor;
    let middle = [(pct_start, peak), (pct_final, first)];
    finish(one_cycle(transition_steps, first, &middle, final_div_factor, Between::Linear))
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
    let (first, middle) = (peak / div_factor, [(pct_start, peak)]);
    finish(one_cycle(transition_steps, first, &middle, final_div_factor, Between::Cosine))
}

/// From `first` over learning rates at shares of the steps, rounded down to whole steps, to
/// `first / final_div_factor`.
fn one_cycle(
    transition_steps: u64,
    first: f64,
    middle: &[(f64, f64)],
    final_div_factor: f64,
    between: Between,
) -> Built {
    let steps = transition_steps as f64;
    let mut points = Vec::from([(0.0, first)]);
    points.extend(middle.iter().map(|&(share, lr)| (floor(share * steps), lr)));
    points.push((steps, first / final_div_factor));
    checked(PointsCurve { points, between })
}
