//! The stages of continuous integration, one after the other, each with its time.
//!
//! A stage passes, fails, or says why it could not run here. All stages run even when one has
//! failed, so that one round shows everything.
//!
//! The stages are a list of name and function, in an order that fails early: what takes a second
//! comes before what takes minutes, and the instruction sets, whose note is the last line, come at
//! the end.
//!
//! A stage that cannot run here is `skipped` with its reason. It does not fail the run, because a
//! contributor's machine need not have every tool, and it is never shown as passed. On a slow machine
//! `--within` does the same to the stages that are not begun in time.
//!
//! Tests are not among the stages: they run before, as `cargo test --workspace`, and the stage
//! `isa` runs the programs of that build again. Results go to stderr: a heading and the command's
//! own output for each stage, and at the end a table of stage, seconds and outcome.
//!
//! To add a stage, add a line to the list; a function that can find its tool missing returns
//! `Outcome::Skipped` with how to get it.

mod book;

use crate::steps::{Outcome, all, cargo, command, shared};
use crate::{
    codegen, dependencies, engines, fuzz, isa, perf, public_api, python, python_package, sanitizer,
    spelling, tidy, wasm,
};
use anyhow::{Result, bail};
use clap::Args;
use std::time::{Duration, Instant};

/// What `cargo xtask ci` runs.
#[derive(Debug, Args)]
pub(crate) struct CiArgs {
    /// Run only the stages whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// Skip stages that would begin later than this after the start.
    #[arg(long, value_name = "MINUTES")]
    within: Option<u64>,
    /// Print the names of the stages and stop.
    #[arg(long)]
    list: bool,
}

impl CiArgs {
    /// Why a stage that begins now does so too late, if it does.
    fn late(&self, elapsed: Duration) -> Option<String> {
        let minutes = self.within.filter(|minutes| elapsed.as_secs() >= minutes * 60)?;
        Some(format!("not begun within {minutes} minutes"))
    }
}

/// What the last lines of a run say.
type Notes = Vec<String>;

