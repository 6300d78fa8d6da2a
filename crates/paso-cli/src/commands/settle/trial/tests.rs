//! Tests of the trial: shared steps, variants, branches of a run, divergence, cancellation.

use super::*;
use paso_locate::data::{PrepareOptions, Prepared, Split};
use paso_locate::demo::{self, DemoOptions};
use std::sync::Arc;

fn trial() -> LocalizationTrial {
    let dataset = demo::dataset(&DemoOptions { train: 8, val: 4, seed: 1 }).expect("scenes");
    let images = |split| {
        let options = PrepareOptions { size: 32, ..PrepareOptions::default() };
        Arc::new(Prepared::new(&dataset, &dataset.indices(split), &options).expect("images").0)
    };
    let config = TrainConfig {
        net: paso_locate::NetName::Tiny,
        size: 32,
        batch: 4,
        ..TrainConfig::default()
    };
    LocalizationTrial {
        config,
        images: StudyImages::Split { train: images(Split::Train), validation: images(Split::Val) },
        classes: dataset.classes,
        origin: String::new(),
        features: None,
        base: None,
    }
}

/// A run of 10 steps with seed 3.
fn run(spec: &str) -> RunSpec {
    RunSpec::new(spec, 2e-3, 10, 3)
}

fn train(trial: &LocalizationTrial, run: &RunSpec) -> Outcome {
    trial.train(run, &RunMonitor::detached()).expect("it trains")
}

#[test]
fn runs_that_share_steps_have_the_outcomes_of_runs_trained_alone() {
    let trial = trial();
    let monitor = RunMonitor::detached();
    let mut runs = [
        run("constant"),
        run("constant(for 80%) then linear(to 0)"),
        run("constant(for 40%) then linear(to 0)"),
        run("constant(for 40%) then cosine(to 0)"),
    ];
    runs[0].averaging = vec![2, 5];
    let shared = trial.train_branches(&runs, &monitor).expect("they train");
    for (run, outcome) in runs.iter().zip(&shared) {
        let alone = trial.train(run, &monitor).expect("it trains");
        assert_eq!(alone, *outcome, "{run}");
    }
    assert!(shared.iter().all(|o| o.metric.is_finite()));
    assert_eq!(shared[0].averaged.len(), 2);
    assert!(shared[1..].iter().all(|o| o.averaged.is_empty()));
}

#[test]
fn variants_change_the_training_and_schedule_free_has_no_audit() {
    let trial = trial();
    let with_variant = |variant: Variant, spec: &str| {
        let mut run = RunSpec::new(spec, 2e-3, 30, 3);
        run.variant = variant;
        train(&trial, &run)
    };
    let adam = with_variant(Variant::DEFAULT, "constant");
    let free = with_variant(SCHEDULE_FREE, "constant");
    assert!(free.metric.is_finite() && free.audit.is_none() && adam.audit.is_some());
    assert_ne!(free.metric, adam.metric);
    // The first loss is computed from the same weights on the same batch.
    assert_eq!(free.curve[0], adam.curve[0]);
    // With a constant learning rate, both kinds of weight decay agree except for rounding.
    let unscheduled = with_variant(UNSCHEDULED_DECAY, "constant").metric;
    assert!((unscheduled - adam.metric).abs() < 0.02, "{unscheduled} {}", adam.metric);
    let [unscheduled, adam] =
        [UNSCHEDULED_DECAY, Variant::DEFAULT].map(|variant| with_variant(variant, "linear(to 0)"));
    assert_ne!(unscheduled, adam);
}

/// A trainer after 4 of 8 steps.
fn half_trained(trial: &LocalizationTrial) -> Trainer {
    let config = TrainConfig { steps: Some(8), ..trial.config.clone() };
    let (train, _) = trial.images.of_seed(0).expect("images");
    let mut trainer = Trainer::new(&config, trial.classes.clone(), train).expect("a trainer");
    for _ in 0..4 {
        trainer.step().expect("a step");
    }
    trainer
}

#[test]
fn a_branch_with_the_seed_of_its_run_has_the_bits_of_the_run() {
    let trial = trial();
    let seed = trial.config.seed;
    let mut base = half_trained(&trial);
    let mut same = base.branch(seed).expect("a branch");
    let mut other = base.branch(seed + 1).expect("a branch");
    for _ in 0..4 {
        base.step().expect("a step");
        same.step().expect("a step");
        other.step().expect("a step");
    }
    assert_eq!(base.checkpoint(None), same.checkpoint(None));
    assert_ne!(base.checkpoint(None).1, other.checkpoint(None).1, "another order of images");
}

#[test]
fn runs_that_continue_a_base_start_from_its_weights_and_leave_it_unchanged() {
    let mut trial = trial();
    let fresh = train(&trial, &run("constant"));
    let base = half_trained(&trial);
    let before = base.checkpoint(None);
    trial.base = Some(base);
    let continued = |seed| train(&trial, &RunSpec::new("constant", 2e-3, 10, seed));
    assert_eq!(continued(3), continued(3));
    assert_ne!(continued(3).curve, fresh.curve, "another start");
    assert_ne!(continued(3).curve, continued(4).curve, "another order of images");
    assert_eq!(trial.base.as_ref().expect("a base").checkpoint(None), before);
}

#[test]
fn a_run_that_diverges_is_an_outcome_without_a_metric_and_does_not_stop_its_branches() {
    let trial = LocalizationTrial {
        config: TrainConfig { weight_decay: 1.0, ..trial().config },
        ..trial()
    };
    // A learning rate of 10 with a weight decay of 1 multiplies every weight by -9 per step.
    let wild = |spec: &str| RunSpec::new(spec, 10.0, 200, 3);
    let mut runs = ["constant", "constant(for 50%) then linear(to 0)", "linear(to 0)"].map(wild);
    runs[0].averaging = vec![2, 5];
    let outcomes = trial.train_branches(&runs, &RunMonitor::detached()).expect("an outcome each");
    assert!(outcomes.iter().all(|o| o.metric.is_nan()), "{outcomes:?}");
    assert_eq!(outcomes.iter().map(|o| o.averaged.len()).collect::<Vec<_>>(), [2, 0, 0]);
}

#[test]
fn the_fingerprint_ignores_what_the_study_varies_and_notices_everything_else() {
    let original = trial();
    let with = |change: &dyn Fn(&mut TrainConfig)| {
        let mut other = trial();
        change(&mut other.config);
        other.fingerprint()
    };
    let same = original.fingerprint();
    assert_eq!(with(&|c| c.lr = 0.5), same);
    assert_eq!(with(&|c| c.seed = 9), same);
    assert_eq!(with(&|c| c.schedule = "cosine".into()), same);
    assert_eq!(with(&|c| c.steps = Some(9)), same);
    assert_ne!(with(&|c| c.weight_decay = 0.5), same);
    assert_ne!(with(&|c| c.size = 48), same);
    assert_ne!(LocalizationTrial { origin: "elsewhere".into(), ..trial() }.fingerprint(), same);
    let StudyImages::Split { train, .. } = &original.images else { unreachable!() };
    let other = StudyImages::Split { train: Arc::clone(train), validation: Arc::clone(train) };
    assert_ne!(LocalizationTrial { images: other, ..trial() }.fingerprint(), same);
}
