//! `cargo xtask perf peers`: paso and other libraries on this machine, and the tables of the
//! README.
//!
//! Each pair of programs runs alternately, `A B B A` per round, so that a machine that gets slower
//! favors neither. The peers' programs are in `benches/peers`.
//!
//! The figure of a row is the ratio of times of neighboring runs, theirs over ours, with median,
//! least and most. A median of ratios is used and not a ratio of medians, as neighbors share the
//! state of the machine.
//!
//! Peers are installed or built at first use; see `install.rs`. A pair that cannot run is named
//! below the table with its reason, and does not end the others.
//!
//! Tables go to stdout and, unless it is a dry run, between two markers of BENCHMARKING.md, each as
//! soon as it is complete. Below a table are the command, the date, the revision, the machine, the
//! instruction set level, the compiler and the versions of the peers.

mod alternate;
mod install;
mod page;
mod pairs;

use super::{builds, program::Program};
use crate::root;
use alternate::Row;
use anyhow::{Context, Result, bail};
use cargo_paso_gate::{git, machine};
use clap::Args;
use pairs::{PAIRS, Pair, Section};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What `cargo xtask perf peers` measures.
#[derive(Debug, Args)]
pub(crate) struct PeersArgs {
    /// Only this table.
    #[arg(long, value_enum)]
    only: Option<Section>,
    /// Rounds of each pair; two ratios come from each.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Print the tables instead of writing them into BENCHMARKING.md.
    #[arg(long)]
    dry_run: bool,
}

/// A pair, and its rows or why there are none.
struct Measured {
    pair: &'static Pair,
    rows: Result<Vec<Row>>,
}

/// Prints or writes the tables.
///
/// # Errors
/// When nothing can be installed or built, or BENCHMARKING.md has no place for a table.
pub(crate) fn run(args: &PeersArgs) -> Result<()> {
    if !cfg!(target_os = "linux") {
        bail!(
            "perf peers runs on Linux only: the peers' programs bind their threads as Linux does"
        );
    }
    let sections: Vec<Section> = match args.only {
        Some(section) => vec![section],
        None => vec![Section::Adam, Section::Train, Section::Inference],
    };
    let wanted: Vec<&Pair> = PAIRS.iter().filter(|p| sections.contains(&p.section)).collect();
    let hosts = install::Hosts::new(wanted.iter().map(|pair| pair.host))?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let ours = Program::new(&builds::build(&target)?)?;
    // A page without the places is an error before hours of measuring.
    let path = root().join("BENCHMARKING.md");
    for &section in &sections {
        page::place(&read(&path)?, section, "")?;
    }
    for section in sections {
        let of_section = wanted.iter().filter(|pair| pair.section == section);
        let measured: Vec<Measured> = of_section
            .map(|pair| Measured { pair, rows: measure(pair, &hosts, &ours, args.rounds) })
            .collect();
        let made_by = format!(
            "`cargo xtask perf peers --only {} --rounds {}`, {}",
            section.name(),
            args.rounds,
            where_and_when(&ours)?
        );
        let table = page::table(section, &measured, &made_by);
        #[expect(clippy::print_stdout, reason = "the command's output")]
        {
            println!("{table}");
        }
        if !args.dry_run {
            // After each table, so that one that fails does not take the others along; into the
            // page as it is then.
            let text = page::place(&read(&path)?, section, &table)?;
            std::fs::write(&path, &text).context("BENCHMARKING.md")?;
            eprintln!("perf: BENCHMARKING.md has the table `{}`", section.name());
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// Runs one pair and prints its ratios to stderr.
///
/// # Errors
/// When the host is not available, or a program fails.
fn measure(pair: &Pair, hosts: &install::Hosts, ours: &Program, rounds: u16) -> Result<Vec<Row>> {
    let theirs = hosts.command(pair.host)?;
    let what = format!("{} {}", pair.peer, pair.theirs);
    let mut last = 0;
    let rows = alternate::measure(pair.section, rounds, |side, round| {
        if std::mem::replace(&mut last, round) != round {
            eprintln!("perf: {what}: round {round} of {rounds}");
        }
        let mut command = match side {
            alternate::Side::Theirs => theirs.build(pair.theirs),
            alternate::Side::Ours => {
                let mut command = Command::new(ours.path());
                command.args(pair.ours.split_whitespace());
                command
            }
        };
        Ok(cargo_paso_gate::run(&mut command)?)
    })?;
    // Said as soon as it is known: a later pair may take hours, or never end.
    for row in &rows {
        let (ratio, least, most) = (row.ratio, row.least, row.most);
        eprintln!("perf: {what}: {}: {ratio:.2} ({least:.2} .. {most:.2})", row.group);
    }
    Ok(rows)
}

/// Date, revision, machine, level and compiler.
fn where_and_when(ours: &Program) -> Result<String> {
    let now = humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string();
    let day = now.split('T').next().unwrap_or(&now);
    let dirty = !git::is_clean(root())?;
    let revision = git::short(root(), "HEAD")? + if dirty { " and changes" } else { "" };
    let compiler = machine::compiler();
    let compiler = compiler.split(" (").next().unwrap_or(&compiler);
    Ok(format!(
        "{day}, revision {revision}, on {}, {}; {compiler}",
        machine::description(),
        ours.level()
    ))
}
