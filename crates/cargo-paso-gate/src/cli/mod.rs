//! The program `cargo paso-gate`: its commands, one file each.
//!
//! Progress goes to stderr and results to stdout. The exit status is 0 where nothing is slower, 1
//! where something is slower or fails, and 2 where nothing could be compared.

mod gate;
mod records;
mod run;

use crate::config::Config;
use crate::{Error, Result};
use clap::{Args, Parser, Subcommand};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

/// Builds two revisions, runs their benchmarks alternately, and fails when something became slower.
#[derive(Debug, Parser)]
#[command(name = "cargo paso-gate", bin_name = "cargo paso-gate", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Writes gate.toml from the bench targets of this workspace.
    Init,
    /// Measures these files and prints a table.
    Run(run::RunArgs),
    /// Compares these files with a revision; fails when a benchmark became slower.
    Gate(gate::GateArgs),
    /// Measures these files, as `run`, and keeps the figures by machine and commit.
    Record(records::RecordArgs),
    /// Prints two records side by side.
    Compare(records::CompareArgs),
    /// Draws the records of a machine as an HTML page, with the commits where something changed.
    Report(records::ReportArgs),
}

/// What several commands share.
#[derive(Debug, Args)]
struct Common {
    /// The file that says what to measure, instead of gate.toml in this folder or one above.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only the benchmark of this name, or where there is none, those whose name contains it.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

impl Common {
    /// The configuration and the root of the workspace.
    fn config(&self) -> Result<(Config, PathBuf)> {
        let Some(path) = &self.config else {
            let here = std::env::current_dir().map_err(Error::file(Path::new(".")))?;
            return Config::find(&here);
        };
        let path = path.canonicalize().map_err(Error::file(path))?;
        let root = path.parent().unwrap_or(&path).to_owned();
        Ok((Config::read(&path)?, root))
    }
}

/// Whether somebody wants it to end.
static CUT_OFF: AtomicBool = AtomicBool::new(false);

fn is_cut_off() -> bool {
    CUT_OFF.load(Ordering::Relaxed)
}

/// The first Ctrl-C ends the command in good order, the second one at once.
fn keep_figures_when_cut_off() {
    let handler = ctrlc::set_handler(|| {
        if CUT_OFF.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        let _ =
            writeln!(std::io::stderr(), "\nending; what was measured is kept (again: end at once)");
    });
    // Without it, Ctrl-C ends the program at once, as any other.
    let _ = handler;
}

/// A result, on stdout. A reader that has gone has seen enough.
fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Something to know, on stderr.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Runs the program with the arguments of this process.
///
/// Cargo passes the name of the command as first argument; without cargo it is not there.
#[must_use]
pub fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|first| first == "paso-gate") {
        arguments.remove(1);
    }
    let outcome = match Cli::parse_from(arguments).task {
        Task::Init => init(),
        Task::Run(args) => run::run(&args),
        Task::Gate(args) => gate::run(&args),
        Task::Record(args) => records::record(&args),
        Task::Compare(args) => records::compare(&args),
        Task::Report(args) => records::report(&args),
    };
    outcome.unwrap_or_else(|e| {
        say(&format!("error: {e}"));
        ExitCode::from(2)
    })
}

fn init() -> Result<ExitCode> {
    let here = std::env::current_dir().map_err(Error::file(Path::new(".")))?;
    let written = crate::init::init(&here)?;
    print(&format!("{}\n", written.text));
    for target in &written.left_out {
        say(&format!("left out: {target}"));
    }
    say(&format!(
        "wrote {}\nnext: cargo paso-gate gate --base HEAD     # what is not committed yet\n      \
         cargo paso-gate gate --base main     # a whole branch",
        written.path.display()
    ));
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn a_base_is_one_of_three_things() {
        let parse = |rest: &[&str]| Cli::try_parse_from([&["x", "gate"], rest].concat());
        assert!(parse(&[]).is_err(), "no base");
        assert!(parse(&["--base", "main"]).is_ok());
        assert!(parse(&["--base-dir", "../old"]).is_ok());
        assert!(parse(&["--base", "main", "--base-dir", "../old"]).is_err(), "two bases");
        assert!(parse(&["--base-command", "a"]).is_err(), "half of a comparison");
        assert!(parse(&["--base-command", "a", "--candidate-command", "b"]).is_ok());
        assert!(parse(&["--base", "main", "--margin", "3"]).is_err(), "no percent sign");
    }
}
