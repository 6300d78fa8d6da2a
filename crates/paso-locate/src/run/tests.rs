//! Run folders: what is in them, what they refuse, and what a kill may leave.

use super::folder::CONFIG;
use super::*;
use crate::augment::Augment;
use crate::data::{PrepareOptions, Split};
use crate::demo::{self, DemoOptions};
use crate::{Model, NetName};
use paso_files::{LOCK, MARKER};
use std::path::PathBuf;

fn config() -> TrainConfig {
    TrainConfig {
        net: NetName::Tiny,
        size: 32,
        batch: 4,
        epochs: 3,
        augment: Augment::none(),
        average: 0.9,
        ..TrainConfig::default()
    }
}

/// Training and validation images, and the names of the classes.
fn images(seed: u64) -> (Arc<Prepared>, Prepared, Vec<String>) {
    let dataset = demo::dataset(&DemoOptions { train: 6, val: 2, seed }).expect("scenes");
    let options = PrepareOptions { size: 32, ..PrepareOptions::default() };
    let part =
        |split| Prepared::new(&dataset, &dataset.indices(split), &options).expect("images").0;
    (Arc::new(part(Split::Train)), part(Split::Val), dataset.classes)
}

fn begin(config: &TrainConfig, folder: &Path) -> Result<Run, Error> {
    let (train, val, classes) = images(1);
    Run::new(config, classes, train, val, None, Some(folder))
}

fn resume(folder: &Path, config: Option<&TrainConfig>) -> Result<Run, Error> {
    let (train, val, _) = images(1);
    Run::resume(folder, config, train, val)
}

fn finish(run: &mut Run) -> Vec<Epoch> {
    let mut epochs = Vec::new();
    while !run.is_done() {
        epochs.push(run.epoch(|_| ()).expect("an epoch"));
    }
    epochs
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let name = |e: std::io::Result<std::fs::DirEntry>| e.expect("an entry").file_name();
    let mut names: Vec<String> = entries.map(|e| name(e).to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn lines(folder: &Path, name: &str) -> usize {
    std::fs::read_to_string(folder.join(name)).expect("it is text").lines().count()
}

#[test]
fn a_run_folder_holds_its_settings_its_record_and_two_checkpoints() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = place.path().join("a/b/run");
    let mut run = begin(&config(), &folder).expect("a run");
    let mut steps = Vec::new();
    let first = run.epoch(|report| steps.push(report.step)).expect("an epoch");
    assert_eq!(steps, [1, 2], "6 images are two batches of 4");
    assert_eq!((first.epoch, first.step, run.last()), (1, 2, Some(first)));
    finish(&mut run);
    let found = names(&folder);
    let events = found.iter().filter(|n| n.starts_with("events.out.tfevents.")).count();
    assert_eq!((found.len(), events), (8, 1), "{found:?}");
    for name in [LAST, BEST, CONFIG, "metrics.csv", "metrics.jsonl", MARKER, LOCK] {
        assert!(found.iter().any(|n| n == name), "{name}: {found:?}");
    }
    assert_eq!((lines(&folder, "metrics.csv"), lines(&folder, "metrics.jsonl")), (4, 3));
    let text = std::fs::read_to_string(folder.join(CONFIG)).expect("it is text");
    assert_eq!(toml::from_str::<TrainConfig>(&text).expect("settings"), config());
    let (best, epoch) = run.best().expect("one epoch is the best");
    let mut model = Model::load(&folder.join(BEST)).expect("a net");
    let found = model.evaluate(run.validation()).expect("images").metrics.mean_iou;
    assert_eq!(found, best, "the best checkpoint is that of epoch {epoch}");
}

#[test]
fn a_folder_with_a_run_is_not_begun_again() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = place.path().join("run");
    begin(&config(), &folder).expect("a run");
    // Nothing was kept yet: the same settings may begin again, others may not.
    begin(&config(), &folder).expect("the same run");
    let other = TrainConfig { lr: 1e-4, ..config() };
    let message = begin(&other, &folder).expect_err("other settings").to_string();
    assert!(message.contains("there is a run in this folder already (config.toml)"), "{message}");
    begin(&config(), &folder).expect("a run").epoch(|_| ()).expect("an epoch");
    let message = begin(&config(), &folder).expect_err("it has a checkpoint").to_string();
    assert!(message.contains("last.safetensors") && message.contains("--resume"), "{message}");
}

#[test]
fn a_run_that_cannot_begin_makes_no_folder() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = place.path().join("run");
    for bad in [
        TrainConfig { lr: -1.0, ..config() },
        TrainConfig { schedule: "cosine(".into(), ..config() },
        TrainConfig { size: 48, ..config() },
    ] {
        assert!(begin(&bad, &folder).is_err() && !folder.exists(), "{bad:?}");
    }
}

