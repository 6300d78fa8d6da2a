//! A study in parts: the parts give what the whole gives, and parts of different studies are
//! refused.

use paso_study::{
    Answer, Error, Outcome, RunMonitor, RunSpec, Session, Shard, Study, StudyConfig, TrialError,
    merge,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A loop that trains nothing: linear decay gives 0.02 more than the seed's luck, and learning
/// rates matter a little.
fn trial(run: &RunSpec, _: &RunMonitor<'_>) -> Result<Outcome, TrialError> {
    let luck = (run.seed % 7) as f64 / 100.0;
    let gain = if run.spec.starts_with("linear") { 0.02 } else { 0.0 };
    // The best learning rate lies above the grid, so that it has to widen.
    let metric = 0.5 + luck + gain - 0.01 * (run.peak_lr / 9e-3).log10().abs();
    Ok(Outcome { metric, averaged: vec![metric; run.averaging.len()], ..Outcome::default() })
}

fn study(fingerprint: &str) -> Study {
    let fingerprint = fingerprint.into();
    Study::new(StudyConfig { fingerprint, ..StudyConfig::default() }).expect("valid")
}

fn part(folder: &Path, shard: &str) -> Result<Answer, Error> {
    let shard = Some(shard.parse::<Shard>()?);
    let session = Session { folder: Some(folder), shard, ..Session::default() };
    study("").run(&trial, &session)
}

fn whole(folder: Option<&Path>) -> Answer {
    study("").run(&trial, &Session { folder, ..Session::default() }).expect("nothing fails")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn shards_in_one_folder_give_the_answer_of_the_whole() {
    let shared = folder();
    let mut rounds = 0;
    let answer = loop {
        rounds += 1;
        assert!(rounds < 10, "the shards never finish");
        let parts: Vec<_> = ["1/3", "2/3", "3/3"].map(|shard| part(shared.path(), shard)).into();
        for error in parts.iter().filter_map(|part| part.as_ref().err()) {
            assert!(matches!(error, Error::OtherShards { .. }), "{error}");
        }
        if let Some(answer) = parts.into_iter().find_map(Result::ok) {
            break answer;
        }
    };
    eprintln!("{rounds} rounds");
    assert_eq!(answer, whole(None), "the same answer");
}

#[test]
fn shards_of_two_machines_merged_equal_one_run() {
    let (a, b, both) = (folder(), folder(), folder());
    let parts: [PathBuf; 2] = [a.path().into(), b.path().into()];
    let mut answer = None;
    for _ in 0..10 {
        let done = [part(a.path(), "1/2"), part(b.path(), "2/2")];
        answer = done.into_iter().find_map(Result::ok);
        if answer.is_some() {
            break;
        }
        // The folders are merged, and each machine gets what both know.
        merge(both.path(), &parts).expect("they are parts of one study");
        for part in &parts {
            merge(part, &[both.path().into()]).expect("they are parts of one study");
        }
    }
    assert_eq!(answer.expect("finished"), whole(None), "the same answer");
    merge(both.path(), &parts).expect("they are parts of one study");
    let lines = |folder: &Path| {
        std::fs::read_to_string(folder.join("runs.jsonl")).expect("a journal").lines().count()
    };
    let before = lines(both.path());
    assert_eq!(whole(Some(both.path())), whole(None), "the answer from the merged folder");
    assert_eq!(lines(both.path()), before, "and nothing had to be trained again");
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let (a, b, into) = (folder(), folder(), folder());
    let parts = [a.path().into(), b.path().into()];
    let refused = || merge(into.path(), &parts).expect_err("refused").to_string();
    whole(Some(a.path()));
    assert!(refused().contains("no finished runs"), "{}", refused());
    let session = Session { folder: Some(b.path()), ..Session::default() };
    study("other data").run(&trial, &session).expect("nothing fails");
    assert!(refused().contains("another study (`other data`)"), "{}", refused());

    let journal = b.path().join("runs.jsonl");
    std::fs::remove_file(&journal).expect("removed");
    let longer = StudyConfig { steps: 2_000, ..StudyConfig::default() };
    Study::new(longer).expect("valid").run(&trial, &session).expect("nothing fails");
    assert!(refused().contains("2000 steps"), "{}", refused());

    std::fs::remove_file(&journal).expect("removed");
    let luckier = |run: &RunSpec, monitor: &RunMonitor<'_>| {
        trial(run, monitor).map(|outcome| Outcome { metric: outcome.metric + 1e-9, ..outcome })
    };
    study("").run(&luckier, &session).expect("nothing fails");
    assert!(refused().contains("not trained in the same way"), "{}", refused());
    assert!(!into.path().join("runs.jsonl").exists(), "nothing was written");
}

#[test]
fn a_shard_needs_a_folder_and_no_budget() {
    let shard = Some("1/2".parse().expect("a shard"));
    let refused = |session| study("").run(&trial, &session).expect_err("refused").to_string();
    assert!(refused(Session { shard, ..Session::default() }).contains("folder"), "no folder");
    let (here, budget) = (folder(), Some(Duration::from_secs(60)));
    let session = Session { shard, budget, folder: Some(here.path()), ..Session::default() };
    assert!(refused(session).contains("budget"), "a budget");
    for wrong in ["0/2", "3/2", "2", "a/b", "1/0"] {
        let message = wrong.parse::<Shard>().expect_err("refused").to_string();
        assert!(message.contains(wrong), "{message}");
    }
}
