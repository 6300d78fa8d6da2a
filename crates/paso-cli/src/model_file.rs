//! Opens the model of a run folder or of a checkpoint file, for the commands that use a trained network.

use anyhow::{Result, ensure};
use paso_locate::Model;
use paso_locate::run::BEST;
use std::path::Path;

/// The best checkpoint of a run folder, or the checkpoint file itself.
///
/// # Errors
/// When there is no such file, or it is not a checkpoint of paso.
pub(crate) fn load(run: &Path) -> Result<Model> {
    let path = if run.is_dir() { run.join(BEST) } else { run.to_owned() };
    ensure!(
        path.is_file(),
        "{}: no such checkpoint; pass a run folder (`paso train --out`) or one of its .safetensors files",
        path.display()
    );
    Ok(Model::load(&path)?)
}
