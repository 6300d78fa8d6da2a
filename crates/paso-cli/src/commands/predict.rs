//! `paso predict`: the box and the class of each image, as text, as JSON lines, or drawn on a copy.

use crate::{model_file, progress, threads};
use anyhow::{Context, Result, ensure};
use clap::Args;
use image::RgbImage;
use paso_locate::image::{Image, ImageLimits, decode};
use paso_locate::{Model, Prediction, draw};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Find the object in images, and draw its box
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
    /// Threads [default: one per core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print one JSON object per image
    #[arg(long)]
    json: bool,
}

/// A line of `--json`.
#[derive(Debug, Serialize)]
struct Line<'a> {
    file: &'a Path,
    class: &'a str,
    score: f64,
    /// `[x_min, y_min, x_max, y_max]` in pixels of the image as it is stored, before its EXIF orientation is applied.
    #[serde(rename = "box")]
    corners: [f64; 4],
}

/// Runs the command. An image that cannot be used is reported, and the others are still processed.
pub(crate) fn run(args: &PredictArgs) -> Result<()> {
    let mut model = model_file::load(&args.run)?;
    if let Some(folder) = &args.draw {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let bar = progress::bar(args.images.len() as u64, "predict");
    let failed = threads::pool(threads::count(args.threads)?)?.install(|| {
        let mut failed = 0;
        for path in &args.images {
            if let Err(e) = predict(args, &mut model, path) {
                bar.suspend(|| eprintln!("error: {e:#}"));
                failed += 1;
            }
            bar.inc(1);
        }
        failed
    });
    bar.finish_and_clear();
    ensure!(failed == 0, "{failed} of {} images could not be used", args.images.len());
    Ok(())
}

fn predict(args: &PredictArgs, model: &mut Model, path: &Path) -> Result<()> {
    let image = decode(path, &ImageLimits::default())?;
    let prediction = model.locate(&image);
    let class = model.classes()[prediction.class].as_str();
    let corners = prediction.stored_pixels(&image).map(|edge| (edge * 100.0).round() / 100.0);
    let line = Line { file: path, class, score: prediction.score, corners };
    if args.json {
        println!("{}", serde_json::to_string(&line)?);
    } else {
        println!("{}", text(&line));
    }
    if let Some(folder) = &args.draw {
        draw_copy(folder, path, image, &prediction, class)?;
    }
    Ok(())
}

fn text(line: &Line<'_>) -> String {
    let Line { file, class, score, corners: [x_min, y_min, x_max, y_max] } = line;
    format!(
        "{}: {class} ({score:.2}) at {x_min:.0},{y_min:.0} to {x_max:.0},{y_max:.0}",
        file.display()
    )
}

/// Draws the box on a copy of the upright image, a PNG with the image's name. The image itself is never overwritten.
fn draw_copy(
    folder: &Path,
    path: &Path,
    image: Image,
    prediction: &Prediction,
    class: &str,
) -> Result<()> {
    let name =
        path.file_name().with_context(|| format!("{} is not a file name", path.display()))?;
    let target = folder.join(name).with_extension("png");
    ensure!(
        !is_same_file(&target, path),
        "{}: refusing to overwrite the image itself; choose another folder for --draw",
        path.display()
    );
    let corners = prediction.bbox.to_pixels(image.width, image.height);
    let mut copy = RgbImage::from_raw(image.width, image.height, image.rgb)
        .context("an image has three bytes per pixel")?;
    let label = format!("{class} {:.2}", prediction.score);
    draw::draw_box(&mut copy, corners, draw::PREDICTED, &label);
    Ok(draw::write_png(&target, &copy)?)
}

fn is_same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_text_has_whole_pixels_and_two_digits_of_the_score() {
        let line = Line {
            file: Path::new("a b.jpg"),
            class: "cat",
            score: 0.987,
            corners: [0.4, 1.6, 30.0, -0.4],
        };
        assert_eq!(text(&line), "a b.jpg: cat (0.99) at 0,2 to 30,-0");
    }

    #[test]
    fn two_paths_of_a_file_are_the_same_and_missing_files_are_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.png");
        std::fs::write(&path, "x").expect("a file");
        let detour = folder.path().join("../").join(folder.path().file_name().expect("a name"));
        assert!(is_same_file(&path, &detour.join("a.png")));
        assert!(!is_same_file(&path, folder.path()));
        let missing = folder.path().join("b.png");
        assert!(!is_same_file(&missing, &missing), "nothing can be overwritten");
    }
}
