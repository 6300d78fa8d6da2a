//! Runs whose averaged weights are those to use: what is evaluated, chosen, kept and read is one
//! net, and training goes on from the other one with the same bits.

use paso_locate::checkpoint::{self, Tensor};
use paso_locate::data::{PrepareOptions, Prepared, Split};
use paso_locate::demo::{self, DemoOptions};
use paso_locate::run::{BEST, LAST};
use paso_locate::{Model, NetName, OptimizerName, Run, TrainConfig, Trainer};
use std::path::Path;
use std::sync::Arc;

fn images() -> (Arc<Prepared>, Prepared, Vec<String>) {
    let dataset = demo::dataset(&DemoOptions { train: 6, val: 3, seed: 2 }).expect("scenes");
    let options = PrepareOptions { size: 32, ..PrepareOptions::default() };
    let part =
        |split| Prepared::new(&dataset, &dataset.indices(split), &options).expect("images").0;
    (Arc::new(part(Split::Train)), part(Split::Val), dataset.classes)
}

/// Settings by name: those of every optimizer, and averaged weights.
fn all() -> Vec<(String, TrainConfig)> {
    let (net, size, batch, epochs) = (NetName::Tiny, 32, 4, 4);
    let usual = TrainConfig { net, size, batch, epochs, ..TrainConfig::default() };
    let with = |optimizer| (format!("{optimizer}"), TrainConfig { optimizer, ..usual.clone() });
    let mut all = OptimizerName::ALL.map(with).to_vec();
    all.push(("averaged".into(), TrainConfig { average: 0.9, ..usual }));
    all
}

fn begin(config: &TrainConfig, folder: &Path) -> Run {
    let (train, val, classes) = images();
    Run::new(config, classes, train, val, None, Some(folder)).expect("a run")
}

fn resume(folder: &Path) -> Run {
    let (train, val, _) = images();
    Run::resume(folder, None, train, val).expect("a run")
}

#[test]
fn a_run_that_was_stopped_in_every_epoch_ends_as_one_that_never_was() {
    for (name, config) in all() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let (whole, parts) = (place.path().join("whole"), place.path().join("parts"));
        let mut run = begin(&config, &whole);
        let mut stopped = begin(&config, &parts);
        while !run.is_done() {
            let epoch = run.epoch(|_| ()).expect("an epoch");
            assert_eq!(stopped.epoch(|_| ()).expect("an epoch"), epoch, "{name}");
            drop(stopped); // its lock
            stopped = resume(&parts);
        }
        assert!(stopped.is_done());
        for file in [LAST, BEST, "metrics.csv", "config.toml"] {
            let [a, b] = [&whole, &parts].map(|f| std::fs::read(f.join(file)).expect(file));
            assert!(a == b, "{name}: {file} differs");
        }
    }
}

#[test]
fn what_was_evaluated_is_what_a_checkpoint_has_for_use() {
    let (_, val, _) = images();
    for (name, config) in all() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let folder = place.path().join("run");
        let mut run = begin(&config, &folder);
        while !run.is_done() {
            let epoch = run.epoch(|_| ()).expect("an epoch");
            let mut used = Model::load(&folder.join(LAST)).expect("a net");
            let found = used.evaluate(&val).expect("images");
            assert_eq!((found.metrics.mean_iou, found.loss), (epoch.mean_iou, epoch.val_loss));
        }
        let (best, _) = run.best().expect("a best epoch");
        let mut used = Model::load(&folder.join(BEST)).expect("a net");
        assert_eq!(used.evaluate(&val).expect("images").metrics.mean_iou, best, "{name}");
        let (_, tensors) = checkpoint::load(&folder.join(LAST)).expect("it is read");
        let used = |name: &str| tensors.iter().find(|t| t.name == name).expect("a net");
        let mut different = 0;
        for trained in &tensors {
            let Some(name) = trained.name.strip_prefix("trained.") else { continue };
            different += usize::from(used(name).values != trained.values);
            let of_batches = name.ends_with(".var") || name.ends_with(".weight");
            assert!(!of_batches || used(name).values != trained.values, "{name}");
        }
        assert_eq!(different > 0, config.averages_weights(), "{name}");
    }
}

#[test]
fn evaluating_and_keeping_a_run_changes_nothing_of_its_training() {
    let (train, val, classes) = images();
    for (name, config) in all() {
        let run = || Trainer::new(&config, classes.clone(), Arc::clone(&train)).expect("a run");
        let (mut watched, mut alone) = (run(), run());
        for _ in 0..6 {
            let first = watched.evaluate(&val).expect("images");
            watched.checkpoint(None).expect("in memory");
            assert_eq!(watched.evaluate(&val).expect("images"), first, "{name}");
            assert_eq!(watched.step().expect("a step"), alone.step().expect("a step"), "{name}");
        }
        let kept = |run: &mut Trainer| run.checkpoint(None).expect("in memory");
        assert_eq!(kept(&mut watched), kept(&mut alone), "{name}");
    }
}

