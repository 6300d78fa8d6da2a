//! Runs that share their first steps: trained once, then in branches.
//!
//! A constant schedule and one that is constant for the first 80 % take the same steps until then:
//! same seed, same images, same learning rates. Where they part, the state is copied, with weights,
//! moments, averages and the position in the stream of samples. A test shows that the outcomes have
//! the bits of runs that were trained alone.
//!
//! Sharing is what makes a study affordable: arms that decay only at the end train their long first
//! part once. The state is copied in memory, so each open branch costs the size of the weights and
//! of the optimizer's state. Branches run one after the other; the study runs several groups at a
//! time.
//!
//! A loss that is not finite ends the run with NaN as its metric, which the study ranks last. It
//! does not end the study, because a learning rate that is too high is a result.

use super::localization::Localization;
use super::optimizer::optimizer;
use super::watched::Watched;
use paso_locate::data::Prepared;
use paso_locate::{Error, OptimizerName, TrainConfig, Trainer};
use paso_study::{Outcome, RunMonitor, RunSpec, TrialError};
use std::sync::Arc;

/// A run that is not finished: shared by several until their learning rates differ.
pub(super) struct BranchState {
    /// Weights, moments, averages and the position in the stream of samples.
    pub(super) trainer: Trainer,
    validation: Arc<Prepared>,
    watched: Watched,
    /// Steps of the study that are done. The trainer may have done more before.
    done: u64,
}

impl BranchState {
    /// Whether its steps are audited: what an audit measures them by holds for Adam's own.
    fn is_audited(&self) -> bool {
        self.trainer.model().config().optimizer != OptimizerName::ScheduleFree
    }
}

impl Localization {
    /// The state before the first step of a run.
    ///
    /// Runs that continue a checkpoint keep its settings; only the learning rates are those of the
    /// study.
    ///
    /// # Errors
    /// If the variant is unknown, if a continued run asks for one, or if features do not fit.
    pub(super) fn start(&self, run: &RunSpec) -> Result<BranchState, TrialError> {
        let optimizer = optimizer(&run.variant, self.config.optimizer)?;
        let (train, validation) = self.images.of_seed(run.seed)?;
        let trainer = match &self.base {
            Some(_) if !run.variant.is_default() => {
                return Err(format!("{run}: a run that is continued keeps its optimizer").into());
            }
            // Seeds of the study continue the base's stream of samples in orders of their own.
            Some(base) => base.branch(self.config.seed.wrapping_add(1).wrapping_add(run.seed))?,
            None => {
                let config = TrainConfig {
                    steps: Some(run.steps),
                    schedule: run.spec.clone(),
                    lr: run.peak_lr,
                    seed: run.seed,
                    optimizer,
                    ..self.config.clone()
                };
                let mut trainer = Trainer::new(&config, self.classes.clone(), train)?;
                if let Some(features) = &self.features {
                    trainer.load_features(features)?;
                }
                trainer
            }
        };
        Ok(BranchState { trainer, validation, watched: Watched::new(run.steps), done: 0 })
    }

    /// Takes all these runs from where they are to their ends: one run until their learning rates
    /// differ, then in branches. The outcomes are put at the runs' numbers.
    ///
    /// All runs must have the seed, the length and the variant of the first one. A branch whose
    /// runs need no averages drops them, which saves their memory and time.
    ///
    /// # Errors
    /// If the study asks to stop, or a step fails for another reason than divergence.
    pub(super) fn run_branches(
        &self,
        mut state: BranchState,
        runs: &[(usize, &RunSpec)],
        watch: &RunMonitor<'_>,
        outcomes: &mut [Outcome],
    ) -> Result<(), TrialError> {
        let (_, first) = runs[0];
        let rates = first.schedule();
        let shared = runs.iter().map(|(_, run)| first.shared_steps(run)).min().unwrap_or(0);
        let audited = state.is_audited();
        while state.done < shared {
            let lr = rates.at(state.done);
            let step = if audited {
                state.trainer.step_audited_at_rate(lr)
            } else {
                state.trainer.step_at_rate(lr)
            };
            match step {
                Err(Error::Diverged { .. }) => {
                    runs.iter().for_each(|(i, run)| outcomes[*i] = diverged(run));
                    return Ok(());
                }
                step => state.watched.see(&step?, state.done + 1),
            }
            state.done += 1;
            watch.advance(1);
            if watch.should_stop() {
                return Err("stopped".into());
            }
        }
        if state.done == first.steps {
            for (i, run) in runs {
                outcomes[*i] = evaluate(run, &mut state)?;
            }
            return Ok(());
        }
        // Those that continue like the first, and the others: at least one each.
        let (like, other): (Vec<_>, Vec<_>) =
            runs.iter().partition(|(_, run)| first.shared_steps(run) > shared);
        let mut branch = BranchState {
            trainer: state.trainer.branch(state.trainer.model().config().seed)?,
            validation: Arc::clone(&state.validation),
            watched: state.watched.clone(),
            done: state.done,
        };
        if other.iter().all(|(_, run)| run.averaging.is_empty()) {
            branch.trainer.keep_averages(&[]);
        }
        self.run_branches(branch, &other, watch, outcomes)?;
        self.run_branches(state, &like, watch, outcomes)
    }
}

/// What a run came to.
fn evaluate(run: &RunSpec, state: &mut BranchState) -> Result<Outcome, Error> {
    let audited = state.is_audited();
    let BranchState { trainer, validation, watched, .. } = state;
    let evaluated = trainer.evaluate(validation)?;
    let averages = if run.averaging.is_empty() {
        Vec::new()
    } else {
        trainer.evaluate_averages(validation)?
    };
    Ok(Outcome {
        metric: evaluated.metrics.mean_iou,
        averaged: averages.iter().map(|e| e.metrics.mean_iou).collect(),
        averaged_loss: averages.iter().map(|e| e.loss).collect(),
        loss: Some(evaluated.loss),
        audit: audited.then(|| watched.audit(trainer)),
        curve: watched.curve.clone(),
        ..Outcome::default()
    })
}

/// A run that came to nothing: worse than any other.
fn diverged(run: &RunSpec) -> Outcome {
    Outcome {
        metric: f64::NAN,
        averaged: vec![f64::NAN; run.averaging.len()],
        ..Outcome::default()
    }
}
