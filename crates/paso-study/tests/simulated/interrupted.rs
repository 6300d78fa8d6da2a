//! Studies that are interrupted and gone on with, against the same ones in one go.
//!
//! Each is kept in a folder, so that what is tested is what a user has. The comparisons must be equal
//! to the last digit: then every rate that is measured in one go holds for these as well.

use super::noise::hash;
use super::{Truth, World};
use paso_study::{
    Answer, Error, Outcome, RunMonitor, RunSpec, Session, Study, Trial, TrialError, Worker,
};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// How a study is interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// Cancelled in a random run, again and again.
    Cancelled,
    /// Run with up to 27 pairs first.
    FewerPairs,
    /// Ended by a budget of a few milliseconds, at the look at which that had passed.
    Budget,
    /// Two workers at the same time.
    Workers,
}

pub const ALL: [Interruption; 4] = [
    Interruption::Cancelled,
    Interruption::FewerPairs,
    Interruption::Budget,
    Interruption::Workers,
];

/// What became of an interrupted study.
#[derive(Clone, Copy, Debug)]
pub struct Continued {
    /// How often it was gone on with.
    pub times: usize,
    /// Whether its comparisons are those of the study in one go.
    pub equal: bool,
}

/// Runs a study of up to 48 pairs in one go, and interrupted.
pub fn continued(truth: Truth, number: u64, how: Interruption) -> Continued {
    let world = World::new(truth, number);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let study = |pairs| Study::new(world.config(pairs)).expect("a valid configuration");
    let trial =
        |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> { Ok(world.train(run)) };
    let in_folder = Session { folder: Some(folder.path()), ..Session::default() };
    let whole = study(48).run(&trial, &Session::default()).expect("the trial never fails");
    let (times, answer): (usize, Answer) = match how {
        Interruption::Cancelled => cancelled(&world, &study(48), &in_folder, number),
        Interruption::FewerPairs => {
            study(27).run(&trial, &in_folder).expect("the trial never fails");
            (1, study(48).run(&trial, &in_folder).expect("more pairs"))
        }
        Interruption::Budget => {
            let budget = Some(Duration::from_millis(5 + hash(&[number]) % 100));
            let short = Session { budget, ..in_folder };
            study(48).run(&trial, &short).expect("the first look is always taken");
            (1, study(48).run(&trial, &in_folder).expect("no budget"))
        }
        Interruption::Workers => workers(&study(48), &trial, &in_folder),
    };
    let equal = answer.decay == whole.decay && answer.alternative == whole.alternative;
    Continued { times, equal }
}

/// Sets the flag in one of the next 40 runs, until the study ends before.
fn cancelled(world: &World, study: &Study, session: &Session<'_>, number: u64) -> (usize, Answer) {
    for times in 0.. {
        let (cancel, left) = (AtomicBool::new(false), AtomicU64::new(hash(&[number, times]) % 40));
        let trial = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
            let before = left.load(Ordering::Relaxed);
            left.store(before.saturating_sub(1), Ordering::Relaxed);
            cancel.store(before == 0, Ordering::Relaxed);
            // Half of the interrupted runs are lost.
            if before == 0 && run.seed.is_multiple_of(2) {
                Err("interrupted".into())
            } else {
                Ok(world.train(run))
            }
        };
        match study.run(&trial, &Session { cancel: &cancel, ..*session }) {
            Ok(answer) => return (usize::try_from(times).expect("few"), answer),
            Err(Error::Cancelled { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    unreachable!("every call finishes at least a run in the long term")
}

/// Two workers in one folder, until both have the answer.
fn workers(study: &Study, trial: &dyn Trial, session: &Session<'_>) -> (usize, Answer) {
    let folder = session.folder;
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let work = |name: &str| {
            let worker = Worker { name: name.into(), ..Worker::new() };
            scope.spawn(move || {
                let session = Session { folder, worker: Some(&worker), ..Session::default() };
                study.run(trial, &session).expect("the trial never fails")
            })
        };
        let handles = ["a", "b"].map(work);
        handles.into_iter().map(|handle| handle.join().expect("no panic")).collect()
    });
    let [first, second] = &answers[..] else { unreachable!("there are two") };
    assert_eq!(first, second, "both have the same answer");
    (1, first.clone())
}
