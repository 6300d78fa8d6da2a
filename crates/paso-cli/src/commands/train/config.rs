//! The settings of a run: those of its flags and file, or of the run that it continues.
//!
//! A resumed run takes its settings from its checkpoint and not from the flags, because a change in
//! the middle would give a run that no settings describe. Only the number of epochs and the
//! patience may change.
//!
//! The seed, the peak learning rate, the number of epochs, the schedule, the optimizer, averaged
//! weights and the patience are merged here; the settings that other commands share are merged in `settings`. The result is not checked
//! here, so that `--print-config` can show settings that are out of range.

use super::arguments::TrainArgs;
use crate::commands::settle::settled;
use anyhow::{Result, ensure};
use paso_locate::run::newest;
use paso_locate::{BBox, OptimizerName, TrainConfig, checkpoint};

/// The schedule of a run that asks for none, and of one that is too short for its warm-up.
pub(super) const SCHEDULE: &str = "warmup(5%) then cosine(to 1%)";
pub(super) const SHORT: &str = "cosine(to 1%)";

/// The settings of this call, for training images with these boxes. When it resumes, they are the
/// run's own, but for the number of epochs and the patience.
///
/// # Errors
/// If the file of `--config` cannot be read, if there is no checkpoint to resume from, or if a
/// resumed run would get other settings. The message then has the settings of the run.
pub(super) fn config(args: &TrainArgs, boxes: &[BBox]) -> Result<TrainConfig> {
    let kept = match &args.out {
        Some(folder) if args.resume => Some(checkpoint::load(&newest(folder)?)?.0.config),
        _ => None,
    };
    let settled = args.settled.as_deref().map(settled).transpose()?;
    let settings = settled.map_or_else(|| args.settings.clone(), |file| args.settings.over(file));
    let preset = settings.of_training(&args.source.data, boxes);
    // A run that may stop at any time has no known end before which augmentation could be reduced.
    // Of the flag or the file: what averages its weights needs no decay of the learning rate.
    let optimizer = match args.optimizer {
        Some(optimizer) => optimizer,
        None => settings.merged(preset.clone())?.optimizer,
    };
    let is_free = optimizer == OptimizerName::ScheduleFree;
    let schedule = if is_free { "constant" } else { SCHEDULE };
    let open =
        args.patience.is_some() || args.schedule.as_deref().unwrap_or(schedule) == "constant";
    let close_augment = if open { 0.0 } else { preset.close_augment };
    let preset = TrainConfig { schedule: schedule.into(), close_augment, ..preset };
    let preset = kept.clone().unwrap_or(preset);
    let mut config = settings.merged(preset)?;
    config.lr = args.lr.unwrap_or(config.lr);
    config.epochs = args.epochs.unwrap_or(config.epochs);
    config.patience = args.patience.or(config.patience);
    config.seed = args.seed.unwrap_or(config.seed);
    config.optimizer = args.optimizer.unwrap_or(config.optimizer);
    config.average = args.average.unwrap_or(config.average);
    if let Some(schedule) = &args.schedule {
        config.schedule.clone_from(schedule);
    }
    if let Some(kept) = kept {
        let TrainConfig { epochs, patience, .. } = kept;
        let same = TrainConfig { epochs, patience, ..config.clone() };
        ensure!(
            same == kept,
            "--resume continues with the settings that the run was started with; only --epochs and --patience may change. \
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::tests::{all_refused, parsed};
    use clap::error::ErrorKind;

    /// The settings for photographs with a box each, all the same.
    fn config_of(arguments: &str) -> Result<TrainConfig> {
        let boxes = [BBox::new(0.2, 0.2, 0.6, 0.6); 100];
        config(&parsed::<TrainArgs>(arguments).expect(arguments), &boxes)
    }

    #[test]
    fn flags_take_the_place_of_presets() {
        let preset = config_of("--data photos").expect("the preset");
        assert_eq!(&preset.schedule, SCHEDULE);
        let config =
            config_of("--data photos --lr 0.01 --epochs 3 --patience 2 --seed 9 --schedule linear");
        let expected = TrainConfig {
            lr: 0.01,
            epochs: 3,
            patience: Some(2),
            seed: 9,
            schedule: "linear".into(),
            close_augment: 0.0,
            ..preset
        };
        assert_eq!(config.expect("valid"), expected);
    }

    #[test]
    fn an_optimizer_and_averaged_weights_are_settings_and_schedule_free_has_a_constant_rate() {
        let usual = config_of("--data photos").expect("valid");
        let decay = config_of("--data photos --optimizer adamw-constant-decay").expect("valid");
        let optimizer = OptimizerName::AdamWConstantDecay;
        assert_eq!(decay, TrainConfig { optimizer, ..usual.clone() });
        let averaged = config_of("--data photos --average 0.99").expect("valid");
        assert_eq!(averaged, TrainConfig { average: 0.99, ..usual.clone() });
        let free = config_of("--data photos --optimizer schedule-free").expect("valid");
        let (optimizer, close_augment) = (OptimizerName::ScheduleFree, 0.0);
        let schedule = "constant".into();
        assert_eq!(free, TrainConfig { optimizer, schedule, close_augment, ..usual });
        let asked = config_of("--data photos --optimizer schedule-free --schedule cosine");
        assert_eq!(asked.expect("valid").schedule, "cosine");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("some.toml");
        std::fs::write(&file, "optimizer = \"schedule-free\"\n").expect("a file");
        let of_file = |more: &str| {
            let line = format!("--data photos --config {} {more}", file.display());
            config_of(&line).expect("valid").schedule
        };
        assert_eq!([of_file(""), of_file("--optimizer adamw")], ["constant", SCHEDULE]);
        all_refused::<TrainArgs>(
            ErrorKind::ValueValidation,
            &["--data demo --optimizer sgd", "--optimizer AdamW", "--average x"],
        );
    }

    #[test]
    fn augmentation_ends_early_only_in_a_run_whose_end_is_known() {
        let close = |arguments: &str| config_of(arguments).expect(arguments).close_augment;
        assert_eq!(close("--data photos"), 0.15);
        assert_eq!(close("--data photos --schedule cosine"), 0.15);
        assert_eq!(close("--data photos --schedule constant"), 0.0);
        assert_eq!(close("--data photos --patience 5"), 0.0);
    }

    #[test]
    fn a_run_can_be_resumed_only_where_there_is_one() {
        all_refused::<TrainArgs>(
            ErrorKind::MissingRequiredArgument,
            &["--data demo --resume", "--out x"],
        );
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().display().to_string();
        let said =
            config_of(&format!("--data demo --out {path} --resume")).expect_err("an empty folder");
        assert!(said.to_string().contains(&path), "{said}");
    }
}
