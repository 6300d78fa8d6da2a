//! `paso find-lr`: a range test, with an interval or a refusal.

use crate::progress;
use crate::settings::{self, SettingsArgs};
use crate::source::SourceArgs;
use anyhow::{Result, bail};
use clap::Args;
use paso_locate::data::{Prepared, Split};
use paso_locate::{Error, TrainConfig, Trainer};
use paso_study::range_test::{RangeTest, Suggestion, Sweep, suggest};
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;

/// A range test: a short run with a rising rate.
#[derive(Debug, Args)]
pub(crate) struct FindLrArgs {
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    settings: SettingsArgs,
    /// Sweeps, each with its own seed, whose curves are pooled
    #[arg(long, value_name = "N", default_value_t = SWEEPS, value_parser = clap::value_parser!(u64).range(1..=100))]
    sweeps: u64,
    /// Steps of a sweep
    #[arg(long, value_name = "N", default_value_t = STEPS, value_parser = clap::value_parser!(u64).range(12..=100_000))]
    steps: u64,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Sweeps and their steps, where nobody asks for others.
pub(crate) const SWEEPS: u64 = 3;
pub(crate) const STEPS: u64 = 120;

/// Steps at rate 0 before a sweep, so that Adam's second moment and the norms' statistics are those of training.
const SETTLE: u64 = 30;

#[derive(Debug, Serialize)]
struct Found<'a> {
    suggestion: Option<&'a Suggestion>,
    refusal: Option<String>,
    sweeps: &'a [Sweep],
}

pub(crate) fn run(args: &FindLrArgs) -> Result<()> {
    let pool = settings::pool(settings::threads(args.threads)?)?;
    let dataset = pool.install(|| args.source.open())?;
    // A rate for `paso train`, so under its settings.
    let boxes = dataset.boxes(Split::Train);
    let config = args.settings.merged(args.settings.of_training(&args.source.data, &boxes))?;
    config.check()?;
    pool.install(|| {
        let images = Arc::new(args.source.prepare(&dataset, Split::Train, config.size)?);
        let bar = progress::bar(args.sweeps * args.steps, "find-lr");
        let (features, advance) = (args.settings.features.as_deref(), || bar.inc(1));
        let classes = &dataset.classes;
        let sweeps =
            sweeps(args.sweeps, args.steps, &config, classes, &images, features, &advance)?;
        bar.finish_and_clear();
        answer(args, &sweeps)
    })
}

/// The sweeps, each a run of its own from its own initial weights.
pub(crate) fn sweeps(
    sweeps: u64,
    steps: u64,
    config: &TrainConfig,
    classes: &[String],
    images: &Arc<Prepared>,
    features: Option<&Path>,
    advance: &dyn Fn(),
) -> Result<Vec<Sweep>> {
    let test = RangeTest { steps: usize::try_from(steps)?, ..RangeTest::default() };
    let needed = (steps + SETTLE) * config.batch as u64;
    if needed > images.len() as u64 {
        eprintln!(
            "a sweep sees each of the {} images about {:.1} times, in a new order each time",
            images.len(),
            needed as f64 / images.len() as f64
        );
    }
    let sweep = |seed| -> Result<Sweep> {
        // A run of its own from its own initial weights: nothing has to be put back.
        let config = TrainConfig { seed, steps: Some(steps + SETTLE), ..config.clone() };
        let mut trainer = Trainer::new(&config, classes.to_vec(), Arc::clone(images))?;
        features.map_or(Ok(()), |features| trainer.load_features(features))?;
        for _ in 0..SETTLE {
            trainer.step_at_rate(0.0)?;
        }
        Ok(test.sweep(|lr| {
            advance();
            match trainer.step_at_rate(lr) {
                Ok(report) => Ok(report.loss),
                // "Diverged here" is what the sweep looks for.
                Err(Error::Diverged { .. }) => Ok(f64::NAN),
                Err(e) => Err(e),
            }
        })?)
    };
    (config.seed..config.seed + sweeps).map(sweep).collect()
}

fn answer(args: &FindLrArgs, sweeps: &[Sweep]) -> Result<()> {
    let found = suggest(sweeps);
    if args.json {
        let refusal = found.as_ref().err().map(ToString::to_string);
        let found = Found { suggestion: found.as_ref().ok(), refusal, sweeps };
        println!("{}", serde_json::to_string(&found)?);
    }
    match found {
        Err(refusal) => bail!("no rate can be suggested: {refusal}"),
        Ok(_) if args.json => Ok(()),
        Ok(s) => {
            println!(
                "begin with a rate of about {:.1e} (95 % interval {:.1e} to {:.1e}): there the loss falls fastest",
                s.steepest, s.low, s.high
            );
            println!(
                "the loss is lowest at {:.1e}{}",
                s.lowest,
                s.diverges.map_or_else(String::new, |d| format!(
                    ", and above {d:.1e} it rises past where it began"
                ))
            );
            println!(
                "for comparison, fast.ai's rules on the same curve: valley {:.1e}, minimum/10 {:.1e}",
                s.valley, s.minimum_over_ten
            );
            println!(
                "a range test places a grid of rates; it does not replace trying them: `paso settle` does both"
            );
            Ok(())
        }
    }
}
