//! What `paso settle` shows while it runs and when it is done.
//!
//! Progress and remarks go to stderr: the plan, who is compared, and a line for each look. The answer
//! goes to stdout: a table of the arms, the verdict in words, its notes, and the command that trains
//! with what was settled. Widths are fixed; programs should read `--json`.

use super::about::train_command;
use super::arguments::SettleArgs;
use crate::command_line;
use crate::threads;
use crate::trial::Localization;
use anyhow::{Context, Result};
use indicatif::ProgressBar;
use paso_locate::files;
use paso_study::{Answer, ArmAnswer, Event, Question, StudyReport, Verdict};
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

/// The JSON object: the answer, and where it is kept.
#[derive(Debug, Serialize)]
pub(super) struct AnswerInFolder<'a> {
    #[serde(flatten)]
    pub(super) answer: &'a Answer,
    /// The folder of the study, with `report.html`; null where nothing could be kept.
    pub(super) folder: Option<&'a Path>,
}

/// The file of a study that was carried out.
pub(super) const REPORT: &str = "report.json";

/// Puts what happened on the bar or above it.
///
/// Kinds of events that are not listed here are ignored. The time left is an estimate of the study
/// up to its next look, in whole seconds.
pub(super) fn show(bar: &ProgressBar, event: &Event<'_>) {
    let say = |line: String| bar.suspend(|| eprintln!("{line}"));
    match event {
        Event::Planned(plan) => {
            bar.set_length(plan.min_runs as u64);
            say(plan.to_string());
        }
        Event::BudgetCut(cut) => cut.costs().into_iter().for_each(say),
        Event::Finished { progress, .. } => {
            bar.set_length(progress.total as u64);
            bar.set_position(progress.done as u64);
            bar.set_message(format!(
                "next look in about {}",
                humantime::format_duration(Duration::from_secs(progress.left.as_secs()))
            ));
        }
        Event::Raced { question, challenger, incumbent } => {
            let which = match question {
                Question::Alternative => "without decay",
                _ => "compared",
            };
            say(format!("{which}: {challenger} against {incumbent}"));
        }
        Event::Looked { look, next, confirmation, .. } => {
            let mut line = look.to_string();
            if let Some(next) = next {
                line += &format!("; next look {next}");
            }
            if let Some((runner_up, confirmed)) = confirmation {
                let state = if *confirmed { "confirmed" } else { "confirmation outstanding" };
                line += &format!("; {state} against {runner_up}");
            }
            say(line);
        }
        Event::OutOfTime => say("the budget of time is spent: the next look would not fit".into()),
        _ => {}
    }
}

/// The answer in words and a table.
pub(super) fn print(
    args: &SettleArgs,
    report: &StudyReport,
    trial: &Localization,
    folder: Option<&Path>,
) {
    let answer = &report.answer;
    println!(
        "\n{:<14} {:>9} {:>10} {:>6} {:>10} {:>9}",
        "arm", "peak rate", "tuning IoU", "pairs", "mean IoU", "against"
    );
    for ArmAnswer { name, tuned, values, diff, .. } in &answer.arms {
        let or_none = |x: Option<f64>| x.map_or("-".into(), |x| format!("{x:.4}"));
        let mean = (!values.is_empty()).then(|| paso_study::stats::mean(values));
        let diff = diff.map_or("-".into(), |diff| format!("{diff:+.4}"));
        // An arm of a question that was not asked has no learning rate yet.
        let known = !(tuned.tried.is_empty() && values.is_empty());
        let lr = if known { format!("{:.1e}", tuned.peak_lr) } else { "-".into() };
        println!(
            "{name:<14} {lr:>9} {:>10} {:>6} {:>10} {diff:>9}",
            or_none(tuned.mean),
            values.len(),
            or_none(mean)
        );
    }
    println!("\n{answer}");
    undecided(args, report, folder);
    loss(answer);
    answer.notes.iter().for_each(|note| println!("note: {note}"));
    let c = &trial.config;
    println!(
        "It holds for these {} images, net {} at {} pixels, {} steps of {} images, {} with weight decay {}.",
        trial.images.len(),
        c.net,
        c.size,
        answer.config.steps,
        c.batch,
        c.optimizer,
        c.weight_decay
    );
    if let Some(command) = folder.and_then(|folder| train_command(args, trial, folder)) {
        let why = if answer.settled.decided {
            "train with it"
        } else {
            "train with the better one so far"
        };
        let whole = match answer.shortened_from {
            Some(asked) => format!(", for the whole {asked} steps"),
            None => String::new(),
        };
        println!("{why} ({}{whole}):\n  {command}", answer.settled.finalist);
    }
}

