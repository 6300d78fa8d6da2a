//! A localization run as a trial of a study: from its start, or from where a run stands that the user has already.

mod branches;
mod images;
mod update;
mod watched;

pub(crate) use images::{EvaluateOn, Images};
pub(crate) use update::variant;

use paso_locate::{TrainConfig, Trainer};
use paso_study::{Outcome, RunMonitor, RunSpec, Trial, TrialError};
use std::path::PathBuf;

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

#[cfg(test)]
mod tests {
    use super::*;
    use paso_locate::Update;
    use paso_locate::data::{PrepareOptions, Prepared, Split};
    use paso_locate::demo::{self, DemoOptions};
    use paso_study::Variant;
    use std::sync::Arc;

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
        let branched = trial.train_branches(&runs, &watch).expect("they train");
        for (run, outcome) in runs.iter().zip(&branched) {
            let alone = trial.train(run, &watch).expect("it trains");
            assert_eq!(alone, *outcome, "{run}");
        }
        assert!(branched.iter().all(|o| o.metric.is_finite()));
        assert_eq!(branched[0].averaged.len(), 2);
        assert!(branched[1..].iter().all(|o| o.averaged.is_empty()));
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
        let free = run(variant(Update::ScheduleFree), "constant");
        assert!(free.metric.is_finite() && free.audit.is_none() && usual.audit.is_some());
        assert_ne!(free.metric, usual.metric);
        // The first loss is that of the same weights, on the same batch.
        assert_eq!(free.curve[0], usual.curve[0]);
        // With a constant rate, both ways to decay are one, but for rounding.
        let kept = run(variant(Update::UnscheduledDecay), "constant");
        assert!((kept.metric - usual.metric).abs() < 0.02, "{} {}", kept.metric, usual.metric);
        assert_ne!(
            run(variant(Update::UnscheduledDecay), "linear(to 0)"),
            run(Variant::DEFAULT, "linear(to 0)")
        );
    }

    #[test]
    fn a_branch_with_the_seed_of_its_run_has_the_bits_of_continuing() {
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
