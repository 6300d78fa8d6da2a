//! `cargo xtask perf record`: the suite's figures as a file, named by commit and machine.
//!
//! A record is filed under the commit, so files that are not committed are refused: the figures
//! could not be reproduced. `--allow-dirty` marks the revision with `-dirty` instead.
//!
//! A record of everything has more than the suite: every convolution of every net, the figures of
//! `quality` for each seed, the size of the program that people install, and with `--compile` the
//! seconds of its build in an empty target folder. With `--quick` or `--only` the convolutions are
//! left out.
//!
//! `--revision` measures older commits later, for instance all commits of a week in one night on an
//! idle machine. Several of them run alternately, benchmark by benchmark. What an older program
//! cannot do is skipped with a message.
//!
//! Traps: a second record of the same commit on the same machine replaces the first. The compiler
//! in the record is the one that is installed now, also for a program that `--binary` names.
//! Programs of `--revision` are built as the gate builds them, with aligned functions, and those of
//! the current files are not; compare records of one kind.

use super::program::Program;
use super::run::{self, Measured, RunArgs};
use super::suite::{Benchmark, SHIPPED};
use super::{builds, quality, records_folder, shapes};
use crate::root;
use anyhow::{Result, bail};
use cargo_paso_gate::measure::summary;
use cargo_paso_gate::records::{self, Better, Line};
use cargo_paso_gate::segments::median;
use cargo_paso_gate::{git, machine};
use clap::Args;
use std::time::Instant;

/// What `cargo xtask perf record` writes.
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    #[command(flatten)]
    run: RunArgs,
    /// Record this revision instead of the files as they are; given several times, they run
    /// alternately, so that a drift of the machine is no difference between them.
    #[arg(long = "revision", value_name = "REV", conflicts_with_all = ["binary", "allow_dirty", "compile"])]
    revisions: Vec<String>,
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

/// Measures, prints tables and writes records.
///
/// # Errors
/// When files are not committed, or something does not build or run.
pub(crate) fn record(args: &RecordArgs) -> Result<()> {
    let older = !args.revisions.is_empty();
    let dirty = !older && !git::is_clean(root())?;
    if dirty && !args.allow_dirty {
        bail!("these files are not those of a commit: commit them, or use --allow-dirty");
    }
    let (_folder, programs) = if older {
        let (folder, programs) = builds::of_revisions(&args.revisions)?;
        (Some(folder), programs)
    } else {
        (None, vec![args.run.program()?])
    };
    let measured = run::measure(&programs, &args.run.suite()?, args.run.runs, older)?;
    let head = ["HEAD".to_owned()];
    let revisions = if older { &args.revisions[..] } else { &head };
    for ((revision, program), measured) in revisions.iter().zip(&programs).zip(&measured) {
        run::print(measured);
        let commit = Commit::new(revision, if dirty { "-dirty" } else { "" })?;
        write(args, &commit, program, measured)?;
    }
    Ok(())
}

/// What a record is filed under.
struct Commit {
    /// The short name, with `-dirty` where the files differ from it.
    revision: String,
    /// When it was committed, in UTC, as `2026-01-31T12:00:00Z`.
    date: String,
}

impl Commit {
    fn new(revision: &str, suffix: &str) -> Result<Self> {
        Ok(Self {
            revision: git::short(root(), revision)? + suffix,
            date: git::date(root(), revision)?,
        })
    }
}

/// Measures what the suite does not have, and writes the file of one program.
fn write(
    args: &RecordArgs,
    commit: &Commit,
    program: &Program,
    measured: &[Measured],
) -> Result<()> {
    let machine = args.machine.clone().unwrap_or_else(machine::slug);
    let day = commit.date.split('T').next().unwrap_or(&commit.date);
    let path = records_folder(&machine).join(format!("{day}-{}.csv", commit.revision));
    let (compiler, level) = (machine::compiler(), program.level());
    let line = |benchmark: String, figure: &str, better, sorted: &[f64], share| {
        let [median, least, most] = summary(sorted);
        Line {
            machine: machine.clone(),
            compiler: compiler.clone(),
            level: level.clone(),
            revision: commit.revision.clone(),
            date: commit.date.clone(),
            benchmark,
            figure: figure.into(),
            better,
            median,
            least,
            most,
            share,
            runs: sorted.len(),
        }
    };
    let of_suite = |it: &Measured| {
        let Benchmark { name, key, better, .. } = *it.benchmark;
        line(name.into(), key, better, &it.figures, it.share())
    };
    let mut lines: Vec<Line> = measured.iter().map(of_suite).collect();
    // What one run tells exactly.
    let once = |name: String, figure: &str, better, x: f64| line(name, figure, better, &[x], None);
    if args.run.all() {
        eprintln!("perf: every convolution");
        let shapes = known(args, shapes::measure(program, args.run.runs))?;
        lines.extend(shapes.into_iter().map(|shape| {
            let share = Some(median(&shape.shares));
            line(shape.name, shape.key, Better::Higher, &shape.gflops, share)
        }));
    }
    if args.run.wanted.quality() {
        lines.extend(known(args, quality::lines(program, once))?);
    }
    for (name, figure, value) in built(args)? {
        lines.push(once(name.into(), figure, Better::Lower, value));
    }
    records::write(&path, &lines)?;
    eprintln!("perf: wrote {}", path.strip_prefix(root()).unwrap_or(&path).display());
    Ok(())
}

/// Nothing, with its reason, where an older revision cannot do what is asked.
fn known<T>(args: &RecordArgs, found: Result<Vec<T>>) -> Result<Vec<T>> {
    match found {
        Err(e) if !args.revisions.is_empty() => {
            eprintln!("perf: skipped: {e:#}");
            Ok(Vec::new())
        }
        found => found,
    }
}

/// The size of what people install, and where that is asked for, the seconds of its build from
/// nothing.
fn built(args: &RecordArgs) -> Result<Vec<(&'static str, &'static str, f64)>> {
    let mut all = Vec::new();
    if args.run.binary.is_none() && args.revisions.is_empty() && args.run.wanted.all() {
        let size = std::fs::metadata(builds::build_one(&run::target(), SHIPPED)?)?.len();
        all.push(("binary-size", "bytes", size as f64));
    }
    if args.compile {
        let (folder, start) = (tempfile::tempdir()?, Instant::now());
        builds::build_one(folder.path(), SHIPPED)?;
        all.push(("compile", "seconds", start.elapsed().as_secs_f64()));
    }
    for (name, figure, value) in &all {
        eprintln!("perf: {name}: {value} {figure}");
    }
    Ok(all)
}
