//! The settings of a run: those of its flags and file, or of the run that it continues.

use super::arguments::TrainArgs;
use anyhow::{Result, ensure};
use paso_locate::run::newest;
use paso_locate::{BBox, TrainConfig, checkpoint};

/// The schedule of a run that asks for none, and of one that is too short for its warm-up.
pub(super) const SCHEDULE: &str = "warmup(5%) then cosine(to 1%)";
pub(super) const SHORT: &str = "cosine(to 1%)";

/// The settings of this call, for training images with these boxes. When it resumes, they are the run's own, but for the number of
/// epochs and the patience.
pub(super) fn config(args: &TrainArgs, boxes: &[BBox]) -> Result<TrainConfig> {
    let kept = match &args.out {
        Some(folder) if args.resume => Some(checkpoint::load(&newest(folder)?)?.0.config),
        _ => None,
    };
    let preset = args.settings.of_training(&args.source.data, boxes);
    // A run that may stop at any time has no known end before which augmentation could be reduced.
    let open = args.patience.is_some() || args.schedule.as_deref() == Some("constant");
    let close_augment = if open { 0.0 } else { preset.close_augment };
    let preset = TrainConfig { schedule: SCHEDULE.into(), close_augment, ..preset };
    let preset = kept.clone().unwrap_or(preset);
    let mut config = args.settings.merged(preset)?;
    config.lr = args.lr.unwrap_or(config.lr);
    config.epochs = args.epochs.unwrap_or(config.epochs);
    config.patience = args.patience.or(config.patience);
    config.seed = args.seed.unwrap_or(config.seed);
    if let Some(schedule) = &args.schedule {
        config.schedule.clone_from(schedule);
    }
    if let Some(kept) = kept {
        let TrainConfig { epochs, patience, .. } = kept;
        let same = TrainConfig { epochs, patience, ..config.clone() };
        ensure!(
            same == kept,
            "--resume goes on with the settings that the run was started with; only --epochs and --patience may change. \
             Leave the other flags out, or start a new run in another folder. The run has:\n{}",
            toml::to_string(&kept)?
        );
        if config.epochs != kept.epochs {
            eprintln!(
                "{} epochs instead of {}: the schedule {:?}, and what else is a share of the run, is spread over the new number of steps",
                config.epochs, kept.epochs, kept.schedule
            );
        }
    }
    Ok(config)
}
