//! `cargo xtask perf run`: how fast is it, here and now.
//!
//! The table has a line per benchmark: median, least and most of its runs in the unit that `figure`
//! names, and the share of what bounds it.
//!
//! The share is `figure / limit`, both measured within seconds of each other, so that a clock
//! frequency that changes moves both. For an optimizer step the limit is the memory traffic of a
//! loop over the same arrays, for a net or a convolution the multiply-adds of the cores that it
//! uses. It is the median over the runs of the ratios, not a ratio of medians.
//!
//! A share above 1 is possible: the limit is a run of its own, which has noise, and the loop over
//! the arrays is not the fastest that can be written.
//!
//! These figures answer how fast, not whether something changed: two tables of two builds differ by
//! the noise between their minutes. That is what the gate is for.

use super::builds;
use super::options::Wanted;
use super::program::Program;
use super::suite::{BYTES, Benchmark, FMA, Limit, PROGRAM};
use crate::root;
use anyhow::{Context, Result};
use cargo_paso_gate::measure::summary;
use cargo_paso_gate::segments::median;
use clap::Args;
use std::path::PathBuf;

/// What `cargo xtask perf run` measures.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Only the quick suite.
    #[arg(long)]
    pub(crate) quick: bool,
    #[command(flatten)]
    pub(crate) wanted: Wanted,
    /// Runs of each benchmark.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) runs: u16,
    /// Measure this program instead of building it.
    #[arg(long, value_name = "PATH")]
    pub(crate) binary: Option<PathBuf>,
}

impl RunArgs {
    pub(crate) fn suite(&self) -> Result<Vec<&'static Benchmark>> {
        if self.quick { self.wanted.quick() } else { self.wanted.full() }
    }

    /// Whether nothing is left out.
    pub(crate) fn all(&self) -> bool {
        self.wanted.all() && !self.quick
    }

    /// The program that was named, or that of the files as they are.
    pub(crate) fn program(&self) -> Result<Program> {
        let built = match &self.binary {
            Some(path) => path.clone(),
            None => builds::build(&target())?,
        };
        Program::new(&built).with_context(|| format!("no {PROGRAM}"))
    }
}

/// Where this workspace is built.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A benchmark's figures, sorted, and those of what bounds it.
pub(crate) struct Measured {
    pub(crate) benchmark: &'static Benchmark,
    /// Sorted, once all were run.
    pub(crate) figures: Vec<f64>,
    /// Of what bounds it, one per run, where a limit is known; empty otherwise. Sorted with the
    /// figures.
    shares: Vec<f64>,
}

impl Measured {
    fn new(benchmark: &'static Benchmark) -> Self {
        Self { benchmark, figures: Vec::new(), shares: Vec::new() }
    }

    /// One more run. What bounds it is measured right after it, where an `older` program knows how.
    ///
    /// # Errors
    /// When the benchmark cannot be run, or its limit cannot; with `older` only the first is an
    /// error.
    fn run(&mut self, program: &Program, older: bool) -> Result<()> {
        let Benchmark { arguments, key, limit, .. } = *self.benchmark;
        let (work, most) = match limit {
            Limit::None => (key, None),
            Limit::Stream => (BYTES, Some((format!("{arguments} --stream"), BYTES, 1))),
            Limit::Fma(work, threads) => (work, Some((FMA.0.to_owned(), FMA.1, threads))),
        };
        let [figure, work] = program.figures(arguments, [key, work])?;
        self.figures.push(figure);
        if let Some((arguments, key, cores)) = most {
            match program.figures(&arguments, [key]) {
                Ok([most]) => self.shares.push(work / most / f64::from(cores)),
                Err(_) if older => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn sort(&mut self) {
        self.figures.sort_by(f64::total_cmp);
        self.shares.sort_by(f64::total_cmp);
    }

    /// The median share of what bounds it; nothing where nothing does or it could not be measured.
    pub(crate) fn share(&self) -> Option<f64> {
        (!self.shares.is_empty()).then(|| median(&self.shares))
    }
}

/// Prints a table.
pub(crate) fn run(args: &RunArgs) -> Result<()> {
    let (suite, program) = (args.suite()?, args.program()?);
    measure(&[program], &suite, args.runs, false)?.iter().for_each(|measured| print(measured));
    Ok(())
}

/// Runs the suite from front to back, again and again, so that a noisy minute spoils one run of
/// each benchmark and not all runs of one. Several programs alternate at each benchmark. One that
/// is `older` than the suite need not know all of it.
///
/// The result has an entry per program, in their order, with the benchmarks in the order of the
/// suite. With `older`, a benchmark that fails in the first run is left out with a message.
///
/// # Errors
/// When a benchmark fails: in any run, or with `older` in any but the first.
pub(crate) fn measure(
    programs: &[Program],
    suite: &[&'static Benchmark],
    runs: u16,
    older: bool,
) -> Result<Vec<Vec<Measured>>> {
    let fresh = || suite.iter().map(|benchmark| Measured::new(benchmark)).collect();
    let mut all: Vec<Vec<Measured>> = programs.iter().map(|_| fresh()).collect();
    for run in 1..=runs {
        eprintln!("perf: run {run} of {runs}");
        for i in 0..suite.len() {
            for (program, measured) in programs.iter().zip(&mut all) {
                let measured = &mut measured[i];
                if run > 1 && measured.figures.is_empty() {
                    continue;
                }
                match measured.run(program, older) {
                    Err(e) if older && run == 1 => {
                        eprintln!("perf: {} is skipped: {e:#}", measured.benchmark.name);
                    }
                    outcome => outcome?,
                }
            }
        }
    }
    for measured in &mut all {
        measured.retain(|it| !it.figures.is_empty());
        measured.iter_mut().for_each(Measured::sort);
    }
    Ok(all)
}

/// The table on stdout.
pub(crate) fn print(all: &[Measured]) {
    let lines = all.iter().map(|measured| {
        let Benchmark { name, key, .. } = measured.benchmark;
        let [median, least, most] = summary(&measured.figures);
        let limit = match measured.benchmark.limit {
            Limit::None => "",
            Limit::Stream => " of a loop without arithmetic",
            Limit::Fma(..) => " of the multiply-adds",
        };
        let share = measured.share().map_or(String::new(), |share| format!("  {share:.2}{limit}"));
        format!("{name:<20} {median:>10.4} {least:>10.4} {most:>10.4}  {key:<12}{share}")
    });
    #[expect(clippy::print_stdout, reason = "the command's output")]
    {
        println!(
            "{:<20} {:>10} {:>10} {:>10}  {:<12}  share",
            "benchmark", "median", "least", "most", "figure"
        );
        lines.for_each(|line| println!("{line}"));
    }
}
