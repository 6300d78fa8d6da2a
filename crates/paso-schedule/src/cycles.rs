//! Compositions of curves that rise and fall: one cycle, triangles, the Transformer's schedule,
//! warm-up/stable/decay.

use crate::curves::{
    ConstantCurve, CosineEase, Endless, InverseSqrtForm, LinearEase, OneMinusSqrtEase, Ramp,
    WarmupCurve,
};
use crate::dialects::torch;
use crate::error::Error;
use crate::schedule::Schedule;
use crate::spec::Spec;
use crate::validate::{at_least_one, invalid, positive};

/// One rise and one fall, in half cosine waves: `peak / div` at step 0, `peak` after `rise` of the
/// steps, and `peak / div / final_div` at step `steps`.
///
/// [Smith and Topin 2018](https://arxiv.org/abs/1708.07120). [`Self::momentum`] is the second
/// output: momentum or `beta1`, which goes against the learning rate. PyTorch's own, with its three
/// phases and its last learning rate one step earlier, is [`torch::OneCycleLr`].
///
/// ```
/// use paso_schedule::{OneCycle, Schedule};
/// let cycle = OneCycle { peak: 1e-2, ..OneCycle::over(1_000) };
/// let (lr, beta1) = (cycle.build()?, cycle.momentum(0.95, 0.85)?);
/// assert_eq!((lr.at(300), beta1.at(300)), (1e-2, 0.85));
/// assert_eq!((lr.at(0), beta1.at(0)), (4e-4, 0.95));
/// # Ok::<(), paso_schedule::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OneCycle {
    /// The highest learning rate, finite, 0 or more; 1e-3 by default.
    pub peak: f64,
    /// Length in steps.
    pub steps: u64,
    /// The share of the steps that rise, from 0 to 1; 0.3 by default.
    pub rise: f64,
    /// The first learning rate is the peak divided by this; above 0, 25 by default.
    pub div: f64,
    /// The last learning rate is the first one divided by this; above 0, 1e4 by default.
    pub final_div: f64,
}

impl OneCycle {
    /// A cycle over `steps` steps with the usual numbers: peak 1e-3, a rise over 0.3, from 1/25 and
    /// to 1/25e4 of the peak.
    #[must_use]
    pub fn over(steps: u64) -> Self {
        Self { peak: 1e-3, steps, rise: 0.3, div: 25.0, final_div: 1e4 }
    }

    /// The momentum, or `beta1`: `high` at both ends, `low` at the peak of the learning rate.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a number outside its range.
    pub fn momentum(&self, high: f64, low: f64) -> Result<Spec, Error> {
        self.waves(high, low, high)
    }

    fn waves(&self, first: f64, middle: f64, last: f64) -> Result<Spec, Error> {
        if !(0.0..=1.0).contains(&self.rise) {
            return Err(invalid("rise", self.rise, "0 to 1"));
        }
        let up = self.rise * self.steps as f64;
        let wave = |from, to, len| Ramp::spec(from, to, len, CosineEase, CosineEase::HALF_WAVE);
        Spec::sequence([wave(first, middle, up)?, wave(middle, last, self.steps as f64 - up)?])
    }
}

impl Schedule for OneCycle {
    fn build(&self) -> Result<Spec, Error> {
        let first = self.peak / self.div;
        self.waves(first, self.peak, first / self.final_div)
    }
}

/// Triangles without an end: cyclical learning rates.
///
/// Within a triangle, `low + (high - low) * t / up` over `up` steps and the line back over `down`
/// steps. [Smith 2017](https://arxiv.org/abs/1506.01186), section 3.1. With its second output, the
/// momentum: [`torch::CyclicLr`].
///
/// ```
/// use paso_schedule::{Schedule, Triangular, torch::Cycle};
/// let lr = Triangular { low: 0.1, high: 0.5, up: 2, down: 2, mode: Cycle::Triangular };
/// assert_eq!((lr.at(0), lr.at(2), lr.at(4), lr.at(6)), (0.1, 0.5, 0.1, 0.5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Triangular {
    /// The lowest learning rate, finite, 0 or more.
    pub low: f64,
    /// The highest learning rate of the first triangle, finite, at least `low`.
    pub high: f64,
    /// Steps of a rise; with `down` at least 1.
    pub up: u64,
    /// Steps of a fall.
    pub down: u64,
    /// What happens to the height from one triangle to the next.
    pub mode: torch::Cycle,
}

