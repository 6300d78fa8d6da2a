//! The settings of a training run: plain data, checked once, kept in the run folder.
//!
//! Settings are plain data: a file of TOML or JSON with some of the fields is enough, and a field
//! that does not exist is an error, so that a misspelled one is not silently its default. They are
//! checked by one function, which every way into a training calls.

use crate::Error;
use crate::augment::Augment;
use crate::nets::NetName;
use crate::train::optimizer_name::OptimizerName;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// Everything that decides what a training run computes.
///
/// The number of threads is not here: it changes how long a run takes, never a bit of its result.
///
/// ```
/// use paso_locate::{NetName, TrainConfig};
/// let config = TrainConfig { net: NetName::Mobile, epochs: 30, ..TrainConfig::default() };
/// config.check()?;
/// // 100 images are 7 batches of 16, of which the last reaches into the next pass.
/// assert_eq!((config.steps_per_epoch(100), config.total_steps(100)), (7, 210));
/// let error = TrainConfig { size: 100, ..config }.check().expect_err("no multiple of 16");
/// assert_eq!(error.to_string(), "size is 100; it must be a multiple of 16, from 32 to 512");
/// # Ok::<(), paso_locate::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Which net. Default `small`.
    pub net: NetName,
    /// Side of the square that images are resized to, in pixels; a multiple of 16 in 32..=512.
    /// Default 96.
    pub size: u32,
    /// Images a step, 1..=1024. Default 16.
    pub batch: usize,
    /// Passes over the training images, 1..=100000. Default 200.
    pub epochs: u64,
    /// Steps of the whole run, 1..=1e9, in place of what `epochs` says. Default none.
    pub steps: Option<u64>,
    /// Peak learning rate: a shape is scaled by it. Finite, above 0, at most 10. Default 2e-3.
    pub lr: f64,
    /// The schedule, as one line: a shape (`warmup(5%) then cosine(to 1%)`) that `lr` and the run's
    /// steps are bound to, or an absolute one. Default `constant`.
    pub schedule: String,
    /// How weights are updated. Default `adamw`, which is left out of files.
    #[serde(skip_serializing_if = "OptimizerName::is_default")]
    pub optimizer: OptimizerName,
    /// Decoupled weight decay of `AdamW`, of weights only (not of biases and norms); 0..=1.
    /// Default 0.01, as `PyTorch`'s `AdamW`.
    pub weight_decay: f64,
    /// The seed of the initial weights, the order of the samples and their augmentation. Default 0.
    pub seed: u64,
    /// Weight of the class loss relative to the box loss; 0..=100. Default 0.2.
    pub class_weight: f64,
    /// Label smoothing of the class loss; 0..=0.9. Default 0.1.
    pub label_smoothing: f64,
    /// How training images are flipped, zoomed and recolored.
    pub augment: Augment,
    /// The last share of the run, in steps, that trains with [`Augment::without_geometry`]: images
    /// mirrored and recolored at most, so that the net ends on views like those that it will meet,
    /// as `close_mosaic` of Ultralytics does. 0..=1. Default 0.
    pub close_augment: f64,
    /// The rate of a body that was trained elsewhere, as a share of the net's, 0..=1. Default 0.1.
    /// Other nets have none.
    pub body_rate: f64,
    /// The share of the run that such a body stays frozen for, 0..=1. Default 0.1.
    pub frozen: f64,
    /// The largest norm of the gradient over all weights: a longer one is scaled to it, as
    /// `PyTorch`'s `clip_grad_norm_` does. Above 0, at most 1e6. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// [`Run`](crate::Run)s stop after so many epochs without a better mean `IoU` on the validation
    /// images, 1..=100000. For runs that do not rely on the end of a schedule. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<u64>,
    /// Decay a step of averaged weights (an exponential moving average), 0 (none)..=0.999999: of
    /// `1 - 1 / n`, they average over about the last `n` steps. Where they are kept, they are what a
    /// run evaluates, chooses its best epoch by, and leaves for use; training goes on from the
    /// trained weights. In place of a decay of the learning rate, with a constant one. Not with
    /// [`OptimizerName::ScheduleFree`], which averages by itself. Default 0.
    pub average: f64,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            net: NetName::Small,
            size: 96,
            batch: 16,
            epochs: 200,
            steps: None,
            lr: 2e-3,
            schedule: "constant".into(),
            optimizer: OptimizerName::AdamW,
            weight_decay: 0.01,
            seed: 0,
            class_weight: 0.2,
            label_smoothing: 0.1,
            augment: Augment::default(),
            close_augment: 0.0,
            body_rate: 0.1,
            frozen: 0.1,
            clip_norm: None,
            patience: None,
            average: 0.0,
        }
    }
}

