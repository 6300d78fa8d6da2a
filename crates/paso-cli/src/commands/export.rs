//! `paso export`: a trained network as a file for other programs.
//!
//! ONNX has the normalization inside, so that the user of the file passes plain pixels. `--check`
//! writes what paso itself says about some images, to compare with what another runtime makes of
//! the file. A file that is no earlier export is never overwritten.
//!
//! Nothing goes to stdout; stderr has a line for each file. If several files are asked for, all
//! names are checked before the first is written. Each file is written whole or not at all. The weights of `--safetensors` have no optimizer state, so training
//! cannot continue from them; those of the nets squeezenet and lite0 can be given to `--features`.
//!
//! An earlier export is recognized by its content and not by its name. The answers of `--check` go
//! to the name of the ONNX file with `.check.safetensors` appended.

use crate::command::Command;
use crate::{output_file, trained};
use anyhow::{Context, Result};
use clap::{ArgGroup, Args};
use paso_locate::image::{Image, ImageLimits, decode};
use paso_locate::{files, onnx, weights};
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
    /// Write what the net says about these images next to the ONNX file, as FILE.check.safetensors
    #[arg(long, value_name = "IMAGE", requires = "onnx", num_args = 1..)]
    check: Vec<PathBuf>,
}

impl Command for ExportArgs {
    const NAME: &'static str = "export";
    const ABOUT: &'static str =
        "Write a trained network as ONNX or plain safetensors, for other programs";
    const EXAMPLES: &'static [&'static str] = &[
        "paso export runs/train-1 --onnx net.onnx",
        "paso export runs/train-1 --onnx net.onnx --check photo.jpg",
    ];

    fn run(&self) -> Result<()> {
        // Every name and every image first: nothing is written where a later file is refused.
        let answers = match &self.onnx {
            Some(path) if !self.check.is_empty() => Some(answers_of(path)?),
            _ => None,
        };
        self.safetensors.as_deref().map_or(Ok(()), |path| free(path, weights::is_export))?;
        self.onnx.as_deref().map_or(Ok(()), |path| free(path, onnx::is_export))?;
        answers.as_deref().map_or(Ok(()), |path| free(path, weights::is_answers))?;
        let mut model = trained::load(&self.run)?;
        let images = self.check.iter().map(|path| image(path)).collect::<Result<Vec<_>>>()?;

        if let Some(path) = &self.safetensors {
            weights::save(path, &model)?;
            eprintln!("{}: {} parameters", path.display(), model.parameters());
        }
        if let Some(path) = &self.onnx {
            files::write_whole(path, &onnx::encode(&model)?)?;
            eprintln!(
                "{}: net {}, {2}x{2} pixels",
                path.display(),
                model.config().net,
                model.config().size
            );
        }
        if let Some(path) = &answers {
            weights::save_answers(path, &onnx::answers(&mut model, &images))?;
            eprintln!("{}: answers for {} images", path.display(), images.len());
        }
        Ok(())
    }
}

/// An export takes the place of an earlier one, never that of a checkpoint or of anybody's file.
///
/// `is_ours` gets the whole content of the file. A path without a file is free.
///
/// # Errors
/// If something else is at the path: a folder, a larger file, or content that `is_ours` rejects.
fn free(path: &Path, is_ours: fn(&[u8]) -> bool) -> Result<()> {
    /// No export is larger; what is need not be read to be left alone.
    const LARGEST: u64 = 1 << 30;
    // A link is left alone as well: what it leads to may be anybody's.
    let earlier = path.symlink_metadata().is_ok_and(|there| {
        there.is_file()
            && there.len() <= LARGEST
            && std::fs::read(path).is_ok_and(|bytes| is_ours(&bytes))
    });
    if earlier { Ok(()) } else { output_file::check(path) }
}

fn image(path: &Path) -> Result<Image> {
    Ok(decode(path, &ImageLimits::default())?)
}

/// `net.onnx` has its answers in `net.onnx.check.safetensors`.
fn answers_of(path: &Path) -> Result<PathBuf> {
    let name = path.file_name().with_context(|| format!("{} is no file name", path.display()))?;
    let mut name = name.to_owned();
    name.push(".check.safetensors");
    Ok(path.with_file_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_lie_next_to_their_file() {
        let answers = answers_of(Path::new("nets/net.onnx")).expect("a file name");
        assert_eq!(answers, Path::new("nets/net.onnx.check.safetensors"));
        assert!(answers_of(Path::new("..")).is_err(), "no file name");
    }

    #[test]
    fn only_an_earlier_export_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let ours: fn(&[u8]) -> bool = |bytes| bytes == b"ours";
        free(&path, ours).expect("nothing is there yet");
        std::fs::write(&path, "ours").expect("a file");
        free(&path, ours).expect("an earlier export");
        std::fs::write(&path, "mine").expect("a file");
        let said = free(&path, ours).expect_err("a file of the user").to_string();
        assert!(said.contains("choose another name"), "{said}");
        assert!(free(folder.path(), |_| true).is_err(), "a folder is no export");
    }
}
