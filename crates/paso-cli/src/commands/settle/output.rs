//! What `paso settle` shows while it runs and when it is done.
//!
//! Progress and remarks go to stderr. The table has the columns of the report: the peak learning
//! rate of each arm, its mean, the paired difference to the baseline with its interval, and the
//! p-value.
//!
//! Only the table and the sentences below it go to stdout, at the end. Widths are fixed; programs
//! should read `--json`.

use crate::trial::Localization;
use anyhow::{Context, Result};
use indicatif::ProgressBar;
use paso_locate::files;
use paso_study::{Answer, Event, Role, StudyReport};
use std::path::Path;
use std::time::Duration;

/// Puts what happened on the bar or above it.
///
/// Kinds of events that are not listed here are ignored. The time left is an estimate of the study,
/// in whole seconds.
pub(super) fn show(bar: &ProgressBar, event: &Event<'_>) {
    match event {
        Event::Planned(plan) => bar.suspend(|| eprintln!("{plan}")),
        Event::BudgetCut(cut) => {
            bar.suspend(|| cut.costs().iter().for_each(|line| eprintln!("{line}")));
        }
        Event::Finished { progress, .. } => {
            bar.set_length(progress.total as u64);
            bar.set_position(progress.done as u64);
            bar.set_message(format!(
                "about {} left",
                humantime::format_duration(Duration::from_secs(progress.left.as_secs()))
            ));
        }
        Event::Tuned { arm, peak_lr, .. } => {
            bar.suspend(|| eprintln!("{arm}: peak learning rate {peak_lr:.2e}"));
        }
        _ => {}
    }
}

/// The answer in words and a table.
///
/// `against` is the mean paired difference to the baseline; positive is better. The baseline has no
/// interval.
pub(super) fn print(answer: &Answer, trial: &Localization) {
    println!(
        "\n{:<14} {:>9} {:>8} {:>9}   {:<19} {:>7}",
        "arm", "peak rate", "mean IoU", "against", "95 % interval", "p"
    );
    for arm in &answer.arms {
        let interval = match arm.role {
            Role::Baseline => String::new(),
            _ => format!("{:+.4} to {:+.4}", arm.ci_low, arm.ci_high),
        };
        println!(
            "{:<14} {:>9.1e} {:>8.4} {:>+9.4}   {interval:<19} {:>7.4}",
            arm.name, arm.peak_lr, arm.mean, arm.diff, arm.p
        );
    }
    println!("\n{}", answer.sentence());
    answer.notes.iter().for_each(|note| println!("note: {note}"));
    let c = &trial.config;
    println!(
        "It holds for these {} images, net {} at {} pixels, {} steps of {} images, AdamW with weight decay {}.",
        trial.images.len(),
        c.net,
        c.size,
        answer.config.steps,
        c.batch,
        c.weight_decay
    );
}

/// `report.json` and `report.html` in the study's folder.
///
/// # Errors
/// If the folder cannot be written or is full. The finished runs are kept, and the same command
/// writes the report from them.
pub(super) fn write_report(folder: &Path, report: &StudyReport) -> Result<()> {
    let json = serde_json::to_string_pretty(report)?;
    for (name, text) in [("report.json", json), ("report.html", report.html())] {
        files::write_whole(&folder.join(name), text.as_bytes()).context(
            "the report could not be written; every run is kept, and the same command writes it from them",
        )?;
    }
    eprintln!("report: {}", folder.join("report.html").display());
    Ok(())
}
