//! `paso status`: how far a study is, from anywhere, also while workers are at it.
//!
//! It reads the folder and writes nothing, so the folder may be only for reading. The answer so far is
//! that of the last report, which workers write at every look.

use crate::command::Command;
use anyhow::{Result, ensure};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

/// The study to ask about.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// The folder of a study
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The JSON object.
#[derive(Debug, Serialize)]
struct Found {
    finished_runs: usize,
    repeated_runs: usize,
    runs_in_hand: usize,
    workers: Vec<String>,
    machines: Vec<String>,
    /// Whether the study was carried out; its answer is in `report.json` then.
    done: bool,
}

impl Command for StatusArgs {
    const NAME: &'static str = "status";
    const ABOUT: &'static str = "Say how far a study is, also while others work on it";
    const EXAMPLES: &'static [&'static str] = &["paso status runs/settle-1"];

    fn run(&self) -> Result<()> {
        let dir = self.dir.display();
        ensure!(self.dir.is_dir(), "{dir}: there is no such folder");
        let status = paso_study::status(&self.dir)?;
        let done = self.dir.join("report.json").exists();
        let report = self.dir.join("report.html");
        ensure!(
            status.finished > 0 || status.in_hand > 0 || paso_files::is_marked(&self.dir),
            "{dir}: there is no study in this folder (no runs*.jsonl)"
        );
        let found = Found {
            finished_runs: status.finished,
            repeated_runs: status.repeated,
            runs_in_hand: status.in_hand,
            workers: status.workers,
            machines: status.machines,
            done,
        };
        if self.json {
            println!("{}", serde_json::to_string(&found)?);
            return Ok(());
        }
        println!(
            "{} runs finished, {} in hand of {} workers{}",
            found.finished_runs,
            found.runs_in_hand,
            found.workers.len(),
            if done { "; the study was carried out" } else { "" }
        );
        found.workers.iter().for_each(|worker| println!("  {worker}"));
        if found.repeated_runs > 0 {
            println!("{} runs were trained twice, after their lease", found.repeated_runs);
        }
        if found.machines.len() > 1 {
            println!("warning: trained on {}", found.machines.join(" and "));
        }
        if report.exists() {
            println!("the answer so far: {}", report.display());
        }
        Ok(())
    }
}
