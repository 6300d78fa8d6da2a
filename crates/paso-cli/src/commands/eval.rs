//! `paso eval`: the metrics of a trained network on labeled images, next to those of the best constant box.

mod report;

use crate::data_source::{DataSourceArgs, renumber_classes};
use crate::{model_file, threads};
use anyhow::{Result, ensure};
use clap::Args;
use paso_locate::data::{Dataset, Prepared, Split};
use paso_locate::image::ImageLimits;
use paso_locate::metrics::{
    DRAWS, LEVEL, Located, best_constant_box, bootstrap_mean, evaluate_in_detail, ious,
};
use paso_locate::{BBox, draw, sheet};
use report::{Baseline, EvalReport};
use std::path::PathBuf;

/// Evaluate a trained network on labeled images
#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// A run folder (its best checkpoint is evaluated), or a checkpoint file
    run: PathBuf,
    #[command(flatten)]
    data: DataSourceArgs,
    /// The images to evaluate on: train, val or test
    #[arg(long, default_value = "val")]
    split: Split,
    /// Threads; the result does not depend on their number [default: one per core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Draw the images with the lowest IoU, with true and predicted box, into this new PNG file
    #[arg(long, value_name = "FILE.png")]
    sheet: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &EvalArgs) -> Result<()> {
    let mut model = model_file::load(&args.run)?;
    if let Some(path) = &args.sheet {
        let path_text = path.display();
        ensure!(
            !path.exists(),
            "{path_text}: already exists; refusing to overwrite it, choose another name"
        );
    }
    threads::pool(threads::count(args.threads)?)?.install(|| {
        let mut dataset = args.data.load()?;
        renumber_classes(&mut dataset, model.classes())?;
        let images = args.data.prepare(&dataset, args.split, model.config().size)?;
        let evaluation = model.evaluate(&images)?;
        let truth = located(&images);
        let predicted: Vec<Located> = evaluation.predictions.iter().map(|&p| p.into()).collect();
        let baseline = baseline(args.split, &dataset, &truth);
        let constant = vec![Located { bbox: baseline.bbox, class: 0 }; truth.len()];
        let pairs = evaluation.ious.iter().zip(ious(&constant, &truth));
        let gains: Vec<f64> = pairs.map(|(net, constant)| net - constant).collect();
        let report = EvalReport {
            split: args.split,
            net: evaluate_in_detail(&predicted, &truth, model.classes()),
            loss: evaluation.loss,
            baseline,
            gain: bootstrap_mean(&gains, LEVEL, DRAWS, 0),
        };
        if let Some(path) = &args.sheet {
            let worst = sheet::worst(&dataset, &images, &evaluation, &ImageLimits::default())?;
            draw::write_png(path, &worst)?;
            eprintln!("images with the lowest IoU: {}", path.display());
        }
        if args.json {
            println!("{}", report.json());
        } else {
            report.print();
        }
        Ok(())
    })
}

fn located(images: &Prepared) -> Vec<Located> {
    let pairs = images.boxes().iter().zip(images.labels());
    pairs.map(|(&bbox, &class)| Located { bbox, class }).collect()
}

/// The box that is best for the labels of the training images, and their most frequent class. Without training images,
/// those of the evaluated images.
fn baseline(split: Split, dataset: &Dataset, truth: &[Located]) -> Baseline {
    let samples = dataset.samples.iter().filter(|s| s.split == Split::Train);
    let train: Vec<Located> = samples.map(|s| Located { bbox: s.bbox, class: s.class }).collect();
    let (fitted_split, known) =
        if train.is_empty() { (split, truth) } else { (Split::Train, &train[..]) };
    let boxes: Vec<BBox> = known.iter().map(|l| l.bbox).collect();
    let (bbox, _) = best_constant_box(&boxes);
    let count = |class: &usize| known.iter().filter(|l| l.class == *class).count();
    // The first of the most frequent classes: `max_by_key` alone returns the last.
    let class = (0..dataset.classes.len()).rev().max_by_key(count).unwrap_or(0);
    Baseline {
        bbox,
        class: dataset.classes[class].clone(),
        fitted_on: (fitted_split, known.len()),
        metrics: evaluate_in_detail(
            &vec![Located { bbox, class }; truth.len()],
            truth,
            &dataset.classes,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paso_locate::demo::{self, DemoOptions};

    fn dataset() -> Dataset {
        demo::dataset(&DemoOptions { train: 12, val: 6, seed: 1 }).expect("scenes")
    }

    fn truth(dataset: &Dataset, split: Split) -> Vec<Located> {
        let samples = dataset.samples.iter().filter(|s| s.split == split);
        samples.map(|s| Located { bbox: s.bbox, class: s.class }).collect()
    }

    #[test]
    fn the_baseline_is_fitted_on_the_training_images() {
        let dataset = dataset();
        let val = truth(&dataset, Split::Val);
        let baseline = baseline(Split::Val, &dataset, &val);
        assert_eq!(baseline.fitted_on, (Split::Train, 12));
        assert_eq!(baseline.metrics.images, 6, "and evaluated on the others");
        assert!((0.0..1.0).contains(&baseline.metrics.mean_iou.mean));
    }

    #[test]
    fn without_training_images_the_baseline_is_fitted_on_those_it_is_evaluated_on() {
        let mut dataset = dataset();
        dataset.samples.retain(|s| s.split == Split::Val);
        let val = truth(&dataset, Split::Val);
        assert_eq!(baseline(Split::Val, &dataset, &val).fitted_on, (Split::Val, 6));
    }

    #[test]
    fn the_first_of_equally_frequent_classes_is_the_class_of_the_baseline() {
        let mut dataset = dataset();
        let classes = dataset.classes.len();
        assert!(classes >= 2, "{classes} classes");
        let baseline_class =
            |dataset: &Dataset| baseline(Split::Val, dataset, &truth(dataset, Split::Val)).class;
        for (i, sample) in dataset.samples.iter_mut().enumerate() {
            sample.class = i % 2;
        }
        assert_eq!(baseline_class(&dataset), dataset.classes[0]);
        dataset.samples[0].class = 1;
        assert_eq!(baseline_class(&dataset), dataset.classes[1], "now more frequent");
    }
}
