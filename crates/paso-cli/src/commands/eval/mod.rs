//! `paso eval`: how good a trained network is on labeled images.
//!
//! It reads a checkpoint and the images of one split. Images are resized to the size that the
//! network was trained with, and no augmentation is applied. The classes of the data are matched to
//! those of the network by name; a class that the network does not know is an error.
//!
//! The evaluation goes to stdout, as text or as one JSON object; what was read, and the name of the
//! sheet, go to stderr. A low score is not an error: the exit code is 1 only if something could not
//! be read or written. The file of `--sheet` must not exist yet, which is checked before the images
//! are read.
//!
//! Trap: the validation images of a run chose its best checkpoint, so the score on them is slightly
//! too high. `--split test` has no such bias.

mod constant;
mod table;
#[cfg(test)]
mod tests;
mod text;

use crate::command::Command;
use crate::source::{self, SourceArgs};
use crate::{output_file, threads, trained};
use anyhow::Result;
use clap::Args;
use constant::constant;
use paso_locate::data::{Prepared, Split};
use paso_locate::metrics::{DRAWS, LEVEL, Located, bootstrap_mean, evaluate_in_detail, ious};
use paso_locate::sheet;
use std::path::PathBuf;
use table::EvaluationTable;

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
    #[arg(long, value_name = "N", value_parser = crate::values::threads)]
    threads: Option<usize>,
    /// Draw the images that it is worst at, with both boxes, in this new PNG file
    #[arg(long, value_name = "FILE.png")]
    sheet: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Command for EvalArgs {
    const NAME: &'static str = "eval";
    const ABOUT: &'static str = "Evaluate a trained network on labeled images";
    const EXAMPLES: &'static [&'static str] = &[
        "paso eval runs/train-1 --data photos",
        "paso eval runs/train-1 --data photos --split test --sheet worst.png",
    ];

    fn run(&self) -> Result<()> {
        self.sheet.as_deref().map_or(Ok(()), output_file::check)?;
        let mut model = trained::load(&self.run)?;
        threads::pool(threads::count(self.threads)?)?.install(|| {
            let mut dataset = self.source.open(Some(&self.run))?;
            source::number_classes_as(&mut dataset, model.classes())?;
            let images = self.source.prepare(&dataset, self.split, model.config().size)?;
            let found = model.evaluate(&images)?;
            let truth = located(&images);
            let predicted: Vec<Located> = found.predictions.iter().map(|&p| p.into()).collect();
            let constant = constant(self.split, &dataset, &truth);
            let simple = vec![Located { bbox: constant.bbox, class: 0 }; truth.len()];
            let ahead: Vec<f64> = found
                .ious
                .iter()
                .zip(ious(&simple, &truth))
                .map(|(net, simple)| net - simple)
                .collect();
            let evaluation = EvaluationTable {
                split: self.split,
                net: evaluate_in_detail(&predicted, &truth, model.classes()),
                loss: found.loss,
                constant,
                gain: bootstrap_mean(&ahead, LEVEL, DRAWS, 0),
            };
            if let Some(path) = &self.sheet {
                let worst = sheet::worst(&dataset, &images, &found, &self.source.limits())?;
                output_file::write_new_png(path, &worst)?;
                eprintln!("worst images: {}", path.display());
            }
            if self.json {
                println!("{}", evaluation.json());
            } else {
                println!("{evaluation}");
                if self.sheet.is_none() {
                    eprintln!(
                        "next: the same with --sheet worst.png draws the images that it is worst at"
                    );
                }
            }
            Ok(())
        })
    }
}

fn located(images: &Prepared) -> Vec<Located> {
    let pairs = images.boxes().iter().zip(images.labels());
    pairs.map(|(&bbox, &class)| Located { bbox, class }).collect()
}
