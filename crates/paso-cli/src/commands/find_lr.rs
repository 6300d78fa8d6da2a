//! `paso find-lr`: a range test, with an interval or a refusal.
//!
//! The suggestion is a peak learning rate for `paso train` with its own schedule, a warm-up and then
//! a decay, with a 95 % interval over the pooled sweeps. Where no fall is distinguishable from
//! noise, the command refuses: a number would be taken for a measurement.
//!
//! It trains short runs on the train images and keeps nothing. With `--json` stdout has one object:
//! the suggestion or the refusal, and every sweep with its losses. It is printed also if the
//! command refuses. A refusal ends with exit code 1, so that a script does not continue without a
//! learning rate.
//!
//! The suggestion depends on the network, the batch size and the augmentation of the settings. It
//! is right to a factor of about two and not an optimum. Where the loss falls fastest and the two
//! rules of fast.ai are printed for comparison only.

use crate::command::Command;
use crate::settings::SettingsArgs;
use crate::source::SourceArgs;
use crate::sweep::{FROM, STEPS, SWEEPS, TO, sweeps};
use crate::values::number;
use crate::{command_line, progress, threads};
use anyhow::{Result, bail, ensure};
use clap::Args;
use paso_locate::BBox;
use paso_locate::data::Split;
use paso_study::range_test::{RangeTest, Refusal, Suggestion, Sweep, suggest};
use serde::Serialize;
use std::sync::Arc;

/// A range test: a short run with a rising learning rate.
#[derive(Debug, Args)]
#[command(next_help_heading = "The range test")]
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
    /// Learning rate that a sweep begins with
    #[arg(long, value_name = "RATE", default_value_t = FROM, value_parser = number)]
    from: f64,
    /// Learning rate that a sweep ends with, unless it diverges before
    #[arg(long, value_name = "RATE", default_value_t = TO, value_parser = number)]
    to: f64,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = crate::values::threads)]
    threads: Option<usize>,
    /// Print the settings of the sweeps as TOML and stop
    #[arg(long)]
    print_config: bool,
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
        "Find a peak learning rate to train with, or say that the data cannot tell";
    const EXAMPLES: &'static [&'static str] =
        &["paso find-lr --data demo", "paso find-lr --data photos --net tiny --sweeps 5 --json"];

    fn run(&self) -> Result<()> {
        let &Self { from, to, steps, .. } = self;
        ensure!(
            from > 0.0 && from < to && to.is_finite(),
            "--from is {from} and --to {to}; the first must be above 0, and the second larger and finite"
        );
        let test = RangeTest { from, to, steps: usize::try_from(steps)? };
        self.source.check()?;
        let settings = |boxes: &[BBox]| {
            self.settings.merged(self.settings.of_training(&self.source.data, boxes))
        };
        if !self.print_config {
            self.settings.check(&settings(&[])?)?;
        }
        let pool = threads::pool(threads::count(self.threads)?)?;
        let dataset = pool.install(|| self.source.open(None))?;
        // A learning rate for `paso train`, so under its settings.
        let config = settings(&dataset.boxes(Split::Train))?;
        if self.print_config {
            print!("{}", toml::to_string(&config)?);
            return Ok(());
        }
        config.check()?;
        pool.install(|| {
            let images = Arc::new(self.source.prepare(&dataset, Split::Train, config.size)?);
            let bar = progress::bar(self.sweeps * self.steps, "find-lr");
            let (features, advance) = (self.settings.features.as_deref(), || bar.inc(1));
            let classes = &dataset.classes;
            let sweeps = sweeps(self.sweeps, test, &config, classes, &images, features, &advance)?;
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
        Err(refusal) => {
            bail!("no learning rate can be suggested: {refusal} ({})", flags(args, &refusal))
        }
        Ok(_) if args.json => {}
        Ok(found) => print(args, &found),
    }
    Ok(())
}

/// What changes the sweeps as a refusal asks.
fn flags(args: &FindLrArgs, refusal: &Refusal) -> String {
    let FindLrArgs { sweeps, steps, from, to, .. } = args;
    match refusal {
        Refusal::Open { .. } | Refusal::AtEdge { way: "up", .. } => {
            format!("--to {:e}", 100.0 * to)
        }
        Refusal::AtEdge { .. } => format!("--from {:e}", from / 100.0),
        Refusal::TooFew { .. } => format!("--from {:e} or --steps {}", from / 100.0, 2 * steps),
        _ => format!("--steps {} or --sweeps {}", 2 * steps, 2 * sweeps),
    }
}

fn print(args: &FindLrArgs, s: &Suggestion) {
    println!(
        "peak learning rate: {:.0e} (95 % interval {:.1e} to {:.1e}), for the schedule of `paso train`, a warm-up and then a cosine",
        s.peak_lr, s.peak_low, s.peak_high
    );
    println!(
        "the loss falls fastest at {:.1e} ({:.1e} to {:.1e}) and is lowest at {:.1e}{}",
        s.steepest,
        s.low,
        s.high,
        s.lowest,
        s.diverges.map_or_else(
            || "; it never rises past where it began, so that the rate may be too low: go on to a larger --to"
                .into(),
            |d| format!("; above {d:.1e} it rises past where it began")
        )
    );
    println!(
        "for comparison, fast.ai's rules on the same curve: valley {:.1e}, minimum/10 {:.1e}",
        s.valley, s.minimum_over_ten
    );
    let mut words = vec!["paso".to_owned(), "train".into()];
    words.extend(args.source.flags());
    words.extend(args.settings.flags());
    words.extend(["--lr".into(), format!("{:.0e}", s.peak_lr)]);
    eprintln!("next:\n  {}", command_line::line(&words));
    eprintln!(
        "a range test is right to a factor of about two; `paso settle` trains at several learning rates"
    );
}
