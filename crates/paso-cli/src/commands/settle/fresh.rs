//! A study whose runs start with fresh weights.
//!
//! `close_augment` is refused here. It changes the images in the last part of a run, and branches
//! share the steps before: with it, a branch would not have the bits of a run that was trained
//! alone.
//!
//! Settings come from the preset, the file of `--config` and the flags, in this order. Images are
//! read once and shared by all runs. A file of features is not parsed here: a broken one is an
//! error of the first training.

use super::arguments::SettleArgs;
use super::presets::preset;
use crate::trial::{Images, Localization};
use anyhow::{Result, ensure};
use paso_locate::data::Split;
use paso_locate::files;

/// Runs that start with fresh weights, and the learning rate that was asked for.
///
/// The learning rate is `--lr`, or `None` where a range test has to find one.
///
/// # Errors
/// If the data cannot be read, `close_augment` is above 0, or another setting is out of its range.
pub(super) fn from_scratch(args: &SettleArgs) -> Result<(Localization, Option<f64>)> {
    let dataset = args.source.open()?;
    let config = args.settings.merged(preset(&args.source.data, &dataset.boxes(Split::Train)))?;
    config.check()?;
    ensure!(
        config.close_augment <= 0.0,
        "close_augment is {}, but the runs of a study share their steps as long as their learning rates agree, and with them their augmented images; \
         leave close_augment out of the settings, or make it 0",
        config.close_augment
    );
    let trial = Localization {
        images: Images::open(&args.source, &dataset, &config, args.evaluate_on)?,
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
