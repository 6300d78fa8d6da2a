//! Curves that rise and fall: one cycle, triangles, the Transformer's, warm-up/stable/decay.

use crate::curves::{
    ConstantCurve, CosineEase, Endless, InverseSqrtForm, LinearEase, OneMinusSqrtEase, Ramp,
    WarmupCurve,
};
use crate::dialects::torch;
use crate::error::Error;
use crate::schedule::Schedule;
use crate::spec::Spec;
use crate::validate::invalid;

/// One rise and one fall, in half cosine waves: `peak / div` at step 0, `peak` after `rise` of the
/// steps, and `peak / div / final_div` at step `steps`.
///
/// [Smith and Topin 2018](https://arxiv.org/abs/1708.07120). [`Self::momentum`] is the second output:
/// momentum or `beta1`, which goes against the rate. PyTorch's own, with its three phases and its last
/// rate one step earlier, is [`torch::OneCycleLr`].
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
    /// The highest rate.
    pub peak: f64,
    /// How long it takes.
    pub steps: u64,
    /// The share of the steps that rise, between 0 and 1.
    pub rise: f64,
    /// The first rate is the peak divided by this.
    pub div: f64,
    /// The last rate is the first one divided by this.
    pub final_div: f64,
}

impl OneCycle {
    /// A cycle over `steps` steps with the usual numbers: peak 1e-3, a rise over 0.3, from 1/25 and to
    /// 1/25e4 of the peak.
    #[must_use]
    pub fn over(steps: u64) -> Self {
        Self { peak: 1e-3, steps, rise: 0.3, div: 25.0, final_div: 1e4 }
    }

    /// The momentum, or `beta1`: `high` at both ends, `low` at the peak of the rate.
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
        let wave =
            |from, to, len| Spec::from_node(Ramp { from, to, len, ease: CosineEase::HALF_WAVE });
        Spec::sequence([wave(first, middle, up)?, wave(middle, last, self.steps as f64 - up)?])
    }
}

impl Schedule for OneCycle {
    fn build(&self) -> Result<Spec, Error> {
        let first = self.peak / self.div;
        self.waves(first, self.peak, first / self.final_div)
    }
}

/// Triangles without an end ([Smith 2017](https://arxiv.org/abs/1506.01186)). With its second output,
/// the momentum: [`torch::CyclicLr`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Triangular {
    /// The lowest rate.
    pub low: f64,
    /// The highest rate of the first triangle.
    pub high: f64,
    /// Steps of a rise.
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
/// `factor * model_size^-0.5 * min(s^-0.5, s * warmup^-1.5)` for update `s = t + 1`, which starts at 1:
/// [Vaswani et al. 2017](https://arxiv.org/abs/1706.03762), equation 3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noam {
    /// 1 in the paper.
    pub factor: f64,
    /// The width of the model, above 0; 512 in the paper.
    pub model_size: f64,
    /// Above 0; 4000 in the paper.
    pub warmup: u64,
}

impl Schedule for Noam {
    fn build(&self) -> Result<Spec, Error> {
        let warmup = self.warmup as f64;
        let peak = self.factor / crate::math::sqrt(self.model_size * warmup);
        let fall = Endless::spec(peak, InverseSqrtForm { timescale: warmup })?;
        if self.warmup == 1 {
            return Ok(fall);
        }
        let rise = Spec::from_node(Ramp {
            from: peak / warmup,
            to: peak,
            len: warmup - 1.0,
            ease: LinearEase,
        })?;
        Spec::sequence([rise, fall])
    }
}

/// Up, level, down: the decay can be decided late, and branches off the level part.
///
/// [Hu et al. 2024](https://arxiv.org/abs/2404.06395); the form `1 - sqrt(p)` from
/// [Hägele et al. 2024](https://arxiv.org/abs/2405.18392).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmupStableDecay {
    /// The rate of the level part.
    pub peak: f64,
    /// Steps up, as by [`Schedule::warmup`].
    pub warmup: u64,
    /// Steps on the level.
    pub stable: u64,
    /// Steps down.
    pub decay: u64,
    /// The last rate.
    pub to: f64,
    /// The form of the decay.
    pub form: CooldownForm,
}

/// How a [`WarmupStableDecay`] comes down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CooldownForm {
    /// A line.
    Linear,
    /// Half a cosine wave.
    Cosine,
    /// `1 - sqrt(p)`, fast at first.
    #[default]
    OneMinusSqrt,
}

impl Schedule for WarmupStableDecay {
    fn build(&self) -> Result<Spec, Error> {
        let (from, to, steps) = (self.peak, self.to, self.decay);
        Spec::sequence([
            Spec::from_node(WarmupCurve { from: None, to: self.peak, len: self.warmup as f64 })?,
            Spec::from_node(ConstantCurve { lr: self.peak, len: Some(self.stable as f64) })?,
            match self.form {
                CooldownForm::Linear => Ramp::spec(from, to, steps, LinearEase)?,
                CooldownForm::Cosine => Ramp::spec(from, to, steps, CosineEase::HALF_WAVE)?,
                CooldownForm::OneMinusSqrt => Ramp::spec(from, to, steps, OneMinusSqrtEase)?,
            },
        ])
    }
}
