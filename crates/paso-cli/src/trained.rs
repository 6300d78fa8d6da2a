//! A network that `paso train` made.

use anyhow::{Result, ensure};
use paso_locate::Model;
use paso_locate::run::BEST;
use std::path::Path;

/// The net of a run folder or a checkpoint file.
pub(crate) fn load(run: &Path) -> Result<Model> {
    let path = if run.is_dir() { run.join(BEST) } else { run.to_owned() };
    ensure!(
        path.is_file(),
        "{}: no such checkpoint; give a folder that `paso train --out` made, or a .safetensors file of it",
        path.display()
    );
    Ok(Model::load(&path)?)
}
