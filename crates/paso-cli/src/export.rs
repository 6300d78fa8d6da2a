//! `paso export`: a trained network as a file for other programs.

use crate::eval;
use anyhow::{Context, Result, ensure};
use clap::{ArgGroup, Args};
use paso_locate::image::{ImageLimits, Picture, decode};
use paso_locate::{checkpoint, files, onnx, weights};
use std::path::{Path, PathBuf};

/// Write a trained network for other programs.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("form").args(["onnx", "safetensors"]).required(true).multiple(true)))]
pub(crate) struct ExportArgs {
    /// A run folder (its best checkpoint is exported), or a checkpoint file
    run: PathBuf,
    /// Write an ONNX file: image in; box, logits and scores out, with the normalization inside
    #[arg(long, value_name = "FILE")]
    onnx: Option<PathBuf>,
    /// Write the weights in f32 under their own names, without the optimizer's state
    #[arg(long, value_name = "FILE")]
    safetensors: Option<PathBuf>,
    /// Write beside the ONNX file what the net says about these images, as FILE.check.safetensors
    #[arg(long, value_name = "IMAGE", requires = "onnx", num_args = 1..)]
    check: Vec<PathBuf>,
}

pub(crate) fn run(args: &ExportArgs) -> Result<()> {
    let mut model = eval::load(&args.run)?;
    for path in args.onnx.iter().chain(&args.safetensors) {
        refuse_checkpoint(path)?;
    }
    if let Some(path) = &args.safetensors {
        weights::save(path, &model)?;
        eprintln!("{}: {} parameters", path.display(), model.parameters());
    }
    if let Some(path) = &args.onnx {
        files::write_whole(path, &onnx::encode(&model))?;
        eprintln!(
            "{}: net {}, {2}x{2} pixels",
            path.display(),
            model.config().net,
            model.config().size
        );
        if !args.check.is_empty() {
            let pictures =
                args.check.iter().map(|image| picture(image)).collect::<Result<Vec<_>>>()?;
            let beside = answers_of(path)?;
            weights::write(&beside, &onnx::answers(&mut model, &pictures), None)?;
            eprintln!("{}: answers for {} images", beside.display(), pictures.len());
        }
    }
    Ok(())
}

/// A run must not lose what it goes on from, by a slip in the name of the file.
fn refuse_checkpoint(path: &Path) -> Result<()> {
    ensure!(
        !path.exists() || checkpoint::load(path).is_err(),
        "{}: this is a checkpoint, and the export would replace it; choose another name",
        path.display()
    );
    Ok(())
}

fn picture(path: &Path) -> Result<Picture> {
    Ok(decode(path, &ImageLimits::default())?)
}

/// `net.onnx` has its answers in `net.onnx.check.safetensors`.
fn answers_of(path: &Path) -> Result<PathBuf> {
    let name = path.file_name().with_context(|| format!("{} is no file name", path.display()))?;
    let mut name = name.to_owned();
    name.push(".check.safetensors");
    Ok(path.with_file_name(name))
}
