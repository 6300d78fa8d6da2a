//! `paso schedule`: prints, plots and compares schedules before anyone trains.
//!
//! A schedule is a line of text, the same in every command, in `config.toml` and in the libraries.
//! Here it can be looked at before it costs anything: as numbers, as a drawing, or compared with
//! another one. A schedule that leaves its peak open is shown in shares of the peak unless `--lr`
//! gives it.
//!
//! One of five forms is printed: a drawing in the terminal by default, CSV, JSON, a comparison of
//! two schedules, or an SVG file. No network and no images are read. Answers go to stdout and
//! remarks to stderr.
//!
//! A mistake in a schedule ends with exit code 1 and shows the place below the text; it is not
//! found by the parser of the command line, since whether a schedule fits depends on `--steps`. A
//! reader that closes the pipe early is no error. `--lr` for schedules that leave no learning rate
//! open is refused, since it would change nothing.

mod compare;
mod curve;
mod drawing;
mod list;
mod rates;
mod svg;

#[cfg(test)]
mod tests;

use crate::command::Command;
use crate::output_file;
use crate::terminal::{lost, table};
use crate::values::lr;
use anyhow::{Result, bail};
use clap::Args;
use paso_locate::schedule::{Error, Shape};
use std::path::PathBuf;

/// What `paso schedule` takes.
#[derive(Debug, Args)]
pub(crate) struct ScheduleArgs {
    /// Schedules, each one line: 'warmup(500) then cosine(3e-4 -> 3e-6, 9500)', 'cosine(to 1%)', …
    #[arg(value_name = "SPEC", required_unless_present = "list")]
    specs: Vec<String>,
    /// List the curves with their arguments
    #[arg(long, exclusive = true)]
    list: bool,
    /// The peak learning rate of schedules that leave it open; without it learning rates are shares
    /// of the peak
    #[arg(long, visible_alias = "peak", value_name = "RATE", value_parser = lr)]
    lr: Option<f64>,
    /// How many steps; by default up to the end of the schedules, or 1000
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
    /// Print `step,lr` rows, with one column for each of several schedules
    #[arg(long, conflicts_with_all = ["json", "plot", "compare"])]
    csv: bool,
    /// Print one JSON object: the complete schedules and their learning rates
    #[arg(long, conflicts_with = "plot")]
    json: bool,
    /// Draw the schedules into an SVG file that does not exist yet
    #[arg(long, value_name = "FILE.svg", conflicts_with = "compare")]
    plot: Option<PathBuf>,
    /// Say where two schedules differ
    #[arg(long)]
    compare: bool,
}

/// More steps than anybody prints: a text of a few hundred megabytes.
const MOST_STEPS: u64 = 10_000_000;

/// Runs the command.
impl Command for ScheduleArgs {
    const NAME: &'static str = "schedule";
    const ABOUT: &'static str =
        "Print, plot or compare learning-rate schedules before anyone trains";
    const EXAMPLES: &'static [&'static str] = &[
        "paso schedule 'warmup(5%) then cosine(to 1%)' --lr 3e-4 --steps 10000",
        "paso schedule 'linear' 'cosine' 'exponential(to 1%)' --plot three.svg",
        "paso schedule --compare 'step(factor 0.1, every 30%)' 'cosine' --steps 1000",
        "paso schedule --list",
    ];

    fn run(&self) -> Result<()> {
        if self.list {
            list::print();
            return Ok(());
        }
        let shapes = self.specs.iter().map(|text| parse(text)).collect::<Result<Vec<_>>>()?;
        self.plot.as_deref().map_or(Ok(()), output_file::check)?;
        let steps = self.steps.unwrap_or_else(|| default_steps(&shapes));
        if !(1..=MOST_STEPS).contains(&steps) {
            bail!("--steps is {steps}; it must be 1 to {MOST_STEPS}");
        }
        let open = shapes.iter().any(Shape::needs_peak);
        match self.lr {
            None if open => eprintln!("no --lr: learning rates are shares of the peak"),
            Some(lr) if !open => {
                bail!(
                    "--lr {lr} has no effect: every learning rate of {} is given",
                    self.specs.join("' and '")
                )
            }
            _ => {}
        }
        let specs = shapes
            .iter()
            .zip(&self.specs)
            .map(|(shape, text)| {
                shape.bind(self.lr.unwrap_or(1.0), steps).map_err(|error| refused(&error, text))
            })
            .collect::<Result<Vec<_>>>()?;
        if let Some(path) = &self.plot {
            output_file::write_new(path, svg::svg(&specs, steps)?.as_bytes())?;
            eprintln!("wrote {}", path.display());
            return Ok(());
        }
        let printed = if self.compare {
            let [a, b] = &specs[..] else {
                bail!("--compare takes two schedules, {} are given", specs.len())
            };
            compare::compare(a, b, steps, self.json, &mut table())
        } else if self.csv {
            rates::csv(&specs, steps, &mut table())
        } else if self.json {
            rates::json(&specs, steps, &mut table())
        } else {
            drawing::drawing(&specs, steps, &mut table())
        };
        printed.unwrap_or_else(lost);
        Ok(())
    }
}

/// A schedule.
///
/// # Errors
/// What is wrong with it, and the place below its text.
pub(super) fn parse(text: &str) -> Result<Shape> {
    text.parse().map_err(|error| refused(&error, text))
}

/// A mistake in a schedule, with the place below its text.
fn refused(error: &Error, text: &str) -> anyhow::Error {
    anyhow::anyhow!("this schedule cannot be used\n{}", error.pointing_at(text))
}

/// Up to the last end of the schedules that have one.
///
/// One step more than the end, so that the last learning rate is shown. 1,000 where no schedule has
/// an end, or where each leaves its peak or its length to the run.
fn default_steps(shapes: &[Shape]) -> u64 {
    let ends = shapes.iter().filter_map(|shape| shape.to_spec().ok()?.end());
    #[expect(clippy::cast_possible_truncation, reason = "a cast from f64 saturates")]
    let end = ends.fold(0.0, f64::max).ceil() as u64;
    if end == 0 { 1_000 } else { end.saturating_add(1).min(MOST_STEPS) }
}
