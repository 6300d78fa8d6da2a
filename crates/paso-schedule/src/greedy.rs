//! A learning rate that rises while a metric improves and falls while it does not.

use crate::error::Error;
use crate::improvement::{Better, Improvement};
use crate::math::saturate;
use crate::state::{VERSION, known_version};
use crate::validate::{at_least_one, invalid, not_negative};
use alloc::vec::Vec;

/// How a [`Greedy`] decides. The defaults are those of transformers' `GreedyLR`, where its learning
/// rates are shares of the first one.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct GreedyConfig {
    /// Which way the metric improves; lower by default.
    pub better: Better,
    /// What the scale is multiplied by on the way down and divided by on the way up; above 0 and
    /// below 1, by default 0.95.
    pub factor: f64,
    /// The observation in a row, good or bad, at which the scale changes; at least 1, by default
    /// 11.
    pub patience: u64,
    /// An improvement is larger than this share of the best value; by default 0.
    pub relative: f64,
    /// An improvement is larger than this, added to the relative margin; by default 1e-6.
    pub absolute: f64,
    /// Observations after a reduction that are not counted; by default 0.
    pub cooldown: u64,
    /// Observations after an increase that are not counted; by default 0.
    pub warmup: u64,
    /// The scale never falls below this; by default 0.01.
    pub min_scale: f64,
    /// The scale never rises above this; by default 10.
    pub max_scale: f64,
    /// A change by this much or less is not made; by default 0.
    pub min_change: f64,
    /// The metric is the mean of so many last observations; at least 1, which is the default, and
    /// at most [`Greedy::LONGEST_WINDOW`].
    pub window: usize,
    /// After so many reductions at the lowest scale it starts anew; by default 500.
    pub reset_after: u64,
}

impl Default for GreedyConfig {
    fn default() -> Self {
        Self {
            better: Better::Lower,
            factor: 0.95,
            patience: 11,
            relative: 0.0,
            absolute: 1e-6,
            cooldown: 0,
            warmup: 0,
            min_scale: 0.01,
            max_scale: 10.0,
            min_change: 0.0,
            window: 1,
            reset_after: 500,
        }
    }
}

impl GreedyConfig {
    fn improvement(&self) -> Improvement {
        Improvement { better: self.better, relative: self.relative, absolute: self.absolute }
    }
}

/// Raises a learning rate while a metric improves and lowers it while it does not.
///
/// [GreedyLR](https://arxiv.org/abs/2512.14527), as in transformers. Like
/// [`Plateau`](crate::Plateau) it scales a schedule: `lr.at(step) * greedy.scale()`.
///
/// ```
/// use paso_schedule::{Greedy, GreedyConfig};
/// let config = GreedyConfig { factor: 0.5, patience: 2, ..GreedyConfig::default() };
/// let mut greedy = Greedy::new(config)?;
/// // Two improvements in a row divide by the factor, two observations without one multiply by it.
/// let scales: Vec<f64> = [1.0, 0.9, 0.9, 0.9, 0.9, 0.9]
///     .into_iter()
///     .map(|loss| {
///         greedy.observe(loss);
///         greedy.scale()
///     })
///     .collect();
/// assert_eq!(scales, [1.0, 2.0, 2.0, 1.0, 1.0, 0.5]);
/// # Ok::<(), paso_schedule::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Greedy {
    config: GreedyConfig,
    state: GreedyState,
}

/// What a [`Greedy`] remembers, for a checkpoint.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct GreedyState {
    /// The version of this form, 1.
    pub version: u32,
    /// What the learning rate is multiplied by.
    pub scale: f64,
    /// The best metric; none before the first observation that is a number.
    pub best: Option<f64>,
    /// Observations in a row with improvement.
    pub good: u64,
    /// Observations in a row without.
    pub bad: u64,
    /// Observations that will not be counted.
    pub pause: u64,
    /// Reductions at the lowest scale, in a row.
    pub at_min: u64,
    /// The last observations, oldest first.
    pub window: Vec<f64>,
}

impl Greedy {
    /// The longest window that is averaged.
    pub const LONGEST_WINDOW: usize = 10_000;

    /// One that has seen nothing; its scale is 1.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a field outside its range.
    pub fn new(config: GreedyConfig) -> Result<Self, Error> {
        Self::from_state(config, GreedyState::new())
    }

    /// Goes on from a saved state. The configuration may differ from the one that it was saved
    /// with.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a field outside its range, or a version that this crate does not
    /// know.
    pub fn from_state(config: GreedyConfig, state: GreedyState) -> Result<Self, Error> {
        if !(config.factor > 0.0 && config.factor < 1.0) {
            return Err(invalid("factor", config.factor, "above 0 and below 1"));
        }
        at_least_one("patience", config.patience)?;
        at_least_one("reset_after", config.reset_after)?;
        config.improvement().validate()?;
        for (what, x) in [
            ("min_scale", config.min_scale),
            ("max_scale", config.max_scale),
            ("min_change", config.min_change),
            ("scale", state.scale),
        ] {
            not_negative(what, x)?;
        }
        if config.max_scale < config.min_scale {
            return Err(invalid("max_scale", config.max_scale, "at least `min_scale`"));
        }
        if !(1..=Self::LONGEST_WINDOW).contains(&config.window) {
            return Err(invalid("window", config.window as f64, "between 1 and 10000"));
        }
        known_version(state.version)?;
        Ok(Self { config, state })
    }

    /// What the learning rate of the schedule is multiplied by.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.state.scale
    }

    /// Takes the metric of a step or an epoch. A NaN counts as no improvement.
    pub fn observe(&mut self, metric: f64) {
        let (config, state) = (&self.config, &mut self.state);
        // Summed anew each time: a running sum would stay NaN after one NaN.
        let extra = (state.window.len() + 1).saturating_sub(config.window);
        state.window.drain(..extra.min(state.window.len()));
        state.window.push(metric);
        let metric = state.window.iter().sum::<f64>() / state.window.len() as f64;

        if state.pause > 0 {
            state.pause -= 1;
            (state.good, state.bad) = (0, 0);
            return;
        }
        if config.improvement().over(state.best, metric) {
            state.best = Some(metric);
            (state.good, state.bad) = (state.good + 1, 0);
        } else {
            (state.good, state.bad) = (0, state.bad + 1);
        }
        if state.good >= config.patience {
            (state.good, state.pause, state.at_min) = (0, config.warmup, 0);
            let raised = saturate(state.scale / config.factor).min(config.max_scale);
            if raised - state.scale > config.min_change {
                state.scale = raised;
            }
        } else if state.bad >= config.patience {
            (state.bad, state.pause) = (0, config.cooldown);
            let reduced = (state.scale * config.factor).max(config.min_scale);
            if state.scale - reduced > config.min_change {
                state.scale = reduced;
            }
            if state.scale <= config.min_scale {
                state.at_min += 1;
                if state.at_min >= config.reset_after {
                    // The pause is the only thing that outlives the reset, as in the reference.
                    *state = GreedyState { pause: config.cooldown, ..GreedyState::new() };
                }
            }
        }
    }

    /// How it decides.
    #[must_use]
    pub fn config(&self) -> &GreedyConfig {
        &self.config
    }

    /// What it remembers: save it with the model.
    #[must_use]
    pub fn state(&self) -> GreedyState {
        self.state.clone()
    }
}

impl GreedyState {
    fn new() -> Self {
        let window = Vec::new();
        Self {
            version: VERSION,
            scale: 1.0,
            best: None,
            good: 0,
            bad: 0,
            pause: 0,
            at_min: 0,
            window,
        }
    }
}
