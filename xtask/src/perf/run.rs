//! `cargo xtask perf run` and `record`: how fast is it, here and now.

use super::builds;
use super::machine;
use super::options::Wanted;
use super::program::Program;
use super::quality;
use super::records::{self, Better, Line};
use super::suite::{Benchmark, PROGRAM, SHIPPED};
use crate::root;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What `cargo xtask perf run` measures.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Only the quick suite.
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    wanted: Wanted,
    /// Runs of each benchmark.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// Measure this program instead of building it.
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
}

/// What `cargo xtask perf record` writes.
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    #[command(flatten)]
    run: RunArgs,
    /// The folder of the records, instead of one named after the CPU.
    #[arg(long, value_name = "NAME")]
    machine: Option<String>,
    /// Record files that are not committed; the revision gets `-dirty`.
    #[arg(long)]
    allow_dirty: bool,
    /// Also build the program from nothing, and record how long that takes.
    #[arg(long)]
    compile: bool,
}

/// A benchmark's figures, sorted.
struct Measured {
    benchmark: &'static Benchmark,
    figures: Vec<f64>,
}

impl Measured {
    fn median(&self) -> f64 {
        let (n, figures) = (self.figures.len(), &self.figures);
        f64::midpoint(figures[(n - 1) / 2], figures[n / 2])
    }

    fn least(&self) -> f64 {
        self.figures[0]
    }

    fn most(&self) -> f64 {
        self.figures[self.figures.len() - 1]
    }
}

/// Prints a table.
pub(crate) fn run(args: &RunArgs) -> Result<()> {
    let (_, measured) = measure(args)?;
    print(&measured);
    Ok(())
}

/// Prints a table and writes it as a record.
pub(crate) fn record(args: &RecordArgs) -> Result<()> {
    let dirty = !builds::git(root(), ["status", "--porcelain"])?.is_empty();
    if dirty && !args.allow_dirty {
        bail!("these files are not those of a commit: commit them, or use --allow-dirty");
    }
    let (program, measured) = measure(&args.run)?;
    print(&measured);
    let format = ["--date=format-local:%Y-%m-%dT%H:%M:%SZ", "--format=%cd"];
    let date = builds::run(
        std::process::Command::new("git")
            .args(["show", "--no-patch"])
            .args(format)
            .env("TZ", "UTC")
            .current_dir(root()),
    )?;
    let revision = builds::short("HEAD")? + if dirty { "-dirty" } else { "" };
    let machine = args.machine.clone().unwrap_or_else(machine::slug);
    let day = date.split('T').next().unwrap_or(&date);
    let path = records::folder(&machine).join(format!("{day}-{revision}.csv"));
    let (compiler, level) = (machine::compiler(), program.level());
    let line =
        |benchmark: String, figure: &str, better, [median, least, most]: [f64; 3], runs| Line {
            machine: machine.clone(),
            compiler: compiler.clone(),
            level: level.clone(),
            revision: revision.clone(),
            date: date.clone(),
            benchmark,
            figure: figure.into(),
            better,
            median,
            least,
            most,
            runs,
        };
    let mut lines: Vec<Line> = measured
        .iter()
        .map(|it| {
            let Benchmark { name, key, better, .. } = *it.benchmark;
            line(name.into(), key, better, [it.median(), it.least(), it.most()], it.figures.len())
        })
        .collect();
    // What one run tells exactly.
    let once = |name: String, figure: &str, better, x: f64| line(name, figure, better, [x; 3], 1);
    if args.run.wanted.quality() {
        lines.extend(quality::lines(&program, once)?);
    }
    for (name, figure, value) in built(args)? {
        lines.push(once(name.into(), figure, Better::Lower, value));
    }
    records::write(&path, &lines)?;
    eprintln!("perf: wrote {}", path.strip_prefix(root()).unwrap_or(&path).display());
    Ok(())
}

/// The size of what people install, and where that is asked for, the seconds of its build from nothing.
fn built(args: &RecordArgs) -> Result<Vec<(&'static str, &'static str, f64)>> {
    let mut all = Vec::new();
    if args.run.binary.is_none() && args.run.wanted.all() {
        let size = std::fs::metadata(builds::build_one(root(), &target(), SHIPPED)?)?.len();
        all.push(("binary-size", "bytes", size as f64));
    }
    if args.compile {
        let (folder, start) = (tempfile::tempdir()?, Instant::now());
        builds::build_one(root(), folder.path(), SHIPPED)?;
        all.push(("compile", "seconds", start.elapsed().as_secs_f64()));
    }
    for (name, figure, value) in &all {
        eprintln!("perf: {name}: {value} {figure}");
    }
    Ok(all)
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Runs the suite from front to back, again and again, so that a noisy minute spoils one run of each benchmark and not all
/// runs of one.
fn measure(args: &RunArgs) -> Result<(Program, Vec<Measured>)> {
    let suite = if args.quick { args.wanted.quick()? } else { args.wanted.full()? };
    let built = match &args.binary {
        Some(path) => path.clone(),
        None => builds::build(root(), &target())?,
    };
    let program = Program::new(Path::new(&built)).with_context(|| format!("no {PROGRAM}"))?;
    let mut all: Vec<Measured> =
        suite.into_iter().map(|benchmark| Measured { benchmark, figures: Vec::new() }).collect();
    for run in 1..=args.runs {
        eprintln!("perf: run {run} of {}", args.runs);
        for measured in &mut all {
            measured.figures.push(program.run(measured.benchmark)?);
        }
    }
    all.iter_mut().for_each(|measured| measured.figures.sort_by(f64::total_cmp));
    Ok((program, all))
}

fn print(all: &[Measured]) {
    let lines = all.iter().map(|measured| {
        let Benchmark { name, key, .. } = measured.benchmark;
        let (median, least, most) = (measured.median(), measured.least(), measured.most());
        format!("{name:<20} {median:>10.4} {least:>10.4} {most:>10.4}  {key}")
    });
    #[expect(clippy::print_stdout, reason = "the command's output")]
    {
        println!("{:<20} {:>10} {:>10} {:>10}  figure", "benchmark", "median", "least", "most");
        lines.for_each(|line| println!("{line}"));
    }
}
