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
use paso_locate::{Error, Evaluation, OptimizerName, TrainConfig, Trainer};
use paso_study::stats::mean;
use paso_study::{CurvePoint, Outcome, RunMonitor, RunSpec, TrialError};
use std::sync::Arc;

/// A run that is not finished: shared by several until their learning rates differ.
pub(super) struct BranchState {
    /// Weights, moments, averages and the position in the stream of samples.
    pub(super) trainer: Trainer,
    validation: Arc<Prepared>,
    watched: Watched,
    /// What was evaluated so far, with the steps done.
    evaluated: Vec<(u64, Evaluated)>,
    /// The averaged weights after the last step of the schedule.
    averages: Vec<Evaluated>,
    /// Steps of the study that are done. The trainer may have done more before.
    done: u64,
}

/// How good a net is: the metric of the study, and the loss.
#[derive(Clone, Copy)]
struct Evaluated {
    mean_iou: f64,
    loss: f64,
}

impl From<&Evaluation> for Evaluated {
    fn from(evaluation: &Evaluation) -> Self {
        Self { mean_iou: evaluation.metrics.mean_iou, loss: evaluation.loss }
    }
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
        let watched = Watched::new(run.steps);
        Ok(BranchState {
            trainer,
            validation,
            watched,
            evaluated: Vec::new(),
            averages: Vec::new(),
            done: 0,
        })
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
        let lrs = first.schedule();
        let shared = runs.iter().map(|(_, run)| first.shared_steps(run)).min().unwrap_or(0);
        while state.done < shared {
            let lr = lrs.at(state.done);
            let step = if state.is_audited() {
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
            state.evaluate(runs)?;
            watch.advance(1);
            if watch.should_stop() {
                return Err("stopped".into());
            }
        }
        let (ended, unfinished): (Vec<_>, Vec<_>) =
            runs.iter().partition(|(_, run)| run.last_step() == state.done);
        ended.iter().for_each(|(i, run)| outcomes[*i] = state.outcome(run));
        let Some((_, first)) = unfinished.first() else { return Ok(()) };
        // Those that continue like the first, and the others.
        let (like, other): (Vec<_>, Vec<_>) =
            unfinished.iter().partition(|(_, run)| first.shared_steps(run) > shared);
        if !other.is_empty() {
            let mut branch = state.branch()?;
            if other.iter().all(|(_, run)| run.averaging.is_empty()) {
                branch.trainer.keep_averages(&[]);
            }
            self.run_branches(branch, &other, watch, outcomes)?;
        }
        self.run_branches(state, &like, watch, outcomes)
    }
}

impl BranchState {
    /// A second one that goes on from here by itself.
    fn branch(&self) -> Result<Self, Error> {
        Ok(Self {
            trainer: self.trainer.branch(self.trainer.model().config().seed)?,
            validation: Arc::clone(&self.validation),
            watched: self.watched.clone(),
            evaluated: self.evaluated.clone(),
            averages: self.averages.clone(),
            done: self.done,
        })
    }

    /// Evaluates the net if one of the runs asks for it after so many steps, and its averages at the
    /// end of the schedule.
    fn evaluate(&mut self, runs: &[(usize, &RunSpec)]) -> Result<(), Error> {
        if runs.iter().any(|(_, run)| run.evaluates_after(self.done)) {
            let evaluation = self.trainer.evaluate(&self.validation)?;
            self.evaluated.push((self.done, Evaluated::from(&evaluation)));
        }
        let averaged =
            |(_, run): &(usize, &RunSpec)| !run.averaging.is_empty() && run.steps == self.done;
        if runs.iter().any(averaged) {
            let averages = self.trainer.evaluate_averages(&self.validation)?;
            self.averages = averages.iter().map(Evaluated::from).collect();
        }
        Ok(())
    }

    /// What a run came to.
    fn outcome(&self, run: &RunSpec) -> Outcome {
        let own = || self.evaluated.iter().filter(|(step, _)| run.evaluates_after(*step));
        let mean_of = |value: fn(&Evaluated) -> f64| {
            mean(&own().map(|(_, evaluated)| value(evaluated)).collect::<Vec<_>>())
        };
        let averages: &[Evaluated] = if run.averaging.is_empty() { &[] } else { &self.averages };
        let points = own().map(|(step, evaluated)| {
            let metric = Some(evaluated.mean_iou).filter(|metric| metric.is_finite());
            CurvePoint { step: *step, loss: None, metric }
        });
        Outcome {
            metric: mean_of(|evaluated| evaluated.mean_iou),
            averaged: averages.iter().map(|e| e.mean_iou).collect(),
            averaged_loss: averages.iter().map(|e| e.loss).collect(),
            loss: Some(mean_of(|evaluated| evaluated.loss)),
            audit: self.is_audited().then(|| self.watched.audit(&self.trainer)),
            curve: self.watched.curve.iter().copied().chain(points).collect(),
            ..Outcome::default()
        }
    }
}

/// A run that came to nothing: worse than any other.
fn diverged(run: &RunSpec) -> Outcome {
    Outcome {
        metric: f64::NAN,
        averaged: vec![f64::NAN; run.averaging.len()],
        ..Outcome::default()
    }
}
