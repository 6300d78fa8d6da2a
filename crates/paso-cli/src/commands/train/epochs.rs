//! The epochs of a run, until it is done or interrupted.
//!
//! An epoch is the unit that is kept: a checkpoint is written after each one. Ctrl-C lets the epoch
//! end; a second one ends the program, and the last checkpoint stays complete.
//!
//! A run that was interrupted ends with exit code 130 and the command that continues it, since it has
//! no final result yet; a run that its patience stopped has one, and ends with 0. With `--json` each epoch is a line on
//! stdout as soon as its checkpoint is written. A run that is done already trains nothing and is
//! reported as done.

use super::arguments::TrainArgs;
use super::output;
use crate::interrupt::Interrupted;
use crate::{command_line, progress};
use anyhow::{Context, Result};
use paso_locate::run::Run;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// # Errors
/// If an epoch diverges or cannot be kept, with the last epoch that is kept, or if Ctrl-C ended the
/// run.
pub(super) fn all_epochs(args: &TrainArgs, run: &mut Run, interrupted: &AtomicBool) -> Result<()> {
    if run.is_done() && run.stopped_early().is_none() {
        eprintln!("all {} epochs are done; a larger --epochs continues", run.epochs());
    }
    let trainer = run.trainer();
    let bar = progress::bar(trainer.total_steps(), "train");
    bar.set_position(trainer.steps());
    bar.reset_eta();
    while !run.is_done() && !interrupted.load(Ordering::Relaxed) {
        let done = run.epochs();
        let epoch = run.epoch(|_| bar.inc(1)).with_context(|| kept(done, run.folder()))?;
        bar.set_message(format!(
            "epoch {} loss {:.3} mean IoU {:.3}",
            epoch.epoch, epoch.train_loss, epoch.mean_iou
        ));
        if args.json {
            bar.suspend(|| output::epoch_line(&epoch))?;
        }
    }
    if run.is_done() {
        bar.finish();
        if let Some(waited) = run.stopped_early() {
            eprintln!(
                "stopped after epoch {}: no better mean IoU for {waited} epochs; --resume with a larger --patience continues",
                run.epochs()
            );
        }
        return Ok(());
    }
    bar.abandon();
    let epoch = run.epochs();
    let said = match run.folder() {
        Some(folder) if epoch == 0 => format!(
            "stopped before the first epoch; to begin again:\n  {}",
            command_line::in_folder(Some(folder), "")
        ),
        Some(folder) => format!(
            "stopped after epoch {epoch}, which is kept; to continue:\n  {}",
            command_line::in_folder(Some(folder), "--resume")
        ),
        None => format!("stopped after epoch {epoch}; nothing was kept"),
    };
    Err(Interrupted(said).into())
}

/// What there is still when an epoch could not be done or kept.
fn kept(epoch: u64, folder: Option<&Path>) -> String {
    match folder {
        Some(folder) if epoch > 0 => {
            format!("epoch {} (epoch {epoch} is kept in {})", epoch + 1, folder.display())
        }
        _ => format!("epoch {}", epoch + 1),
    }
}
