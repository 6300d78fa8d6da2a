//! `paso schedule`: prints, plots and compares learning-rate schedules.
//!
//! [`table`] prints CSV and JSON, [`compare`] finds where two schedules differ, [`plot`] draws.

mod compare;
mod plot;
mod table;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use paso_locate::schedule::{Error, Shape, Spec};
use std::io::{self, BufWriter, StdoutLock};
use std::path::{Path, PathBuf};

/// Print, plot or compare learning-rate schedules
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  paso schedule 'warmup(5%) then cosine(to 1%)' --lr 3e-4 --steps 10000
  paso schedule 'linear' 'cosine' 'exponential(to 1%)' --plot three.svg
  paso schedule --compare 'step(factor 0.1, every 30%)' 'cosine' --steps 1000")]
pub(crate) struct ScheduleArgs {
    /// Schedules: 'cosine(to 1%)', 'warmup(500) then cosine(3e-4 -> 3e-6, 9500)', ...
    #[arg(value_name = "SPEC", required = true)]
    specs: Vec<String>,
    /// Peak learning rate of schedules that do not give one [default: 1, so learning rates are fractions of the peak]
    #[arg(long, visible_alias = "peak", value_name = "LR")]
    lr: Option<f64>,
    /// Number of steps [default: up to the end of the longest schedule, or 1000]
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
    /// Print `step,lr` rows, with one column per schedule
    #[arg(long, conflicts_with_all = ["json", "plot", "compare"])]
    csv: bool,
    /// Print one JSON object: the complete schedules and their learning rates
    #[arg(long, conflicts_with = "plot")]
    json: bool,
    /// Draw the schedules into this new SVG file
    #[arg(long, value_name = "FILE.svg", conflicts_with = "compare")]
    plot: Option<PathBuf>,
    /// Show where two schedules differ
    #[arg(long)]
    compare: bool,
}

/// Largest number of steps: some hundred megabytes of text.
const MAX_STEPS: u64 = 10_000_000;

/// Number of steps where neither the user nor a schedule gives one.
const DEFAULT_STEPS: u64 = 1_000;

/// Runs the command.
pub(crate) fn run(args: &ScheduleArgs) -> Result<()> {
    let (specs, steps) = specs(args)?;
    let printed = if args.compare {
        let [a, b] = &specs[..] else {
            bail!("--compare takes two schedules, not {}", specs.len())
        };
        compare::print(a, b, steps, args.json, &mut stdout())
    } else if args.csv {
        table::csv(&specs, steps, &mut stdout())
    } else if args.json {
        table::json(&specs, steps, &mut stdout())
    } else if let Some(path) = &args.plot {
        write_new(path, &plot::svg(&specs, steps)?)?;
        eprintln!("plot: {}", path.display());
        Ok(())
    } else {
        plot::terminal(&specs, steps, &mut stdout())
    };
    match printed {
        // `paso schedule ... | head` is not a failure.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("writing to standard output"),
    }
}

/// The schedules, bound to their peak and to the number of steps.
fn specs(args: &ScheduleArgs) -> Result<(Vec<Spec>, u64)> {
    let shapes = args.specs.iter().map(|text| parse(text)).collect::<Result<Vec<_>>>()?;
    let steps = args.steps.unwrap_or_else(|| default_steps(&shapes));
    ensure!((1..=MAX_STEPS).contains(&steps), "--steps is {steps}; it must be 1 to {MAX_STEPS}");
    let needs_peak = shapes.iter().any(Shape::needs_peak);
    match args.lr {
        None if needs_peak => eprintln!("no --lr: learning rates are fractions of the peak"),
        Some(lr) if !needs_peak => bail!(
            "--lr {lr} has no effect: '{}' gives all its learning rates",
            args.specs.join("' and '")
        ),
        _ => {}
    }
    let bind = |(shape, text): (&Shape, &String)| {
        shape.bind(args.lr.unwrap_or(1.0), steps).map_err(|error| refused(&error, text))
    };
    Ok((shapes.iter().zip(&args.specs).map(bind).collect::<Result<_>>()?, steps))
}

fn parse(text: &str) -> Result<Shape> {
    text.parse().map_err(|error| refused(&error, text))
}

/// A mistake in a schedule, with a marker below its place in the text.
fn refused(error: &Error, text: &str) -> anyhow::Error {
    anyhow::anyhow!("invalid schedule\n{}", error.pointing_at(text))
}

fn stdout() -> BufWriter<StdoutLock<'static>> {
    BufWriter::new(io::stdout().lock())
}

/// One step past the end of the longest schedule that has an end.
fn default_steps(shapes: &[Shape]) -> u64 {
    let ends = shapes.iter().filter_map(|shape| shape.to_spec().ok()?.end());
    #[expect(clippy::cast_possible_truncation, reason = "a cast from f64 saturates")]
    let end = ends.fold(0.0, f64::max).ceil() as u64;
    if end == 0 { DEFAULT_STEPS } else { end.saturating_add(1).min(MAX_STEPS) }
}

/// Writes a complete file or none, and never over an existing one.
fn write_new(path: &Path, text: &str) -> Result<()> {
    match paso_files::write_new(path, text.as_bytes()) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            bail!("{}: already exists; refusing to overwrite it", path.display())
        }
        written => written.with_context(|| format!("writing {}", path.display())),
    }
}

#[cfg(test)]
mod tests;
