//! A training of a localization net as a [`Trial`] of a study. The only file that knows both sides.

use super::branches::{BranchState, run_branches};
use super::run_log::RunLog;
use super::study_images::StudyImages;
use paso_locate::{Error, TrainConfig, Trainer, Update};
use paso_study::{Outcome, RunMonitor, RunSpec, Trial, TrialError, Variant};
use std::path::PathBuf;

/// What all runs of a study have in common.
#[derive(Debug)]
pub(crate) struct LocalizationTrial {
    pub(super) config: TrainConfig,
    pub(super) classes: Vec<String>,
    pub(super) images: StudyImages,
    /// Where runs start, in words.
    pub(super) origin: String,
    /// A file of pretrained features that every run starts from.
    pub(super) features: Option<PathBuf>,
    /// The run that every run continues, if they do not start from fresh weights.
    pub(super) base: Option<Trainer>,
}

/// Variants of an arm: Schedule-Free, see [`Update::ScheduleFree`].
pub(super) const SCHEDULE_FREE: Variant = Variant::new("schedule-free");
/// Variants of an arm: weight decay does not follow the schedule, see [`Update::UnscheduledDecay`].
pub(super) const UNSCHEDULED_DECAY: Variant = Variant::new("weight decay not scheduled");

impl LocalizationTrial {
    /// All that results depend on, apart from what the study itself varies. A study folder with another fingerprint is
    /// refused. The path of the images is not part of it, so that parts of a study can run on several machines.
    pub(super) fn fingerprint(&self) -> String {
        let settings = TrainConfig {
            steps: None,
            schedule: String::new(),
            lr: 0.0,
            seed: self.base.as_ref().map_or(0, |_| self.config.seed),
            ..self.config.clone()
        };
        let (version, images) = (env!("CARGO_PKG_VERSION"), self.images.fingerprint());
        format!("paso {version}; {images}; {settings:?}; {}", self.origin)
    }

    /// A run at its first step.
    fn start(&self, run: &RunSpec) -> Result<BranchState, Error> {
        let (train, validation) = self.images.of_seed(run.seed)?;
        let trainer = match &self.base {
            // Each seed of the study continues the stream of samples in its own order.
            Some(base) => base.branch(self.config.seed.wrapping_add(1).wrapping_add(run.seed))?,
            None => {
                let config = TrainConfig {
                    steps: Some(run.steps),
                    schedule: run.spec.clone(),
                    lr: run.peak_lr,
                    seed: run.seed,
                    ..self.config.clone()
                };
                let mut trainer = Trainer::new(&config, self.classes.clone(), train)?;
                if let Some(features) = &self.features {
                    trainer.load_features(features)?;
                }
                if run.variant == SCHEDULE_FREE {
                    trainer.set_update(Update::ScheduleFree)?;
                } else if run.variant == UNSCHEDULED_DECAY {
                    trainer.set_update(Update::UnscheduledDecay)?;
                }
                trainer
            }
        };
        Ok(BranchState { trainer, validation, log: RunLog::new(run.steps), done: 0 })
    }
}

impl Trial for LocalizationTrial {
    fn train(&self, run: &RunSpec, monitor: &RunMonitor<'_>) -> Result<Outcome, TrialError> {
        let outcomes = self.train_branches(std::slice::from_ref(run), monitor)?;
        outcomes.into_iter().next().ok_or_else(|| "no outcome".into())
    }

    fn train_branches(
        &self,
        runs: &[RunSpec],
        monitor: &RunMonitor<'_>,
    ) -> Result<Vec<Outcome>, TrialError> {
        // One thread per run: the study trains several runs at the same time.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
        pool.install(|| {
            let mut state = self.start(&runs[0])?;
            // All runs of a study that average weights do so over the same horizons.
            let averaging = runs.iter().find(|run| !run.averaging.is_empty());
            let decay_factor = |&horizon: &u64| 1.0 - 1.0 / horizon as f64;
            let decay_factors: Vec<f64> =
                averaging.iter().flat_map(|run| &run.averaging).map(decay_factor).collect();
            state.trainer.keep_averages(&decay_factors);
            let mut outcomes = vec![Outcome::default(); runs.len()];
            let indexed: Vec<_> = runs.iter().enumerate().collect();
            run_branches(state, &indexed, monitor, &mut outcomes)?;
            Ok(outcomes)
        })
    }
}

#[cfg(test)]
mod tests;
