//! Plateau schedule: a factor on the learning rate that falls where a metric stops improving.
//!
//! It has state, so it is not a schedule but a factor on one, and any schedule can be combined with
//! it: `lr.at(step) * plateau.scale()`.

use crate::error::Error;
use crate::improvement::{Better, Improvement};
use crate::state::{VERSION, known_version};
use crate::validate::{at_least_one, invalid, not_negative};

/// How a [`Plateau`] decides. The defaults are those of PyTorch's `ReduceLROnPlateau`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct PlateauConfig {
    /// Which way the metric improves; lower by default.
    pub better: Better,
    /// What a reduction multiplies the scale by; from 0 to below 1, by default 0.1.
    pub factor: f64,
    /// The observation without improvement, counted in a row, at which the learning rate is
    /// reduced; at least 1.
    ///
    /// By default 11, which PyTorch calls a patience of 10; Keras and Optax reduce at their
    /// `patience`.
    pub patience: u64,
    /// An improvement is larger than this share of the best value; by default 1e-4.
    pub relative: f64,
    /// An improvement is larger than this, added to the relative margin; by default 0.
    pub absolute: f64,
    /// Observations after a reduction that are not counted; by default 0.
    pub cooldown: u64,
    /// The scale never falls below this; by default 0.
    pub min_scale: f64,
    /// A reduction by this much or less is not made; by default 0.
    pub min_change: f64,
    /// How many observations are averaged into one; by default 1.
    pub average: u64,
}

impl Default for PlateauConfig {
    fn default() -> Self {
        Self {
            better: Better::Lower,
            factor: 0.1,
            patience: 11,
            relative: 1e-4,
            absolute: 0.0,
            cooldown: 0,
            min_scale: 0.0,
            min_change: 0.0,
            average: 1,
        }
    }
}

impl PlateauConfig {
    fn improvement(&self) -> Improvement {
        Improvement { better: self.better, relative: self.relative, absolute: self.absolute }
    }
}

/// Reduces a learning rate where a metric stops improving.
///
/// ```
/// use paso_schedule::{Constant, Plateau, PlateauConfig, Schedule};
/// let lr = Constant { lr: 1e-3 }.warmup(2);
/// let mut plateau = Plateau::new(PlateauConfig { patience: 2, ..PlateauConfig::default() })?;
/// let mut lrs = Vec::new();
/// for (epoch, loss) in [1.0, 0.5, 0.5, 0.5, 0.5].into_iter().enumerate() {
///     lrs.push(lr.at(epoch as u64) * plateau.scale());
///     plateau.observe(loss);
/// }
/// assert_eq!(lrs[2..], [1e-3, 1e-3, 1e-4]);
///
/// // A checkpoint keeps the state; a run that goes on reduces where it would have.
/// let resumed = Plateau::from_state(*plateau.config(), plateau.state())?;
/// assert_eq!(resumed, plateau);
/// # Ok::<(), paso_schedule::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plateau {
    config: PlateauConfig,
    state: PlateauState,
}

/// What a [`Plateau`] remembers, for a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct PlateauState {
    /// The version of this form, 1.
    pub version: u32,
    /// The product of all reductions.
    pub scale: f64,
    /// The best metric; none before the first observation that is a number.
    pub best: Option<f64>,
    /// Observations in a row without improvement.
    pub bad: u64,
    /// Observations that will not be counted.
    pub cooldown: u64,
    /// The sum of the observations that wait for their average.
    pub sum: f64,
    /// How many of them there are.
    pub waiting: u64,
}

impl Plateau {
    /// A plateau that has seen nothing; its scale is 1.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a field outside its range.
    pub fn new(config: PlateauConfig) -> Result<Self, Error> {
        let state = PlateauState {
            version: VERSION,
            scale: 1.0,
            best: None,
            bad: 0,
            cooldown: 0,
            sum: 0.0,
            waiting: 0,
        };
        Self::from_state(config, state)
    }

    /// Goes on from a saved state. The configuration may differ from the one that it was saved
    /// with.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a field outside its range, or a version that this crate does not
    /// know.
    pub fn from_state(config: PlateauConfig, state: PlateauState) -> Result<Self, Error> {
        if !(0.0..1.0).contains(&config.factor) {
            return Err(invalid("factor", config.factor, "0 or more, below 1"));
        }
        at_least_one("patience", config.patience)?;
        at_least_one("average", config.average)?;
        config.improvement().validate()?;
        not_negative("min_scale", config.min_scale)?;
        not_negative("min_change", config.min_change)?;
        known_version(state.version)?;
        not_negative("scale", state.scale)?;
        Ok(Self { config, state })
    }

    /// What the learning rate of the schedule is multiplied by; from 0 to 1.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.state.scale
    }

    /// Takes the metric of an epoch or a step. A NaN counts as no improvement.
    pub fn observe(&mut self, metric: f64) {
        let (config, state) = (&self.config, &mut self.state);
        state.sum += metric;
        state.waiting += 1;
        if state.waiting < config.average {
            return;
        }
        let metric = state.sum / state.waiting as f64;
        (state.sum, state.waiting) = (0.0, 0);

        if config.improvement().over(state.best, metric) {
            state.best = Some(metric);
            state.bad = 0;
        } else {
            state.bad += 1;
        }
        if state.cooldown > 0 {
            state.cooldown -= 1;
            state.bad = 0;
        }
        if state.bad >= config.patience {
            state.bad = 0;
            state.cooldown = config.cooldown;
            let reduced = (state.scale * config.factor).max(config.min_scale);
            if state.scale - reduced > config.min_change {
                state.scale = reduced;
            }
        }
    }

    /// How it decides.
    #[must_use]
    pub fn config(&self) -> &PlateauConfig {
        &self.config
    }

    /// What it remembers: save it with the model.
    #[must_use]
    pub fn state(&self) -> PlateauState {
        self.state
    }
}
