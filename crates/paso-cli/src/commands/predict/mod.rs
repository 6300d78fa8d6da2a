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
//! The images of folders and patterns are found first; they are decoded some at a time, on all
//! threads, so that any number of them takes the same memory. Names on stdin are done as they come.
//!
//! Drawings go into a folder of their own (`drawings.rs`), and each line names the one of its image.

mod drawings;
mod images;

use crate::command::Command;
use crate::{progress, terminal, threads, trained};
use anyhow::{Result, ensure};
use clap::Args;
use drawings::Drawings;
use images::Images;
use paso_locate::Model;
use paso_locate::image::{Image, ImageLimits, decode};
use rayon::prelude::*;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Find the object in images.
#[derive(Debug, Args)]
pub(crate) struct PredictArgs {
    /// A run folder (its best checkpoint is used), or a checkpoint file
    run: PathBuf,
    /// Image files, folders of images, patterns such as 'frames/*.png', or - for names on stdin, a
    /// line each
    #[arg(required = true, value_name = "IMAGES")]
    images: Vec<PathBuf>,
    /// Draw each box on a copy of its image in this folder, which must be new, empty, or one that
    /// paso made
    #[arg(long, value_name = "DIR")]
    draw: Option<PathBuf>,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = crate::values::threads)]
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
        "paso predict runs/train-1 photos --draw drawn",
        "paso predict runs/train-1 'frames/*.png' --json",
    ];

    fn run(&self) -> Result<()> {
        let drawings = self.draw.as_deref().map(Drawings::into).transpose()?;
        let mut model = trained::load(&self.run)?;
        if drawings.is_some() {
            terminal::keep_going(); // the drawings are wanted, whoever reads the lines
        }
        let threads = threads::count(self.threads)?;
        let images = Images::find(&self.images)?;
        let bar = progress::bar(images.known(), "predict");
        let (mut done, mut failed) = (0, 0);
        threads::pool(threads)?.install(|| -> Result<()> {
            for some in images.chunks(4 * threads) {
                let some = some?;
                let decoded: Vec<_> =
                    some.par_iter().map(|path| decode(path, &ImageLimits::default())).collect();
                for (path, image) in some.iter().zip(decoded) {
                    // A line must not come into the bar.
                    let is_done = bar.suspend(|| {
                        let found = image.map_err(Into::into).and_then(|image| {
                            one(self, &mut model, drawings.as_ref(), path, image)
                        });
                        found.inspect_err(|e| eprintln!("error: {e:#}")).is_ok()
                    });
                    failed += usize::from(!is_done);
                    done += 1;
                    bar.inc(1);
                }
            }
            Ok(())
        })?;
        bar.finish_and_clear();
        ensure!(failed == 0, "{failed} of {done} images could not be used");
        if !self.json && done > 1 && self.draw.is_none() {
            eprintln!("next: the same with --draw DIR, to see the boxes");
        }
        Ok(())
    }
}

fn one(
    args: &PredictArgs,
    model: &mut Model,
    drawings: Option<&Drawings<'_>>,
    path: &Path,
    image: Image,
) -> Result<()> {
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
