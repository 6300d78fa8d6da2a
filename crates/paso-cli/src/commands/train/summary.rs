//! The result of a finished run: two lines of text, or the last line of `--json`.

use super::args::TrainArgs;
use anyhow::{Context, Result};
use paso_locate::run::{Epoch, Run};
use serde::Serialize;
use std::time::Duration;

/// The last line of `--json`. Metrics are on the validation images.
#[derive(Debug, Serialize)]
struct Done {
    event: &'static str,
    mean_iou: f64,
    iou50: f64,
    class_accuracy: f64,
    best_mean_iou: f64,
    best_epoch: u64,
    /// Wall time of this command, not of earlier parts of a resumed run.
    seconds: f64,
}

/// Prints the metrics of the last and of the best epoch.
///
/// # Errors
/// When no epoch was done.
pub(super) fn print(args: &TrainArgs, run: &Run, elapsed: Duration) -> Result<()> {
    let (last, (best_mean_iou, best_epoch)) =
        run.last().zip(run.best()).context("no epoch was done")?;
    let seconds = elapsed.as_secs_f64();
    let Epoch { mean_iou, iou50, class_accuracy, .. } = last;
    if args.json {
        let done = Done {
            event: "done",
            mean_iou,
            iou50,
            class_accuracy,
            best_mean_iou,
            best_epoch,
            seconds,
        };
        println!("{}", serde_json::to_string(&done)?);
    } else {
        println!(
            "validation images: mean IoU {mean_iou:.3}, IoU >= 0.5 {iou50:.3}, class accuracy {class_accuracy:.3}; {seconds:.0} s"
        );
        println!("best: mean IoU {best_mean_iou:.3} after epoch {best_epoch}");
    }
    Ok(())
}