/// The same pairs by their loss, and what theory predicts that decay removes of it.
fn loss(answer: &Answer) {
    let Some(look) = &answer.decay.loss else { return };
    let word = if look.mean < 0.0 { "higher" } else { "lower" };
    println!(
        "Loss of the same pairs: {:.4} {word} with {} (95 % interval {:+.4} to {:+.4} in its favor){}.",
        look.mean.abs(),
        answer.decay.challenger.arm,
        look.interval.low,
        look.interval.high,
        answer.noise.as_ref().map_or_else(String::new, |noise| {
            format!("; theory predicts at most {:.4}", noise.predicted_gain)
        })
    );
}

/// What an undecided question would take.
fn undecided(args: &SettleArgs, report: &StudyReport, folder: Option<&Path>) {
    let threads = threads::count(args.threads).unwrap_or(1) as f64;
    for comparison in std::iter::once(&report.answer.decay).chain(&report.answer.alternative) {
        if comparison.verdict != Verdict::Undecided {
            continue;
        }
        let name = &comparison.challenger.arm;
        let more_training = report.more_training(comparison);
        if let Some((runs, seconds)) = more_training.filter(|_| comparison.awaits_confirmation()) {
            println!(
                "{runs} runs of the runner-up ({} min) may confirm {name}; this goes on from here:\n  {}",
                (seconds / threads / 60.0).ceil(),
                command_line::in_folder(folder, "")
            );
            continue;
        }
        let (Some(more), Some((_, seconds))) = (comparison.more_pairs, more_training) else {
            println!("Even a thousand pairs are not likely to decide on {name}.");
            continue;
        };
        let pairs = comparison.last().pairs + more;
        let limit = if pairs > args.pairs.into() {
            format!(" (with --pairs {pairs})")
        } else {
            String::new()
        };
        println!(
            "About {more} more pairs ({} min) may decide on {name}; this goes on from here{limit}:\n  {}",
            (seconds / threads / 60.0).ceil(),
            command_line::in_folder(folder, "")
        );
    }
}

/// The page of a report, which can be watched while the study goes on.
///
/// # Errors
/// If the folder cannot be written or is full.
pub(super) fn write_page(folder: &Path, report: &StudyReport) -> Result<()> {
    files::write_whole(&folder.join("report.html"), report.html().as_bytes())?;
    Ok(())
}

/// Shows the page in the browser. That there is none is no reason to stop.
pub(super) fn open_page(folder: &Path) {
    let path = folder.join("report.html");
    if let Err(e) = opener::open(&path) {
        eprintln!("note: {} could not be opened: {e}", path.display());
    }
}

/// `report.json` and `report.html` in the study's folder.
///
/// # Errors
/// If the folder cannot be written or is full. The finished runs are kept, and the same command
/// writes the report from them.
pub(super) fn write_report(folder: &Path, report: &StudyReport) -> Result<()> {
    let json = serde_json::to_string_pretty(report)?;
    files::write_whole(&folder.join(REPORT), json.as_bytes())
        .map_err(anyhow::Error::from)
        .and_then(|()| write_page(folder, report))
        .context(
            "the report could not be written; every run is kept, and the same command writes it from them",
        )?;
    eprintln!("report: {}", folder.join("report.html").display());
    Ok(())
}
