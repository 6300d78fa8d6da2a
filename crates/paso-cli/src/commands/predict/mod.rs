//! `paso predict`: the box and the class of each image, as text, JSON lines, or drawn on a copy.
//!
//! Images are independent of each other: the answer for one is the same alone and among others. A
//! file that cannot be read is named.
//!
//! Each image has one line on stdout, in the order of the arguments, as soon as it is done. An
//! image that cannot be read has an error on stderr instead, and one that cannot be drawn has both.
//! The others are still done, and the exit code is 1 at the end. So a reader of the output must not
//! count lines to match them with files: each line has its file name.
//!
//! Boxes are in pixels of the file as it is stored: a camera's rotation is undone for the network
//! and applied again to the answer. The drawing shows the upright image.
//!
//! Drawings go into a folder of their own (`drawings.rs`), and each line names the one of its image.

mod drawings;

use crate::command::Command;
use crate::{progress, terminal, threads, trained};
use anyhow::{Result, ensure};
use clap::Args;
use drawings::Drawings;
use paso_locate::Model;
use paso_locate::image::{ImageLimits, decode};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Find the object in images.
#[derive(Debug, Args)]
pub(crate) struct PredictArgs {
    /// A run folder (its best checkpoint is used), or a checkpoint file
    run: PathBuf,
    /// Image files
    #[arg(required = true)]
    images: Vec<PathBuf>,
    /// Draw each box on a copy of its image in this folder, which must be new, empty, or one that
    /// paso made
    #[arg(long, value_name = "DIR")]
    draw: Option<PathBuf>,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print JSON, a line an image
    #[arg(long)]
    json: bool,
}

/// A JSON line: the keys are a stable format.
#[derive(Debug, Serialize)]
struct Line<'a> {
    file: &'a Path,
    class: &'a str,
    score: f64,
    /// `[x_min, y_min, x_max, y_max]` in pixels of the image as stored.
    #[serde(rename = "box")]
    corners: [f64; 4],
    /// Only with `--draw`.
    #[serde(skip_serializing_if = "Option::is_none")]
    drawing: Option<PathBuf>,
}

impl Command for PredictArgs {
    const NAME: &'static str = "predict";
    const ABOUT: &'static str = "Find the object in images, and draw it";
    const EXAMPLES: &'static [&'static str] = &[
        "paso predict runs/train-1 photo.jpg",
        "paso predict runs/train-1 photo.jpg other.jpg --draw drawn --json",
    ];

    fn run(&self) -> Result<()> {
        let drawings = self.draw.as_deref().map(Drawings::into).transpose()?;
        let mut model = trained::load(&self.run)?;
        if drawings.is_some() {
            terminal::keep_going(); // the drawings are wanted, whoever reads the lines
        }
        let bar = progress::bar(self.images.len() as u64, "predict");
        let failed = threads::pool(threads::count(self.threads)?)?.install(|| {
            let mut failed = 0;
            for path in &self.images {
                if let Err(e) = one(self, &mut model, drawings.as_ref(), path) {
                    bar.suspend(|| eprintln!("error: {e:#}"));
                    failed += 1;
                }
                bar.inc(1);
            }
            failed
        });
        bar.finish_and_clear();
        ensure!(failed == 0, "{failed} of {} images could not be used", self.images.len());
        Ok(())
    }
}

fn one(
    args: &PredictArgs,
    model: &mut Model,
    drawings: Option<&Drawings<'_>>,
    path: &Path,
) -> Result<()> {
    let image = decode(path, &ImageLimits::default())?;
    let found = model.locate(&image);
    let class = model.classes()[found.class].as_str();
    let corners = found.stored_pixels(&image).map(|edge| (edge * 100.0).round() / 100.0);
    let drawn = drawings.map(|drawings| drawings.draw(path, image, &found, class)).transpose();
    let (drawing, failed) = match drawn {
        Ok(drawing) => (drawing, None),
        Err(e) => (None, Some(e)),
    };
    let line = Line { file: path, class, score: found.score, corners, drawing };
    if args.json {
        println!("{}", serde_json::to_string(&line)?);
    } else {
        let [x_min, y_min, x_max, y_max] = corners;
        let drawn =
            line.drawing.map_or_else(String::new, |to| format!(", drawn in {}", to.display()));
        println!(
            "{}: {class} ({:.2}) at {x_min:.0},{y_min:.0} to {x_max:.0},{y_max:.0}{drawn}",
            path.display(),
            found.score
        );
    }
    failed.map_or(Ok(()), Err)
}
