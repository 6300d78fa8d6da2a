//! A study whose runs start with fresh weights.
//!
//! Settings come from a preset (`paso train`'s own, the run of `--like`, or the proxy of `--quick`),
//! the file of `--config` and the flags, in this order. Images are read once and shared by all runs.
//! A file of features is not parsed here: a broken one is an error of the first training.

use super::arguments::SettleArgs;
use super::presets::quick;
use crate::trial::{Images, Localization};
use anyhow::{Context, Result, ensure};
use paso_locate::data::Split;
use paso_locate::run::CONFIG;
use paso_locate::{BBox, OptimizerName, TrainConfig, files};

/// Runs that start with fresh weights, and the learning rate that was asked for.
///
/// The learning rate is `--lr`, or `None` where a range test has to find one.
///
/// # Errors
/// If the data or the run of `--like` cannot be read, or a setting is out of its range.
pub(super) fn from_scratch(args: &SettleArgs) -> Result<(Localization, Option<f64>)> {
    // Before the images are read, which can take minutes.
    args.source.check()?;
    args.settings.check(&config(args, &[])?)?;
    let dataset = args.source.open(args.out.as_deref())?;
    let config = config(args, &dataset.boxes(Split::Train))?;
    config.check()?;
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

/// The settings of every run, for training images with these boxes; not checked.
///
/// # Errors
/// If the run of `--like` or the file of `--config` cannot be read.
pub(super) fn config(args: &SettleArgs, boxes: &[BBox]) -> Result<TrainConfig> {
    let config = args.settings.merged(preset(args, boxes)?)?;
    // The arms have optimizers and averages of their own. What weight decay follows is kept.
    let optimizer = match config.optimizer {
        OptimizerName::ScheduleFree => OptimizerName::AdamW,
        kept => kept,
    };
    Ok(TrainConfig { optimizer, average: 0.0, patience: None, ..config })
}

/// Prints the settings of every run, in the form of `--config`, for images that have boxes.
pub(super) fn print_config(args: &SettleArgs) -> Result<()> {
    args.source.check()?;
    let dataset = args.source.open(None)?;
    print!("{}", toml::to_string(&config(args, &dataset.boxes(Split::Train))?)?);
    Ok(())
}

/// The settings below those of `--config` and of the flags.
fn preset(args: &SettleArgs, boxes: &[BBox]) -> Result<TrainConfig> {
    let Some(run) = &args.like else {
        return Ok(if args.quick {
            quick(&args.source.data, boxes)
        } else {
            args.settings.of_training(&args.source.data, boxes)
        });
    };
    let path = run.join(CONFIG);
    ensure!(
        path.is_file(),
        "{}: no such file; --like takes a folder that `paso train` made",
        path.display()
    );
    let (_, config) =
        crate::settings_file::read(&path).with_context(|| format!("--like {}", run.display()))?;
    Ok(config)
}
