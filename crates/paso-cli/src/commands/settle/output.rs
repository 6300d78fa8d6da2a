//! What `paso settle` shows on the terminal: progress while it runs, and the answer as a table.

use super::trial::LocalizationTrial;
use indicatif::ProgressBar;
use paso_study::{Answer, ArmAnswer, Event, Role};
use std::time::Duration;

/// Shows an event on the progress bar or above it.
pub(super) fn show_event(bar: &ProgressBar, event: &Event<'_>) {
    match event {
        Event::Planned(plan) => bar.suspend(|| eprintln!("{plan}")),
        Event::BudgetCut(cut) => bar.suspend(|| {
            for line in cut.costs() {
                eprintln!("{line}");
            }
        }),
        Event::Finished { progress, .. } => {
            bar.set_length(progress.total as u64);
            bar.set_position(progress.done as u64);
            // Whole seconds: the rest is noise.
            let left = Duration::from_secs(progress.left.as_secs());
            bar.set_message(format!("about {} left", humantime::format_duration(left)));
        }
        Event::Tuned { arm, peak_lr, .. } => {
            bar.suspend(|| eprintln!("{arm}: peak learning rate {peak_lr:.2e}"));
        }
        _ => {}
    }
}

/// Prints the table of arms, the verdict, its notes, and the conditions under which it holds.
pub(super) fn print(answer: &Answer, trial: &LocalizationTrial) {
    println!(
        "\n{:<14} {:>9} {:>8} {:>9}   {:<19} {:>7}",
        "arm", "peak lr", "mean IoU", "against", "95 % interval", "p"
    );
    for arm in &answer.arms {
        println!("{}", row(arm));
    }
    println!("\n{}", answer.sentence());
    for note in &answer.notes {
        println!("note: {note}");
    }
    let c = &trial.config;
    println!(
        "This holds for these {} images, net {} at {} pixels, {} steps of {} images, AdamW with weight decay {}.",
        trial.images.len(),
        c.net,
        c.size,
        answer.config.steps,
        c.batch,
        c.weight_decay
    );
}

fn row(arm: &ArmAnswer) -> String {
    let interval = match arm.role {
        Role::Baseline => String::new(),
        _ => format!("{:+.4} to {:+.4}", arm.ci_low, arm.ci_high),
    };
    format!(
        "{:<14} {:>9.1e} {:>8.4} {:>+9.4}   {interval:<19} {:>7.4}",
        arm.name, arm.peak_lr, arm.mean, arm.diff, arm.p
    )
}
