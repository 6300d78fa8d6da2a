//! A study that continues a run of the user, with and without decay.
//!
//! The question of somebody who has trained already: is it worth to decay now? Each seed continues
//! from the same checkpoint with another order of samples, once at the learning rate of the run and
//! once with decay. Nothing is tuned, since the learning rate is what the run has. A run that has
//! decayed already is refused: from a low learning rate, there is nothing left to decay.
//!
//! The answer holds for this run at this point, and not for training in general. It costs less than
//! a study with fresh weights, since no learning rate is tuned and no first part is trained again.
//! The checkpoint is only read. Its checksum is part of the fingerprint, so a study in a folder is
//! refused if the checkpoint has changed since.

use super::arguments::SettleArgs;
use crate::trial::{Images, Localization};
use anyhow::{Result, ensure};
use paso_locate::run::LAST;
use paso_locate::{Trainer, checkpoint, files};
use std::path::Path;

/// Runs that continue from a checkpoint, at the learning rate that it was trained with at its end.
///
/// A folder stands for its newest checkpoint. The second value is the learning rate to continue
/// with: `--lr`, or that of the last step of the run.
///
/// # Errors
/// If flags change the settings of the run, if it has taken no step yet, or if its learning rate is
/// below a tenth of its peak and `--lr` does not name another one.
pub(super) fn branched(args: &SettleArgs, path: &Path) -> Result<(Localization, Option<f64>)> {
    let path = if path.is_dir() { path.join(LAST) } else { path.to_owned() };
    let (meta, tensors) = checkpoint::load(&path)?;
    let config = args.settings.merged(meta.config.clone())?;
    ensure!(
        config == meta.config,
        "--branch-from continues with the settings of {}: leave --config, --net, --size, --batch, --weight-decay and --no-augment out",
        path.display()
    );
    ensure!(
        !config.averages_weights(),
        "{}: this run averages its weights in place of decay; branch from one of adamw without averages",
        path.display()
    );
    let dataset = args.source.open(args.out.as_deref())?;
    let images = Images::split(&args.source, &dataset, &config)?;
    let (train, _) = images.of_seed(0)?;
    let base = Trainer::resume(&path, &meta, &tensors, train)?;
    ensure!(
        base.steps() > 0,
        "{}: no step was taken yet, there is nothing to branch from",
        path.display()
    );
    let rate = args.lr.unwrap_or_else(|| base.lr(base.steps() - 1));
    ensure!(
        args.lr.is_some() || rate >= config.lr / 10.0,
        "{}: its learning rate has decayed already, from {} to {rate:.1e}. Branch from a run at a constant learning rate \
         (`paso train --schedule constant`), or name the learning rate to continue with by --lr",
        path.display(),
        config.lr
    );
    eprintln!(
        "{}: continues after {} steps, at the learning rate {rate}",
        path.display(),
        base.steps()
    );
    let trial = Localization {
        classes: meta.classes,
        images,
        config,
        origin: format!(
            "step {} of the run in a checkpoint of crc32 {:08x}",
            base.steps(),
            files::checksum(&path)?
        ),
        features: None,
        base: Some(base),
    };
    Ok((trial, Some(rate)))
}
