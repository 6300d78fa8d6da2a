//! `paso eval`: how good a trained network is on labelled images.

use crate::settings;
use crate::source::{self, SourceArgs};
use anyhow::{Result, ensure};
use clap::Args;
use paso_locate::Model;
use paso_locate::data::Split;
use paso_locate::metrics::{best_constant_box, bootstrap_mean};
use paso_locate::run::BEST;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Judge a trained network.
#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// A run folder (its best checkpoint is judged), or a checkpoint file
    run: PathBuf,
    #[command(flatten)]
    source: SourceArgs,
    /// Which images: train, val or test
    #[arg(long, default_value = "val")]
    split: Split,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Judged {
    images: usize,
    mean_iou: f64,
    mean_iou_low: f64,
    mean_iou_high: f64,
    iou50: f64,
    iou75: f64,
    iou50_95: f64,
    class_accuracy: f64,
    top1_localization: f64,
    centre_error: f64,
    loss: f64,
    /// What the constant box scores that is best for these very images.
    best_constant_box: f64,
}

pub(crate) fn run(args: &EvalArgs) -> Result<()> {
    let mut model = load(&args.run)?;
    settings::pool(settings::threads(args.threads)?)?.install(|| {
        let mut dataset = args.source.open()?;
        source::number_classes_as(&mut dataset, model.classes())?;
        let images = source::prepare(&dataset, args.split, model.config().size)?;
        let found = model.evaluate(&images);
        let interval = bootstrap_mean(&found.ious, 0.95, 2000, 0);
        let m = found.metrics;
        let judged = Judged {
            images: m.images,
            mean_iou: m.mean_iou,
            mean_iou_low: interval.low,
            mean_iou_high: interval.high,
            iou50: m.iou50,
            iou75: m.iou75,
            iou50_95: m.iou50_95,
            class_accuracy: m.class_accuracy,
            top1_localization: m.top1_localization,
            centre_error: m.centre_error,
            loss: found.loss,
            best_constant_box: best_constant_box(images.boxes()).1,
        };
        if args.json {
            println!("{}", serde_json::to_string(&judged)?);
        } else {
            print(&judged);
        }
        Ok(())
    })
}

/// The net of a run folder or a checkpoint file.
pub(crate) fn load(run: &Path) -> Result<Model> {
    let path = if run.is_dir() { run.join(BEST) } else { run.to_owned() };
    ensure!(
        path.is_file(),
        "{}: no such checkpoint; give a folder that `paso train --out` made, or a .safetensors file of it",
        path.display()
    );
    Ok(Model::load(&path)?)
}

fn print(j: &Judged) {
    println!("images             {}", j.images);
    println!(
        "mean IoU           {:.3}  (95 % interval {:.3} to {:.3}; the best constant box has {:.3})",
        j.mean_iou, j.mean_iou_low, j.mean_iou_high, j.best_constant_box
    );
    println!("IoU >= 0.5         {:.3}", j.iou50);
    println!("IoU >= 0.75        {:.3}", j.iou75);
    println!("IoU >= 0.5 to 0.95 {:.3}", j.iou50_95);
    println!("class accuracy     {:.3}", j.class_accuracy);
    println!("class and IoU 0.5  {:.3}", j.top1_localization);
    println!("centre error       {:.3} of the side", j.centre_error);
}