impl Schedule for Triangular {
    fn build(&self) -> Result<Spec, Error> {
        let (step_size_up, step_size_down) = (self.up as f64, self.down as f64);
        let cycle = torch::CyclicLr::new(self.low, self.high);
        torch::CyclicLr { step_size_up, step_size_down, mode: self.mode, ..cycle }.rate()
    }
}

/// The Transformer's schedule: a line up over `warmup` steps, then `1 / sqrt`.
///
/// `factor * model_size^-0.5 * min(s^-0.5, s * warmup^-1.5)` for update `s = t + 1`, which starts
/// at 1: [Vaswani et al. 2017](https://arxiv.org/abs/1706.03762), equation 3.
///
/// ```
/// use paso_schedule::{Noam, Schedule};
/// let lr = Noam { factor: 1.0, model_size: 512.0, warmup: 4_000 };
/// // Update s = 4000 has the peak, (512 * 4000)^-0.5; four times as many steps halve it.
/// assert!((lr.at(3_999) - 6.987712429686843e-4).abs() < 1e-18);
/// assert!((lr.at(15_999) - 0.5 * lr.at(3_999)).abs() < 1e-18);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noam {
    /// A factor of all learning rates, finite, 0 or more; 1 in the paper.
    pub factor: f64,
    /// The width of the model, above 0; 512 in the paper.
    pub model_size: f64,
    /// Steps of the rise, above 0; 4000 in the paper.
    pub warmup: u64,
}

impl Schedule for Noam {
    fn build(&self) -> Result<Spec, Error> {
        at_least_one("warmup", self.warmup)?;
        positive("model_size", self.model_size)?;
        let warmup = self.warmup as f64;
        let peak = self.factor / crate::math::sqrt(self.model_size * warmup);
        let fall = Endless::spec(peak, InverseSqrtForm, [warmup])?;
        if self.warmup == 1 {
            return Ok(fall);
        }
        let rise = Ramp::spec(peak / warmup, peak, warmup - 1.0, LinearEase, [])?;
        Spec::sequence([rise, fall])
    }
}

/// Warm-up, stable, decay (WSD): how long a run takes can be decided late, because runs of all
/// lengths share the stable part.
///
/// [Hu et al. 2024](https://arxiv.org/abs/2404.06395); the form `1 - sqrt(p)` from
/// [Hägele et al. 2024](https://arxiv.org/abs/2405.18392).
///
/// ```
/// use paso_schedule::{CooldownForm, Schedule, WarmupStableDecay};
/// let wsd = WarmupStableDecay {
///     peak: 1e-3,
///     warmup: 100,
///     stable: 700,
///     decay: 200,
///     to: 0.0,
///     form: CooldownForm::OneMinusSqrt,
/// };
/// assert_eq!(
///     wsd.build()?.to_string(),
///     "warmup(100) then constant(1e-3, 700) then one_minus_sqrt(1e-3 -> 0, 200)"
/// );
/// // A quarter of the way through the decay, 1 - sqrt(1/4) is left.
/// assert_eq!(wsd.at(850), 5e-4);
/// # Ok::<(), paso_schedule::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmupStableDecay {
    /// The learning rate of the stable part, finite, 0 or more.
    pub peak: f64,
    /// Steps of the warm-up, as by [`Schedule::warmup`].
    pub warmup: u64,
    /// Steps of the stable part.
    pub stable: u64,
    /// Steps of the decay.
    pub decay: u64,
    /// The last learning rate, finite, 0 or more.
    pub to: f64,
    /// The form of the decay.
    pub form: CooldownForm,
}

/// The form of the decay of a [`WarmupStableDecay`], of its progress `p` from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CooldownForm {
    /// A line, `1 - p`.
    Linear,
    /// Half a cosine wave, `(1 + cos(pi p)) / 2`.
    Cosine,
    /// `1 - sqrt(p)`, fast at first.
    #[default]
    OneMinusSqrt,
}

impl Schedule for WarmupStableDecay {
    fn build(&self) -> Result<Spec, Error> {
        let (from, to, len) = (self.peak, self.to, self.decay as f64);
        Spec::sequence([
            Spec::from_node(WarmupCurve { from: None, to: self.peak, len: self.warmup as f64 })?,
            Spec::from_node(ConstantCurve { lr: self.peak, len: Some(self.stable as f64) })?,
            match self.form {
                CooldownForm::Linear => Ramp::spec(from, to, len, LinearEase, [])?,
                CooldownForm::Cosine => {
                    Ramp::spec(from, to, len, CosineEase, CosineEase::HALF_WAVE)?
                }
                CooldownForm::OneMinusSqrt => Ramp::spec(from, to, len, OneMinusSqrtEase, [])?,
            },
        ])
    }
}
