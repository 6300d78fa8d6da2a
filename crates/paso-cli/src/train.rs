//! `paso train`: one training run, with its folder.

use crate::folder;
use crate::interrupt;
use crate::progress;
use crate::settings::{self, SettingsArgs};
use crate::sheets;
use crate::source::SourceArgs;
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use paso_locate::data::{Dataset, Prepared, Split};
use paso_locate::metrics::best_constant_box;
use paso_locate::run::{Epoch, Run, newest};
use paso_locate::{BBox, TrainConfig, checkpoint, metrics};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// One training run.
#[derive(Debug, Args)]
pub(crate) struct TrainArgs {
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    settings: SettingsArgs,
    /// Peak learning rate [default: 0.004 on photographs; with --features and on the demo 0.002]
    #[arg(long, value_name = "RATE")]
    lr: Option<f64>,
    /// The schedule, such as 'cosine(to 1%)' [default: 'warmup(5%) then cosine(to 1%)']
    #[arg(long, value_name = "SPEC")]
    schedule: Option<String>,
    /// Passes over the training images [default: as many as make 45,000 views, at most 500; with --features 15,000, at most
    /// 100; at least 30; 40 on the demo]
    #[arg(long, value_name = "N")]
    epochs: Option<u64>,
    /// Stop after so many epochs without a better mean IoU on the validation images; best with --schedule constant, since
    /// a decaying rate counts on its end [default: never]
    #[arg(long, value_name = "N")]
    patience: Option<u64>,
    /// Everything random follows from this [default: 0]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Threads; the result does not depend on them [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Keep checkpoints and the record in this folder [default: a new runs/train-N]
    #[arg(long, value_name = "RUN")]
    out: Option<PathBuf>,
    /// Go on with the run in the folder given by --out, where it stopped
    #[arg(long, requires = "out")]
    resume: bool,
    /// Print the merged settings as TOML and stop
    #[arg(long)]
    print_config: bool,
    /// Print JSON: a line an epoch, and a last one
    #[arg(long)]
    json: bool,
}

/// The last line of `--json`.
#[derive(Debug, Serialize)]
struct Done {
    event: &'static str,
    mean_iou: f64,
    iou50: f64,
    class_accuracy: f64,
    best_mean_iou: f64,
    best_epoch: u64,
    seconds: f64,
}

/// The schedule of a run that asks for none, and of one that is too short for its warm-up.
const SCHEDULE: &str = "warmup(5%) then cosine(to 1%)";
const SHORT: &str = "cosine(to 1%)";

pub(crate) fn run(args: &TrainArgs) -> Result<()> {
    let pool = settings::pool(settings::threads(args.threads)?)?;
    let dataset = pool.install(|| args.source.open())?;
    let mut config = config(args, &dataset.boxes(Split::Train))?;
    if args.print_config {
        print!("{}", toml::to_string(&config)?);
        return Ok(());
    }
    config.check()?;
    let start = Instant::now();
    pool.install(|| {
        let train = Arc::new(args.source.prepare(&dataset, Split::Train, config.size)?);
        let validation = args.source.prepare(&dataset, Split::Val, config.size)?;
        baseline(&train, &validation);
        let steps = config.total_steps(train.len());
        if args.schedule.is_none() && config.schedule == SCHEDULE && steps < 20 && !args.resume {
            eprintln!(
                "note: {steps} steps are too few for a warm-up of 5 %; the schedule is {SHORT}"
            );
            config.schedule = SHORT.into();
        }
        let folder = folder::chosen(args.out.as_deref(), "train");
        let mut run = begin(args, &config, folder.as_deref(), &dataset, train, validation)?;
        sheets::begin(&run, &dataset);
        all_epochs(args, &mut run)?;
        sheets::end(&run, &dataset);
        finish(args, &run, start)
    })
}