#[test]
fn there_is_nothing_to_resume_in_an_empty_folder_or_before_the_first_epoch() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let message = resume(place.path(), None).expect_err("empty").to_string();
    assert!(message.contains("there is no run in this folder"), "{message}");
    let folder = place.path().join("run");
    begin(&config(), &folder).expect("a run");
    let message = resume(&folder, None).expect_err("no epoch").to_string();
    assert!(message.contains("no epoch of this run was kept"), "{message}");
}

#[test]
fn a_resumed_run_ends_as_one_that_never_stopped_and_so_does_its_record() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let (whole, parts) = (place.path().join("whole"), place.path().join("parts"));
    let epochs = finish(&mut begin(&config(), &whole).expect("a run"));
    begin(&config(), &parts).expect("a run").epoch(|_| ()).expect("an epoch");
    let mut second = resume(&parts, None).expect("a run");
    assert_eq!((second.epochs(), second.last()), (1, Some(epochs[0])));
    second.epoch(|_| ()).expect("an epoch");
    drop(second); // its lock
    // Killed after the record of the third epoch, before its checkpoint.
    let jsonl = parts.join("metrics.jsonl");
    let text = std::fs::read_to_string(&jsonl).expect("it is text");
    let unkept = std::fs::read_to_string(whole.join("metrics.jsonl")).expect("it is text");
    let unkept = unkept.lines().nth(2).expect("three epochs");
    std::fs::write(&jsonl, format!("{text}{unkept}\n{{\"epoch\":")).expect("it is written");
    let csv = parts.join("metrics.csv");
    let text = std::fs::read_to_string(&csv).expect("it is text");
    std::fs::write(&csv, format!("{text}3,6,0.0")).expect("it is written");
    let mut third = resume(&parts, None).expect("a run");
    assert_eq!(finish(&mut third), epochs[2..]);
    assert!(third.is_done() && third.best().is_some());
    for name in ["metrics.csv", LAST, BEST] {
        let [a, b] = [&whole, &parts].map(|f| std::fs::read(f.join(name)).expect(name));
        assert!(a == b, "{name} differs");
    }
}

#[test]
fn more_epochs_and_another_patience_are_taken_over_and_nothing_else() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = place.path().join("run");
    finish(&mut begin(&config(), &folder).expect("a run"));
    let more = TrainConfig { epochs: 5, patience: Some(4), lr: 1e-9, ..config() };
    let mut run = resume(&folder, Some(&more)).expect("a run");
    assert!(!run.is_done());
    assert_eq!(finish(&mut run).len(), 2);
    let kept = TrainConfig { epochs: 5, patience: Some(4), ..config() };
    assert_eq!(run.trainer().model().config(), &kept);
    let text = std::fs::read_to_string(folder.join(CONFIG)).expect("it is text");
    assert_eq!(toml::from_str::<TrainConfig>(&text).expect("settings"), kept);
    let bad = TrainConfig { patience: Some(0), ..config() };
    assert!(resume(&folder, Some(&bad)).is_err(), "a patience out of range");
}

#[test]
fn a_run_whose_last_checkpoint_is_missing_goes_on_from_the_best() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = place.path().join("run");
    begin(&config(), &folder).expect("a run").epoch(|_| ()).expect("an epoch");
    std::fs::remove_file(folder.join(LAST)).expect("it is removed");
    let run = resume(&folder, None).expect("a run");
    assert_eq!(run.epochs(), 1);
    assert!(folder.join(LAST).exists(), "it is there again");
}

/// Every file of a folder with its content.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |name: String| {
        let bytes = std::fs::read(folder.join(&name)).expect("a file");
        (name, bytes)
    };
    names(folder).into_iter().map(read).collect()
}

#[test]
fn other_images_are_refused_and_so_are_other_validation_images_and_nothing_is_changed() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = place.path().join("run");
    begin(&config(), &folder).expect("a run").epoch(|_| ()).expect("an epoch");
    // What a kill left and resuming would repair.
    std::fs::remove_file(folder.join(LAST)).expect("it is there");
    std::fs::write(folder.join(".paso-half"), "half a file").expect("a file");
    let before = contents(&folder);
    let [(train, val, _), (other_train, other_val, _)] = [images(1), images(2)];
    let more = TrainConfig { epochs: 9, ..config() };
    let bad = TrainConfig { epochs: 0, ..config() };
    for (train, val, config, word) in [
        (&other_train, &val, &more, "it was trained on other images"),
        (&train, &other_val, &more, "chosen by other validation images"),
        (&train, &val, &bad, "epochs is 0"),
    ] {
        let refused = Run::resume(&folder, Some(config), Arc::clone(train), val.clone());
        let message = refused.expect_err(word).to_string();
        assert!(message.contains(word), "{message}");
        assert!(contents(&folder) == before, "{word}: the folder is as it was");
    }
    resume(&folder, Some(&more)).expect("the same images");
    assert!(!folder.join(".paso-half").exists() && folder.join(LAST).exists());
}