#[test]
fn a_checkpoint_of_before_is_used_with_its_trained_weights_and_goes_on_with_the_same_bits() {
    let (train, val, classes) = images();
    let (_, config) = all().pop().expect("averaged");
    let place = tempfile::tempdir().expect("a temporary folder");
    let path = place.path().join("old.safetensors");
    let mut run = Trainer::new(&config, classes, Arc::clone(&train)).expect("a run");
    (0..4).for_each(|_| assert!(run.step().expect("a step").loss.is_finite()));
    let (meta, tensors) = run.checkpoint(None).expect("in memory");
    let has_prefix = |t: &Tensor| t.name.starts_with("trained.") || t.name.starts_with("exp_avg");
    let old = |t: &Tensor| Tensor {
        name: match t.name.strip_prefix("trained.") {
            Some(name) => name.into(),
            None if has_prefix(t) => t.name.clone(),
            None => format!("average.{}", t.name),
        },
        ..t.clone()
    };
    let old: Vec<Tensor> = tensors.iter().map(old).collect();
    checkpoint::save(&path, &meta, &old).expect("it is written");
    let mut used = Model::load(&path).expect("a net");
    let used = used.evaluate(&val).expect("images");
    assert_ne!(used, run.evaluate(&val).expect("images"), "the averaged weights");
    let (meta, old) = checkpoint::load(&path).expect("it is read");
    let mut resumed = Trainer::resume(&path, &meta, &old, train).expect("it goes on");
    assert_eq!(resumed.evaluate(&val).expect("images"), run.evaluate(&val).expect("images"));
    for _ in 0..4 {
        assert_eq!(resumed.step().expect("a step"), run.step().expect("a step"));
    }
    assert_eq!(resumed.checkpoint(None).expect("kept"), run.checkpoint(None).expect("kept"));
}

#[test]
fn a_checkpoint_without_what_its_optimizer_keeps_is_refused() {
    let (train, _, classes) = images();
    let place = tempfile::tempdir().expect("a temporary folder");
    let path = place.path().join("x.safetensors");
    for (name, config) in all() {
        let mut run = Trainer::new(&config, classes.clone(), Arc::clone(&train)).expect("a run");
        run.step().expect("a step");
        let (mut meta, tensors) = run.checkpoint(None).expect("in memory");
        checkpoint::save(&path, &meta, &tensors).expect("it is written");
        let is_free = config.optimizer == OptimizerName::ScheduleFree;
        assert_eq!(meta.schedule_free.is_some(), is_free, "{name}");
        meta.schedule_free = if is_free { None } else { Some(Default::default()) };
        let said = checkpoint::save(&path, &meta, &tensors).expect_err(&name).to_string();
        let what = if is_free { "missing" } else { "there" };
        assert!(said.contains(&format!("schedule_free is {what} with the optimizer")), "{said}");
    }
}

#[test]
fn steps_beyond_the_last_one_keep_the_last_rate_and_the_last_augmentation() {
    let (train, val, classes) = images();
    let augment = paso_locate::augment::Augment::strong();
    for (name, config) in all() {
        let config = TrainConfig {
            steps: Some(10),
            schedule: "linear(to 10%)".into(),
            augment,
            close_augment: 0.3,
            ..config
        };
        let run = || Trainer::new(&config, classes.clone(), Arc::clone(&train)).expect("a run");
        assert_eq!(run().lr(10), run().lr(12), "{name}");
        for step in 7..14 {
            assert_eq!(config.augment_at(step, train.len()), augment.without_geometry(), "{name}");
        }
        let (mut run, mut branched) = (run(), None);
        for step in 0..13 {
            let report = run.step_at_rate(run.lr(step)).expect("a step");
            assert_eq!((report.step, report.lr), (step + 1, run.lr(step)), "{name}");
            if step == 8 {
                branched = Some(run.branch(config.seed).expect("a branch"));
            }
        }
        let mut branched = branched.expect("a branch");
        (9..13).for_each(|step| {
            branched.step_at_rate(branched.lr(step)).expect("a step");
        });
        let found = run.evaluate(&val).expect("images");
        assert!(found.loss.is_finite());
        assert_eq!(branched.evaluate(&val).expect("images"), found, "{name}");
    }
}
