//! `settled.toml`: the settings of a training with what a study settled.
//!
//! The file has every setting, so that `paso train --settled DIR` needs nothing else and the settings
//! can be read, changed and used by `--config`. It is written at every look, as the page that names the
//! command is, and has the whole number of steps where a budget made the runs of the study shorter.

use crate::trial::{Localization, optimizer};
use anyhow::{Context, Result, ensure};
use paso_locate::{TrainConfig, files};
use paso_study::Answer;
use std::path::{Path, PathBuf};

/// Name of the file in the folder of a study.
const FILE_NAME: &str = "settled.toml";

/// The settings of `paso train` for the arm that the answer advises.
///
/// # Errors
/// If the arm has an optimizer that is unknown.
fn config(answer: &Answer, trial: &Localization) -> Result<TrainConfig> {
    let settled = &answer.settled.finalist;
    let optimizer = optimizer(&settled.variant, trial.config.optimizer)
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(TrainConfig {
        steps: Some(answer.shortened_from.unwrap_or(answer.config.steps)),
        schedule: settled.spec.clone(),
        lr: settled.peak_lr,
        optimizer,
        average: settled.horizon.map_or(0.0, |steps| 1.0 - 1.0 / steps as f64),
        ..trial.config.clone()
    })
}

/// Writes the file into the folder of a study; not for one that continues a run, which has its
/// settings already.
///
/// # Errors
/// If it cannot be written.
pub(super) fn write(folder: &Path, answer: &Answer, trial: &Localization) -> Result<()> {
    if trial.base.is_some() {
        return Ok(());
    }
    let text = toml::to_string(&config(answer, trial)?)?;
    let path = folder.join(FILE_NAME);
    files::write_whole(&path, text.as_bytes()).with_context(|| path.display().to_string())
}

/// The file of a study's folder.
///
/// # Errors
/// If there is none.
pub(crate) fn settled(study: &Path) -> Result<PathBuf> {
    let path = study.join(FILE_NAME);
    ensure!(
        path.is_file(),
        "{}: no such file; --settled takes the folder of a study by `paso settle` that has taken a look",
        path.display()
    );
    Ok(path)
}
