//! The settings of a run: defaults for the data, settings file and flags; or those of the run that is resumed.

use super::args::TrainArgs;
use crate::settings::presets;
use anyhow::{Result, ensure};
use paso_locate::run::newest;
use paso_locate::{BBox, TrainConfig, checkpoint};

/// The schedule of a run for which none is requested.
const SCHEDULE: &str = "warmup(5%) then cosine(to 1%)";

/// The same without warm-up, for runs of fewer than [`MIN_STEPS_OF_WARMUP`] steps: 5 % would be less than a step.
const SCHEDULE_WITHOUT_WARMUP: &str = "cosine(to 1%)";
const MIN_STEPS_OF_WARMUP: u64 = 20;

/// The merged settings, for training images with these boxes. Their ranges are not checked yet.
///
/// # Errors
/// When a file cannot be read, or a resumed run would get other settings than it started with.
pub(super) fn merge(args: &TrainArgs, boxes: &[BBox]) -> Result<TrainConfig> {
    match &args.out {
        Some(folder) if args.resume => {
            let saved = checkpoint::load(&newest(folder)?)?.0.config;
            resumed(args, saved)
        }
        _ => with_flags(args, preset(args, boxes)),
    }
}

/// Replaces the default schedule where the run is too short for its warm-up.
pub(super) fn shorten_schedule(args: &TrainArgs, config: &mut TrainConfig, images: usize) {
    let steps = config.total_steps(images);
    let is_default = args.schedule.is_none() && config.schedule == SCHEDULE && !args.resume;
    if is_default && steps < MIN_STEPS_OF_WARMUP {
        eprintln!(
            "note: {steps} steps are too few for a warm-up of 5 %; the schedule is {SCHEDULE_WITHOUT_WARMUP}"
        );
        config.schedule = SCHEDULE_WITHOUT_WARMUP.into();
    }
}

fn preset(args: &TrainArgs, boxes: &[BBox]) -> TrainConfig {
    let preset = presets::train(&args.data.source, args.settings.features.is_some(), boxes);
    // A run that may stop at any epoch has no last steps with weaker augmentation.
    let is_open_ended = args.patience.is_some() || args.schedule.as_deref() == Some("constant");
    let close_augment = if is_open_ended { 0.0 } else { preset.close_augment };
    TrainConfig { schedule: SCHEDULE.into(), close_augment, ..preset }
}

/// The preset with the settings file and the flags of this command.
fn with_flags(args: &TrainArgs, preset: TrainConfig) -> Result<TrainConfig> {
    let mut config = args.settings.merge(preset)?;
    config.lr = args.lr.unwrap_or(config.lr);
    config.epochs = args.epochs.unwrap_or(config.epochs);
    config.patience = args.patience.or(config.patience);
    config.seed = args.seed.unwrap_or(config.seed);
    if let Some(schedule) = &args.schedule {
        config.schedule.clone_from(schedule);
    }
    Ok(config)
}

/// The settings of a run that continues; `saved` are those in its checkpoint.
fn resumed(args: &TrainArgs, saved: TrainConfig) -> Result<TrainConfig> {
    let config = with_flags(args, saved.clone())?;
    let (epochs, patience) = (saved.epochs, saved.patience);
    ensure!(
        TrainConfig { epochs, patience, ..config.clone() } == saved,
        "--resume continues with the settings that the run was started with; only --epochs and --patience may change. \
         Remove the other flags, or start a new run in another folder. The settings of the run:\n{}",
        toml::to_string(&saved)?
    );
    if config.epochs != epochs {
        eprintln!(
            "{} epochs instead of {epochs}: the schedule {:?}, and all that is given as a share of the run, is stretched to the new number of steps",
            config.epochs, saved.schedule
        );
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        train: TrainArgs,
    }

    fn args(flags: &[&str]) -> TrainArgs {
        let fixed = ["paso", "--data", "photographs"];
        Cli::parse_from(fixed.iter().chain(flags)).train
    }

    #[test]
    fn flags_replace_defaults() {
        let config = merge(&args(&["--lr", "0.5", "--epochs", "7", "--seed", "3"]), &[]);
        let config = config.expect("settings");
        assert_eq!((config.lr, config.epochs, config.seed, config.patience), (0.5, 7, 3, None));
        assert_eq!(config.schedule, SCHEDULE);
    }

    #[test]
    fn a_run_that_may_stop_at_any_epoch_augments_alike_until_then() {
        let close_augment =
            |flags: &[&str]| merge(&args(flags), &[]).expect("settings").close_augment;
        assert_eq!(close_augment(&[]), 0.15);
        assert_eq!(close_augment(&["--schedule", "linear"]), 0.15);
        assert_eq!(close_augment(&["--schedule", "constant"]), 0.0);
        assert_eq!(close_augment(&["--patience", "3"]), 0.0);
    }

    #[test]
    fn only_epochs_and_patience_of_a_resumed_run_may_change() {
        let saved = TrainConfig { lr: 0.25, epochs: 5, ..TrainConfig::default() };
        let merged = |flags: &[&str]| resumed(&args(flags), saved.clone());
        assert_eq!(merged(&[]).expect("nothing changes"), saved);
        assert_eq!(merged(&["--lr", "0.25"]).expect("the same value"), saved);
        let longer = TrainConfig { epochs: 9, patience: Some(2), ..saved.clone() };
        assert_eq!(merged(&["--epochs", "9", "--patience", "2"]).expect("allowed"), longer);
        for flags in [
            ["--lr", "0.5"],
            ["--seed", "1"],
            ["--schedule", "linear"],
            ["--batch", "8"],
            ["--net", "tiny"],
            ["--size", "48"],
            ["--clip-norm", "1"],
        ] {
            let message = merged(&flags).expect_err(flags[0]).to_string();
            assert!(message.contains("only --epochs and --patience may change"), "{message}");
            assert!(message.contains("lr = 0.25"), "the settings of the run: {message}");
        }
    }

    #[test]
    fn the_default_schedule_has_no_warm_up_below_20_steps() {
        let schedule = |flags: &[&str], steps: u64| {
            let args = args(flags);
            let mut config = merge(&args, &[]).expect("settings");
            config.steps = Some(steps);
            shorten_schedule(&args, &mut config, 100);
            config.schedule
        };
        assert_eq!(schedule(&[], 20), SCHEDULE);
        assert_eq!(schedule(&[], 19), SCHEDULE_WITHOUT_WARMUP);
        assert_eq!(schedule(&["--schedule", SCHEDULE], 19), SCHEDULE, "as requested");
        assert_eq!(schedule(&["--schedule", "linear"], 19), "linear");
    }
}