#[test]
fn a_checkpoint_that_does_not_know_its_validation_images_is_resumed_with_any() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = place.path().join("run");
    begin(&config(), &folder).expect("a run").epoch(|_| ()).expect("an epoch");
    let (meta, tensors) = checkpoint::load(&folder.join(LAST)).expect("it is read");
    assert_eq!(meta.validation, Some(images(1).1.fingerprint()));
    let old = checkpoint::Meta { validation: None, ..meta };
    checkpoint::save(&folder.join(LAST), &old, &tensors).expect("it is written");
    let mut run = Run::resume(&folder, None, images(1).0, images(2).1).expect("an old run");
    run.epoch(|_| ()).expect("an epoch");
    drop(run);
    let (meta, _) = checkpoint::load(&folder.join(LAST)).expect("it is read");
    assert_eq!(meta.validation, Some(images(2).1.fingerprint()), "from now on it does");
}

#[test]
fn one_process_at_a_time_trains_in_a_folder() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = place.path().join("run");
    let mut run = begin(&config(), &folder).expect("a run");
    let mine = format!("process {}", std::process::id());
    for refused in [begin(&config(), &folder), {
        run.epoch(|_| ()).expect("an epoch");
        resume(&folder, None)
    }] {
        let message = refused.expect_err("it is locked").to_string();
        assert!(message.contains(&mine) && message.contains("another folder"), "{message}");
    }
    drop(run);
    resume(&folder, None).expect("it is free again");
}

#[test]
fn files_of_somebody_are_named_and_left_alone() {
    let place = tempfile::tempdir().expect("a temporary folder");
    for name in ["metrics.csv", CONFIG, LAST, "notes.txt"] {
        let folder: PathBuf = place.path().join(name);
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join(name), "mine").expect("a file");
        let mut refused = vec![begin(&config(), &folder)];
        if name == LAST {
            refused.push(resume(&folder, None));
        }
        for refused in refused {
            let message = refused.expect_err(name).to_string();
            assert!(message.contains("did not write") && message.contains(name), "{message}");
        }
        assert_eq!(contents(&folder), [(name.to_owned(), b"mine".to_vec())]);
    }
}

#[test]
fn a_run_of_a_version_without_markers_goes_on_and_is_marked() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = place.path().join("run");
    begin(&config(), &folder).expect("a run").epoch(|_| ()).expect("an epoch");
    let unmark = || {
        for name in [MARKER, LOCK] {
            std::fs::remove_file(folder.join(name)).expect("it is there");
        }
    };
    unmark();
    let message = begin(&config(), &folder).expect_err("there is a run").to_string();
    assert!(message.contains("go on with --resume"), "{message}");
    assert!(!folder.join(MARKER).exists(), "nothing was written");
    resume(&folder, None).expect("a run");
    assert!(paso_files::is_marked(&folder), "it is marked");
    unmark();
    std::fs::remove_file(folder.join("metrics.jsonl")).expect("it is there");
    let message = resume(&folder, None).expect_err("not a whole run").to_string();
    assert!(message.contains("did not write"), "{message}");
}

#[test]
fn patience_ends_a_run_that_does_not_get_better() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = place.path().join("run");
    // Nothing is learned at this rate, so that the first epoch or so is the best.
    let config = TrainConfig { epochs: 40, patience: Some(2), lr: 1e-30, ..config() };
    let mut run = begin(&config, &folder).expect("a run");
    finish(&mut run);
    let (_, best) = run.best().expect("a best epoch");
    let waited = run.stopped_early().expect("it stopped early");
    assert_eq!((waited, run.epochs()), (2, best + 2));
    drop(run); // its lock
    let run = resume(&folder, None).expect("a run");
    assert!(run.is_done(), "and it knows when it is resumed");
}

#[test]
fn a_run_without_a_folder_writes_nothing() {
    let (train, val, classes) = images(1);
    let config = TrainConfig { epochs: 1, ..config() };
    let mut run = Run::new(&config, classes, train, val, None, None).expect("a run");
    assert_eq!(finish(&mut run).len(), 1);
    assert_eq!(run.folder(), None);
}
