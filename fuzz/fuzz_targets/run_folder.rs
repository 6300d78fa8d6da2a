//! A run folder with any files is resumed or refused, without training and without harm.
//!
//! The input is cut at [`CUT`] into the files of [`NAMES`]. The checkpoint is one of a real run to
//! which the first part is applied as changes, four bytes each: a place in two bytes (counted from
//! the start, or from the start of the values), and what it becomes. Half of all folders have a
//! checkpoint that was not changed, so that what comes after it is reached.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paso_fuzz::{folder, resealed_checkpoint, write};
use paso_locate::data::{PrepareOptions, Prepared, Split};
use paso_locate::demo::{DemoOptions, dataset};
use paso_locate::run::LAST;
use paso_locate::{NetName, Run, TrainConfig};
use std::sync::{Arc, LazyLock};

/// What is between two files of an input.
const CUT: &[u8] = b"\n====\n";

/// The files of an input after the changes of the checkpoint.
const NAMES: [&str; 4] = ["metrics.jsonl", "metrics.csv", "config.toml", EVENTS];
const EVENTS: &str = "events.out.tfevents.0000000001.paso";

/// Images, and the bytes of a checkpoint of a run on them.
struct Trained {
    train: Arc<Prepared>,
    validation: Prepared,
    classes: Vec<String>,
    config: TrainConfig,
    checkpoint: Vec<u8>,
}

static TRAINED: LazyLock<Trained> = LazyLock::new(|| {
    let demo = dataset(&DemoOptions { train: 4, val: 1, seed: 1 }).expect("scenes");
    let options = PrepareOptions { size: 32, ..PrepareOptions::default() };
    let part = |split| Prepared::new(&demo, &demo.indices(split), &options).expect("images").0;
    let (train, validation) = (Arc::new(part(Split::Train)), part(Split::Val));
    let (net, size, batch, epochs) = (NetName::Tiny, 32, 4, 9);
    let config = TrainConfig { net, size, batch, epochs, average: 0.9, ..TrainConfig::default() };
    let (classes, folder) = (demo.classes, folder());
    let new = Run::new(
        &config,
        classes.clone(),
        Arc::clone(&train),
        validation.clone(),
        None,
        Some(folder.path()),
    );
    let mut run = new.expect("a run");
    for _ in 0..3 {
        run.epoch(|_| ()).expect("an epoch");
    }
    let checkpoint = std::fs::read(folder.path().join(LAST)).expect("it was written");
    Trained { train, validation, classes, config, checkpoint }
});

fuzz_target!(|bytes: &[u8]| {
    let trained = &*TRAINED;
    let mut parts = split(bytes).into_iter();
    let changes = parts.next().unwrap_or_default();
    let changed = changed(&trained.checkpoint, changes);
    let folder = folder();
    for (name, part) in NAMES.iter().zip(parts) {
        write(folder.path(), name, part);
    }
    write(folder.path(), LAST, &changed);
    let resume = |config: Option<&TrainConfig>| {
        let (train, validation) = (Arc::clone(&trained.train), trained.validation.clone());
        Run::resume(folder.path(), config, train, validation)
    };
    let more = TrainConfig { epochs: 20, patience: Some(5), ..trained.config.clone() };
    match resume(None) {
        Ok(run) => {
            assert!(run.last().is_none_or(|last| last.val_loss.is_finite()), "{:?}", run.last());
            assert!(run.last().is_none_or(|last| last.epoch <= run.epochs()), "{:?}", run.last());
            drop(run);
            // What resuming has written can be resumed.
            let again = resume(None).expect("a second time");
            let _stopped = (again.is_done(), again.stopped_early());
            drop(again);
            let _longer = resume(Some(&more));
        }
        Err(_) => {
            // A refused run is as it was.
            let there = std::fs::read(folder.path().join(LAST)).expect("it is there");
            assert!(there == changed, "a refused run was changed");
        }
    }
    // A new run where there are such files already.
    std::fs::remove_file(folder.path().join(LAST)).expect("it is there");
    let (train, validation) = (Arc::clone(&trained.train), trained.validation.clone());
    let classes = trained.classes.clone();
    let _begun = Run::new(&trained.config, classes, train, validation, None, Some(folder.path()));
});

fn split(bytes: &[u8]) -> Vec<&[u8]> {
    let (mut parts, mut rest) = (Vec::new(), bytes);
    while let Some(at) = rest.windows(CUT.len()).position(|window| window == CUT) {
        parts.push(&rest[..at]);
        rest = &rest[at + CUT.len()..];
    }
    parts.push(rest);
    parts
}

fn changed(checkpoint: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut file = checkpoint.to_vec();
    let header = 8 + usize::from_le_bytes(*checkpoint.first_chunk().expect("a length"));
    for &[a, b, from, byte] in changes.as_chunks().0 {
        let base = if from < 128 { 0 } else { header };
        let place = base + usize::from(u16::from_le_bytes([a, b]));
        if let Some(there) = file.get_mut(place) {
            *there = byte;
        }
    }
    if changes.is_empty() { file } else { resealed_checkpoint(&file) }
}
