//! `paso predict`: the box and the class of each image, as text, JSON lines, or drawn on a copy.
//!
//! Images are independent of each other: the answer for one is the same alone and among others. A
//! file that cannot be read is named. `--draw` writes copies into a folder, and never over the image
//! that it draws.
//!
//! Each image has one line on stdout, in the order of the arguments, as soon as it is done. An
//! image that cannot be read has an error on stderr instead, and one that cannot be drawn has both.
//! The others are still done, and the exit code is 1 at the end. So a reader of the output must not
//! count lines to match them with files: each line has its file name.
//!
//! Boxes are in pixels of the file as it is stored: a camera's rotation is undone for the network
//! and applied again to the answer. The drawing shows the upright image.
//!
//! Trap: drawings are named after their images with the ending `png`, and replace a file of that
//! name in the folder, also one that is an image of the user. Two images whose names differ only in
//! folder or ending get one drawing, that of the last.

use crate::command::Command;
use crate::{progress, threads, trained};
use anyhow::{Context, Result, ensure};
use clap::Args;
use image::RgbImage;
use paso_locate::image::{Image, ImageLimits, decode};
use paso_locate::{Model, Prediction, draw};
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
    /// Draw each box on a copy of its image in this folder
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
}

impl Command for PredictArgs {
    const NAME: &'static str = "predict";
    const ABOUT: &'static str = "Find the object in images, and draw it";
    const EXAMPLES: &'static [&'static str] = &[
        "paso predict runs/train-1 photo.jpg",
        "paso predict runs/train-1 photo.jpg other.jpg --draw drawn --json",
    ];

    fn run(&self) -> Result<()> {
        let mut model = trained::load(&self.run)?;
        if let Some(folder) = &self.draw {
            std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        let bar = progress::bar(self.images.len() as u64, "predict");
        let failed = threads::pool(threads::count(self.threads)?)?.install(|| {
            let mut failed = 0;
            for path in &self.images {
                if let Err(e) = one(self, &mut model, path) {
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

fn one(args: &PredictArgs, model: &mut Model, path: &Path) -> Result<()> {
    let image = decode(path, &ImageLimits::default())?;
    let found = model.locate(&image);
    let class = model.classes()[found.class].as_str();
    let corners = found.stored_pixels(&image).map(|edge| (edge * 100.0).round() / 100.0);
    let line = Line { file: path, class, score: found.score, corners };
    if args.json {
        println!("{}", serde_json::to_string(&line)?);
    } else {
        let [x_min, y_min, x_max, y_max] = corners;
        println!(
            "{}: {class} ({:.2}) at {x_min:.0},{y_min:.0} to {x_max:.0},{y_max:.0}",
            path.display(),
            found.score
        );
    }
    if let Some(folder) = &args.draw {
        draw_into(folder, path, image, &found, class)?;
    }
    Ok(())
}

/// The upright image with its box, as a PNG under the image's own name. Never written over the
/// image.
fn draw_into(
    folder: &Path,
    path: &Path,
    image: Image,
    found: &Prediction,
    class: &str,
) -> Result<()> {
    let name = path.file_name().with_context(|| format!("{} is no file name", path.display()))?;
    let target = folder.join(name).with_extension("png");
    ensure!(
        !same_file(&target, path),
        "{}: the drawing would be written over the image itself; choose another folder for --draw",
        path.display()
    );
    let corners = found.bbox.to_pixels(image.width, image.height);
    let mut copy = RgbImage::from_raw(image.width, image.height, image.rgb)
        .context("an image has three bytes a pixel")?;
    draw::draw_box(&mut copy, corners, draw::PREDICTED, &format!("{class} {:.2}", found.score));
    Ok(draw::write_png(&target, &copy)?)
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_the_same_under_every_path_to_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let [a, b] = ["a.png", "b.png"].map(|name| folder.path().join(name));
        std::fs::write(&a, "image").expect("a file");
        assert!(same_file(&a, &folder.path().join(".").join("a.png")));
        assert!(!same_file(&a, &b) && !same_file(&b, &b), "what is not there is no file");
        std::fs::write(&b, "image").expect("a file");
        assert!(!same_file(&a, &b), "the same bytes are not the same file");
    }
}
