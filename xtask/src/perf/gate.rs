//! `cargo xtask perf gate`: did these changes make anything slower?
//!
//! What decides is `cargo-paso-gate`: rounds of alternating runs, a second round of what was slower,
//! one verdict per benchmark. This file gives it the suite of `suite.rs`, and adds what both builds
//! learn (`quality.rs`).
//!
//! Time: the budget is for builds and rounds. The training of `quality` comes after all rounds and
//! is not bounded by it.
//!
//! Exit status: a failure where a benchmark is slower in both rounds, where the candidate cannot
//! run a benchmark that the base can, or where a training figure is worse in both rounds. `unsure`
//! passes: a gate that fails on a busy machine is one that people learn to ignore. What the base
//! cannot run is new, and is skipped.
//!
//! Traps: both programs run with the threads and the frequency of this machine, so a slowdown on
//! another CPU is not seen; and a benchmark that is not in the quick suite runs only where `--only`
//! names it.

use super::builds;
use super::options::Wanted;
use super::program::Program;
use super::quality::{self, Found};
use super::suite;
use anyhow::{Context, Result, bail};
use cargo_paso_gate::busy::Since;
use cargo_paso_gate::cargo::Arms;
use cargo_paso_gate::gate::{Event, Limits, gate};
use cargo_paso_gate::verdicts::{Outcome, Row, Summary};
use clap::Args;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What `cargo xtask perf gate` compares, and how long it may take.
#[derive(Debug, Args)]
pub(crate) struct GateArgs {
    /// The revision to compare with, or rather the commit where HEAD left it.
    #[arg(long, default_value = "main")]
    base: String,
    /// Slowdowns up to this are let through.
    #[arg(long, default_value = "1%", value_parser = cargo_paso_gate::percentage)]
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

/// Prints what became slower or faster.
///
/// # Errors
/// When something is slower, fails, or could not be built.
pub(crate) fn run(args: &GateArgs) -> Result<()> {
    let start = Instant::now();
    let suite = args.wanted.quick()?;
    let (base, candidate) = (args.base_binary.as_deref(), args.candidate_binary.as_deref());
    let programs = builds::programs(&args.base, base, candidate)?;
    let arms = &programs.arms;
    let same = arms.is_same_code(suite::PROGRAM);
    let mut rows: Vec<Row> = suite.iter().map(|it| Row::new(it.generic(args.margin))).collect();
    if same {
        eprintln!("perf: both builds are the same code: nothing to measure");
        rows.iter_mut().for_each(|row| row.outcome = Outcome::SameCode);
    }
    let (built, since) = (start.elapsed(), Since::now());
    let limits = Limits {
        budget: args.budget.saturating_sub(built),
        clock: &|| start.elapsed().saturating_sub(built),
        is_cut_off: &|| false,
    };
    gate(
        &mut rows,
        |benchmark, arm| arms.run(benchmark, arm),
        &limits,
        |event| {
            if let Event::Ended { row, second, .. } = event {
                let round = if second { "second round: " } else { "" };
                eprintln!("perf: {round}{}", row.sentence());
            }
        },
    );
    let load = since.load();
    let quality =
        if args.wanted.quality() && !same { learned(arms, args.margin)? } else { Vec::new() };
    let (base, candidate) = (&arms.base.name, &arms.candidate.name);
    report(args, &Summary { base, candidate, rows: &rows, load }, &quality)
}

/// Prints and writes the result.
///
/// # Errors
/// When something is slower or worse; that is the result of the gate.
fn report(args: &GateArgs, summary: &Summary<'_>, quality: &[Found]) -> Result<()> {
    let learned: String = quality.iter().map(|found| found.sentence() + "\n").collect();
    eprint!("{}{learned}", summary.text());
    if args.json {
        let mut json = serde_json::to_value(summary)?;
        json["quality"] = serde_json::to_value(quality)?;
        #[expect(clippy::print_stdout, reason = "asked for")]
        {
            println!("{}", serde_json::to_string_pretty(&json)?);
        }
    }
    if let Some(path) = &args.markdown {
        let mut text = summary.markdown();
        for found in quality {
            let mark = if found.stops() { "**" } else { "" };
            let _ = write!(text, "\n{mark}{}{mark}.\n", found.sentence());
        }
        std::fs::write(path, text).with_context(|| path.display().to_string())?;
    }
    let worse = quality.iter().filter(|found| found.stops()).map(Found::sentence);
    let stops: Vec<String> = summary.stops().into_iter().chain(worse).collect();
    if !stops.is_empty() {
        bail!("perf gate: {}", stops.join("; "));
    }
    Ok(())
}

/// What both learn; nothing where the base does not know how.
///
/// # Errors
/// When the candidate cannot run it, or the base fails at a later seed.
fn learned(arms: &Arms, margin: f64) -> Result<Vec<Found>> {
    let program = |build: &cargo_paso_gate::Build| {
        build.programs.get(suite::PROGRAM).cloned().map(Program).context(suite::PROGRAM)
    };
    let (base, candidate) = (program(&arms.base)?, program(&arms.candidate)?);
    let first = quality::SEEDS.start;
    if let Err(e) = base.json(&format!("{} {first}", suite::QUALITY)) {
        eprintln!("perf: quality is skipped: the base cannot run it: {e:#}");
        return Ok(Vec::new());
    }
    eprintln!("perf: quality: both train on the same seeds");
    quality::compare(&base, &candidate, margin)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::root;
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
        assert!(outcome.is_ok() && markdown.contains("same code"), "{outcome:?} {markdown}");
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
        let folder = root().join("xtask/fixtures");
        let mut count = 0;
        for entry in std::fs::read_dir(folder).expect("the folder of fixtures") {
            let path = entry.expect("an entry").path();
            let check = ["apply", "--check"].map(std::ffi::OsStr::new);
            let outcome =
                cargo_paso_gate::git::git(root(), check.into_iter().chain([path.as_os_str()]));
            assert!(outcome.is_ok(), "{}: {outcome:?}", path.display());
            count += 1;
        }
        assert!(count >= 3, "only {count} fixtures");
    }
}
