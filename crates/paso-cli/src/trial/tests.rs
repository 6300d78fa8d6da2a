//! Runs of a small trial, and the trial itself for tests of the study.

use super::*;
use paso_locate::augment::Augment;
use paso_locate::data::{PrepareOptions, Prepared, Split};
use paso_locate::demo::{self, DemoOptions};
use paso_locate::{OptimizerName, TrainConfig, Trainer};
use paso_study::Variant;
use std::sync::Arc;

pub(crate) fn trial() -> Localization {
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
    share_a_trunk(&trial());
}

#[test]
fn so_they_do_where_augmentation_ends_before_the_runs_and_weights_are_averaged() {
    // From step 3, 5 or 7 of 10: before, between and after the steps where runs part.
    for close_augment in [0.7, 0.5, 0.3] {
        let mut trial = trial();
        trial.config.augment = Augment::strong();
        let open = share_a_trunk(&trial);
        trial.config.close_augment = close_augment;
        assert_ne!(share_a_trunk(&trial), open, "its images are others");
    }
    let mut trial = trial();
    trial.config.average = 0.9;
    share_a_trunk(&trial);
}

/// The outcomes of runs that part in steps 4 and 8, which are those of runs that are trained alone.
fn share_a_trunk(trial: &Localization) -> Vec<Outcome> {
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
    branched
}

#[test]
fn the_default_variant_is_the_optimizer_of_the_settings() {
    let mut named = RunSpec::new("constant", 2e-3, 10, 3);
    let usual = named.clone();
    for optimizer in [OptimizerName::ScheduleFree, OptimizerName::AdamWConstantDecay] {
        named.variant = variant(optimizer);
        let mut set = trial();
        set.config.optimizer = optimizer;
        let watch = RunMonitor::detached();
        let [a, b] = [set.train(&usual, &watch), trial().train(&named, &watch)];
        assert_eq!(a.expect("it trains"), b.expect("it trains"), "{optimizer}");
    }
}

#[test]
fn other_optimizers_train_otherwise_and_are_evaluated_as_they_should_be() {
    let trial = trial();
    let run = |variant: Variant, spec: &str| {
        let mut run = RunSpec::new(spec, 2e-3, 30, 3);
        run.variant = variant;
        trial.train(&run, &RunMonitor::detached()).expect("it trains")
    };
    let usual = run(Variant::DEFAULT, "constant");
    let free = run(variant(OptimizerName::ScheduleFree), "constant");
    assert!(free.metric.is_finite() && free.audit.is_none() && usual.audit.is_some());
    assert_ne!(free.metric, usual.metric);
    // The first loss is that of the same weights, on the same batch.
    assert_eq!(free.curve[0], usual.curve[0]);
    // With a constant learning rate, both ways to decay are one, but for rounding.
    let kept = run(variant(OptimizerName::AdamWConstantDecay), "constant");
    assert!((kept.metric - usual.metric).abs() < 0.02, "{} {}", kept.metric, usual.metric);
    assert_ne!(
        run(variant(OptimizerName::AdamWConstantDecay), "linear(to 0)"),
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
    let kept = |run: &mut Trainer| run.checkpoint(None).expect("in memory");
    assert_eq!(kept(&mut run), kept(&mut same));
    assert_ne!(kept(&mut run).1, kept(&mut other).1, "another order of images");
}

#[test]
fn a_run_of_an_unknown_variant_is_an_error_and_trains_nothing() {
    let mut run = RunSpec::new("constant", 2e-3, 10, 3);
    run.variant = Variant::new("schedule free");
    let said = trial().train(&run, &RunMonitor::detached()).expect_err("unknown").to_string();
    assert!(said.contains("\"schedule free\" is unknown"), "{said}");
}

#[test]
fn a_continued_run_keeps_its_optimizer() {
    let mut trial = trial();
    let (train, _) = trial.images.of_seed(0).expect("images");
    let config = TrainConfig { steps: Some(8), ..trial.config.clone() };
    let mut base = Trainer::new(&config, trial.classes.clone(), train).expect("a run");
    base.step().expect("a step");
    trial.base = Some(base);
    let mut run = RunSpec::new("constant", 2e-3, 5, 0);
    let monitor = RunMonitor::detached();
    assert!(trial.train(&run, &monitor).expect("it continues").metric.is_finite());
    run.variant = variant(OptimizerName::ScheduleFree);
    let said = trial.train(&run, &monitor).expect_err("another optimizer").to_string();
    assert!(said.contains("keeps its optimizer"), "{said}");
}

#[test]
fn the_fingerprint_depends_on_settings_and_start_but_not_on_what_a_study_sets() {
    let trial = trial();
    let fingerprint = |change: &dyn Fn(&mut Localization)| {
        let mut other = self::trial();
        change(&mut other);
        other.fingerprint()
    };
    let unchanged = trial.fingerprint();
    for set_by_the_study in [
        fingerprint(&|t| t.config.lr = 0.5),
        fingerprint(&|t| t.config.seed = 7),
        fingerprint(&|t| t.config.steps = Some(3)),
        fingerprint(&|t| t.config.schedule = "linear".into()),
    ] {
        assert_eq!(set_by_the_study, unchanged);
    }
    for other in [
        fingerprint(&|t| t.config.weight_decay = 0.5),
        fingerprint(&|t| t.config.batch = 5),
        fingerprint(&|t| t.origin = "features".into()),
    ] {
        assert_ne!(other, unchanged);
    }
}
