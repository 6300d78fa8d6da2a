//! A study in parts: the parts give what the whole gives, no run is trained twice, and parts of
//! different studies are refused.

mod loops;

use loops::{Recorder, decades, four, luck, noise, run, study};
use paso_study::{
    Answer, Arm, Error, Grid, Merged, Outcome, Role, RunMonitor, RunSpec, Session, Shard,
    StudyConfig, Trial, TrialError, Variant, merge,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Both questions, grids that widen, a few looks.
fn config() -> StudyConfig {
    let mut config = four();
    config
        .arms
        .push(Arm::new("free", "constant", Role::Alternative).with_variant(Variant::new("free")));
    config.arms.push(Arm::new("late", "constant(for 80%) then linear(to 0)", Role::Decay));
    config.grid = Grid { max_points: 5, ..config.grid };
    // Every call takes all looks again, and above 15 pairs a look is a second's work.
    config.pairs = 15;
    config
}

fn metric(run: &RunSpec) -> f64 {
    let gain = if run.spec == "constant" { 0.0 } else { 0.05 };
    luck(run) + gain + 0.1 * noise(run, 2) - 0.1 * decades(run.peak_lr, 2e-2)
}

fn recorder() -> Recorder<impl Fn(&RunSpec) -> f64 + Sync> {
    Recorder::new(metric)
}

fn part(
    trial: &dyn Trial,
    folder: &Path,
    shard: Shard,
    parallel_runs: usize,
) -> Result<Answer, Error> {
    let session =
        Session { folder: Some(folder), shard: Some(shard), parallel_runs, ..Session::default() };
    study(config()).run(trial, &session)
}

fn shard(index: usize, count: usize) -> Shard {
    Shard::new(index, count).expect("a part")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn any_number_of_shards_gives_the_answer_of_one_machine_and_trains_no_run_twice() {
    let alone = recorder();
    let expected = run(config(), &alone);
    assert!(expected.alternative.is_some() && expected.decay.looks.len() > 1, "{expected}");
    for count in [1, 2, 3, 5, 40] {
        let (shared, trial) = (folder(), recorder());
        let answer = (0..40).flat_map(|_| 1..=count).find_map(|index| {
            match part(&trial, shared.path(), shard(index, count), 1) {
                Ok(answer) => Some(answer),
                Err(Error::OtherShards { missing, .. }) => {
                    assert!(missing > 0, "or it is finished");
                    None
                }
                Err(other) => panic!("{other}"),
            }
        });
        assert_eq!(answer.expect("they finish"), expected, "{count} shards");
        assert_eq!(trial.distinct(), alone.distinct(), "{count} shards: every run once");
        // A session without shards finds everything in the folder.
        let none = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
            Err(format!("{run} was trained again").into())
        };
        let session = Session { folder: Some(shared.path()), ..Session::default() };
        let again = study(config()).run(&none, &session).expect("all is there");
        assert_eq!(again, expected, "{count} shards");
    }
}

#[test]
fn shards_that_run_at_the_same_time_share_the_work() {
    let (shared, trial) = (folder(), recorder());
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let (trial, shared) = (&trial, shared.path());
        let work = |index| {
            move || {
                // A job array that is started again until it is done.
                for _ in 0..5_000 {
                    match part(trial, shared, shard(index, 3), 2) {
                        Ok(answer) => return answer,
                        Err(Error::OtherShards { .. }) => {
                            std::thread::sleep(Duration::from_millis(1));
                        }
                        Err(other) => panic!("{other}"),
                    }
                }
                panic!("shard {index} never ends")
            }
        };
        let threads = [1, 2, 3].map(|index| scope.spawn(work(index)));
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    let expected = run(config(), &recorder());
    assert!(answers.iter().all(|answer| *answer == expected));
    trial.distinct();
}

#[test]
fn shards_of_two_machines_merged_equal_one_run() {
    let (a, b, both) = (folder(), folder(), folder());
    let parts: [PathBuf; 2] = [a.path().into(), b.path().into()];
    let trial = recorder();
    let answer = (0..40).find_map(|_| {
        let done = [part(&trial, a.path(), shard(1, 2), 1), part(&trial, b.path(), shard(2, 2), 1)];
        let answer = done.into_iter().find_map(Result::ok);
        // The folders are merged, and each machine gets what both know.
        merge(both.path(), &parts).expect("they are parts of one study");
        for part in &parts {
            merge(part, &[both.path().into()]).expect("they are parts of one study");
        }
        answer
    });
    let expected = run(config(), &recorder());
    assert_eq!(answer.expect("finished"), expected, "the same answer");
    let (runs, session) =
        (trial.distinct(), Session { folder: Some(both.path()), ..Session::default() });
    assert_eq!(study(config()).run(&trial, &session).expect("nothing fails"), expected);
    assert_eq!(trial.distinct(), runs, "nothing had to be trained again");
}

#[test]
fn merging_is_idempotent_and_counts_what_several_folders_have() {
    let folders: Vec<_> = (0..4).map(|_| folder()).collect();
    let [a, b, into, other] = [0, 1, 2, 3].map(|i| folders[i].path());
    let noise = Recorder::new(|run: &RunSpec| noise(run, 3));
    let (small, large) =
        (StudyConfig { pairs: 8, ..loops::two() }, StudyConfig { pairs: 10, ..loops::two() });
    let within = |folder| Session { folder: Some(folder), ..Session::default() };
    study(small).run(&noise, &within(a)).expect("nothing fails");
    study(large.clone()).run(&noise, &within(b)).expect("nothing fails");
    let parts = [a.to_path_buf(), b.to_path_buf()];
    let Merged { runs, duplicates, .. } = merge(into, &parts).expect("one study");
    assert_eq!((runs, duplicates), (20, 16), "the smaller study is part of the larger");
    let text = || std::fs::read(into.join("runs.jsonl")).expect("a journal");
    let first = text();
    let Merged { runs, duplicates, .. } = merge(into, &parts).expect("again");
    assert_eq!((runs, duplicates), (20, 16 + 20), "what it already has counts as well");
    assert_eq!(text(), first, "nothing changed");
    let backwards = [parts[1].clone(), parts[0].clone()];
    let Merged { runs, duplicates, .. } = merge(other, &backwards).expect("another order");
    assert_eq!((runs, duplicates), (20, 16), "the order does not matter");
    let answers = [into, other].map(|folder| study(large.clone()).run(&noise, &within(folder)));
    let [first, second] = answers.map(|answer| answer.expect("nothing fails"));
    assert_eq!(first, second, "the same answer");
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let (a, b, into) = (folder(), folder(), folder());
    let parts = [a.path().into(), b.path().into()];
    let refused = || merge(into.path(), &parts).expect_err("refused").to_string();
    let within = |folder| Session { folder: Some(folder), ..Session::default() };
    let trained = |config: StudyConfig, folder, trial: &dyn Trial| {
        study(config).run(trial, &within(folder)).expect("nothing fails");
    };
    trained(config(), a.path(), &recorder());
    assert!(refused().contains("no finished runs"), "{}", refused());
    let other = StudyConfig { fingerprint: "other data".into(), ..config() };
    trained(other, b.path(), &recorder());
    assert!(refused().contains("another study (`other data`)"), "{}", refused());

    let journal = b.path().join("runs.jsonl");
    std::fs::remove_file(&journal).expect("removed");
    trained(StudyConfig { steps: 2_000, ..config() }, b.path(), &recorder());
    assert!(refused().contains("2000 steps"), "{}", refused());

    std::fs::remove_file(&journal).expect("removed");
    trained(config(), b.path(), &Recorder::new(|run: &RunSpec| metric(run) + 1e-9));
    assert!(refused().contains("not trained in the same way"), "{}", refused());
    assert!(!into.path().join("runs.jsonl").exists(), "nothing was written");
}

#[test]
fn a_shard_needs_a_folder_and_no_budget() {
    let shard = Some(shard(1, 2));
    let refused =
        |session| study(config()).run(&recorder(), &session).expect_err("refused").to_string();
    assert!(refused(Session { shard, ..Session::default() }).contains("folder"), "no folder");
    let (here, budget) = (folder(), Some(Duration::from_secs(60)));
    let session = Session { shard, budget, folder: Some(here.path()), ..Session::default() };
    assert!(refused(session).contains("budget"), "a budget");
    for wrong in ["0/2", "3/2", "2", "a/b", "1/0"] {
        let message = wrong.parse::<Shard>().expect_err("refused").to_string();
        assert!(message.contains(wrong), "{message}");
    }
}