impl TrainConfig {
    /// Checks every field's range.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] names the field, its value and the range.
    pub fn check(&self) -> Result<(), Error> {
        let field = |name, value: f64, range: RangeInclusive<f64>, allowed| {
            // NaN is in no range.
            if range.contains(&value) {
                Ok(())
            } else {
                Err(Error::invalid_value(name, value, allowed))
            }
        };
        if !self.size.is_multiple_of(16) || !(32..=512).contains(&self.size) {
            return Err(Error::invalid_value(
                "size",
                self.size,
                "a multiple of 16, from 32 to 512",
            ));
        }
        field("batch", self.batch as f64, 1.0..=1024.0, "1 to 1024")?;
        field("epochs", self.epochs as f64, 1.0..=1e5, "1 to 100000")?;
        field("steps", self.steps.unwrap_or(1) as f64, 1.0..=1e9, "1 to 1000000000")?;
        if i64::try_from(self.seed).is_err() {
            let allowed = "0 to 9223372036854775807, the largest number of a TOML file";
            return Err(Error::invalid_value("seed", self.seed, allowed));
        }
        field("lr", self.lr, f64::MIN_POSITIVE..=10.0, "above 0, at most 10")?;
        field("weight_decay", self.weight_decay, 0.0..=1.0, "0 to 1")?;
        field("class_weight", self.class_weight, 0.0..=100.0, "0 to 100")?;
        field("label_smoothing", self.label_smoothing, 0.0..=0.9, "0 to 0.9")?;
        self.augment.checked()?;
        field("close_augment", self.close_augment, 0.0..=1.0, "0 to 1")?;
        field("body_rate", self.body_rate, 0.0..=1.0, "0 to 1")?;
        field("frozen", self.frozen, 0.0..=1.0, "0 to 1")?;
        let clip = self.clip_norm.unwrap_or(1.0);
        field("clip_norm", clip, f64::MIN_POSITIVE..=1e6, "above 0, at most 1000000")?;
        field("patience", self.patience.unwrap_or(1) as f64, 1.0..=1e5, "1 to 100000")?;
        field("average", self.average, 0.0..=0.999_999, "0 (none) to 0.999999")?;
        self.schedule.parse::<paso_schedule::Shape>()?;
        self.check_optimizer()
    }

    /// Checks what only some optimizers take.
    fn check_optimizer(&self) -> Result<(), Error> {
        match self.optimizer {
            OptimizerName::ScheduleFree if self.average > 0.0 => {
                let allowed = "0 (none) with the optimizer schedule-free, which averages by itself";
                Err(Error::invalid_value("average", self.average, allowed))
            }
            OptimizerName::AdamWConstantDecay if self.lr * self.weight_decay >= 1.0 => {
                let allowed = "below 1 / lr with the optimizer adamw-constant-decay";
                Err(Error::invalid_value("weight_decay", self.weight_decay, allowed))
            }
            _ => Ok(()),
        }
    }

    /// Whether averaged weights are those that a run evaluates and leaves for use: with
    /// [`average`](Self::average) above 0, and under [`OptimizerName::ScheduleFree`].
    #[must_use]
    pub fn averages_weights(&self) -> bool {
        self.average > 0.0 || self.optimizer == OptimizerName::ScheduleFree
    }

