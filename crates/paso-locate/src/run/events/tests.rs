//! Files are written as a run does it, and read back.

use super::*;

fn epoch(epoch: u64) -> Epoch {
    let share = epoch as f64 / 8.0;
    Epoch {
        epoch,
        step: 7 * epoch,
        lr: 1e-3,
        train_loss: 1.0 - share,
        val_loss: f64::INFINITY,
        mean_iou: share,
        iou50: 0.0,
        class_accuracy: 1.0,
        gradient_norm: (epoch > 1).then_some(2.5),
    }
}

fn only_file(folder: &Path) -> PathBuf {
    let mut files = event_files(folder).expect("a folder");
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

fn events(folder: &Path) -> Vec<Event> {
    let file = std::fs::read(only_file(folder)).expect("it is there");
    let decode = |data| Event::decode(data).expect("an event");
    record::read(&file).into_iter().map(decode).collect()
}

fn steps(events: &[Event]) -> Vec<i64> {
    events.iter().filter(|e| e.summary.is_some()).map(|e| e.step).collect()
}

#[test]
fn a_run_says_its_version_then_its_scalars_epoch_by_epoch() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let before = seconds();
    let file = Events::begin(folder.path(), &[]).expect("it is written");
    (1..=3).for_each(|e| file.append(&epoch(e)).expect("it is written"));
    let events = events(folder.path());
    assert_eq!(events[0].file_version.as_deref(), Some("brain.Event:2"));
    assert_eq!(events[1].session_log, Some(SessionLog { status: START }));
    assert_eq!((events.len(), steps(&events)), (5, vec![7, 14, 21]));
    assert!(events.iter().all(|e| (before..before + 600.0).contains(&e.wall_time)));
    let values = &events[3].summary.as_ref().expect("scalars").value;
    let found: Vec<_> = values.iter().map(|v| (v.tag.as_str(), v.simple_value)).collect();
    let wanted = [
        ("loss/train", 0.75),
        ("loss/val", f32::INFINITY),
        ("iou/mean", 0.25),
        ("iou/50", 0.0),
        ("class/accuracy", 1.0),
        ("lr", 1e-3),
        ("gradient/norm", 2.5),
    ];
    let before_it_was_kept = &events[2].summary.as_ref().expect("scalars").value;
    assert_eq!(before_it_was_kept.len(), wanted.len() - 1, "{before_it_was_kept:?}");
    assert_eq!(found, wanted.map(|(tag, number)| (tag, Some(number))));
}

#[test]
fn resuming_keeps_the_epochs_of_the_checkpoint_and_their_times() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let begun = Events::begin(folder.path(), &[]).expect("it is written");
    (1..=3).for_each(|e| begun.append(&epoch(e)).expect("it is written"));
    let before = events(folder.path());
    // As if it had begun long ago, and was killed in the middle of a record.
    let old = folder.path().join("events.out.tfevents.0000000123.paso");
    std::fs::rename(only_file(folder.path()), &old).expect("it is moved");
    let mut file = OpenOptions::new().append(true).open(&old).expect("it is there");
    file.write_all(&[40, 0, 0, 0, 0]).expect("it is written");
    let foreign = folder.path().join("events.out.tfevents.123.host");
    std::fs::write(&foreign, b"of another program").expect("it is written");

    let resumed = Events::begin(folder.path(), &[epoch(1), epoch(2)]).expect("it is written");
    assert!(!old.exists() && foreign.exists(), "one file of paso's, and what is not paso's");
    let kept = events(folder.path());
    assert_eq!(steps(&kept), [7, 14]);
    assert_eq!(kept[2..4], before[2..4], "the times too");
    resumed.append(&epoch(3)).expect("it is written");
    assert_eq!(steps(&events(folder.path())), [7, 14, 21]);
}

#[test]
fn a_run_that_had_no_events_gets_all_of_them() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    Events::begin(folder.path(), &[epoch(1), epoch(2)]).expect("it is written");
    assert_eq!(steps(&events(folder.path())), [7, 14]);
}

#[test]
fn a_file_that_was_cut_or_damaged_anywhere_loses_times_only() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let begun = Events::begin(folder.path(), &[]).expect("it is written");
    (1..=2).for_each(|e| begun.append(&epoch(e)).expect("it is written"));
    let path = only_file(folder.path());
    let whole = std::fs::read(&path).expect("it is there");
    let damaged = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        bytes
    };
    let cut = (0..whole.len()).step_by(3).map(|at| whole[..at].to_vec());
    for bytes in cut.chain((0..whole.len()).step_by(3).map(damaged)) {
        let old = folder.path().join("events.out.tfevents.0000000123.paso");
        event_files(folder.path()).expect("a folder").iter().for_each(|path| {
            std::fs::remove_file(path).expect("it is removed");
        });
        std::fs::write(&old, bytes).expect("it is written");
        Events::begin(folder.path(), &[epoch(1), epoch(2)]).expect("it is written");
        assert_eq!(steps(&events(folder.path())), [7, 14]);
    }
}

#[test]
fn a_step_beyond_what_the_format_holds_is_its_largest() {
    assert_eq!(step(&Epoch { step: u64::MAX, ..epoch(1) }), i64::MAX);
}
