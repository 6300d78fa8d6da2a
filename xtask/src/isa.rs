//! `cargo xtask isa`: the tests of the crates with kernels, and `paso validate`, at every
//! instruction set that this machine or its emulators offer; and a list of those that did not run.
//!
//! Kernels are compiled for every level and one is chosen when a program starts, so a test that
//! passes on a machine with AVX-512 says nothing about the other levels. Hence a row per level:
//!
//! * Levels of this CPU run the programs of `cargo test --workspace` again with `PASO_ISA` set; see
//!   `programs.rs`. Nothing is compiled for them.
//! * x86 CPUs with fewer levels are emulated by QEMU, with the same programs. This shows that the
//!   best level is *detected*; hence they run without `PASO_ISA`.
//! * NEON is compiled for aarch64 and runs under QEMU, on an x86 machine.
//! * AVX-512 runs in a whole computer emulated by Bochs where the CPU lacks it: QEMU cannot.
//!
//! A row that could not run is `NOT RUN` with its reason; it is never counted as passed.
//!
//! `PASO_ISA` forces a level, and `PASO_EXPECT_LEVELS` lists the levels that the tests must find,
//! so that a level which is not detected is a failure and not a test that passes at another level.
//!
//! The table on stderr has a line per row: level, place, outcome, passed tests, the outcome of
//! `paso validate` (`theory`; `-` where it does not run) and seconds. A row without a passed test
//! is a failure, as a filter that fits nothing would otherwise pass.

use crate::root;
use crate::steps::Outcome;
use anyhow::{Result, bail};
use clap::Args;
use programs::{Program, Selection};
use std::cell::OnceCell;
use std::process::Command;
use std::time::Instant;

mod programs;
mod ways;

/// Which levels `cargo xtask isa` runs.
#[derive(Debug, Default, Args)]
pub(crate) struct IsaArgs {
    /// Only the rows whose level contains this.
    #[arg(long, value_name = "LEVEL")]
    only: Option<String>,
    /// Run AVX-512 in an emulated computer even where the CPU has it (x86-64 Linux; slow).
    #[arg(long)]
    emulate: bool,
}

/// How to run programs at a level.
#[derive(Clone, Debug)]
struct Way {
    /// Where: `this CPU`, or an emulator.
    place: String,
    /// Variables in addition to those of `xtask`.
    environment: Vec<(String, String)>,
    tests: Tests,
    /// Whether `paso validate` runs as well.
    validate: bool,
}

