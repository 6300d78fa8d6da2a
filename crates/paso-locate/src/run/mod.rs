//! A training run with its folder: epochs, checkpoints, and the record of how it went.
//!
//! The folder holds its marker `.paso` and its lock `.paso.lock` (see `paso_files`), `config.toml`, `metrics.csv`, `metrics.jsonl`, `events.out.tfevents.*` for
//! TensorBoard, `last.safetensors` and `best.safetensors` (by mean `IoU` on the validation images).
//! A checkpoint is written after every epoch, whole or not at all, so that a killed run loses its
//! current epoch at most.
//!
//! # What a kill leaves, by the moment at which it comes
//!
//! | killed while | left behind | resuming |
//! |---|---|---|
//! | an epoch is trained | the checkpoint of the epoch before | repeats the epoch, with the same bits |
//! | the record is appended | a line without a checkpoint, or a part of one | cuts it off |
//! | a checkpoint is written | a temporary file next to the old one | removes it |
//! | the first epoch is kept | the best checkpoint without the last | copies it |
//!
//! A folder that holds a run is never begun anew: the same command twice is an error, not a lost
//! run. Two processes never train in one folder, and a run never begins in a folder with files that
//! paso did not write.

mod events;
mod folder;
mod history;
mod resume;

pub use folder::{CONFIG, check_new, check_resume, newest};
pub use resume::is_unfinished;

use crate::checkpoint;
use crate::data::Prepared;
use crate::run::folder::Kept;
use crate::train::Trainer;
use crate::{Error, StepReport, TrainConfig};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// The name of the newest checkpoint in a run folder.
pub const LAST: &str = "last.safetensors";
/// The name of the checkpoint with the best validation mean `IoU`.
pub const BEST: &str = "best.safetensors";

/// One line of the record of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Epochs done, this one included.
    pub epoch: u64,
    /// Steps done.
    pub step: u64,
    /// The learning rate of the last step.
    pub lr: f64,
    /// The mean loss over the epoch's batches, each before its update.
    pub train_loss: f64,
    /// The mean loss on the validation images, without augmentation.
    pub val_loss: f64,
    /// The mean `IoU` on the validation images.
    pub mean_iou: f64,
    /// The share of validation images with an `IoU` of at least 0.5.
    pub iou50: f64,
    /// The share of validation images whose class is right.
    pub class_accuracy: f64,
    /// The mean over the epoch's steps of the gradient's norm before clipping. None in records of
    /// earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gradient_norm: Option<f64>,
}

/// A training run that is evaluated after every epoch, and kept in a folder if it has one.
///
/// ```
/// use paso_locate::data::{PrepareOptions, Prepared, Split};
/// use paso_locate::demo::{DemoOptions, dataset};
/// use paso_locate::{NetName, Run, TrainConfig};
/// use std::sync::Arc;
///
/// let demo = dataset(&DemoOptions { train: 4, val: 2, seed: 0 })?;
/// let options = PrepareOptions { size: 32, ..PrepareOptions::default() };
/// let part = |split| Prepared::new(&demo, &demo.indices(split), &options).map(|(images, _)| images);
/// let (train, val) = (Arc::new(part(Split::Train)?), part(Split::Val)?);
/// let (net, size, batch, epochs) = (NetName::Tiny, 32, 4, 2);
/// let config = TrainConfig { net, size, batch, epochs, ..TrainConfig::default() };
///
/// let mut run = Run::new(&config, demo.classes.clone(), train, val, None, None)?;
/// while !run.is_done() {
///     let epoch = run.epoch(|_| ())?;
///     println!("epoch {}: mean IoU {:.3}", epoch.epoch, epoch.mean_iou);
/// }
/// assert_eq!((run.epochs(), run.last().map(|last| last.step)), (2, Some(2)));
/// # Ok::<(), paso_locate::Error>(())
/// ```
#[derive(Debug)]
pub struct Run {
    trainer: Trainer,
    validation: Prepared,
    folder: Option<Kept>,
    best: Option<(f64, u64)>,
    epochs: u64,
    last: Option<Epoch>,
}

impl Run {
    /// A run before its first epoch, in a new folder if one is given; with `features` for the net's
    /// body, if any (see [`Trainer::load_features`]).
    ///
    /// # Errors
    /// When a setting is out of range, the features cannot be used, or as
    /// [`keep_in`](Self::keep_in). No folder is made for a run that cannot begin.
    pub fn new(
        config: &TrainConfig,
        classes: Vec<String>,
        train: Arc<Prepared>,
        validation: Prepared,
        features: Option<&Path>,
        folder: Option<&Path>,
    ) -> Result<Self, Error> {
        let mut trainer = Trainer::new(config, classes, train)?;
        features.map_or(Ok(()), |features| trainer.load_features(features))?;
        let mut run = Self { trainer, validation, folder: None, best: None, epochs: 0, last: None };
        folder.map_or(Ok(()), |folder| run.keep_in(folder))?;
        Ok(run)
    }

