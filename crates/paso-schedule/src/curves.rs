//! The curves as plain data. Each becomes a checked [`Spec`] through [`Schedule`].

use crate::ease::Ease;
use crate::error::Error;
use crate::node::{Between, Node};
use crate::spec::{Schedule, Spec};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// One rate for ever. In text: `constant(RATE)`, or `constant(RATE, STEPS)` before something else.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constant {
    /// The rate.
    pub rate: f64,
}

/// A straight line from one rate to another, then held. In text: `linear(FROM -> TO, STEPS)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Linear {
    /// The rate at step 0.
    pub from: f64,
    /// The rate at step `steps` and after it.
    pub to: f64,
    /// How long it takes.
    pub steps: u64,
}

/// Half a cosine wave from one rate to another, then held; it never rises again. In text:
/// `cosine(FROM -> TO, STEPS)`.
///
/// [Loshchilov and Hutter 2017](https://arxiv.org/abs/1608.03983), equation 5, without the restarts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cosine {
    /// The rate at step 0.
    pub from: f64,
    /// The rate at step `steps` and after it.
    pub to: f64,
    /// How long it takes.
    pub steps: u64,
}

/// From one rate to another by the same factor at each step, then held. In text:
/// `exponential(FROM -> TO, STEPS)`. For a given factor see [`Decay`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exponential {
    /// The rate at step 0, above 0.
    pub from: f64,
    /// The rate at step `steps` and after it, above 0.
    pub to: f64,
    /// How long it takes.
    pub steps: u64,
}

/// `to + (from - to) * (1 - t / steps)^power`, then held. In text:
/// `polynomial(FROM -> TO, STEPS, power POWER)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Polynomial {
    /// The rate at step 0.
    pub from: f64,
    /// The rate at step `steps` and after it.
    pub to: f64,
    /// How long it takes.
    pub steps: u64,
    /// Above 0; 1 is a line, 2 falls fast at first.
    pub power: f64,
}

/// `1 - sqrt(t / steps)` of the way from `to` to `from`, then held: fast at first. In text:
/// `one_minus_sqrt(FROM -> TO, STEPS)`.
///
/// The cooldown of [Hägele et al. 2024](https://arxiv.org/abs/2405.18392).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OneMinusSqrt {
    /// The rate at step 0.
    pub from: f64,
    /// The rate at step `steps` and after it.
    pub to: f64,
    /// How long it takes.
    pub steps: u64,
}

/// `(1 - tanh(low (1 - p) + high p)) / 2` of the way, with `p = t / steps`, then held. In text:
/// `tanh(FROM -> TO, STEPS, low LOW, high HIGH)`.
///
/// Neither end is quite reached by the curve itself, so the last step is a small jump.
/// [Hsueh et al. 2018](https://arxiv.org/abs/1806.01593).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tanh {
    /// The rate that it starts from.
    pub from: f64,
    /// The rate at step `steps` and after it.
    pub to: f64,
    /// How long it takes.
    pub steps: u64,
    /// Usually -7.
    pub low: f64,
    /// Usually 3.
    pub high: f64,
}

/// `(1 - p) / (1 - p / 2)` of the way, with `p = t / steps`, then held: slow at first. In text:
/// `rex(FROM -> TO, STEPS)`.
///
/// [Chen et al. 2021](https://arxiv.org/abs/2107.04197).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rex {
    /// The rate at step 0.
    pub from: f64,
    /// The rate at step `steps` and after it.
    pub to: f64,
    /// How long it takes.
    pub steps: u64,
}

/// `from * factor^(t / every)`, smoothly and without an end. In text:
/// `decay(FROM, factor FACTOR, every STEPS)`. [`Step`] is the same as a staircase.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decay {
    /// The rate at step 0.
    pub from: f64,
    /// What `every` steps multiply the rate by; 0 or more.
    pub factor: f64,
    /// Above 0; 1 is the decay per step.
    pub every: u64,
}

/// `from * factor^floor(t / every)`, without an end. In text: `step(FROM, factor FACTOR, every STEPS)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The rate at step 0.
    pub from: f64,
    /// What `every` steps multiply the rate by; 0 or more.
    pub factor: f64,
    /// Above 0.
    pub every: u64,
}

/// A factor at each milestone; the step of the milestone has the new rate. In text:
/// `multi_step(FROM, factor FACTOR, at STEP STEP …)`.
#[derive(Clone, Debug, PartialEq)]
pub struct MultiStep {
    /// The rate before the first milestone.
    pub from: f64,
    /// What each milestone multiplies the rate by; 0 or more.
    pub factor: f64,
    /// The milestones; a repeated one counts twice, their order does not matter.
    pub at: Vec<u64>,
}

