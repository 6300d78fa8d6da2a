//! Training several runs of a study at the price of fewer: runs with the same seed share their steps until their learning
//! rates differ, and branch there.

use super::run_log::RunLog;
use super::trial::SCHEDULE_FREE;
use paso_locate::data::Prepared;
use paso_locate::{Error, Trainer};
use paso_study::{Outcome, RunMonitor, RunSpec, TrialError};
use std::sync::Arc;

/// A training on its way, shared by all runs that have not branched off yet.
pub(super) struct BranchState {
    pub(super) trainer: Trainer,
    pub(super) validation: Arc<Prepared>,
    pub(super) log: RunLog,
    /// Steps of the study that are done. A trainer that continues a checkpoint has done more.
    pub(super) done: u64,
}

impl BranchState {
    /// The same training at the same step, with weights and optimizer state of its own.
    fn branch(&self) -> Result<Self, Error> {
        Ok(Self {
            trainer: self.trainer.branch(self.trainer.model().config().seed)?,
            validation: Arc::clone(&self.validation),
            log: self.log.clone(),
            done: self.done,
        })
    }

    fn step(&mut self, lr: f64, is_audited: bool) -> Result<(), Error> {
        let report = if is_audited {
            self.trainer.step_audited_at_rate(lr)?
        } else {
            self.trainer.step_at_rate(lr)?
        };
        self.done += 1;
        self.log.record(&report, self.done);
        Ok(())
    }

    /// The result of a run that has taken all its steps.
    fn outcome(&mut self, run: &RunSpec) -> Result<Outcome, Error> {
        let evaluation = self.trainer.evaluate(&self.validation)?;
        let averages = if run.averaging.is_empty() {
            Vec::new()
        } else {
            self.trainer.evaluate_averages(&self.validation)?
        };
        Ok(Outcome {
            metric: evaluation.metrics.mean_iou,
            averaged: averages.iter().map(|e| e.metrics.mean_iou).collect(),
            averaged_loss: averages.iter().map(|e| e.loss).collect(),
            loss: Some(evaluation.loss),
            audit: is_audited(run).then(|| self.log.audit(&self.trainer)),
            curve: self.log.curve.clone(),
            ..Outcome::default()
        })
    }
}

/// The bounds that an audit compares steps with hold for Adam, not for Schedule-Free.
fn is_audited(run: &RunSpec) -> bool {
    run.variant != SCHEDULE_FREE
}

/// The result of a run whose loss or weights are not finite: it ranks below every other.
fn diverged(run: &RunSpec) -> Outcome {
    Outcome {
        metric: f64::NAN,
        averaged: vec![f64::NAN; run.averaging.len()],
        ..Outcome::default()
    }
}

/// Trains all these runs to their ends. Each comes with its index into `outcomes`, where its result is stored.
///
/// # Errors
/// When a step fails for another reason than divergence, or the study is canceled.
pub(super) fn run_branches(
    mut state: BranchState,
    runs: &[(usize, &RunSpec)],
    monitor: &RunMonitor<'_>,
    outcomes: &mut [Outcome],
) -> Result<(), TrialError> {
    let (_, first) = runs[0];
    let schedule = first.schedule();
    let shared = runs.iter().map(|(_, run)| first.shared_steps(run)).min().unwrap_or(0);
    while state.done < shared {
        match state.step(schedule.at(state.done), is_audited(first)) {
            Err(Error::Diverged { .. }) => {
                for (i, run) in runs {
                    outcomes[*i] = diverged(run);
                }
                return Ok(());
            }
            step => step?,
        }
        monitor.advance(1);
        if monitor.should_stop() {
            return Err("stopped".into());
        }
    }
    if state.done == first.steps {
        for (i, run) in runs {
            outcomes[*i] = state.outcome(run)?;
        }
        return Ok(());
    }
    // The runs whose next step is that of the first run, and those that differ: at least one each.
    let (same, different): (Vec<_>, Vec<_>) =
        runs.iter().partition(|(_, run)| first.shared_steps(run) > shared);
    let mut branch = state.branch()?;
    if different.iter().all(|(_, run)| run.averaging.is_empty()) {
        branch.trainer.keep_averages(&[]);
    }
    run_branches(branch, &different, monitor, outcomes)?;
    run_branches(state, &same, monitor, outcomes)
}