    /// Keeps the run in a new folder from its next epoch on, its first as a rule.
    ///
    /// The folder is made if need be, marked as paso's (`paso_files::MARKER`), and locked for this
    /// process as long as the run lives.
    ///
    /// # Errors
    /// When the folder holds a run already, or files that paso did not write; when another process
    /// works in it; when it cannot be written.
    pub fn keep_in(&mut self, folder: &Path) -> Result<(), Error> {
        let config = self.trainer.model().config();
        self.folder = Some(Kept::create(folder, config, &self.validation)?);
        Ok(())
    }

    /// Epochs done.
    #[must_use]
    pub fn epochs(&self) -> u64 {
        self.epochs
    }

    /// The best validation mean `IoU` so far, and the epoch that it was reached in.
    #[must_use]
    pub fn best(&self) -> Option<(f64, u64)> {
        self.best
    }

    /// What the last epoch that was done came to.
    #[must_use]
    pub fn last(&self) -> Option<Epoch> {
        self.last
    }

    /// The folder that it is kept in.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_ref().map(Kept::path)
    }

    /// The training itself.
    #[must_use]
    pub fn trainer(&self) -> &Trainer {
        &self.trainer
    }

    /// The images that it is evaluated on.
    #[must_use]
    pub fn validation(&self) -> &Prepared {
        &self.validation
    }

    /// Whether every epoch was done, or patience has ended.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.trainer.steps() >= self.trainer.total_steps() || self.stopped_early().is_some()
    }

    /// The epochs that the run waited in vain for a better mean `IoU`, once they are as many as its
    /// patience.
    ///
    /// This follows from the best epoch, which a checkpoint knows: a run that was killed stops
    /// where it would have.
    #[must_use]
    pub fn stopped_early(&self) -> Option<u64> {
        let patience = self.trainer.model().config().patience?;
        let waited = self.epochs - self.best?.1.min(self.epochs);
        (waited >= patience).then_some(waited)
    }

    /// Trains one epoch, evaluates it and keeps it; `look` sees every step.
    ///
    /// # Errors
    /// [`Error::Diverged`], also when the net or its validation loss is not finite at the end: a
    /// checkpoint never holds such numbers. Or when the folder cannot be written. The older
    /// checkpoints stay whole.
    pub fn epoch(&mut self, mut look: impl FnMut(&StepReport)) -> Result<Epoch, Error> {
        let left = self.trainer.total_steps() - self.trainer.steps();
        let steps = self.trainer.steps_per_epoch().min(left);
        let (mut sum, mut norms, mut lr) = (0.0, 0.0, 0.0);
        for _ in 0..steps {
            let report = self.trainer.step()?;
            sum += report.loss;
            norms += report.gradient_norm;
            lr = report.lr;
            look(&report);
        }
        let evaluated = self.trainer.evaluate(&self.validation)?;
        self.trainer.check_finite(evaluated.loss)?;
        self.epochs += 1;
        let epoch = Epoch {
            epoch: self.epochs,
            step: self.trainer.steps(),
            lr,
            train_loss: sum / steps as f64,
            val_loss: evaluated.loss,
            mean_iou: evaluated.metrics.mean_iou,
            iou50: evaluated.metrics.iou50,
            class_accuracy: evaluated.metrics.class_accuracy,
            gradient_norm: Some(norms / steps as f64),
        };
        self.last = Some(epoch);
        self.keep(&epoch)?;
        Ok(epoch)
    }

    fn keep(&mut self, epoch: &Epoch) -> Result<(), Error> {
        let better = self.best.is_none_or(|(best, _)| epoch.mean_iou > best);
        if better {
            self.best = Some((epoch.mean_iou, epoch.epoch));
        }
        let Some(kept) = &self.folder else { return Ok(()) };
        // The record first: what it has too much after a kill, resuming cuts off again.
        kept.history.append(epoch)?;
        let (mut meta, tensors) = self.trainer.checkpoint(self.best)?;
        meta.validation = Some(kept.validation.clone());
        if better {
            checkpoint::save(&kept.path().join(BEST), &meta, &tensors)?;
        }
        checkpoint::save(&kept.path().join(LAST), &meta, &tensors)
    }
}

#[cfg(test)]
mod tests;