/// `from / (1 + rate * t / every)`, without an end. In text: `inverse_time(FROM, rate RATE, every STEPS)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InverseTime {
    /// The rate at step 0.
    pub from: f64,
    /// How fast; 0 or more.
    pub rate: f64,
    /// Above 0.
    pub every: u64,
}

/// `from * sqrt(timescale / (timescale + t))`, without an end. In text:
/// `inverse_sqrt(FROM, timescale STEPS)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InverseSqrt {
    /// The rate at step 0.
    pub from: f64,
    /// Above 0; after three times as many steps the rate is half.
    pub timescale: u64,
}

/// Rates at given steps, with something between them, then held. In text:
/// `points(0: RATE, STEP: RATE, …, linear)` with `hold`, `linear` or `cosine`.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    /// Steps and rates, in order; at least one. Before the first point its rate holds.
    pub points: Vec<(u64, f64)>,
    /// What happens between two points.
    pub between: Between,
}

/// A rate for each step, then the last one. In text: `table(RATE RATE …)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The rates; at least one.
    pub rates: Vec<f64>,
}

impl Table {
    /// The rates of the first `steps` steps of any function: a schedule that has no name here.
    pub fn sample(steps: u64, rate: impl FnMut(u64) -> f64) -> Self {
        Self { rates: (0..steps).map(rate).collect() }
    }
}

impl Schedule for Constant {
    fn build(&self) -> Result<Spec, Error> {
        Spec::of(Node::Constant { rate: self.rate, len: None })
    }
}

impl Schedule for Linear {
    fn build(&self) -> Result<Spec, Error> {
        ramp(self.from, self.to, self.steps, Ease::Linear)
    }
}

impl Schedule for Cosine {
    fn build(&self) -> Result<Spec, Error> {
        ramp(self.from, self.to, self.steps, Ease::COSINE)
    }
}

impl Schedule for Exponential {
    fn build(&self) -> Result<Spec, Error> {
        ramp(self.from, self.to, self.steps, Ease::Geometric)
    }
}

impl Schedule for Polynomial {
    fn build(&self) -> Result<Spec, Error> {
        ramp(self.from, self.to, self.steps, Ease::Polynomial { power: self.power, k: 1.0 })
    }
}

impl Schedule for OneMinusSqrt {
    fn build(&self) -> Result<Spec, Error> {
        ramp(self.from, self.to, self.steps, Ease::OneMinusSqrt)
    }
}

impl Schedule for Tanh {
    fn build(&self) -> Result<Spec, Error> {
        ramp(self.from, self.to, self.steps, Ease::Tanh { low: self.low, high: self.high })
    }
}

impl Schedule for Rex {
    fn build(&self) -> Result<Spec, Error> {
        ramp(self.from, self.to, self.steps, Ease::Rex)
    }
}

impl Schedule for Decay {
    fn build(&self) -> Result<Spec, Error> {
        Spec::of(Node::Decay { from: self.from, factor: self.factor, every: self.every as f64 })
    }
}

impl Schedule for Step {
    fn build(&self) -> Result<Spec, Error> {
        let smooth = Decay { from: self.from, factor: self.factor, every: self.every }.build()?;
        Spec::of(Node::Every { inner: Box::new(smooth.node), steps: self.every as f64 })
    }
}

impl Schedule for MultiStep {
    fn build(&self) -> Result<Spec, Error> {
        Spec::of(Node::multi_step(
            self.from,
            self.factor,
            self.at.iter().map(|&at| at as f64).collect(),
        )?)
    }
}

impl Schedule for InverseTime {
    fn build(&self) -> Result<Spec, Error> {
        Spec::of(Node::InverseTime { from: self.from, rate: self.rate, every: self.every as f64 })
    }
}

impl Schedule for InverseSqrt {
    fn build(&self) -> Result<Spec, Error> {
        Spec::of(Node::InversePower {
            from: self.from,
            timescale: self.timescale as f64,
            power: 0.5,
        })
    }
}

impl Schedule for Points {
    fn build(&self) -> Result<Spec, Error> {
        let points = self.points.iter().map(|&(at, rate)| (at as f64, rate)).collect();
        Spec::of(Node::Points { points, between: self.between })
    }
}

impl Schedule for Table {
    fn build(&self) -> Result<Spec, Error> {
        Spec::of(Node::Table { rates: self.rates.clone() })
    }
}

fn ramp(from: f64, to: f64, steps: u64, ease: Ease) -> Result<Spec, Error> {
    Spec::of(Node::Ramp { from, to, len: steps as f64, ease })
}
