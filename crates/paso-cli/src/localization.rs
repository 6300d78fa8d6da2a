//! A localization run as a trial of a study: from its start, or from where a run stands that the user has already.

use crate::study_images::Images;
use crate::watched::Watched;
use paso_locate::data::Prepared;
use paso_locate::{Error, TrainConfig, Trainer, Update};
use paso_study::{Outcome, RunMonitor, RunSpec, Trial, TrialError, Variant};
use std::path::PathBuf;
use std::sync::Arc;

/// What every run of a study has in common.
#[derive(Debug)]
pub(crate) struct Localization {
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

/// Variants of the study's arms: see [`Update`].
pub(crate) const SCHEDULE_FREE: Variant = Variant::new("schedule-free");
pub(crate) const UNSCHEDULED_DECAY: Variant = Variant::new("weight decay not scheduled");

/// A run on its way: shared by several until their rates differ.
struct Going {
    trainer: Trainer,
    validation: Arc<Prepared>,
    watched: Watched,
    /// Steps of the study that are done. The trainer may have done more before.
    done: u64,
}

impl Localization {
    /// What else a run depends on: runs kept under other circumstances are refused. Where the images lie is not in it, so
    /// that parts of a study can be done on several machines.
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

    fn begin(&self, run: &RunSpec) -> Result<Going, Error> {
        let (train, validation) = self.images.of_seed(run.seed)?;
        let trainer = match &self.base {
            // Seeds of the study continue the base's stream of samples in orders of their own.
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
        Ok(Going { trainer, validation, watched: Watched::new(run.steps), done: 0 })
    }

    /// Takes all these runs from where they are to their ends: together until their rates differ, then in branches.
    /// The outcomes are put at the runs' numbers.
    fn go_on(
        &self,
        mut going: Going,
        runs: &[(usize, &RunSpec)],
        watch: &RunMonitor<'_>,
        outcomes: &mut [Outcome],
    ) -> Result<(), TrialError> {
        let (_, first) = runs[0];
        let rates = first.schedule();
        let shared = runs.iter().map(|(_, run)| first.shared_steps(run)).min().unwrap_or(0);
        // What an audit measures steps by holds for Adam's own.
        let audited = first.variant != SCHEDULE_FREE;
        while going.done < shared {
            let lr = rates.at(going.done);
            let step = if audited {
                going.trainer.step_audited_at_rate(lr)
            } else {
                going.trainer.step_at_rate(lr)
            };
            match step {
                Err(Error::Diverged { .. }) => {
                    runs.iter().for_each(|(i, run)| outcomes[*i] = diverged(run));
                    return Ok(());
                }
                step => going.watched.see(&step?, going.done + 1),
            }
            going.done += 1;
            watch.advance(1);
            if watch.should_stop() {
                return Err("stopped".into());
            }
        }
        if going.done == first.steps {
            for (i, run) in runs {
                outcomes[*i] = evaluate(run, &mut going)?;
            }
            return Ok(());
        }
        // Those that go on like the first, and the others: at least one each.
        let (like, other): (Vec<_>, Vec<_>) =
            runs.iter().partition(|(_, run)| first.shared_steps(run) > shared);
        let mut branch = Going {
            trainer: going.trainer.branch(going.trainer.model().config().seed)?,
            validation: Arc::clone(&going.validation),
            watched: going.watched.clone(),
            done: going.done,
        };
        if other.iter().all(|(_, run)| run.averaging.is_empty()) {
            branch.trainer.keep_averages(&[]);
        }
        self.go_on(branch, &other, watch, outcomes)?;
        self.go_on(going, &like, watch, outcomes)
    }
}

/// What a run came to.
fn evaluate(run: &RunSpec, going: &mut Going) -> Result<Outcome, Error> {
    let Going { trainer, validation, watched, .. } = going;
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
        audit: (run.variant != SCHEDULE_FREE).then(|| watched.audit(trainer)),
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
        // A pool of one: the study runs several trainings side by side instead.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
        pool.install(|| {
            let mut going = self.begin(&runs[0])?;
            // Runs of one study that keep averages keep the same ones.
            let horizons = runs.iter().find(|run| !run.averaging.is_empty());
            let decay = |&h: &u64| 1.0 - 1.0 / h as f64;
            let decays: Vec<f64> =
                horizons.iter().flat_map(|run| &run.averaging).map(decay).collect();
            going.trainer.keep_averages(&decays);
            let mut outcomes = vec![Outcome::default(); runs.len()];
            let numbered: Vec<_> = runs.iter().enumerate().collect();
            self.go_on(going, &numbered, watch, &mut outcomes)?;
            Ok(outcomes)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paso_locate::data::{PrepareOptions, Split};
    use paso_locate::demo::{self, DemoOptions};

    fn trial() -> Localization {
        let dataset = demo::dataset(&DemoOptions { train: 8, val: 4, seed: 1 }).expect("scenes");
        let images = |split| {
            let options = PrepareOptions { size: 32, ..PrepareOptions::default() };
            Prepared::new(&dataset, &dataset.indices(split), &options).expect("images").0
        };
        let config = TrainConfig {
            net: paso_locate::NetName::Tiny,
            size: 32,
            batch: 4,
            ..TrainConfig::default()
        };
        let (train, validation) = (Arc::new(images(Split::Train)), Arc::new(images(Split::Val)));
        Localization {
            config,
            classes: dataset.classes,
            images: Images::Split { train, validation },
            origin: String::new(),
            features: None,
            base: None,
        }
    }

    #[test]
    fn runs_that_share_a_trunk_come_out_as_if_each_was_trained_alone() {
        let trial = trial();
        let watch = RunMonitor::detached();
        let run = |spec: &str| RunSpec::new(spec, 2e-3, 10, 3);
        let mut runs = [
            run("constant"),
            run("constant(for 80%) then linear(to 0)"),
            run("constant(for 40%) then linear(to 0)"),
            run("constant(for 40%) then cosine(to 0)"),
        ];
        runs[0].averaging = vec![2, 5];
        let together = trial.train_branches(&runs, &watch).expect("they train");
        for (run, outcome) in runs.iter().zip(&together) {
            let alone = trial.train(run, &watch).expect("it trains");
            assert_eq!(alone, *outcome, "{run}");
        }
        assert!(together.iter().all(|o| o.metric.is_finite()));
        assert_eq!(together[0].averaged.len(), 2);
        assert!(together[1..].iter().all(|o| o.averaged.is_empty()));
    }

    #[test]
    fn other_updates_train_otherwise_and_are_evaluated_as_they_should_be() {
        let trial = trial();
        let run = |variant: Variant, spec: &str| {
            let mut run = RunSpec::new(spec, 2e-3, 30, 3);
            run.variant = variant;
            trial.train(&run, &RunMonitor::detached()).expect("it trains")
        };
        let usual = run(Variant::DEFAULT, "constant");
        let free = run(SCHEDULE_FREE, "constant");
        assert!(free.metric.is_finite() && free.audit.is_none() && usual.audit.is_some());
        assert_ne!(free.metric, usual.metric);
        // The first loss is that of the same weights, on the same batch.
        assert_eq!(free.curve[0], usual.curve[0]);
        // With a constant rate, both ways to decay are one, but for rounding.
        let kept = run(UNSCHEDULED_DECAY, "constant");
        assert!((kept.metric - usual.metric).abs() < 0.02, "{} {}", kept.metric, usual.metric);
        assert_ne!(run(UNSCHEDULED_DECAY, "linear(to 0)"), run(Variant::DEFAULT, "linear(to 0)"));
    }

    #[test]
    fn a_branch_with_the_seed_of_its_run_has_the_bits_of_going_on() {
        let trial = trial();
        let config = TrainConfig { steps: Some(8), ..trial.config.clone() };
        let (train, _) = trial.images.of_seed(0).expect("images");
        let mut run = Trainer::new(&config, trial.classes.clone(), train).expect("a run");
        for _ in 0..4 {
            run.step().expect("a step");
        }
        let mut same = run.branch(config.seed).expect("a branch");
        let mut other = run.branch(config.seed + 1).expect("a branch");
        for _ in 0..4 {
            run.step().expect("a step");
            same.step().expect("a step");
            other.step().expect("a step");
        }
        assert_eq!(run.checkpoint(None), same.checkpoint(None));
        assert_ne!(run.checkpoint(None).1, other.checkpoint(None).1, "another order of images");
    }
}
