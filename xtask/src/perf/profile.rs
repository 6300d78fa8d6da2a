//! `cargo xtask perf profile NAME`: which functions a benchmark spends its time in.

use super::builds;
use super::options::Wanted;
use super::program::Program;
use super::suite::{PACKAGE, PROGRAM};
use crate::root;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What `cargo xtask perf profile` looks at.
#[derive(Debug, Args)]
pub(crate) struct ProfileArgs {
    /// A benchmark of the suite, as `train-S`.
    name: String,
    /// How many functions.
    #[arg(long, default_value_t = 15)]
    functions: usize,
    /// Look at this program instead of building it.
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
}

/// Runs of the benchmark in one profile, so that its start does not count for much.
const RUNS: usize = 5;

/// Prints the functions with the largest shares.
///
/// # Errors
/// Where there is no `perf`, no such benchmark, or it fails.
pub(crate) fn run(args: &ProfileArgs) -> Result<()> {
    if !crate::steps::has("perf") {
        bail!(
            "perf profile: needs Linux's perf (Debian: linux-perf; Ubuntu: linux-tools-generic); elsewhere use a profiler of \
             the system on `paso-speed`"
        );
    }
    let benchmark = Wanted::named(&args.name)?;
    let built = match &args.binary {
        Some(path) => path.clone(),
        None => build()?,
    };
    let program = Program::new(&built)?;
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    eprintln!("perf: {RUNS} runs of `{}`", benchmark.arguments);
    let again = format!("for i in $(seq {RUNS}); do \"$0\" \"$@\" || exit; done");
    let record = Command::new("perf")
        .args(["record", "--quiet", "-F", "999", "-o"])
        .arg(&data)
        .args(["--", "sh", "-c", &again])
        .arg(program.path())
        .args(benchmark.arguments.split_whitespace())
        .stdin(Stdio::null())
        .output()
        .context("perf record")?;
    if !record.status.success() {
        bail!(
            "perf record: {}; if it may not count, `sysctl kernel.perf_event_paranoid=1` lets it",
            String::from_utf8_lossy(&record.stderr).trim()
        );
    }
    // By symbol: sorting by source line asks for the line of every sample and does not end.
    let report = [
        "report",
        "--stdio",
        "--no-children",
        "--sort",
        "symbol",
        "--percent-limit",
        "0.5",
        "--no-demangle",
    ];
    let text = builds::run(Command::new("perf").args(report).arg("-i").arg(&data))?;
    #[expect(clippy::print_stdout, reason = "the command's output")]
    {
        hottest(&text).take(args.functions).for_each(|line| println!("{}", readable(line)));
    }
    Ok(())
}

/// The program with symbols that name the types of generic functions, in a folder of its own: all is built for it once.
fn build() -> Result<PathBuf> {
    let target = root().join("target/profile");
    eprintln!("perf: building {PROGRAM} with full names ...");
    let status = Command::new("cargo")
        .args(["build", "--release", "--locked", "--quiet", "-p", PACKAGE, "--bin", PROGRAM])
        .arg("--target-dir")
        .arg(&target)
        .env("RUSTFLAGS", "-C symbol-mangling-version=v0")
        .current_dir(root())
        .status()
        .context("cargo build")?;
    if !status.success() {
        bail!("cargo build ended with {status}");
    }
    Ok(target.join("release").join(PROGRAM))
}

/// The lines of the report that are shares of functions.
fn hottest(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit()))
}

/// The line with the names in its symbol. A demangler leaves the types out that a generic function was made for, and with
/// them which kernel it is; so this takes the names out of Rust's own mangling (`_R`), in their order.
fn readable(line: &str) -> String {
    let Some((head, symbol)) = line.split_once("_R") else {
        return line.trim_end_matches([' ', '-']).to_owned();
    };
    let (mut names, mut rest): (Vec<&str>, _) = (Vec::new(), symbol.trim_end());
    while let Some(c) = rest.chars().next() {
        // `s..._` tells two of a name apart, `B..._` points back to what was there before.
        let number = rest[c.len_utf8()..].split_once('_').filter(|(number, _)| {
            matches!(c, 's' | 'B') && number.chars().all(|c| c.is_ascii_alphanumeric())
        });
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let length = rest[..digits].parse::<usize>().unwrap_or(0);
        let text = rest[digits..].strip_prefix('_').unwrap_or(&rest[digits..]);
        rest = match (number, text.split_at_checked(length)) {
            (Some((_, after)), _) => after,
            (None, Some((name, after))) if length > 0 => {
                if !names.contains(&name) {
                    names.push(name);
                }
                after
            }
            _ => &rest[c.len_utf8()..],
        };
    }
    format!("{head}{}", names.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_out_of_symbols() {
        let line =
            " 30.1%  [.] _RINvNtNtCs4aB1_4pulp3x862v4NtB2_2V49vectorizeNtCs1_8paso_ops6DirectE";
        assert_eq!(
            readable(line),
            " 30.1%  [.] pulp x86 v4 V4 vectorize paso_ops Direct",
            "in their order"
        );
        assert_eq!(
            readable(" 4.1%  [k] clear_page  "),
            " 4.1%  [k] clear_page",
            "no symbol of Rust"
        );
    }

    #[test]
    fn only_shares_are_printed() {
        let text = "# Samples: 3K\n#\n\n    60.00%  [.] paso_ops::conv\n     4.10%  [k] clear_page\n# tip\n";
        let lines: Vec<&str> = hottest(text).collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].contains("paso_ops::conv"), "{lines:?}");
    }
}
