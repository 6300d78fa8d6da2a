//! Runs side by side: threads, orders of completion, looking ahead, failures, stops.

mod loops;

use loops::{Recorder, TUNING, decades, four, luck, noise, outcome, run, study, two};
use paso_study::{
    Answer, Arm, Error, Event, Grid, Outcome, Role, RunMonitor, RunSpec, Session, StudyConfig,
    Trial, TrialError, Variant,
};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// Both questions, grids that widen, a few looks.
fn config() -> StudyConfig {
    let mut config = four();
    config
        .arms
        .push(Arm::new("free", "constant", Role::Alternative).with_variant(Variant::new("free")));
    config.arms.push(Arm::new("averaged", "constant", Role::Alternative).averaged());
    config.grid = Grid { max_points: 5, ..config.grid };
    config.pairs = 15;
    config
}

fn metric(run: &RunSpec) -> f64 {
    let gain = if run.spec == "constant" { 0.0 } else { 0.15 };
    luck(run) + gain + 0.2 * noise(run, 21) - 0.1 * decades(run.peak_lr, 2e-2)
}

/// Does `work` within a minute, or fails: a study that hangs must not hang the tests.
#[track_caller]
fn soon<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, waits) = mpsc::channel();
    let thread = std::thread::spawn(move || done.send(work()));
    match waits.recv_timeout(Duration::from_secs(60)) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            std::panic::resume_unwind(thread.join().expect_err("it sent nothing"))
        }
    }
}

/// A recorder whose runs take a time that looks random, and differs with the salt.
fn shuffled(salt: u64) -> Recorder<impl Fn(&RunSpec) -> f64 + Sync> {
    Recorder::new(move |run: &RunSpec| {
        let share = noise(run, salt).abs();
        // Some are much longer, so that others overtake them by whole stages.
        let long = if share > 0.9 { 20.0 } else { 1.0 };
        std::thread::sleep(Duration::from_secs_f64(3e-4 * share * long));
        metric(run)
    })
}

#[test]
fn threads_and_orders_of_completion_change_nothing() {
    let alone = run(config(), &Recorder::new(metric));
    assert!(alone.decay.looks.len() > 1 && alone.alternative.is_some(), "{alone}");
    for (salt, parallel_runs) in [(1, 0), (2, 2), (3, 3), (4, 5), (5, 8), (6, 100), (7, 3), (8, 8)]
    {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let trial = shuffled(100 + salt);
        let session = Session { parallel_runs, folder: Some(folder.path()), ..Session::default() };
        let answer = study(config()).run(&trial, &session).expect("nothing fails");
        assert_eq!(answer, alone, "{parallel_runs} at a time");
        trial.distinct();
        // What looking ahead has finished is in the folder, and changes nothing either.
        let again = study(config()).run(&untrained(), &session).expect("all is there");
        assert_eq!(again, alone, "{parallel_runs} at a time, from the folder");
    }
}

/// A trial that must not be called.
fn untrained() -> impl Trial {
    |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        Err(format!("{run} was trained again").into())
    }
}

#[test]
fn runs_of_other_studies_in_the_folder_change_nothing() {
    // A wider grid, more arms and more pairs leave runs that the smaller study did not ask for.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let session = Session { folder: Some(folder.path()), ..Session::default() };
    let mut larger = config();
    larger.grid = Grid { points: 7, max_points: 9, ..larger.grid };
    (larger.pairs, larger.display) = (27, 27);
    // Only there, one run is far below all others: it must not be the worst of the smaller race.
    let trial = Recorder::new(|run: &RunSpec| {
        let outlier = run.peak_lr < 1e-5;
        if run.seed == 3 && run.spec != "constant" {
            f64::NAN
        } else {
            metric(run) - if outlier { 50.0 } else { 0.0 }
        }
    });
    study(larger).run(&trial, &session).expect("nothing fails");
    let alone = run(config(), &trial);
    assert_eq!(study(config()).run(&trial, &session).expect("nothing fails"), alone);
}