/// The settings of this call, for training images with these boxes. When it resumes, they are the run's own, but for the number of
/// epochs and the patience.
fn config(args: &TrainArgs, boxes: &[BBox]) -> Result<TrainConfig> {
    let kept = match &args.out {
        Some(folder) if args.resume => Some(checkpoint::load(&newest(folder)?)?.0.config),
        _ => None,
    };
    let preset = args.settings.of_training(&args.source.data, boxes);
    // A run that may stop at any time has no known end before which augmentation could be reduced.
    let open = args.patience.is_some() || args.schedule.as_deref() == Some("constant");
    let close_augment = if open { 0.0 } else { preset.close_augment };
    let preset = TrainConfig { schedule: SCHEDULE.into(), close_augment, ..preset };
    let preset = kept.clone().unwrap_or(preset);
    let mut config = args.settings.merged(preset)?;
    config.lr = args.lr.unwrap_or(config.lr);
    config.epochs = args.epochs.unwrap_or(config.epochs);
    config.patience = args.patience.or(config.patience);
    config.seed = args.seed.unwrap_or(config.seed);
    if let Some(schedule) = &args.schedule {
        config.schedule.clone_from(schedule);
    }
    if let Some(kept) = kept {
        let TrainConfig { epochs, patience, .. } = kept;
        let same = TrainConfig { epochs, patience, ..config.clone() };
        ensure!(
            same == kept,
            "--resume goes on with the settings that the run was started with; only --epochs and --patience may change. \
             Leave the other flags out, or start a new run in another folder. The run has:\n{}",
            toml::to_string(&kept)?
        );
        if config.epochs != kept.epochs {
            eprintln!(
                "{} epochs instead of {}: the schedule {:?}, and what else is a share of the run, is spread over the new number of steps",
                config.epochs, kept.epochs, kept.schedule
            );
        }
    }
    Ok(config)
}

fn begin(
    args: &TrainArgs,
    config: &TrainConfig,
    folder: Option<&Path>,
    dataset: &Dataset,
    train: Arc<Prepared>,
    validation: Prepared,
) -> Result<Run> {
    let run = match folder {
        Some(folder) if args.resume => {
            let run = Run::resume(folder, Some(config), train, validation)?;
            eprintln!("{}: going on after epoch {}", folder.display(), run.epochs());
            run
        }
        _ => {
            let classes = dataset.classes.clone();
            let features = args.settings.features.as_deref();
            Run::new(config, classes, train, validation, features, folder)?
        }
    };
    let model = run.trainer().model();
    eprintln!(
        "net {}: {} parameters, {} steps",
        config.net,
        model.parameters(),
        run.trainer().total_steps()
    );
    Ok(run)
}

/// What a box that never looks at the image scores: a model is worth something only above it.
fn baseline(train: &Prepared, validation: &Prepared) {
    let (best, _) = best_constant_box(train.boxes());
    let score = metrics::mean_iou(&best, validation.boxes());
    eprintln!(
        "the best constant box of the training images scores {score:.3} mean IoU on the validation images"
    );
}

fn all_epochs(args: &TrainArgs, run: &mut Run) -> Result<()> {
    if run.is_done() && run.stopped_early().is_none() {
        eprintln!("all {} epochs are done; a larger --epochs goes on", run.epochs());
    }
    let trainer = run.trainer();
    let bar = progress::bar(trainer.total_steps(), "train");
    bar.set_position(trainer.steps());
    bar.reset_eta();
    let interrupted = interrupt::flag("this epoch, which is kept")?;
    while !run.is_done() && !interrupted.load(Ordering::Relaxed) {
        let done = run.epochs();
        let epoch = run.epoch(|_| bar.inc(1)).with_context(|| kept(done, run.folder()))?;
        bar.set_message(format!(
            "epoch {} loss {:.3} mean IoU {:.3}",
            epoch.epoch, epoch.train_loss, epoch.mean_iou
        ));
        if args.json {
            println!("{}", serde_json::to_string(&epoch)?);
        }
    }
    if run.is_done() {
        bar.finish();
        if let Some(waited) = run.stopped_early() {
            eprintln!(
                "stopped after epoch {}: no better mean IoU for {waited} epochs; --resume with a larger --patience goes on",
                run.epochs()
            );
        }
        return Ok(());
    }
    bar.abandon();
    let epoch = run.epochs();
    match run.folder() {
        Some(folder) => {
            bail!(
                "stopped after epoch {epoch}; --out {} --resume goes on from there",
                folder.display()
            )
        }
        None => bail!("stopped after epoch {epoch}; nothing was kept"),
    }
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

fn finish(args: &TrainArgs, run: &Run, start: Instant) -> Result<()> {
    let (last, best) = (run.last(), run.best());
    let (last, (best_mean_iou, best_epoch)) = last.zip(best).context("no epoch was done")?;
    let seconds = start.elapsed().as_secs_f64();
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
            "mean IoU {mean_iou:.3}, IoU >= 0.5 {iou50:.3}, class accuracy {class_accuracy:.3} on the validation images, after {seconds:.0} s"
        );
        println!("best: mean IoU {best_mean_iou:.3} after epoch {best_epoch}");
    }
    Ok(())
}
