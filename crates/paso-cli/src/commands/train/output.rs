//! What `paso train` says before a run and after it.
//!
//! The baseline before a run is what a network must exceed: the best constant box. It is printed
//! first, so that a mean `IoU` of 0.4 can be put into proportion.
//!
//! The result is that of the validation images. It is slightly too good for the best epoch, which
//! was chosen by these very images; `paso eval --split test` has the result on others.

use crate::command_line::line;
use crate::source::SourceArgs;
use anyhow::{Context, Result};
use paso_locate::data::Prepared;
use paso_locate::metrics;
use paso_locate::metrics::best_constant_box;
use paso_locate::run::{Epoch, Run};
use serde::Serialize;
use std::path::PathBuf;
use std::time::Instant;

/// The last line of `--json`.
#[derive(Debug, Serialize)]
struct Done {
    event: &'static str,
    mean_iou: f64,
    iou50: f64,
    class_accuracy: f64,
    best_mean_iou: f64,
    best_epoch: u64,
    /// Of this call only, also where it resumed a run.
    seconds: f64,
    /// The folder of the run; null where nothing could be kept.
    run: Option<PathBuf>,
}

/// A line of `--json` for each epoch.
#[derive(Debug, Serialize)]
struct EpochLine<'a> {
    event: &'static str,
    #[serde(flatten)]
    epoch: &'a Epoch,
}

/// Prints the line of an epoch.
pub(super) fn epoch_line(epoch: &Epoch) -> Result<()> {
    println!("{}", serde_json::to_string(&EpochLine { event: "epoch", epoch })?);
    Ok(())
}

/// What a box that never looks at the image scores: a model is worth something only above it.
pub(super) fn baseline(train: &Prepared, validation: &Prepared) {
    let (best, _) = best_constant_box(train.boxes());
    let score = metrics::mean_iou(&best, validation.boxes());
    eprintln!(
        "the best constant box of the training images scores {score:.3} mean IoU on the validation images"
    );
}

/// Says so where the learning rate is 0 in the whole second half of a run, as that of
/// `cosine(to 0,1)` is after its first step: its author may have meant `cosine(to 0.1)`.
pub(super) fn idle_half(run: &Run) {
    /// So many steps are looked at, of however many there are.
    const LOOKS: u64 = 1_000;
    let (trainer, total) = (run.trainer(), run.trainer().total_steps());
    let mut half = (total / 2..total).step_by(usize::try_from(total / LOOKS + 1).unwrap_or(1));
    if half.all(|step| trainer.lr(step) == 0.0) {
        eprintln!(
            "note: the learning rate is 0 in the second half of these {total} steps, so nothing is learned there; is {:?} the schedule that you mean?",
            trainer.model().config().schedule
        );
    }
}

pub(super) fn finish(json: bool, source: &SourceArgs, run: &Run, start: Instant) -> Result<()> {
    let (last, best) = (run.last(), run.best());
    let (last, (best_mean_iou, best_epoch)) = last.zip(best).context("no epoch was done")?;
    let seconds = start.elapsed().as_secs_f64();
    let Epoch { mean_iou, iou50, class_accuracy, .. } = last;
    if json {
        let done = Done {
            event: "done",
            mean_iou,
            iou50,
            class_accuracy,
            best_mean_iou,
            best_epoch,
            seconds,
            run: run.folder().map(Into::into),
        };
        println!("{}", serde_json::to_string(&done)?);
    } else {
        println!(
            "mean IoU {mean_iou:.3}, IoU >= 0.5 {iou50:.3}, class accuracy {class_accuracy:.3} on the validation images, after {seconds:.0} s"
        );
        println!("best: mean IoU {best_mean_iou:.3} after epoch {best_epoch}");
        next(source, run);
    }
    Ok(())
}

/// What ran, and the commands that use it.
fn next(source: &SourceArgs, run: &Run) {
    let Some(folder) = run.folder() else { return };
    let folder = folder.display().to_string();
    let config = run.trainer().model().config();
    eprintln!(
        "{folder}: net {}, {} steps of {} images at {} pixels",
        config.net,
        run.trainer().steps(),
        config.batch,
        config.size
    );
    let command = |words: &[&str]| {
        let words = ["paso"].iter().chain(words).map(|word| (*word).to_owned());
        line(&words.collect::<Vec<_>>())
    };
    let mut eval = vec!["eval", &folder];
    let flags = source.flags();
    eval.extend(flags.iter().map(String::as_str));
    eprintln!("next:\n  {}", command(&eval));
    eprintln!("  {} IMAGES", command(&["predict", &folder]));
    eprintln!("  {}", command(&["export", &folder, "--onnx", "net.onnx"]));
}
