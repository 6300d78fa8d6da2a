//! A run that goes on where it stopped.
//!
//! First everything is read and compared, and nothing is written: a run that cannot go on leaves its
//! folder as it was, to the byte. Only then the folder is locked, and read once more, since another
//! process may have trained in it in the meantime.

use super::folder::{Kept, check_resume, newest, own, resumable, take_lock, write_config};
use super::history::{self, History};
use super::{Epoch, LAST, Run};
use crate::checkpoint::{self, Meta, Tensor};
use crate::data::Prepared;
use crate::train::Trainer;
use crate::{Error, TrainConfig};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// All that a run goes on from.
struct Found {
    path: PathBuf,
    /// With the settings that the run goes on with.
    meta: Meta,
    /// The settings that the folder has.
    before: TrainConfig,
    tensors: Vec<Tensor>,
    trainer: Trainer,
    kept: Vec<Epoch>,
    epochs: u64,
}

impl Run {
    /// The run in a folder, after the last epoch that was finished.
    ///
    /// With `config` it gets the number of epochs and the patience of these settings: a schedule
    /// that is a shape is bound anew, to the new number of steps. All else stays as the run has it.
    ///
    /// # Errors
    /// When there is no checkpoint, or it does not fit the training or the validation images, or
    /// another process works in the folder. The folder is unchanged then.
    pub fn resume(
        folder: &Path,
        config: Option<&TrainConfig>,
        train: Arc<Prepared>,
        validation: Prepared,
    ) -> Result<Self, Error> {
        let fingerprint = validation.fingerprint();
        let find = || find(folder, config, &fingerprint, &train);
        find()?;
        let lock = take_lock(folder)?;
        let Found { path, meta, before, tensors, trainer, kept, epochs } = find()?;
        own(folder)?;
        if !path.ends_with(LAST) {
            // It may be the last epoch of all, after which nothing is written any more.
            let meta = Meta { config: before.clone(), ..meta.clone() };
            checkpoint::save(&folder.join(LAST), &meta, &tensors)?;
        }
        if meta.config != before {
            write_config(folder, &meta.config)?;
        }
        let history = History::resume(folder, &kept)?;
        Ok(Self {
            trainer,
            validation,
            folder: Some(Kept::again(folder, history, fingerprint, lock)),
            best: meta.best,
            epochs,
            last: kept.last().copied(),
        })
    }
}

/// Whether the run in a folder was begun with these settings and images, and has epochs left. Nothing
/// is written, and what cannot be read is not unfinished.
#[must_use]
pub fn is_unfinished(
    folder: &Path,
    config: &TrainConfig,
    train: &Prepared,
    validation: &Prepared,
) -> bool {
    let meta = check_resume(folder)
        .and_then(|()| newest(folder))
        .and_then(|path| checkpoint::load(&path))
        .map(|(meta, _)| meta);
    let Ok(meta) = meta else { return false };
    let samples = train.len();
    let epochs = meta.step.div_ceil(config.steps_per_epoch(samples).max(1));
    let waited = meta.best.map_or(0, |(_, best)| epochs.saturating_sub(best));
    meta.config == *config
        && meta.step < config.total_steps(samples)
        && config.patience.is_none_or(|patience| waited < patience)
        && meta.data == train.fingerprint()
        && meta.validation.is_none_or(|known| known == validation.fingerprint())
}

fn find(
    folder: &Path,
    config: Option<&TrainConfig>,
    validation: &str,
    train: &Arc<Prepared>,
) -> Result<Found, Error> {
    let path = resumable(folder)?;
    let (mut meta, tensors) = checkpoint::load(&path)?;
    let before = meta.config.clone();
    if let Some(&TrainConfig { epochs, patience, .. }) = config {
        meta.config = TrainConfig { epochs, patience, ..meta.config };
        meta.config.check()?;
    }
    let trainer = Trainer::resume(&path, &meta, &tensors, Arc::clone(train))?;
    if meta.validation.as_deref().is_some_and(|known| known != validation) {
        let what = "its best epoch was chosen by other validation images; give it the same ones, or start a new run in another folder";
        return Err(Error::Checkpoint { path, what: what.into() });
    }
    let epochs = meta.step.div_ceil(trainer.steps_per_epoch());
    let kept = history::read(folder, epochs)?;
    Ok(Found { path, meta, before, tensors, trainer, kept, epochs })
}