type Stage = (&'static str, fn(&mut Notes) -> Outcome);

const CLIPPY: &str = "clippy --workspace --all-targets --all-features --locked -- -D warnings";

const STAGES: &[Stage] = &[
    ("format", |_| cargo_line("fmt --all --check")),
    ("tidy", |_| tidy::run(&tidy::TidyArgs::default()).into()),
    ("spelling", |_| spelling::run()),
    ("clippy", |_| cargo_line(CLIPPY)),
    ("codegen", |_| codegen()),
    ("docs", |_| docs()),
    ("book", |_| book::run()),
    ("public api", |_| public_api::stage()),
    ("features", |_| features()),
    ("bare metal", |_| bare_metal()),
    ("wasm", |_| wasm::run()),
    ("fuzz", |_| fuzz::stage()),
    ("bench smoke", |_| cargo_line("test --release --locked -p paso-benches --benches")),
    ("release build", |_| cargo_line("build --release --locked -p paso-cli -p paso-benches")),
    ("speed smoke", |_| speed_smoke()),
    ("instructions", |_| instructions()),
    ("settle demo", |_| settle_demo()),
    ("settle photographs", |_| settle_photographs()),
    ("slurm", |_| engines::slurm()),
    ("hyperqueue", |_| engines::hyperqueue()),
    ("mpi", |_| engines::mpi()),
    ("python", |_| python::run()),
    ("python package", |_| python_package::run()),
    ("deny", |_| dependencies::deny()),
    ("unused dependencies", |_| dependencies::unused()),
    ("package", |_| cargo_line("package --locked --allow-dirty --no-verify --quiet")),
    ("sanitizer", |_| sanitizer::run()),
    ("isa", |notes| {
        let (outcome, note) = isa::stage();
        notes.push(note);
        outcome
    }),
];

/// Runs the stages whose name contains the text of `--only`.
///
/// # Errors
/// When a stage failed, or no name contains the text. Skipped stages are no error.
pub(crate) fn run(args: &CiArgs) -> Result<()> {
    let wanted = |name: &str| args.only.as_deref().is_none_or(|part| name.contains(part));
    if !STAGES.iter().any(|(name, _)| wanted(name)) {
        bail!("no stage's name contains this text; `cargo xtask ci --list` has the names");
    }
    if args.list {
        STAGES.iter().filter(|(name, _)| wanted(name)).for_each(|(name, _)| eprintln!("{name}"));
        return Ok(());
    }
    let begin = Instant::now();
    let mut notes = Notes::new();
    let mut rows: Vec<Row> = Vec::new();
    for (name, stage) in STAGES.iter().filter(|(name, _)| wanted(name)) {
        eprintln!("\n== {name}");
        let start = Instant::now();
        let outcome = match args.late(begin.elapsed()) {
            Some(why) => Outcome::Skipped(why),
            None => stage(&mut notes),
        };
        eprintln!("== {name}: {} in {:.0} s", outcome.word(), start.elapsed().as_secs_f64());
        rows.push(Row { name, seconds: start.elapsed().as_secs_f64(), outcome });
    }
    eprint!("\n{}", table(&rows));
    eprintln!("{} stages in {:.0} s", rows.len(), begin.elapsed().as_secs_f64());
    notes.iter().for_each(|note| eprintln!("{note}"));
    let failed = rows.iter().filter(|row| matches!(row.outcome, Outcome::Failed(_))).count();
    if failed > 0 {
        bail!("{failed} of {} stages failed", rows.len());
    }
    Ok(())
}

/// A stage that has run.
struct Row {
    name: &'static str,
    /// Wall clock time.
    seconds: f64,
    outcome: Outcome,
}

fn table(rows: &[Row]) -> String {
    let mut text = format!("{:<20} {:>7}  outcome\n", "stage", "seconds");
    for Row { name, seconds, outcome } in rows {
        let why = match outcome {
            Outcome::Passed => String::new(),
            Outcome::Failed(why) | Outcome::Skipped(why) => format!(": {why}"),
        };
        text += &format!("{name:<20} {seconds:>7.0}  {}{why}\n", outcome.word());
    }
    text
}

/// Cargo with arguments that contain no space.
fn cargo_line(arguments: &str) -> Outcome {
    cargo(&arguments.split(' ').collect::<Vec<_>>())
}

/// The optimizer's loops, in the assembly.
fn codegen() -> Outcome {
    if !cfg!(target_arch = "x86_64") {
        return Outcome::Skipped("not an x86-64 machine".into());
    }
    codegen::run().into()
}

/// Warnings of rustdoc, such as a link to a name that is gone, are errors.
fn docs() -> Outcome {
    command(
        "cargo",
        &["doc", "--workspace", "--no-deps", "--locked"],
        &[("RUSTDOCFLAGS", "-D warnings")],
    )
}

/// The schedules for a processor without an operating system.
fn bare_metal() -> Outcome {
    const TARGET: &str = "thumbv7em-none-eabihf";
    if let Outcome::Failed(why) = command("rustup", &["target", "add", TARGET], &[]) {
        return Outcome::Skipped(format!("the target {TARGET} could not be installed ({why})"));
    }
    cargo(&[
        "build",
        "--locked",
        "-p",
        "paso-schedule",
        "--no-default-features",
        "--target",
        TARGET,
    ])
}

/// The crates that others use alone build alone, with and without their features.
fn features() -> Outcome {
    let check =
        |arguments: &str| cargo_line(&format!("check --locked --no-default-features {arguments}"));
    all(&[
        &|| check("-p paso-isa"),
        &|| check("-p paso-schedule"),
        &|| check("-p paso-schedule --features serde"),
        &|| check("-p paso-adam"),
        &|| check("-p paso-adam --features std"),
    ])
}

/// The bench program checks its results before it measures, so a short run is a test of both.
fn speed_smoke() -> Outcome {
    const RUN: &str = "run --release -q -p paso-benches --bin paso-speed --";
    all(&[
        &|| cargo_line(&format!("{RUN} adam --sizes 1e3,1e6 --threads 1 --seconds 0.2")),
        &|| cargo_line(&format!("{RUN} train --net S --threads 2 --batch 32 --seconds 2")),
    ])
}

/// Counted without a limit: a change may need more instructions.
fn instructions() -> Outcome {
    match perf::count::obstacle() {
        Some(why) => Outcome::Skipped(why.into()),
        None => cargo(&["xtask", "perf", "count"]),
    }
}

/// The README's first command, cut short.
fn settle_demo() -> Outcome {
    settle(&["--data", "demo", "--quick", "--pairs", "8", "--steps", "40"])
}

fn settle_photographs() -> Outcome {
    let Some(boards) = shared("data/boards") else {
        return Outcome::Skipped("no ../shared/data next to the checkout".into());
    };
    settle(&["--data", &boards.to_string_lossy(), "--quick", "--pairs", "8", "--steps", "60"])
}

/// Runs `paso settle` into a temporary folder. It passes where the command does; figures are not
/// looked at.
fn settle(arguments: &[&str]) -> Outcome {
    let out = match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(e) => return Outcome::Failed(format!("no temporary folder: {e}")),
    };
    let path = out.path().join("study");
    let path = path.to_string_lossy();
    let run = "run --release -q --locked -p paso-cli -- settle --json --out".split(' ');
    cargo(&run.chain([&*path]).chain(arguments.iter().copied()).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_has_its_row_with_the_reason_where_it_did_not_pass() {
        let row = |name, outcome| Row { name, seconds: 61.7, outcome };
        let text = table(&[
            row("format", Outcome::Passed),
            row("clippy", Outcome::Failed("cargo ended with 101".into())),
            row("wasm", Outcome::Skipped("node is not installed".into())),
        ]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "a heading and three rows:\n{text}");
        assert!(lines[1].ends_with("62  passed"), "{text}");
        assert!(lines[2].ends_with("FAILED: cargo ended with 101"), "{text}");
        assert!(lines[3].ends_with("skipped: node is not installed"), "{text}");
    }

    #[test]
    fn a_stage_that_begins_too_late_says_so() {
        let args = CiArgs { only: None, within: Some(2), list: false };
        assert_eq!(args.late(Duration::from_secs(119)), None);
        let why = args.late(Duration::from_secs(120)).expect("too late");
        assert_eq!(why, "not begun within 2 minutes");
        let without = CiArgs { within: None, ..args };
        assert_eq!(without.late(Duration::from_secs(90_000)), None, "no limit by default");
    }

    #[test]
    fn stages_have_names_of_their_own_and_the_instruction_sets_come_last() {
        let mut names: Vec<&str> = STAGES.iter().map(|(name, _)| *name).collect();
        assert_eq!(names.last(), Some(&"isa"), "its note is the last line");
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STAGES.len(), "no two stages have one name");
    }
}