#[test]
fn looking_ahead_is_cancelled_at_the_end_and_never_waited_for() {
    // The runs beyond the eighth pair would never end by themselves.
    let (answer, stopped) = soon(|| {
        let stopped = AtomicUsize::new(0);
        let trial = |run: &RunSpec, monitor: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
            while (8..TUNING).contains(&run.seed) {
                if monitor.should_stop() {
                    stopped.fetch_add(1, Ordering::Relaxed);
                    return Err("stopped".into());
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_millis(5));
            let gain = if run.spec == "constant" { 0.0 } else { 0.1 };
            Ok(outcome(run, luck(run) + gain))
        };
        let session = Session { parallel_runs: 4, ..Session::default() };
        let answer = study(two()).run(&trial, &session).expect("nothing fails");
        (answer, stopped.into_inner())
    });
    assert!(stopped > 0, "four threads look ahead while the last of 16 runs trains");
    assert_eq!(answer.arms[0].values.len(), 8);
    assert_eq!(answer.verdict.to_string(), "helps");
}

#[test]
fn what_looking_ahead_finishes_after_the_end_changes_nothing() {
    // Runs that do not ask whether to stop: they finish after the verdict.
    let trial = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        let ahead = (8..TUNING).contains(&run.seed);
        std::thread::sleep(Duration::from_millis(if ahead { 60 } else { 4 }));
        let gain = if run.spec == "constant" { 0.0 } else { 0.1 };
        Ok(outcome(run, luck(run) + gain))
    };
    let looks = AtomicUsize::new(0);
    let observe = |event: &Event<'_>| {
        looks.fetch_add(usize::from(matches!(event, Event::Looked { .. })), Ordering::Relaxed);
    };
    let session = Session { parallel_runs: 4, observe: &observe, ..Session::default() };
    let answer = study(two()).run(&trial, &session).expect("nothing fails");
    assert_eq!(answer, run(two(), &trial));
    assert_eq!(looks.into_inner(), 1, "a look is reported once");
}

#[test]
fn a_failing_run_ends_the_study_and_stops_the_others() {
    for parallel_runs in [1, 2, 4] {
        let error = soon(move || {
            let trial = |run: &RunSpec, monitor: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
                if run.spec.starts_with("cosine") {
                    std::thread::sleep(Duration::from_millis(5));
                    return Err("no such image".into());
                }
                // With others around, only a stop ends this run.
                while parallel_runs > 1 && !monitor.should_stop() {
                    std::thread::sleep(Duration::from_millis(1));
                }
                if monitor.should_stop() { Err("stopped".into()) } else { Ok(outcome(run, 0.5)) }
            };
            // The failing arm first, so that two threads meet it.
            let mut config = four();
            config.arms.reverse();
            let session = Session { parallel_runs, ..Session::default() };
            study(config).run(&trial, &session).expect_err("fails")
        });
        let said = error.to_string();
        assert!(matches!(error, Error::Trial { .. }), "{said}");
        assert!(said.contains("`cosine(to 0)`") && said.contains("no such image"), "{said}");
    }
}

#[test]
fn a_panicking_run_ends_the_study_with_its_panic() {
    for (parallel_runs, at) in [(1, 0), (2, 0), (2, 5), (4, 1), (4, 13), (8, 30)] {
        let outcome = soon(move || {
            let count = AtomicUsize::new(0);
            let trial = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
                std::thread::sleep(Duration::from_micros(200));
                assert!(count.fetch_add(1, Ordering::Relaxed) != at, "the trial's own panic");
                Ok(outcome(run, metric(run)))
            };
            let session = Session { parallel_runs, ..Session::default() };
            let work = || study(config()).run(&trial, &session);
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err()
        });
        assert!(outcome, "{parallel_runs} at a time, run {at}");
    }
}

