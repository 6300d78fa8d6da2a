//! `paso export`: a trained network as a file for other programs.

use crate::model_file;
use anyhow::{Context, Result, ensure};
use clap::{ArgGroup, Args};
use paso_locate::image::{ImageLimits, decode};
use paso_locate::{Model, files, onnx, weights};
use std::path::{Path, PathBuf};

/// Write a trained network as ONNX or plain safetensors, for other programs
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("form").args(["onnx", "safetensors"]).required(true).multiple(true)))]
pub(crate) struct ExportArgs {
    /// A run folder (its best checkpoint is exported), or a checkpoint file
    run: PathBuf,
    /// Write an ONNX file. Input: an image; outputs: box, logits and scores. The normalization of pixels is part of the graph
    #[arg(long, value_name = "FILE")]
    onnx: Option<PathBuf>,
    /// Write the weights as f32 with their names, without optimizer state
    #[arg(long, value_name = "FILE")]
    safetensors: Option<PathBuf>,
    /// With --onnx: write the outputs of the net for these images to FILE.check.safetensors, to test other runtimes with
    #[arg(long, value_name = "IMAGE", requires = "onnx", num_args = 1..)]
    check: Vec<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &ExportArgs) -> Result<()> {
    let mut model = model_file::load(&args.run)?;
    if let Some(path) = &args.safetensors {
        refuse_to_overwrite(path, weights::is_export)?;
        weights::save(path, &model)?;
        eprintln!("{}: {} parameters", path.display(), model.parameters());
    }
    if let Some(path) = &args.onnx {
        refuse_to_overwrite(path, onnx::is_export)?;
        files::write_whole(path, &onnx::encode(&model))?;
        let (net, size) = (model.config().net, model.config().size);
        eprintln!("{}: net {net}, {size}x{size} pixels", path.display());
        if !args.check.is_empty() {
            write_check(path, &mut model, &args.check)?;
        }
    }
    Ok(())
}

/// Writes the outputs of the net for these images next to the ONNX file.
fn write_check(onnx: &Path, model: &mut Model, paths: &[PathBuf]) -> Result<()> {
    let limits = ImageLimits::default();
    let images = paths.iter().map(|path| decode(path, &limits)).collect::<Result<Vec<_>, _>>()?;
    let path = check_path(onnx)?;
    refuse_to_overwrite(&path, weights::is_answers)?;
    weights::save_answers(&path, &onnx::answers(model, &images))?;
    eprintln!("{}: outputs for {} images", path.display(), images.len());
    Ok(())
}

/// The largest file that is looked at: no export is larger.
const MAX_BYTES: u64 = 1 << 30;

/// An export replaces an earlier export of the same kind, but no checkpoint and no other file.
fn refuse_to_overwrite(path: &Path, is_export: fn(&[u8]) -> bool) -> Result<()> {
    let Ok(existing) = path.metadata() else { return Ok(()) };
    let can_be_export = existing.is_file() && existing.len() <= MAX_BYTES;
    ensure!(
        can_be_export
            && is_export(&std::fs::read(path).with_context(|| path.display().to_string())?),
        "{}: already exists and is not an earlier export; refusing to overwrite it, choose another name",
        path.display()
    );
    Ok(())
}

/// `net.onnx.check.safetensors` for `net.onnx`.
fn check_path(path: &Path) -> Result<PathBuf> {
    let name =
        path.file_name().with_context(|| format!("{} is not a file name", path.display()))?;
    let mut name = name.to_owned();
    name.push(".check.safetensors");
    Ok(path.with_file_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_stored_next_to_the_onnx_file_under_its_whole_name() {
        let path = |onnx: &str| check_path(Path::new(onnx)).expect(onnx);
        assert_eq!(path("a/net.onnx"), Path::new("a/net.onnx.check.safetensors"));
        assert_eq!(path("net"), Path::new("net.check.safetensors"));
        check_path(Path::new("..")).expect_err("not a file name");
    }

    #[test]
    fn only_an_earlier_export_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("net.onnx");
        let is_export = |bytes: &[u8]| bytes == b"export";
        refuse_to_overwrite(&path, is_export).expect("nothing exists");
        std::fs::write(&path, "export").expect("a file");
        refuse_to_overwrite(&path, is_export).expect("an earlier export");
        for other in ["", "notes"] {
            std::fs::write(&path, other).expect("a file");
            let message = refuse_to_overwrite(&path, is_export).expect_err(other).to_string();
            assert!(message.contains("net.onnx: already exists"), "{message}");
        }
        refuse_to_overwrite(folder.path(), |_| true).expect_err("a folder");
    }
}
