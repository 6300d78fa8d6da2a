//! `paso find-lr`: a learning-rate range test, with an interval or the reason why it suggests nothing.

use crate::data_source::DataSourceArgs;
use crate::range_test::{STEPS, SWEEPS, Sweeps};
use crate::settings::{SettingsArgs, presets};
use crate::{progress, threads};
use anyhow::{Result, bail};
use clap::Args;
use paso_locate::data::Split;
use paso_study::range_test::{Suggestion, Sweep, suggest};
use serde::Serialize;
use std::sync::Arc;

/// Suggest a learning rate to start with, or report that the data is not clear enough
#[derive(Debug, Args)]
pub(crate) struct FindLrArgs {
    #[command(flatten)]
    data: DataSourceArgs,
    #[command(flatten)]
    settings: SettingsArgs,
    /// Sweeps, each with a random seed of its own; their curves are pooled
    #[arg(long, value_name = "N", default_value_t = SWEEPS, value_parser = clap::value_parser!(u64).range(1..=100))]
    sweeps: u64,
    /// Steps per sweep
    #[arg(long, value_name = "N", default_value_t = STEPS, value_parser = clap::value_parser!(u64).range(12..=100_000))]
    steps: u64,
    /// Threads; the result does not depend on their number [default: one per core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    suggestion: Option<&'a Suggestion>,
    refusal: Option<String>,
    sweeps: &'a [Sweep],
}

/// Runs the command.
pub(crate) fn run(args: &FindLrArgs) -> Result<()> {
    let pool = threads::pool(threads::count(args.threads)?)?;
    let dataset = pool.install(|| args.data.load())?;
    // The learning rate is meant for `paso train`, so the settings are those of `paso train`.
    let pretrained = args.settings.features.is_some();
    let preset = presets::train(&args.data.source, pretrained, &dataset.boxes(Split::Train));
    let config = args.settings.merge(preset)?;
    config.check()?;
    let sweeps = pool.install(|| {
        let images = Arc::new(args.data.prepare(&dataset, Split::Train, config.size)?);
        let bar = progress::bar(args.sweeps * args.steps, "find-lr");
        let sweeps = Sweeps {
            sweeps: args.sweeps,
            steps: args.steps,
            config: &config,
            classes: &dataset.classes,
            images: &images,
            features: args.settings.features.as_deref(),
        };
        let sweeps = sweeps.run(&|| bar.inc(1))?;
        bar.finish_and_clear();
        anyhow::Ok(sweeps)
    })?;
    let suggestion = suggest(&sweeps);
    if args.json {
        let refusal = suggestion.as_ref().err().map(ToString::to_string);
        let answer = Answer { suggestion: suggestion.as_ref().ok(), refusal, sweeps: &sweeps };
        println!("{}", serde_json::to_string(&answer)?);
    }
    match suggestion {
        Err(refusal) => bail!("no learning rate can be suggested: {refusal}"),
        Ok(suggestion) => {
            if !args.json {
                println!("{}", text(&suggestion));
            }
            Ok(())
        }
    }
}

fn text(s: &Suggestion) -> String {
    let diverges = s
        .diverges
        .map_or_else(String::new, |lr| format!("; above {lr:.1e} it rises past its initial value"));
    format!(
        "start with a learning rate of about {:.1e} (95 % interval {:.1e} to {:.1e}), where the loss falls fastest\n\
         the loss is lowest at {:.1e}{diverges}\n\
         for comparison, fast.ai's rules on the same curve: valley {:.1e}, minimum/10 {:.1e}\n\
         a range test suggests where to search, it does not compare trainings: `paso settle` does both",
        s.steepest, s.low, s.high, s.lowest, s.valley, s.minimum_over_ten
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_gives_the_interval_and_where_the_loss_diverges_if_it_does() {
        let mut suggestion: Suggestion = serde_json::from_value(serde_json::json!({
            "steepest": 3.24e-4, "low": 2e-4, "high": 5e-4, "lowest": 2.5e-2, "diverges": null,
            "valley": 1e-3, "minimum_over_ten": 2.5e-3,
        }))
        .expect("a suggestion");
        let lines = text(&suggestion);
        assert!(lines.contains("about 3.2e-4 (95 % interval 2.0e-4 to 5.0e-4)"), "{lines}");
        assert!(lines.contains("lowest at 2.5e-2\n"), "{lines}");
        suggestion.diverges = Some(0.5);
        let lines = text(&suggestion);
        assert!(lines.contains("lowest at 2.5e-2; above 5.0e-1 it rises"), "{lines}");
    }
}
