//! A localization run as a trial of a study: from fresh weights, or from a checkpoint of the user.
//!
//! This is the only place that knows both sides: `paso-study` asks for runs and knows no image, and
//! `paso-locate` trains and knows no study. The metric is the mean `IoU` on the validation images,
//! at the end of the run or over a few evaluations around it, as the study asks.
//!
//! Higher is better. The end counts and not the best checkpoint: choosing the best of many
//! evaluations would favor arms whose metric varies more. Each training has one thread, and the
//! result does not depend on how many run at a time.

mod branches;
mod images;
mod localization;
mod optimizer;
#[cfg(test)]
pub(crate) mod tests;
mod watched;

pub(crate) use images::{EvaluateOn, Images};
pub(crate) use localization::Localization;
pub(crate) use optimizer::{optimizer, variant};

use paso_study::{Outcome, RunMonitor, RunSpec, Trial, TrialError};

impl Trial for Localization {
    fn train(&self, run: &RunSpec, watch: &RunMonitor<'_>) -> Result<Outcome, TrialError> {
        let outcomes = self.train_branches(std::slice::from_ref(run), watch)?;
        outcomes.into_iter().next().ok_or_else(|| "no outcome".into())
    }

    fn train_branches(
        &self,
        runs: &[RunSpec],
        watch: &RunMonitor<'_>,
    ) -> Result<Vec<Outcome>, TrialError> {
        // A pool of one: the study runs several trainings at the same time instead.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
        pool.install(|| {
            let mut state = self.start(&runs[0])?;
            // Runs of one study that keep averages keep the same ones.
            let horizons = runs.iter().find(|run| !run.averaging.is_empty());
            let decay = |&h: &u64| 1.0 - 1.0 / h as f64;
            let decays: Vec<f64> =
                horizons.iter().flat_map(|run| &run.averaging).map(decay).collect();
            state.trainer.keep_averages(&decays);
            let mut outcomes = vec![Outcome::default(); runs.len()];
            let numbered: Vec<_> = runs.iter().enumerate().collect();
            self.run_branches(state, &numbered, watch, &mut outcomes)?;
            Ok(outcomes)
        })
    }
}