#[test]
fn a_panicking_observer_ends_the_study_with_its_panic() {
    let panicked = soon(|| {
        let observe = |event: &Event<'_>| assert!(!matches!(event, Event::Finished { .. }));
        let session = Session { parallel_runs: 4, observe: &observe, ..Session::default() };
        let trial = Recorder::new(metric);
        let work = || study(config()).run(&trial, &session);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err()
    });
    assert!(panicked);
}

/// Runs the study again and again, each time until `stop_after` more runs are finished.
fn in_pieces(parallel_runs: usize, stop_after: usize) -> (Answer, usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let trial = Recorder::new(|run: &RunSpec| {
        std::thread::sleep(Duration::from_micros(20));
        metric(run)
    });
    let mut calls = 0;
    loop {
        let (cancel, finished) = (AtomicBool::new(false), AtomicUsize::new(0));
        let observe = |event: &Event<'_>| {
            if matches!(event, Event::Finished { .. })
                && finished.fetch_add(1, Ordering::Relaxed) + 1 == stop_after
            {
                cancel.store(true, Ordering::Relaxed);
            }
        };
        let session = Session {
            folder: Some(folder.path()),
            parallel_runs,
            cancel: &cancel,
            observe: &observe,
            ..Session::default()
        };
        calls += 1;
        match study(config()).run(&trial, &session) {
            Ok(answer) => {
                trial.distinct();
                return (answer, calls);
            }
            Err(Error::Cancelled { finished }) => {
                assert!(finished >= stop_after * calls, "{finished} are kept");
                let text = std::fs::read_to_string(folder.path().join("runs.jsonl"));
                assert_eq!(
                    text.expect("the journal").lines().count(),
                    finished,
                    "every line a run"
                );
            }
            Err(other) => panic!("{other}"),
        }
        assert!(calls < 500, "it never ends");
    }
}

#[test]
fn stopped_at_any_run_and_continued_it_ends_with_the_same_answer() {
    let alone = run(config(), &Recorder::new(metric));
    for parallel_runs in [1, 3] {
        for stop_after in [1, 2, 3, 5, 7, 11, 19, 40] {
            let (answer, calls) = in_pieces(parallel_runs, stop_after);
            assert_eq!(answer, alone, "{parallel_runs} at a time, stopped every {stop_after}");
            assert!(calls > 1);
        }
    }
}

#[test]
fn a_stop_inside_of_runs_keeps_what_is_finished() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let alone = run(config(), &Recorder::new(metric));
    let mut stops = 0;
    for moment in (0..).map(|call| 40 + 37 * call) {
        let (cancel, steps) = (AtomicBool::new(false), AtomicUsize::new(0));
        let trial = |run: &RunSpec, monitor: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
            for _ in 0..run.last_step() {
                if steps.fetch_add(1, Ordering::Relaxed) == moment {
                    cancel.store(true, Ordering::Relaxed);
                }
                if monitor.should_stop() {
                    return Err("stopped".into());
                }
            }
            Ok(outcome(run, metric(run)))
        };
        let session = Session {
            folder: Some(folder.path()),
            parallel_runs: 2,
            cancel: &cancel,
            ..Session::default()
        };
        match study(config()).run(&trial, &session) {
            Err(Error::Cancelled { .. }) => stops += 1,
            done => {
                assert_eq!(done.expect("nothing fails"), alone);
                break;
            }
        }
    }
    assert!(stops > 3, "{stops}");
}

#[test]
fn stopped_before_anything_runs_nothing_runs() {
    let cancel = AtomicBool::new(true);
    for estimate in [false, true] {
        let session = Session { cancel: &cancel, parallel_runs: 3, estimate, ..Session::default() };
        let error = study(config()).run(&Recorder::new(metric), &session).expect_err("stopped");
        assert!(matches!(error, Error::Cancelled { finished: 0 }), "{error}");
        assert!(error.to_string().contains("continues from there"), "{error}");
    }
}
