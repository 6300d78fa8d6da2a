//! `paso train`: one training run, saved in its run folder.
//!
//! [`args`] has the flags, [`run_settings`] merges them with the settings of an earlier run, [`contact_sheets`] draws
//! `samples.png` and `worst.png`, [`summary`] prints the result.

mod args;
mod contact_sheets;
mod run_settings;
mod summary;

pub(crate) use args::TrainArgs;

use crate::{interrupt, out_folder, progress, threads};
use anyhow::{Context, Result, bail};
use paso_locate::data::{Dataset, Prepared, Split};
use paso_locate::metrics::{self, best_constant_box};
use paso_locate::run::Run;
use paso_locate::{TrainConfig, Trainer};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Runs the command.
pub(crate) fn run(args: &TrainArgs) -> Result<()> {
    let pool = threads::pool(threads::count(args.threads)?)?;
    let dataset = pool.install(|| args.data.load())?;
    let mut config = run_settings::merge(args, &dataset.boxes(Split::Train))?;
    if args.print_config {
        print!("{}", toml::to_string(&config)?);
        return Ok(());
    }
    config.check()?;
    let start = Instant::now();
    pool.install(|| {
        let train = Arc::new(args.data.prepare(&dataset, Split::Train, config.size)?);
        let validation = args.data.prepare(&dataset, Split::Val, config.size)?;
        print_baseline(&train, &validation);
        run_settings::shorten_schedule(args, &mut config, train.len());
        let folder = out_folder::choose(args.out.as_deref(), "train");
        let mut run = open(args, &config, folder.as_deref(), &dataset, train, validation)?;
        contact_sheets::draw_first_batch(&run, &dataset);
        train_epochs(args, &mut run)?;
        contact_sheets::draw_worst(&run, &dataset);
        summary::print(args, &run, start.elapsed())
    })
}

/// A new run, or the one in the folder to resume.
fn open(
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
            eprintln!("{}: resuming after epoch {}", folder.display(), run.epochs());
            run
        }
        _ => {
            let classes = dataset.classes.clone();
            let features = args.settings.features.as_deref();
            Run::new(config, classes, train, validation, features, folder)?
        }
    };
    let (trainer, net): (&Trainer, _) = (run.trainer(), config.net);
    let (parameters, steps) = (trainer.model().parameters(), trainer.total_steps());
    eprintln!("net {net}: {parameters} parameters, {steps} steps");
    Ok(run)
}

/// What a box that ignores the image scores: a net is useful only above it.
fn print_baseline(train: &Prepared, validation: &Prepared) {
    let (best, _) = best_constant_box(train.boxes());
    let score = metrics::mean_iou(&best, validation.boxes());
    eprintln!(
        "baseline: the best constant box of the training images has mean IoU {score:.3} on the validation images"
    );
}

fn train_epochs(args: &TrainArgs, run: &mut Run) -> Result<()> {
    if run.is_done() && run.stopped_early().is_none() {
        eprintln!("all {} epochs are done; to continue, pass a larger --epochs", run.epochs());
    }
    let trainer = run.trainer();
    let bar = progress::bar(trainer.total_steps(), "train");
    bar.set_position(trainer.steps());
    bar.reset_eta();
    let interrupted = interrupt::flag("this epoch, which will be saved")?;
    while !run.is_done() && !interrupted.load(Ordering::Relaxed) {
        let done = run.epochs();
        let epoch = run.epoch(|_| bar.inc(1)).with_context(|| at_epoch(done, run.folder()))?;
        bar.set_message(format!(
            "epoch {} loss {:.3} mean IoU {:.3}",
            epoch.epoch, epoch.train_loss, epoch.mean_iou
        ));
        if args.json {
            println!("{}", serde_json::to_string(&epoch)?);
        }
    }
    let epoch = run.epochs();
    if run.is_done() {
        bar.finish();
        if let Some(waited) = run.stopped_early() {
            eprintln!(
                "stopped after epoch {epoch}: no better mean IoU for {waited} epochs; to continue, pass --resume and a larger --patience"
            );
        }
        return Ok(());
    }
    bar.abandon();
    match run.folder() {
        Some(folder) => bail!(
            "stopped after epoch {epoch}; to continue, pass --out {} --resume",
            folder.display()
        ),
        None => bail!("stopped after epoch {epoch}; nothing was saved"),
    }
}

/// Where training failed, and which epoch is saved. `done` epochs were completed before.
fn at_epoch(done: u64, folder: Option<&Path>) -> String {
    match folder {
        Some(folder) if done > 0 => {
            format!("epoch {} (epoch {done} is saved in {})", done + 1, folder.display())
        }
        _ => format!("epoch {}", done + 1),
    }
}