/// Which test programs a row runs, and what runs them.
#[derive(Clone, Debug)]
enum Tests {
    /// Those of the workspace's build, directly or by an emulator with its arguments.
    Workspace { selection: Selection, emulator: Vec<String> },
    /// Those that cargo builds for another target, and runs as the environment says.
    Cargo { target: &'static str, arguments: &'static [&'static str] },
    /// Static ones that cargo builds, in an emulated computer.
    Computer { target: &'static str, arguments: &'static [&'static str] },
}

/// A level and how to run it, or why it cannot be run here.
struct Row {
    level: &'static str,
    way: Result<Way, String>,
}

/// What became of a row.
struct Report {
    level: &'static str,
    /// Where: `this CPU`, or an emulator. Empty where it could not be run.
    place: String,
    /// Passed tests, and the theory's outcome.
    outcome: Result<(usize, &'static str), Outcome>,
    /// Wall clock time, builds included.
    seconds: f64,
}

/// Prints a table of what ran.
///
/// # Errors
/// When anything failed, or nothing was run.
pub(crate) fn run(args: &IsaArgs) -> Result<()> {
    let reports = reports(args);
    eprintln!("{}{}", table(&reports), note(&reports));
    check(&reports)
}

/// The stage `isa`, and a line for the end of continuous integration.
pub(crate) fn stage() -> (Outcome, String) {
    let reports = reports(&IsaArgs::default());
    eprint!("{}", table(&reports));
    (check(&reports).into(), note(&reports))
}

fn reports(args: &IsaArgs) -> Vec<Report> {
    let wanted = |row: &Row| args.only.as_deref().is_none_or(|part| row.level.contains(part));
    let built = Built::default();
    ways::rows(args.emulate).into_iter().filter(wanted).map(|row| report(row, &built)).collect()
}

/// # Errors
/// When a row failed, or none ran. A row that could not run is no error as long as another did.
fn check(reports: &[Report]) -> Result<()> {
    let failed = reports.iter().filter(|r| matches!(r.outcome, Err(Outcome::Failed(_)))).count();
    if failed > 0 {
        bail!("isa: {failed} of {} levels failed", reports.len());
    }
    if reports.iter().all(|report| report.outcome.is_err()) {
        bail!("isa: no level was run");
    }
    Ok(())
}

/// The instruction sets that passed and those that did not run. One that passed in any place has
/// run.
fn note(reports: &[Report]) -> String {
    let mut levels: Vec<&str> = reports.iter().map(|report| report.level).collect();
    let mut seen = Vec::new();
    levels.retain(|level| {
        !seen.contains(level) && {
            seen.push(*level);
            true
        }
    });
    let ran = |level: &&str| reports.iter().any(|r| r.level == *level && r.outcome.is_ok());
    let (ran, missing): (Vec<&str>, Vec<&str>) = levels.into_iter().partition(ran);
    let list = |levels: &[&str]| if levels.is_empty() { "none".into() } else { levels.join(", ") };
    let word = if missing.is_empty() { "complete" } else { "INCOMPLETE" };
    format!("instruction sets {word}: ran {}; did not run {}", list(&ran), list(&missing))
}

fn report(row: Row, built: &Built) -> Report {
    let (level, start) = (row.level, Instant::now());
    let (place, outcome) = match row.way {
        Err(why) => (String::new(), Err(Outcome::Skipped(why))),
        Ok(way) => {
            eprintln!("\n== {level} on {}", way.place);
            let outcome = level_on(&way, built).map_err(|e| Outcome::Failed(format!("{e:#}")));
            (way.place, outcome)
        }
    };
    Report { level, place, outcome, seconds: start.elapsed().as_secs_f64() }
}

/// The programs of the workspace's build. Cargo is asked for them once, and only if a row needs
/// them.
#[derive(Default)]
struct Built(OnceCell<Vec<Program>>);

impl Built {
    /// # Errors
    /// When the workspace does not build.
    fn programs(&self) -> Result<&[Program]> {
        if let Some(programs) = self.0.get() {
            return Ok(programs);
        }
        // As `.ci/run` builds them, so that nothing is built anew.
        let line = ["test", "--workspace", "--locked", "--no-run", "--message-format=json"];
        let programs = programs::parse(&cargo(&line, &[])?);
        Ok(self.0.get_or_init(|| programs))
    }
}

/// Passed tests, and what became of `paso validate`.
fn level_on(way: &Way, built: &Built) -> Result<(usize, &'static str)> {
    let passed = match &way.tests {
        Tests::Workspace { selection, emulator } => {
            let programs = programs::select(built.programs()?, *selection)?;
            let run =
                |program: &Program| programs::output(program, &[], emulator, &way.environment);
            programs::run_all(&programs, run)?
        }
        Tests::Cargo { target, arguments } => {
            let line = ["test", "--release", "--locked", "--no-fail-fast", "--target", target];
            programs::passed(&cargo(&[&line[..], arguments].concat(), &way.environment)?)
        }
        Tests::Computer { target, arguments } => in_computer(target, arguments, &way.environment)?,
    };
    if passed == 0 {
        bail!("no test was run");
    }
    if !way.validate {
        return Ok((passed, "-"));
    }
    match &way.tests {
        Tests::Workspace { emulator, .. } => {
            let paso = programs::paso(built.programs()?)?;
            programs::output(paso, &["validate"], emulator, &way.environment)?;
        }
        // The same checks as a test: compiling the whole program for it would take minutes.
        Tests::Cargo { target, .. } | Tests::Computer { target, .. } => {
            let line = ["test", "--release", "--locked", "-p", "paso-study", "--test", "validate"];
            cargo(&[&line[..], &["--target", target]].concat(), &way.environment)?;
        }
    }
    Ok((passed, "agrees"))
}

/// Builds static test programs and runs them all in one start of the computer.
fn in_computer(
    target: &str,
    arguments: &[&str],
    environment: &[(String, String)],
) -> Result<usize> {
    let line = ["test", "--release", "--locked", "--no-run", "--message-format=json", "--target"];
    let messages = cargo(&[&line[..], &[target], arguments].concat(), environment)?;
    let programs = programs::parse(&messages).into_iter().filter(|program| program.is_test);
    let mut command = Command::new(root().join("xtask/avx512.sh"));
    command
        .args(programs.map(|program| program.path))
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .current_dir(root());
    Ok(programs::passed(&programs::finish(command, "xtask/avx512.sh")?))
}

/// What cargo prints; on failure all of it is shown.
fn cargo(arguments: &[&str], environment: &[(String, String)]) -> Result<String> {
    let settings: Vec<String> =
        environment.iter().map(|(name, value)| format!("{name}='{value}'")).collect();
    eprintln!("$ {} cargo {}", settings.join(" "), arguments.join(" "));
    let mut command = Command::new("cargo");
    command
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .current_dir(root());
    programs::finish(command, &format!("cargo {}", arguments[0]))
}

fn table(reports: &[Report]) -> String {
    let mut lines = vec![format!(
        "\n{:<8} {:<34} {:<10} {:>6}  {:<8} {:>7}",
        "level", "on", "is", "tests", "theory", "seconds"
    )];
    let row = |report: &Report, word: &str, tests: &str, theory: &str| {
        let Report { level, place, seconds, .. } = report;
        format!("{level:<8} {place:<34} {word:<10} {tests:>6}  {theory:<8} {seconds:>7.0}")
    };
    for report in reports {
        lines.push(match &report.outcome {
            Ok((tests, theory)) => row(report, "passed", &tests.to_string(), theory),
            Err(Outcome::Failed(why)) => row(report, "FAILED", "", "") + ": " + why,
            Err(Outcome::Skipped(why)) => format!("{:<8} NOT RUN: {why}", report.level),
            Err(Outcome::Passed) => row(report, "passed", "", ""),
        });
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_run_is_said() {
        let report =
            |level, outcome| Report { level, place: "this CPU".into(), outcome, seconds: 3.0 };
        let table = table(&[
            report("scalar", Ok((12, "agrees"))),
            report("avx2", Err(Outcome::Failed("a test failed".into()))),
            report("neon", Err(Outcome::Skipped("no emulator".into()))),
        ]);
        for part in
            ["passed         12  agrees", "FAILED", ": a test failed", "NOT RUN: no emulator"]
        {
            assert!(table.contains(part), "`{part}` is missing:\n{table}");
        }
    }

    #[test]
    fn a_level_that_did_not_run_makes_the_note_incomplete() {
        let report = |level, ran: bool| Report {
            level,
            place: String::new(),
            outcome: if ran { Ok((1, "-")) } else { Err(Outcome::Skipped("no emulator".into())) },
            seconds: 0.0,
        };
        for (reports, expected) in [
            (
                vec![("scalar", true), ("neon", true)],
                "complete: ran scalar, neon; did not run none",
            ),
            (vec![("scalar", true), ("neon", false)], "INCOMPLETE: ran scalar; did not run neon"),
            (vec![("avx2", false), ("avx2", true)], "complete: ran avx2; did not run none"),
            (vec![("avx2", false), ("avx2", false)], "INCOMPLETE: ran none; did not run avx2"),
        ] {
            let reports: Vec<Report> = reports.into_iter().map(|(l, ran)| report(l, ran)).collect();
            assert_eq!(note(&reports), format!("instruction sets {expected}"));
        }
    }

    #[test]
    fn a_failure_and_an_empty_run_are_errors_and_a_skip_alone_is_not() {
        let report =
            |outcome| Report { level: "avx2", place: String::new(), outcome, seconds: 0.0 };
        let (passed, skipped) =
            (|| report(Ok((1, "-"))), || report(Err(Outcome::Skipped("x".into()))));
        let failed = || report(Err(Outcome::Failed("x".into())));
        assert!(check(&[passed(), skipped()]).is_ok(), "one ran");
        assert!(check(&[passed(), failed()]).is_err(), "one failed");
        assert!(check(&[skipped(), skipped()]).is_err(), "none ran");
        assert!(check(&[]).is_err(), "no row");
    }

    #[test]
    fn every_level_has_a_row() {
        let rows = ways::rows(false);
        for level in ["scalar", "avx2", "avx512", "neon"] {
            assert!(rows.iter().any(|row| row.level == level), "{level}");
        }
        use crate::steps::has;
        assert!(has("cargo") && !has("no-such-program"), "programs are found");
    }
}