    /// Steps in one pass over `samples` images. The last batch of a pass reaches into the next one.
    #[must_use]
    pub fn steps_per_epoch(&self, samples: usize) -> u64 {
        (samples.div_ceil(self.batch) as u64).max(1)
    }

    /// Steps that a body which was trained elsewhere stays frozen for: [`frozen`](Self::frozen) of
    /// all steps, rounded.
    #[must_use]
    pub fn frozen_steps(&self, samples: usize) -> u64 {
        share(self.frozen, self.total_steps(samples))
    }

    /// How images are changed in a step, counted from 0, of a run over `samples` images: without
    /// geometry in the last [`close_augment`](Self::close_augment) of its steps.
    #[must_use]
    pub fn augment_at(&self, step: u64, samples: usize) -> Augment {
        let total = self.total_steps(samples);
        let close_augment = step >= total.saturating_sub(share(self.close_augment, total));
        if self.close_augment > 0.0 && close_augment {
            self.augment.without_geometry()
        } else {
            self.augment
        }
    }

    /// Steps of the whole run over `samples` images: [`steps`](Self::steps), or else those of all
    /// [`epochs`](Self::epochs).
    #[must_use]
    pub fn total_steps(&self, samples: usize) -> u64 {
        self.steps.unwrap_or(self.epochs * self.steps_per_epoch(samples))
    }
}

