//! `cargo xtask perf gate`: did these changes make anything slower?
//!
//! Every benchmark has a first round. What is slower in it has a second one, after all others have
//! had their first: a neighbor that was noisy for a minute is gone by then. Only what is slower in
//! both stops the gate.
//!
//! What decides is in `stats.rs` (the test) and `rounds.rs` (the order of the runs). This file
//! shares the time between benchmarks, runs the second rounds, and turns the result into an exit
//! status.
//!
//! Time: first rounds may take seven tenths of what is left after the builds; each has an equal
//! share of what is left when it starts, so that a round which is clear early leaves its time to
//! later ones. Second rounds share all of the rest. The training of `quality` comes after all
//! rounds and is not bounded by the budget.
//!
//! Exit status: a failure where a benchmark is slower in both rounds, where the candidate cannot
//! run a benchmark that the base can, or where a training figure is worse in both rounds. `unsure`
//! passes: a gate that fails on a busy machine is one that people learn to ignore. What the base
//! cannot run is new, and is skipped.
//!
//! Where both builds are the same bytes nothing runs at all. That is the usual case for a change of
//! documentation or tests.
//!
//! Traps: both programs run with the threads and the frequency of this machine, so a slowdown on
//! another CPU is not seen; and a benchmark that is not in the quick suite runs only where `--only`
//! names it.

use super::builds::Programs;
use super::options::{self, Wanted};
use super::program::Program;
use super::quality::{self, Found};
use super::rounds::{self, Arm};
use super::stats::{Comparison, SlowdownTest, Verdict};
use super::suite::{self, Benchmark};
use super::verdicts::{self, Outcome, Row};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What `cargo xtask perf gate` compares, and how long it may take.
#[derive(Debug, Args)]
pub(crate) struct GateArgs {
    /// The revision to compare with, or rather the commit where HEAD left it.
    #[arg(long, default_value = "main")]
    base: String,
    /// Slowdowns up to this are let through.
    #[arg(long, default_value = options::MARGIN, value_parser = options::percentage)]
    margin: f64,
    /// Print the result as JSON on the standard output.
    #[arg(long)]
    json: bool,
    /// Write the result as Markdown, for a pull request.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Time for everything, builds included; what was not clear by then is unsure.
    #[arg(long, default_value = "10m", value_parser = humantime::parse_duration)]
    budget: Duration,
    #[command(flatten)]
    wanted: Wanted,
    /// Compare with this program instead of building the base.
    #[arg(long, value_name = "PATH")]
    base_binary: Option<PathBuf>,
    /// Test this program instead of building the files as they are.
    #[arg(long, value_name = "PATH", alias = "candidate")]
    candidate_binary: Option<PathBuf>,
}

/// The share of the time that first rounds may take.
const FIRST_ROUNDS: f64 = 0.7;

/// Prints what became slower or faster.
///
/// # Errors
/// When something is slower, fails, or could not be built.
pub(crate) fn run(args: &GateArgs) -> Result<()> {
    let start = Instant::now();
    let suite = args.wanted.quick()?;
    let programs =
        Programs::new(&args.base, args.base_binary.as_deref(), args.candidate_binary.as_deref())?;
    let rows = if programs.identical()? {
        eprintln!("perf: both builds are the same, byte for byte: nothing to measure");
        suite.iter().map(|benchmark| Row::new(benchmark, Outcome::Identical)).collect()
    } else {
        compare(&suite, &programs, &rounds::slowdown_test(args.margin), start + args.budget)
    };
    let quality = if args.wanted.quality() && !programs.identical()? {
        learned(&programs, args.margin)?
    } else {
        Vec::new()
    };
    let [base, candidate] = &programs.names;
    let summary =
        verdicts::Summary { base, candidate, margin: args.margin, rows: &rows, quality: &quality };
    eprint!("{}", summary.text());
    if args.json {
        #[expect(clippy::print_stdout, reason = "asked for")]
        {
            println!("{}", serde_json::to_string_pretty(&summary)?);
        }
    }
    if let Some(path) = &args.markdown {
        std::fs::write(path, summary.markdown()).with_context(|| path.display().to_string())?;
    }
    let slower = rows.iter().filter(|row| row.stops()).map(Row::sentence);
    let worse = quality.iter().filter(|found| found.stops()).map(Found::sentence);
    let stops: Vec<String> = slower.chain(worse).collect();
    if !stops.is_empty() {
        bail!("perf gate: {}", stops.join("; "));
    }
    Ok(())
}

