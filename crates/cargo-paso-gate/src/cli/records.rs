//! `record`, `compare` and `report`: figures over time.

use super::run::{RunArgs, measure};
use super::{print, say};
use crate::config::Config;
use crate::history::histories;
use crate::measure::{Measured, summary, table};
use crate::records::{self, Line};
use crate::report::{Page, page};
use crate::{Error, Result, files, git, machine};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct RecordArgs {
    #[command(flatten)]
    run: RunArgs,
    /// The folder of the records, instead of one named after the CPU.
    #[arg(long, value_name = "NAME")]
    machine: Option<String>,
    /// Record files that are not committed; the revision gets `-dirty`.
    #[arg(long)]
    allow_dirty: bool,
}

#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// The record to compare with.
    before: PathBuf,
    /// The record to compare.
    after: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// The folder of the records, instead of the one named after this CPU.
    #[arg(long, value_name = "NAME")]
    machine: Option<String>,
    /// Where to write the page.
    #[arg(long, value_name = "FILE", default_value = "target/gate.html")]
    out: PathBuf,
    /// The file that says where records are, instead of gate.toml in this folder or one above.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Measures and writes a record; after each pass it has all figures up to then.
pub(super) fn record(args: &RecordArgs) -> Result<ExitCode> {
    let (config, root) = args.run.common.config()?;
    let dirty = !git::is_clean(&root)?;
    if dirty && !args.allow_dirty {
        return Err(Error::Request(
            "these files are not those of a commit, by which a record is named: commit them, or use --allow-dirty".into(),
        ));
    }
    let revision = git::short(&root, "HEAD")? + if dirty { "-dirty" } else { "" };
    let date = git::date(&root, "HEAD")?;
    let machine = args.machine.clone().unwrap_or_else(machine::slug);
    let day = date.split('T').next().unwrap_or(&date);
    let path = root.join(config.records()).join(&machine).join(format!("{day}-{revision}.csv"));
    let compiler = machine::compiler();
    let line = |it: &Measured| {
        let [median, least, most] = summary(&it.figures);
        Line {
            machine: machine.clone(),
            compiler: compiler.clone(),
            level: "unknown".into(),
            revision: revision.clone(),
            date: date.clone(),
            benchmark: it.benchmark.name.clone(),
            figure: it.benchmark.harness.unit().into(),
            better: it.benchmark.better,
            median,
            least,
            most,
            share: None,
            runs: it.figures.len(),
        }
    };
    let measured = measure(&args.run, &config, &root, |all| {
        records::write(&path, &all.iter().map(line).collect::<Vec<_>>())
    })?;
    print(&table(&measured));
    say(&format!("wrote {}", path.strip_prefix(&root).unwrap_or(&path).display()));
    Ok(ExitCode::SUCCESS)
}

pub(super) fn compare(args: &CompareArgs) -> Result<ExitCode> {
    let (before, after) = (records::read(&args.before)?, records::read(&args.after)?);
    print(&crate::compare::table(&before, &after)?);
    Ok(ExitCode::SUCCESS)
}

pub(super) fn report(args: &ReportArgs) -> Result<ExitCode> {
    let (config, root) = match &args.config {
        Some(path) => (Config::read(path)?, path.parent().unwrap_or(Path::new(".")).to_owned()),
        None => Config::find(&std::env::current_dir().map_err(Error::file(Path::new(".")))?)?,
    };
    let machine = args.machine.clone().unwrap_or_else(machine::slug);
    let folder = root.join(config.records()).join(&machine);
    let records = if folder.is_dir() { records::read_all(&folder)? } else { Vec::new() };
    if records.is_empty() {
        return Err(Error::Request(format!(
            "{}: no records of this machine: `cargo paso-gate record` writes one",
            folder.display()
        )));
    }
    let histories = histories(&records, |_| None);
    let commits = |range: &[String; 2]| git::commits(&root, range);
    let page =
        page(&Page { machine: &machine, histories: &histories, not_speed: &[], commits: &commits });
    files::write(&root.join(&args.out), page.into_string().as_bytes())?;
    say(&format!("wrote {}", args.out.display()));
    Ok(ExitCode::SUCCESS)
}