/// A share of so many steps.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the steps")]
fn share(share: f64, steps: u64) -> u64 {
    (share * steps as f64).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_in_range_and_nothing_else_slips_through() {
        let good = TrainConfig::default();
        good.check().expect("the defaults are in range");
        type Mistake = fn(&mut TrainConfig);
        let mistakes: [(&str, Mistake); 16] = [
            ("seed", |c| c.seed = u64::MAX),
            ("size", |c| c.size = 65),
            ("size", |c| c.size = 16),
            ("batch", |c| c.batch = 0),
            ("epochs", |c| c.epochs = 0),
            ("lr", |c| c.lr = 0.0),
            ("lr", |c| c.lr = f64::NAN),
            ("weight_decay", |c| c.weight_decay = -1.0),
            ("label_smoothing", |c| c.label_smoothing = 1.0),
            ("close_augment", |c| c.close_augment = f64::NAN),
            ("average", |c| c.average = 1.0),
            ("clip_norm", |c| c.clip_norm = Some(0.0)),
            ("clip_norm", |c| c.clip_norm = Some(f64::INFINITY)),
            ("patience", |c| c.patience = Some(0)),
            ("average", |c| (c.optimizer, c.average) = (OptimizerName::ScheduleFree, 0.9)),
            ("weight_decay", |c| {
                let optimizer = OptimizerName::AdamWConstantDecay;
                (c.optimizer, c.lr, c.weight_decay) = (optimizer, 10.0, 0.1);
            }),
        ];
        for (field, spoil) in mistakes {
            let mut config = good.clone();
            spoil(&mut config);
            let message = config.check().expect_err(field).to_string();
            assert!(message.contains(field), "{field}: {message}");
        }
    }

    #[test]
    fn a_pass_that_is_no_multiple_of_the_batch_takes_one_more_step() {
        let config = TrainConfig { batch: 16, epochs: 3, ..TrainConfig::default() };
        assert_eq!((config.steps_per_epoch(104), config.total_steps(104)), (7, 21));
    }

    #[test]
    fn the_end_of_a_run_closes_augmentation() {
        let augment = Augment { erase: 0.5, rotate: 8.0, ..Augment::default() };
        let config = TrainConfig {
            steps: Some(100),
            augment,
            close_augment: 0.15,
            ..TrainConfig::default()
        };
        assert_eq!(config.augment_at(84, 10), augment);
        for step in [85, 99, 1000] {
            assert_eq!(config.augment_at(step, 10), augment.without_geometry());
        }
        let never = TrainConfig { close_augment: 0.0, ..config };
        assert_eq!(never.augment_at(1000, 10), augment);
    }

    #[test]
    fn every_range_holds_its_ends_and_nothing_beyond() {
        type Set = fn(&mut TrainConfig, f64);
        let below = |v: f64| v - 1e-9_f64.max(v.abs() * 1e-9);
        let fields: [(&str, Set, f64, f64); 8] = [
            ("weight_decay", |c, v| c.weight_decay = v, 0.0, 1.0),
            ("class_weight", |c, v| c.class_weight = v, 0.0, 100.0),
            ("label_smoothing", |c, v| c.label_smoothing = v, 0.0, 0.9),
            ("close_augment", |c, v| c.close_augment = v, 0.0, 1.0),
            ("body_rate", |c, v| c.body_rate = v, 0.0, 1.0),
            ("frozen", |c, v| c.frozen = v, 0.0, 1.0),
            ("average", |c, v| c.average = v, 0.0, 0.999_999),
            ("clip_norm", |c, v| c.clip_norm = Some(v), f64::MIN_POSITIVE, 1e6),
        ];
        for (name, set, low, high) in fields {
            let check = |value: f64| {
                let mut config = TrainConfig::default();
                set(&mut config, value);
                config.check()
            };
            assert!(check(low).is_ok() && check(high).is_ok(), "{name}");
            for bad in [below(low), high + high.abs() * 1e-6, f64::NAN, f64::INFINITY, -1.0] {
                let message = check(bad).expect_err(name).to_string();
                assert!(message.starts_with(&format!("{name} is ")), "{message}");
            }
        }
        for size in (0..600).filter(|&s| s % 16 == 0 || s % 7 == 0) {
            let allowed = size % 16 == 0 && (32..=512).contains(&size);
            let config = TrainConfig { size, ..TrainConfig::default() };
            assert_eq!(config.check().is_ok(), allowed, "{size}");
        }
    }

    #[test]
    fn settings_come_back_from_toml_and_json_and_unknown_ones_are_refused() {
        let config = TrainConfig {
            lr: 0.1 + 0.2,
            steps: Some(7),
            clip_norm: Some(0.5),
            patience: Some(3),
            net: NetName::Mobile,
            augment: Augment::strong(),
            optimizer: OptimizerName::AdamWConstantDecay,
            ..TrainConfig::default()
        };
        let text = toml::to_string(&config).expect("TOML");
        assert!(text.contains("optimizer = \"adamw-constant-decay\""), "{text}");
        let usual = toml::to_string(&TrainConfig::default()).expect("TOML");
        assert!(!usual.contains("optimizer"), "files of before are the same text: {usual}");
        assert_eq!(toml::from_str::<TrainConfig>(&text).expect("settings"), config);
        let json = serde_json::to_string(&config).expect("JSON");
        assert_eq!(serde_json::from_str::<TrainConfig>(&json).expect("settings"), config);
        assert_eq!(
            toml::from_str::<TrainConfig>("").expect("all defaults"),
            TrainConfig::default()
        );
        for (text, says) in [
            ("epoch = 3", "unknown field `epoch`"),
            ("net = \"huge\"", "huge"),
            ("optimizer = \"sgd\"", "sgd"),
            ("lr = \"fast\"", "fast"),
            ("[augment]\nflip = 1.0", "unknown field `flip`"),
        ] {
            let message = toml::from_str::<TrainConfig>(text).expect_err(text).to_string();
            assert!(message.contains(says), "{message}");
        }
    }

    #[test]
    fn steps_of_a_run_follow_from_epochs_unless_they_are_given() {
        let config = TrainConfig { batch: 4, epochs: 10, frozen: 0.25, ..TrainConfig::default() };
        for (samples, a_pass) in [(1, 1), (3, 1), (4, 1), (5, 2), (8, 2), (9, 3), (400, 100)] {
            assert_eq!(config.steps_per_epoch(samples), a_pass);
            assert_eq!(config.total_steps(samples), 10 * a_pass);
        }
        assert_eq!(config.frozen_steps(400), 250);
        let given = TrainConfig { steps: Some(33), ..config };
        assert_eq!((given.total_steps(400), given.frozen_steps(400)), (33, 8));
    }
}
