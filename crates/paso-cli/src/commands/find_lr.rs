//! `paso find-lr`: a range test, with an interval or a refusal.
//!
//! The suggestion is where the loss falls fastest per factor of the learning rate, with a 95 %
//! interval over the pooled sweeps. Where no fall is distinguishable from noise, the command
//! refuses: a number would be taken for a measurement.
//!
//! It trains short runs on the train images and keeps nothing. With `--json` stdout has one object:
//! the suggestion or the refusal, and every sweep with its losses. It is printed also if the
//! command refuses. A refusal ends with exit code 1, so that a script does not continue without a
//! learning rate.
//!
//! The suggestion depends on the network, the batch size and the augmentation of the settings. It
//! is a place to begin and not an optimum. The two rules of fast.ai are printed for comparison
//! only.

use crate::command::Command;
use crate::settings::SettingsArgs;
use crate::source::SourceArgs;
use crate::sweep::{STEPS, SWEEPS, sweeps};
use crate::{progress, threads};
use anyhow::{Result, bail};
use clap::Args;
use paso_locate::data::Split;
use paso_study::range_test::{Suggestion, Sweep, suggest};
use serde::Serialize;
use std::sync::Arc;

/// A range test: a short run with a rising learning rate.
#[derive(Debug, Args)]
pub(crate) struct FindLrArgs {
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    settings: SettingsArgs,
    /// Sweeps, each with its own seed, whose curves are pooled
    #[arg(long, value_name = "N", default_value_t = SWEEPS, value_parser = clap::value_parser!(u64).range(1..=100))]
    sweeps: u64,
    /// Steps per sweep
    #[arg(long, value_name = "N", default_value_t = STEPS, value_parser = clap::value_parser!(u64).range(12..=100_000))]
    steps: u64,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The JSON object. Either `suggestion` or `refusal` is null.
#[derive(Debug, Serialize)]
struct Found<'a> {
    suggestion: Option<&'a Suggestion>,
    refusal: Option<String>,
    sweeps: &'a [Sweep],
}

impl Command for FindLrArgs {
    const NAME: &'static str = "find-lr";
    const ABOUT: &'static str =
        "Find a learning rate to begin with, or say that the data cannot tell";
    const EXAMPLES: &'static [&'static str] =
        &["paso find-lr --data demo", "paso find-lr --data photos --net tiny --sweeps 5 --json"];

    fn run(&self) -> Result<()> {
        let pool = threads::pool(threads::count(self.threads)?)?;
        let dataset = pool.install(|| self.source.open())?;
        // A learning rate for `paso train`, so under its settings.
        let boxes = dataset.boxes(Split::Train);
        let config = self.settings.merged(self.settings.of_training(&self.source.data, &boxes))?;
        config.check()?;
        pool.install(|| {
            let images = Arc::new(self.source.prepare(&dataset, Split::Train, config.size)?);
            let bar = progress::bar(self.sweeps * self.steps, "find-lr");
            let (features, advance) = (self.settings.features.as_deref(), || bar.inc(1));
            let classes = &dataset.classes;
            let sweeps =
                sweeps(self.sweeps, self.steps, &config, classes, &images, features, &advance)?;
            bar.finish_and_clear();
            answer(self, &sweeps)
        })
    }
}

fn answer(args: &FindLrArgs, sweeps: &[Sweep]) -> Result<()> {
    let found = suggest(sweeps);
    if args.json {
        let refusal = found.as_ref().err().map(ToString::to_string);
        let found = Found { suggestion: found.as_ref().ok(), refusal, sweeps };
        println!("{}", serde_json::to_string(&found)?);
    }
    match found {
        Err(refusal) => bail!("no learning rate can be suggested: {refusal}"),
        Ok(_) if args.json => Ok(()),
        Ok(s) => {
            println!(
                "begin with a learning rate of about {:.1e} (95 % interval {:.1e} to {:.1e}): there the loss falls fastest",
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
                "a range test places a grid of learning rates; it does not replace trying them: `paso settle` does both"
            );
            Ok(())
        }
    }
}
