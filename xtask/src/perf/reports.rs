//! `cargo xtask perf compare` and `report`: figures that were recorded earlier.
//!
//! Both are of `cargo-paso-gate`. What is added here are the seeds of `quality`: `compare` tests them
//! in pairs, and in a report they are one history.

use super::quality::{self, Found};
use super::{records_folder, suite};
use crate::root;
use anyhow::{Context, Result, bail};
use cargo_paso_gate::history::histories;
use cargo_paso_gate::report::{Page, page};
use cargo_paso_gate::{compare, files, git, machine, records};
use clap::Args;
use std::path::PathBuf;

/// The two records that `cargo xtask perf compare` reads.
#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The record to compare with.
    before: PathBuf,
    /// The record to compare.
    after: PathBuf,
}

/// What `cargo xtask perf report` draws.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The folder of the records, instead of the one named after this CPU.
    #[arg(long, value_name = "NAME")]
    machine: Option<String>,
    /// Where to write the page.
    #[arg(long, value_name = "FILE", default_value = "target/perf.html")]
    out: PathBuf,
}

/// Prints the ratio of times of every benchmark that both have.
pub(crate) fn compare(args: &CompareArgs) -> Result<()> {
    let (before, after) = (records::read(&args.before)?, records::read(&args.after)?);
    let learned = quality::of_records(&before, &after);
    let learned: String = learned.iter().map(|found| Found::sentence(found) + "\n").collect();
    let table = compare::table(&before, &after)?;
    #[expect(clippy::print_stdout, reason = "the command's output")]
    {
        print!("{table}{learned}");
    }
    Ok(())
}

/// Writes the page.
pub(crate) fn report(args: &ReportArgs) -> Result<()> {
    let machine = args.machine.clone().unwrap_or_else(machine::slug);
    let folder = records_folder(&machine);
    let records = records::read_all(&folder).context("no records of this machine")?;
    if records.is_empty() {
        bail!("no records of {machine}: `cargo xtask perf record` writes one");
    }
    let histories = histories(&records, quality::without_seed);
    let commits = |range: &[String; 2]| git::commits(root(), range);
    let not_speed = suite::NOT_SPEED;
    let page =
        page(&Page { machine: &machine, histories: &histories, not_speed, commits: &commits });
    // An absolute path stays as it is.
    files::write(&root().join(&args.out), page.into_string().as_bytes())?;
    eprintln!("perf: wrote {}", args.out.display());
    Ok(())
}
