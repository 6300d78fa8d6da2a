//! A network that `paso train` made.
//!
//! Commands take a run's folder or a checkpoint file. Of a folder they use the best checkpoint by
//! the validation images, since that is the network that somebody wants to use.
//!
//! The settings of the network, its classes and its input size come from the checkpoint, so that no
//! flag has to repeat them.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_a_checkpoint_is_named_with_what_makes_one() {
        let folder = tempfile::tempdir().expect("a folder");
        for path in [folder.path().to_owned(), folder.path().join("missing.safetensors")] {
            let said = load(&path).expect_err("no checkpoint").to_string();
            assert!(
                said.contains("no such checkpoint") && said.contains("`paso train --out`"),
                "{said}"
            );
            assert!(said.starts_with(&*folder.path().to_string_lossy()), "{said}");
        }
    }
}
