//! `paso eval`: how good a trained network is on labeled images.

use crate::eval_table::{Constant, EvaluationTable};
use crate::settings;
use crate::source::{self, SourceArgs};
use anyhow::{Result, bail, ensure};
use clap::Args;
use paso_locate::data::{Dataset, Prepared, Split};
use paso_locate::image::ImageLimits;
use paso_locate::metrics::{
    DRAWS, LEVEL, Located, best_constant_box, bootstrap_mean, evaluate_in_detail, ious,
};
use paso_locate::run::BEST;
use paso_locate::{BBox, Model, draw, sheet};
use std::path::{Path, PathBuf};

/// Evaluate a trained network.
#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// A run folder (its best checkpoint is evaluated), or a checkpoint file
    run: PathBuf,
    #[command(flatten)]
    source: SourceArgs,
    /// Which images: train, val or test
    #[arg(long, default_value = "val")]
    split: Split,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Draw the images that it is worst at, with both boxes, in this new PNG file
    #[arg(long, value_name = "FILE.png")]
    sheet: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &EvalArgs) -> Result<()> {
    let mut model = load(&args.run)?;
    if let Some(path) = args.sheet.as_deref().filter(|path| path.exists()) {
        bail!("{}: is there already, and would be replaced; choose another name", path.display());
    }
    settings::pool(settings::threads(args.threads)?)?.install(|| {
        let mut dataset = args.source.open()?;
        source::number_classes_as(&mut dataset, model.classes())?;
        let images = args.source.prepare(&dataset, args.split, model.config().size)?;
        let found = model.evaluate(&images)?;
        let truth = located(&images);
        let predicted: Vec<Located> = found.predictions.iter().map(|&p| p.into()).collect();
        let constant = constant(args.split, &dataset, &truth);
        let simple = vec![Located { bbox: constant.bbox, class: 0 }; truth.len()];
        let ahead: Vec<f64> = found
            .ious
            .iter()
            .zip(ious(&simple, &truth))
            .map(|(net, simple)| net - simple)
            .collect();
        let evaluation = EvaluationTable {
            split: args.split,
            net: evaluate_in_detail(&predicted, &truth, model.classes()),
            loss: found.loss,
            constant,
            gain: bootstrap_mean(&ahead, LEVEL, DRAWS, 0),
        };
        if let Some(path) = &args.sheet {
            let worst = sheet::worst(&dataset, &images, &found, &ImageLimits::default())?;
            draw::write_png(path, &worst)?;
            eprintln!("worst images: {}", path.display());
        }
        if args.json {
            println!("{}", evaluation.json());
        } else {
            evaluation.print();
        }
        Ok(())
    })
}

fn located(images: &Prepared) -> Vec<Located> {
    let pairs = images.boxes().iter().zip(images.labels());
    pairs.map(|(&bbox, &class)| Located { bbox, class }).collect()
}

/// What knows the training images' labels and looks at no image: the box that is best for them, and
/// their most frequent class. Where there are no training images, those of the evaluated ones.
fn constant(split: Split, dataset: &Dataset, truth: &[Located]) -> Constant {
    let samples = dataset.samples.iter().filter(|s| s.split == Split::Train);
    let train: Vec<Located> = samples.map(|s| Located { bbox: s.bbox, class: s.class }).collect();
    let (from, known) = if train.is_empty() { (split, truth) } else { (Split::Train, &train[..]) };
    let boxes: Vec<BBox> = known.iter().map(|l| l.bbox).collect();
    let (bbox, _) = best_constant_box(&boxes);
    let count = |class: &usize| known.iter().filter(|l| l.class == *class).count();
    // The first of equals: `max_by_key` alone would take the last.
    let class = (0..dataset.classes.len()).rev().max_by_key(count).unwrap_or(0);
    Constant {
        bbox,
        class: dataset.classes[class].clone(),
        fitted_on: (from, known.len()),
        evaluated: evaluate_in_detail(
            &vec![Located { bbox, class }; truth.len()],
            truth,
            &dataset.classes,
        ),
    }
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
