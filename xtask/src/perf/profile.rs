//! `cargo xtask perf profile NAME`: which functions a benchmark spends its time in.
//!
//! The method is sampling: Linux's `perf record` stops the program 999 times a second and notes the
//! function that it is in. 999 and not 1000, so that samples do not keep step with something that
//! happens every millisecond. The benchmark runs five times in one recording.
//!
//! The output has a line per function, the largest share of the samples first: the share in
//! percent, `[.]` for code of the program or `[k]` for the kernel, and the name. Functions under
//! half a percent are not listed. Shares are of the function alone, without what it calls. The
//! recording is a temporary file.
//!
//! What was inlined counts for the function that it was inlined into: a kernel often has one line
//! for everything that it does. The check of results that comes before the timing is in the
//! profile, too.
//!
//! The program is built in `target/profile` with v0 symbols, since only these name the types of a
//! generic function, and nearly every kernel is one.

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
    let text = cargo_paso_gate::run(Command::new("perf").args(report).arg("-i").arg(&data))?;
    #[expect(clippy::print_stdout, reason = "the command's output")]
    {
        hottest(&text).take(args.functions).for_each(|line| println!("{}", readable(line)));
    }
    Ok(())
}

/// The program with symbols that name the types of generic functions, in a folder of its own: all
/// is built for it once.
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
///
/// Comments of the report start with `#` and are left out; a share is the first thing in its line.
fn hottest(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit()))
}

/// The line with its symbol as Rust writes it, without the crates' numbers. perf's own demangler
/// leaves out the types that a generic function was made for, and with them which kernel it is.
fn readable(line: &str) -> String {
    let line = line.trim_end_matches([' ', '-']);
    match line.split_once("_R") {
        Some((head, symbol)) => {
            format!("{head}{:#}", rustc_demangle::demangle(&format!("_R{symbol}")))
        }
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_out_of_symbols() {
        let symbol = "_RINvNvMs2_NtNtCsbXKh9nVdSXB_4pulp3x862v4NtB8_2V49vectorize12imp_fastcallINtNvXs0_B8_BC_NtBc_4Simd\
                      9vectorize4ImplNtNtCsk5QsdGWXCts_8paso_ops4norm12ImageMomentsEEB1Q_";
        let simd = "pulp::x86::v4::V4";
        assert_eq!(
            readable(&format!(" 30.1%  [.] {symbol}")),
            format!(
                " 30.1%  [.] <{simd}>::vectorize::imp_fastcall::<<{simd} as pulp::Simd>::vectorize::Impl<paso_ops::norm::ImageMoments>>"
            ),
            "with the type that tells which kernel it is"
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