/// What both learn; nothing where the base does not know how.
///
/// # Errors
/// When the candidate cannot run it, or the base fails at a later seed.
fn learned(programs: &Programs, margin: f64) -> Result<Vec<Found>> {
    let first = quality::SEEDS.start;
    if let Err(e) = programs.base.json(&format!("{} {first}", suite::QUALITY)) {
        eprintln!("perf: quality is skipped: the base cannot run it: {e:#}");
        return Ok(Vec::new());
    }
    eprintln!("perf: quality: both train on the same seeds");
    quality::compare(&programs.base, &programs.candidate, margin)
}

/// First rounds, then second ones of what was slower.
fn compare(
    suite: &[&'static Benchmark],
    programs: &Programs,
    test: &SlowdownTest,
    deadline: Instant,
) -> Vec<Row> {
    let first_deadline = Instant::now() + until(deadline).mul_f64(FIRST_ROUNDS);
    let mut rows = Vec::new();
    for (i, benchmark) in suite.iter().enumerate() {
        let end = share(first_deadline, suite.len() - i);
        let row = Row::new(benchmark, first(benchmark, programs, test, end));
        eprintln!("perf: {}", row.sentence());
        rows.push(row);
    }
    let mut left = rows.iter().filter(|row| row.is_suspect()).count();
    for row in rows.iter_mut().filter(|row| row.is_suspect()) {
        let end = share(deadline, left);
        left -= 1;
        row.confirm(round(row.benchmark, programs, test, end));
        eprintln!("perf: second round: {}", row.sentence());
    }
    rows
}

/// Skipped where the base or the control fails, failed where the candidate does or the round breaks
/// off.
fn first(benchmark: &Benchmark, programs: &Programs, test: &SlowdownTest, end: Instant) -> Outcome {
    // One run of each that does not count: it warms the page cache, and finds out whether the base
    // knows the benchmark.
    if let Err(e) = programs.base.run(benchmark).and(programs.control.run(benchmark)) {
        return Outcome::Skipped(format!("the base cannot run it: {e:#}"));
    }
    match programs.candidate.run(benchmark).and_then(|_| round(benchmark, programs, test, end)) {
        Ok(comparison) => Outcome::Compared { first: comparison, second: None },
        Err(e) => Outcome::Failed(format!("{e:#}")),
    }
}

/// One round of one benchmark, up to `end`. Rates become times by their logarithm's sign.
fn round(
    benchmark: &Benchmark,
    programs: &Programs,
    test: &SlowdownTest,
    end: Instant,
) -> Result<Comparison> {
    let program = |arm| -> &Program {
        match arm {
            Arm::Base => &programs.base,
            Arm::Control => &programs.control,
            Arm::Candidate => &programs.candidate,
        }
    };
    let time = |arm| Ok(benchmark.better.log_time(program(arm).run(benchmark)?));
    rounds::round(test, || Instant::now() >= end, time)
}

/// The time up to the deadline; zero after it.
fn until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// When the next of `left` rounds must end. One that ends early leaves its time to those after it.
fn share(deadline: Instant, left: usize) -> Instant {
    Instant::now() + until(deadline).div_f64(left as f64)
}

impl Row {
    /// Slower in its first round, and has not had a second.
    fn is_suspect(&self) -> bool {
        matches!(&self.outcome, Outcome::Compared { first, second: None } if first.verdict == Verdict::Slower)
    }

    /// Adds the second round.
    ///
    /// A second round that breaks off makes the benchmark `failed`, whatever the first one said.
    fn confirm(&mut self, result: Result<Comparison>) {
        match (&mut self.outcome, result) {
            (Outcome::Compared { second, .. }, Ok(comparison)) => *second = Some(comparison),
            (outcome, Err(e)) => *outcome = Outcome::Failed(format!("{e:#}")),
            _ => {}
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use clap::Parser;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        gate: GateArgs,
    }

    /// A program that knows the optimizer only, and takes this time.
    fn fake(folder: &Path, name: &str, time: &str) -> String {
        let path = folder.join(name);
        let script = format!(
            "#!/bin/sh\n\
             case $1 in adam) echo '{{\"ns_param\": {time}}}';; *) echo \"no $1\" >&2; exit 2;; esac\n"
        );
        std::fs::write(&path, script).expect("a temporary file");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("its mode");
        path.display().to_string()
    }

    /// The gate's answer on two fakes, and its Markdown.
    fn gate(base: &str, candidate: &str, only: &str) -> (Result<()>, String) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [base, candidate] = [("base", base), ("candidate", candidate)]
            .map(|(name, time)| fake(folder.path(), name, time));
        let markdown = folder.path().join("gate.md").display().to_string();
        let arguments = ["gate", "--base-binary", &base, "--candidate-binary", &candidate];
        let options = ["--only", only, "--markdown", &markdown];
        let args = Cli::parse_from(arguments.iter().chain(&options));
        let outcome = run(&args.gate);
        (outcome, std::fs::read_to_string(markdown).expect("the Markdown"))
    }

    #[test]
    fn a_slowdown_stops_the_gate_by_name() {
        let (outcome, markdown) = gate("100.0", "105.0", "adam-1e4");
        let message = format!("{:#}", outcome.expect_err("5 % slower"));
        assert!(message.contains("adam-1e4") && message.contains("+5.0 %"), "{message}");
        assert!(markdown.contains("| adam-1e4 | **slower** | +5.0 %"), "{markdown}");
    }

    #[test]
    fn no_slowdown_passes() {
        let (outcome, markdown) = gate("100.0", "100.5", "adam-1e4");
        assert!(
            outcome.is_ok() && markdown.contains("| adam-1e4 | same |"),
            "{outcome:?} {markdown}"
        );
        let (outcome, markdown) = gate("100.0", "90.0", "adam-1e4");
        assert!(
            outcome.is_ok() && markdown.contains("| adam-1e4 | faster |"),
            "{outcome:?} {markdown}"
        );
        let (outcome, markdown) = gate("100.0", "100.0", "adam-1e4");
        assert!(outcome.is_ok() && markdown.contains("byte for byte"), "{outcome:?} {markdown}");
    }

    #[test]
    fn what_the_base_cannot_run_is_skipped() {
        let (outcome, markdown) = gate("100.0", "90.0", "infer-S");
        assert!(
            outcome.is_ok() && markdown.contains("| infer-S | skipped |"),
            "{outcome:?} {markdown}"
        );
        assert!(markdown.contains("no train"), "the program's message: {markdown}");
    }

    #[test]
    fn a_wrong_name_is_no_empty_success() {
        let cli = Cli::parse_from(["gate", "--only", "adm"]);
        let message = format!("{:#}", run(&cli.gate).expect_err("there is no such benchmark"));
        assert!(message.contains("adm") && message.contains("adam-1e4"), "{message}");
    }

    #[test]
    fn planted_slowdowns_still_apply() {
        let folder = crate::root().join("xtask/fixtures");
        let mut count = 0;
        for entry in std::fs::read_dir(folder).expect("the folder of fixtures") {
            let path = entry.expect("an entry").path();
            let check = ["apply", "--check"].map(std::ffi::OsStr::new);
            let outcome = crate::perf::builds::git(
                crate::root(),
                check.into_iter().chain([path.as_os_str()]),
            );
            assert!(outcome.is_ok(), "{}: {outcome:?}", path.display());
            count += 1;
        }
        assert!(count >= 3, "only {count} fixtures");
    }
}
