//! `cargo xtask perf count`: instructions a step, exact to the instruction, whatever else the
//! machine does.
//!
//! Valgrind counts them. It knows no AVX-512, so the programs run at AVX2. Each runs for so many
//! steps and for twice as many; the difference has no start and no end of a program in it. A count
//! is no time: an instruction that waits for memory or for the divider is one like any other. But a
//! change that should change nothing shows here at once.
//!
//! The formula, with `I(n)` the instructions of a run of `n` steps as callgrind's `totals:` line
//! has them:
//!
//! ```text
//! instructions of a step = (I(2n) - I(n)) / n        rounded down
//! ```
//!
//! Everything that a run does once (loading, allocation, the check of results) is in both counts
//! and drops out. The `n` of each benchmark is in `suite.rs`. The two runs go on at the same time:
//! counting is not disturbed by load.
//!
//! The record is `benches/records/instructions.csv` with the columns `benchmark`, `instructions`,
//! `level`, `compiler` and `revision`. It has no machine, as the counts depend on compiler and
//! code, not on the CPU. A table on stdout has the recorded count, the one of now and the change in
//! percent; more than half a percent is marked `MORE` or `fewer`. Another compiler than the
//! recorded one is noted, because it alone changes counts.
//!
//! A difference is never an error. More instructions may be faster, as with a loop that is
//! unrolled.
//!
//! Left out: cache misses and branch predictions, which callgrind can simulate, since its model is
//! of no real CPU; and several threads, since how long they wait is not reproducible.

use super::builds;
use super::program::Program;
use super::suite::{COUNTED, COUNTED_AT, Counted};
use crate::root;
use anyhow::{Context, Result, bail};
use cargo_paso_gate::{git, machine};
use clap::Args;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Differences up to this share are not marked.
const MARKED: f64 = 0.005;

/// What `cargo xtask perf count` counts.
#[derive(Debug, Args)]
pub(crate) struct CountArgs {
    /// Only the benchmarks whose name contains this.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Write the counts to `benches/records/instructions.csv` instead of comparing with it.
    #[arg(long, conflicts_with = "only")]
    record: bool,
    /// Count in this program instead of building it.
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
}

/// A line of the record. It names no machine: the instructions are those of the compiler.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Count {
    /// Its name in [`COUNTED`], by which records are compared.
    benchmark: String,
    /// Of one step.
    instructions: u64,
    /// Always [`COUNTED_AT`]; in the file, so that a reader need not know.
    level: String,
    /// As `rustc --version` prints it.
    compiler: String,
    /// The short name of HEAD; changes that are not committed are not marked.
    revision: String,
}

/// Why instructions cannot be counted here.
pub(crate) fn obstacle() -> Option<&'static str> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Some("instructions are counted on x86-64 Linux");
    }
    (!crate::steps::has("valgrind")).then_some("valgrind is not installed (Debian: valgrind)")
}

/// Prints the counts next to those of the record.
///
/// # Errors
/// When they cannot be counted here, or a program fails.
pub(crate) fn run(args: &CountArgs) -> Result<()> {
    if let Some(why) = obstacle() {
        bail!("perf count: {why}");
    }
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let built = match &args.binary {
        Some(path) => path.clone(),
        None => builds::build(&target)?,
    };
    let program = Program::new(&built)?;
    let (compiler, revision) = (machine::compiler(), git::short(root(), "HEAD")?);
    let wanted = |it: &&Counted| args.only.as_deref().is_none_or(|part| it.name.contains(part));
    let mut counts = Vec::new();
    for counted in COUNTED.iter().filter(wanted) {
        counts.push(Count {
            benchmark: counted.name.into(),
            instructions: instructions(&program, counted)?,
            level: COUNTED_AT.into(),
            compiler: compiler.clone(),
            revision: revision.clone(),
        });
    }
    if counts.is_empty() {
        bail!("--only {}: fits no benchmark", args.only.as_deref().unwrap_or_default());
    }
    let record = root().join("benches/records/instructions.csv");
    if args.record {
        write(&record, &counts)?;
        eprintln!("perf: wrote benches/records/instructions.csv");
    }
    let before = if record.exists() { read(&record)? } else { Vec::new() };
    #[expect(clippy::print_stdout, reason = "the command's output")]
    {
        print!("{}", table(&before, &counts));
    }
    Ok(())
}

