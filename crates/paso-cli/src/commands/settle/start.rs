//! Where the runs of a study start: at fresh weights (or pretrained features), or at a checkpoint of an existing run.

use super::args::SettleArgs;
use super::study_images::StudyImages;
use super::trial::LocalizationTrial;
use crate::settings::presets;
use anyhow::{Result, ensure};
use paso_locate::data::Split;
use paso_locate::run::LAST;
use paso_locate::{Trainer, checkpoint, files};
use std::path::Path;

/// Runs that start from fresh weights, and the learning rate of `--lr`, if any.
pub(super) fn fresh(args: &SettleArgs) -> Result<(LocalizationTrial, Option<f64>)> {
    let dataset = args.data.load()?;
    let preset = presets::settle(&args.data.source, &dataset.boxes(Split::Train));
    let config = args.settings.merge(preset)?;
    config.check()?;
    ensure!(
        config.close_augment <= 0.0,
        "`close_augment` is {}, but runs of a study share their steps while their learning rates agree, so they must see the same images; \
         remove it from the settings file, or set it to 0",
        config.close_augment
    );
    let trial = LocalizationTrial {
        images: StudyImages::open(&args.data, &dataset, &config, args.evaluate_on)?,
        classes: dataset.classes,
        config,
        origin: match &args.settings.features {
            Some(path) => format!("features of crc32 {:08x}", files::checksum(path)?),
            None => "fresh weights".into(),
        },
        features: args.settings.features.clone(),
        base: None,
    };
    Ok((trial, args.lr))
}

/// Runs that continue from a checkpoint, and their learning rate: that of `--lr`, or of the checkpoint's last step.
pub(super) fn branch_from(
    args: &SettleArgs,
    path: &Path,
) -> Result<(LocalizationTrial, Option<f64>)> {
    let path = if path.is_dir() { path.join(LAST) } else { path.to_owned() };
    let (meta, tensors) = checkpoint::load(&path)?;
    let config = args.settings.merge(meta.config.clone())?;
    ensure!(
        config == meta.config,
        "--branch-from continues with the settings of {}: remove --config, --net, --size, --batch, --weight-decay, --clip-norm \
         and --no-augment",
        path.display()
    );
    let dataset = args.data.load()?;
    let images = StudyImages::split(&args.data, &dataset, &config)?;
    let (train, _) = images.of_seed(0)?;
    let base = Trainer::resume(&path, &meta, &tensors, train)?;
    ensure!(
        base.steps() > 0,
        "{}: the run has not taken any step yet, so there is nothing to branch from",
        path.display()
    );
    let lr = args.lr.unwrap_or_else(|| base.lr(base.steps() - 1));
    ensure!(
        args.lr.is_some() || lr >= config.lr / 10.0,
        "{}: its learning rate has already decayed, from {} to {lr:.1e}. Branch from a run with a constant learning rate \
         (`paso train --schedule constant`), or choose one to continue with by --lr",
        path.display(),
        config.lr
    );
    eprintln!("{}: continuing after step {}, at learning rate {lr}", path.display(), base.steps());
    let trial = LocalizationTrial {
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
    Ok((trial, Some(lr)))
}
