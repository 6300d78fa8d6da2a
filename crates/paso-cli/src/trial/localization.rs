//! What the runs of a study have in common.
//!
//! A run is determined by these settings and the [`RunSpec`](paso_study::RunSpec) of the study:
//! schedule, peak learning rate, number of steps and seed come from the latter. The fingerprint
//! contains the rest, so that a folder with runs of other settings, images or versions is refused
//! and never mixed in.
//!
//! The number of threads and the place of the files are left out of the fingerprint, because the
//! result does not depend on them.

use super::images::Images;
use paso_locate::{TrainConfig, Trainer};
use std::path::PathBuf;

/// The settings, images and start of every run of a study.
#[derive(Debug)]
pub(crate) struct Localization {
    /// Their common settings; schedule, learning rate, steps and seed are replaced for each run.
    pub(crate) config: TrainConfig,
    pub(crate) classes: Vec<String>,
    pub(crate) images: Images,
    /// What runs begin with, in words.
    pub(crate) origin: String,
    /// Features that every run begins with.
    pub(crate) features: Option<PathBuf>,
    /// Where runs begin, if not with fresh weights.
    pub(crate) base: Option<Trainer>,
}

impl Localization {
    /// What else a run depends on: runs kept under other circumstances are refused. Where the
    /// images lie is not in it, so that parts of a study can be done on several machines.
    pub(crate) fn fingerprint(&self) -> String {
        // What a study sets itself is left out.
        let settings = TrainConfig {
            steps: None,
            schedule: String::new(),
            lr: 0.0,
            seed: self.base.as_ref().map_or(0, |_| self.config.seed),
            ..self.config.clone()
        };
        format!(
            "paso {}; {}; {settings:?}; {}",
            env!("CARGO_PKG_VERSION"),
            self.images.fingerprint(),
            self.origin
        )
    }
}