/// Of one step.
///
/// # Errors
/// When one of the two runs fails, or the longer one counts less than the shorter.
fn instructions(program: &Program, counted: &Counted) -> Result<u64> {
    let total = |steps: u64| total(program, counted, steps);
    let [once, twice] = std::thread::scope(|scope| {
        let runs =
            [counted.steps, 2 * counted.steps].map(|steps| scope.spawn(move || total(steps)));
        runs.map(|run| run.join().unwrap_or_else(|_| bail!("the count panicked")))
    });
    let (once, twice) = (once?, twice?);
    let steps = twice.checked_sub(once).context("twice the steps took fewer instructions")?;
    Ok(steps / counted.steps)
}

/// Of a whole run.
///
/// Callgrind's file goes to a temporary folder. The level is forced by `PASO_ISA`.
fn total(program: &Program, counted: &Counted, steps: u64) -> Result<u64> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("out");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program.path())
        .args(counted.arguments.split_whitespace())
        .args(["--steps", &steps.to_string()])
        .env("PASO_ISA", COUNTED_AT)
        .stdin(Stdio::null())
        .output()
        .context("valgrind")?;
    if !output.status.success() {
        bail!("`{}`: {}", counted.arguments, String::from_utf8_lossy(&output.stderr).trim());
    }
    let text = std::fs::read_to_string(&out).context("what callgrind wrote")?;
    let summary = text.lines().find_map(|line| line.strip_prefix("totals: "));
    let summary = summary.context("callgrind wrote no totals")?;
    summary.trim().parse().with_context(|| format!("callgrind's totals: {summary}"))
}

fn read(path: &Path) -> Result<Vec<Count>> {
    let context = || path.display().to_string();
    let mut reader = csv::Reader::from_path(path).with_context(context)?;
    reader.deserialize().collect::<Result<_, _>>().with_context(context)
}

fn write(path: &Path, counts: &[Count]) -> Result<()> {
    let context = || path.display().to_string();
    let mut writer = csv::Writer::from_path(path).with_context(context)?;
    counts.iter().try_for_each(|count| writer.serialize(count)).with_context(context)?;
    writer.flush().with_context(context)
}

/// A benchmark that the record lacks has no change. Those that only the record has are not shown.
fn table(before: &[Count], now: &[Count]) -> String {
    let mut text = String::new();
    if let (Some(old), Some(new)) = (before.first(), now.first()) {
        if old.compiler != new.compiler {
            let _ =
                writeln!(text, "note: another compiler: {}, then {}", old.compiler, new.compiler);
        }
        let _ = writeln!(text, "recorded at {}", old.revision);
    }
    let _ = writeln!(text, "{:<20} {:>14} {:>14} {:>9}", "benchmark", "recorded", "now", "change");
    for count in now {
        let Count { benchmark, instructions, .. } = count;
        let old = before.iter().find(|old| old.benchmark == *benchmark);
        let Some(old) = old.map(|old| old.instructions).filter(|old| *old > 0) else {
            let _ = writeln!(text, "{benchmark:<20} {:>14} {instructions:>14}", "");
            continue;
        };
        let change = *instructions as f64 / old as f64 - 1.0;
        let mark = match change {
            more if more > MARKED => "  MORE",
            less if less < -MARKED => "  fewer",
            _ => "",
        };
        let percent = 100.0 * change;
        let _ =
            writeln!(text, "{benchmark:<20} {old:>14} {instructions:>14} {percent:>+7.2} %{mark}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(benchmark: &str, instructions: u64) -> Count {
        Count {
            benchmark: benchmark.into(),
            instructions,
            level: "avx2".into(),
            compiler: "rustc 1.89.0".into(),
            revision: "abc".into(),
        }
    }

    #[test]
    fn half_a_percent_is_marked() {
        let before = [count("a", 1000), count("b", 1000), count("c", 1000)];
        let now = [count("a", 1004), count("b", 1006), count("c", 990), count("d", 5)];
        let table = table(&before, &now);
        let line = |name: &str| table.lines().find(|line| line.starts_with(name)).unwrap_or("");
        assert!(line("a ").ends_with("+0.40 %"), "{table}");
        assert!(line("b ").ends_with("+0.60 %  MORE"), "{table}");
        assert!(line("c ").ends_with("-1.00 %  fewer"), "{table}");
        assert!(line("d ").ends_with(" 5"), "a new one: {table}");
    }

    #[test]
    fn a_record_comes_back() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("instructions.csv");
        let counts = [count("a", 1_000_000_007)];
        write(&path, &counts).expect("a record");
        assert_eq!(read(&path).expect("the same record"), counts);
    }
}
