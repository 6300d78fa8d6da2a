//! What is finished is kept: journals that were cut, shards, merges, stops and threads give one
//! answer.

mod peaked;

use paso_study::{
    Answer, Arm, Error, Event, Grid, Merged, Outcome, RunMonitor, RunSpec, Session, Shard, Study,
    StudyConfig, TrialError, merge,
};
use peaked::{peaked, run, small, tried};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

#[test]
fn parallel_runs_do_not_change_the_answer() {
    let study =
        Study::new(StudyConfig { arms: Arm::usual(), ..StudyConfig::default() }).expect("valid");
    let answer = |parallel_runs| {
        let session = Session { parallel_runs, ..Session::default() };
        study.run(&peaked(3e-3), &session).expect("nothing fails")
    };
    let alone = answer(1);
    for parallel_runs in [0, 2, 5, 100] {
        assert_eq!(answer(parallel_runs), alone, "{parallel_runs} at a time");
    }
}

#[test]
fn a_journal_cut_anywhere_continues_to_the_same_answer() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let study = Study::new(small()).expect("valid");
    let trained = AtomicUsize::new(0);
    let trial = |run: &RunSpec, monitor: &RunMonitor<'_>| {
        trained.fetch_add(1, Ordering::Relaxed);
        peaked(1e-3)(run, monitor)
    };
    let session = Session { folder: Some(folder.path()), ..Session::default() };
    let answer = study.run(&trial, &session).expect("nothing fails");
    assert_eq!(trained.load(Ordering::Relaxed), 14);
    let path = folder.path().join("runs.jsonl");
    let text = std::fs::read(&path).expect("the journal");
    for cut in (0..text.len()).step_by(61).chain([text.len() - 1, text.len()]) {
        std::fs::write(&path, &text[..cut]).expect("written");
        let whole = text[..cut].iter().filter(|byte| **byte == b'\n').count();
        trained.store(0, Ordering::Relaxed);
        assert_eq!(study.run(&trial, &session).expect("nothing fails"), answer, "cut at {cut}");
        assert_eq!(
            trained.load(Ordering::Relaxed),
            14 - whole,
            "cut at {cut}: only what is missing"
        );
        let lines = std::fs::read_to_string(&path).expect("the journal").lines().count();
        assert_eq!(lines, 14, "cut at {cut}: every run once");
    }
}

/// Rounds of all shards in one folder, until one of them has the answer; and how many runs were
/// trained.
fn in_shards(study: &Study, count: usize, folder: &Path) -> (Answer, usize) {
    let trained = AtomicUsize::new(0);
    let trial = |run: &RunSpec, monitor: &RunMonitor<'_>| {
        trained.fetch_add(1, Ordering::Relaxed);
        peaked(2e-2)(run, monitor)
    };
    for _ in 0..20 {
        for index in 1..=count {
            let shard = Some(Shard::new(index, count).expect("a part"));
            let session = Session { folder: Some(folder), shard, ..Session::default() };
            match study.run(&trial, &session) {
                Ok(answer) => return (answer, trained.into_inner()),
                Err(Error::OtherShards { missing, .. }) => {
                    assert!(missing > 0, "or it is finished");
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
    panic!("{count} shards never finish");
}

#[test]
fn any_number_of_shards_gives_the_answer_of_one_machine_and_trains_no_run_twice() {
    let grid = Grid { points: 3, max_points: 7, ..Grid::default() };
    let study = Study::new(StudyConfig { grid, ..small() }).expect("valid");
    let alone = study.run(&peaked(2e-2), &Session::default()).expect("nothing fails");
    let runs = 2 * (tried(&alone, 0).len() + 6);
    for count in [1, 2, 3, 5, 40] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (answer, trained) = in_shards(&study, count, folder.path());
        assert_eq!(answer, alone, "{count} shards");
        assert_eq!(trained, runs, "{count} shards: every run once");
        // A session without shards finds everything in the folder.
        let none = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
            Err(format!("{run} was trained again").into())
        };
        let session = Session { folder: Some(folder.path()), ..Session::default() };
        assert_eq!(study.run(&none, &session).expect("all is there"), alone, "{count} shards");
    }
}

#[test]
fn merging_is_idempotent_and_counts_what_several_folders_have() {
    let folders: Vec<_> =
        (0..3).map(|_| tempfile::tempdir().expect("a temporary folder")).collect();
    let [a, b, into] = [0, 1, 2].map(|i| folders[i].path());
    let study = Study::new(small()).expect("valid");
    let more = Study::new(StudyConfig { seeds: 8, ..small() }).expect("valid");
    let within = |folder| Session { folder: Some(folder), ..Session::default() };
    study.run(&peaked(1e-3), &within(a)).expect("nothing fails");
    more.run(&peaked(1e-3), &within(b)).expect("nothing fails");
    let parts = [a.to_path_buf(), b.to_path_buf()];
    let Merged { runs, duplicates, .. } = merge(into, &parts).expect("one study");
    assert_eq!((runs, duplicates), (2 * (1 + 8), 14), "the smaller study is part of the larger");
    let text = || std::fs::read(into.join("runs.jsonl")).expect("a journal");
    let first = text();
    let Merged { runs, duplicates, .. } = merge(into, &parts).expect("again");
    assert_eq!((runs, duplicates), (18, 14 + 18), "what it already has counts as well");
    assert_eq!(text(), first, "nothing changed");
    let backwards = [parts[1].clone(), parts[0].clone()];
    let other = tempfile::tempdir().expect("a temporary folder");
    let Merged { runs, duplicates, .. } = merge(other.path(), &backwards).expect("another order");
    assert_eq!((runs, duplicates), (18, 14), "the order does not matter");
    let answers = [into, other.path()].map(|folder| more.run(&peaked(1e-3), &within(folder)));
    let [first, second] = answers.map(|answer| answer.expect("nothing fails"));
    assert_eq!(first, second, "the same answer");
}

#[test]
fn a_stop_keeps_what_is_finished() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cancel = AtomicBool::new(false);
    let finished = AtomicUsize::new(0);
    let observe = |event: &Event<'_>| {
        if matches!(event, Event::Finished { .. }) && finished.fetch_add(1, Ordering::Relaxed) == 4
        {
            cancel.store(true, Ordering::Relaxed);
        }
    };
    let session = Session {
        folder: Some(folder.path()),
        cancel: &cancel,
        observe: &observe,
        ..Session::default()
    };
    let study = Study::new(small()).expect("valid");
    let error = study.run(&peaked(1e-3), &session).expect_err("stopped");
    assert!(matches!(error, Error::Cancelled { finished: 5 }), "{error}");
    assert!(error.to_string().contains("continues from there"), "{error}");
    let again = Session { folder: Some(folder.path()), ..Session::default() };
    let answer = study.run(&peaked(1e-3), &again).expect("nothing fails");
    assert_eq!(answer, run(small(), 1e-3), "as if it had never stopped");
}
