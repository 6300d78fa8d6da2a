//! Several workers in one folder: they give what one session gives, no run is trained twice, and they
//! may be killed, come back and come late.

#![expect(clippy::print_stderr, reason = "figures are shown with --nocapture")]

mod loops;

use loops::{Recorder, decades, four, luck, noise, run, study};
use paso_study::{
    Answer, Arm, Error, Grid, Outcome, Role, RunMonitor, RunSpec, Session, StudyConfig, Trial,
    TrialError, Variant, Worker, status,
};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Both questions, grids that widen, a few looks.
fn config() -> StudyConfig {
    let mut config = four();
    config
        .arms
        .push(Arm::new("free", "constant", Role::Alternative).with_variant(Variant::new("free")));
    config.arms.push(Arm::new("late", "constant(for 80%) then linear(to 0)", Role::Decay));
    config.grid = Grid { max_points: 5, ..config.grid };
    // Every worker takes all looks again, and above 15 pairs a look is a second's work.
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

fn worker(name: &str, lease: Duration) -> Worker {
    Worker { name: name.into(), lease }
}

fn work(trial: &dyn Trial, folder: &Path, worker: &Worker) -> Result<Answer, Error> {
    let session = Session { folder: Some(folder), worker: Some(worker), ..Session::default() };
    study(config()).run(trial, &session)
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn any_number_of_workers_gives_the_answer_of_one_session_and_trains_no_run_twice() {
    let expected = run(config(), &recorder());
    assert!(expected.alternative.is_some() && expected.decay.looks.len() > 1, "{expected}");
    for count in [1, 2, 5, 16] {
        let (shared, trial) = (folder(), recorder());
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..count)
                .map(|i| {
                    let (trial, shared) = (&trial, shared.path());
                    scope.spawn(move || work(trial, shared, &worker(&format!("w{i}"), LONG)))
                })
                .collect();
            let join = |handle: std::thread::ScopedJoinHandle<'_, Result<Answer, Error>>| {
                handle.join().expect("no panic").expect("nothing fails")
            };
            handles.into_iter().map(join).collect()
        });
        assert!(answers.iter().all(|answer| *answer == expected), "{count} workers");
        trial.distinct(); // panics at a run that was trained twice
        let status = status(shared.path()).expect("it can be read");
        assert_eq!((status.in_hand, status.repeated), (0, 0), "{status:?}");
        // A session without workers finds everything in the folder.
        let none = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
            Err(format!("{run} was trained again").into())
        };
        let session = Session { folder: Some(shared.path()), ..Session::default() };
        let again = study(config()).run(&none, &session).expect("all is there");
        assert_eq!(again, expected, "{count} workers");
    }
}

#[test]
fn a_worker_that_sleeps_past_its_lease_and_comes_back_does_no_harm() {
    let expected = run(config(), &recorder());
    let shared = folder();
    let lease = Duration::from_millis(200);
    let slow = |run: &RunSpec, monitor: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        recorder().train(run, monitor)
    };
    // It claims a run, and nobody renews the claim: as a process that the system has stopped.
    let first = AtomicBool::new(true);
    let asleep = |run: &RunSpec, monitor: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        if first.swap(false, Ordering::Relaxed) {
            let claims = shared.path().join("claims");
            let held = std::fs::read_dir(&claims).expect("claims").flatten().next();
            let path = held.expect("its own claim").path();
            let content = std::fs::read(&path).expect("it can be read");
            // What a beat writes is undone at once.
            let start = Instant::now();
            while start.elapsed() < 6 * lease {
                std::fs::write(&path, &content).ok();
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        recorder().train(run, monitor)
    };
    let [one, two] = std::thread::scope(|scope| {
        let shared = shared.path();
        let sleeper = scope.spawn(|| work(&asleep, shared, &worker("sleeper", LONG)));
        while first.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let other = scope.spawn(move || work(&slow, shared, &worker("other", lease)));
        [sleeper, other].map(|handle| handle.join().expect("no panic").expect("nothing fails"))
    });
    assert!(one == expected && two == expected, "both have the answer");
    let status = status(shared.path()).expect("it can be read");
    assert!(status.repeated <= 2 && status.in_hand == 0, "{status:?}");
}

#[test]
fn a_cancelled_worker_gives_its_runs_back_at_once() {
    let shared = folder();
    let cancel = AtomicBool::new(false);
    let stops = |run: &RunSpec, monitor: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        cancel.store(true, Ordering::Relaxed);
        if monitor.should_stop() { Err("stopped".into()) } else { recorder().train(run, monitor) }
    };
    let one = worker("one", LONG);
    let session = Session {
        folder: Some(shared.path()),
        worker: Some(&one),
        cancel: &cancel,
        ..Session::default()
    };
    let error = study(config()).run(&stops, &session).expect_err("cancelled");
    assert!(matches!(error, Error::Cancelled { .. }), "{error}");
    assert_eq!(status(shared.path()).expect("it can be read").in_hand, 0);
    let answer = work(&recorder(), shared.path(), &worker("two", LONG)).expect("nothing fails");
    assert_eq!(answer, run(config(), &recorder()));
}

#[test]
fn journals_of_two_machines_are_joined_by_copying_them_and_the_answer_names_both() {
    let (a, b) = (folder(), folder());
    let cancel = AtomicBool::new(false);
    let some = std::sync::atomic::AtomicUsize::new(20);
    let trial = |run: &RunSpec, monitor: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        cancel.store(some.fetch_sub(1, Ordering::Relaxed) == 1, Ordering::Relaxed);
        recorder().train(run, monitor)
    };
    let [one, two] = ["one", "two"].map(|name| worker(name, LONG));
    let session = Session {
        folder: Some(a.path()),
        worker: Some(&one),
        machine: Some("AVX2"),
        cancel: &cancel,
        ..Session::default()
    };
    study(config()).run(&trial, &session).expect_err("stopped after twenty runs");
    let name = "runs-one.jsonl";
    std::fs::copy(a.path().join(name), b.path().join(name)).expect("it can be copied");
    let session = Session {
        folder: Some(b.path()),
        worker: Some(&two),
        machine: Some("AVX-512"),
        ..Session::default()
    };
    let answer = study(config()).run(&recorder(), &session).expect("nothing fails");
    let note = answer.notes.iter().find(|note| note.contains("AVX-512 and AVX2"));
    assert!(note.is_some(), "{:?}", answer.notes);
    let expected = run(config(), &recorder());
    assert_eq!((&answer.decay, &answer.arms), (&expected.decay, &expected.arms));
}

/// How many times as fast 16 workers are as one, where nothing takes time but the runs, which sleep.
fn faster(config: &StudyConfig, each: Duration) -> f64 {
    let metric = |run: &RunSpec| luck(run) + 0.2 * noise(run, 2) - 0.1 * decades(run.peak_lr, 2e-3);
    let trial = Recorder::new(|run: &RunSpec| {
        std::thread::sleep(each);
        metric(run)
    });
    let shared = folder();
    let start = Instant::now();
    std::thread::scope(|scope| {
        for i in 0..16 {
            let (trial, shared) = (&trial, shared.path());
            scope.spawn(move || {
                let worker = worker(&format!("w{i}"), LONG);
                let session =
                    Session { folder: Some(shared), worker: Some(&worker), ..Session::default() };
                study(config.clone()).run(trial, &session).expect("nothing fails")
            });
        }
    });
    let took = start.elapsed();
    let alone = Recorder::new(metric);
    run(config.clone(), &alone);
    let one = each * u32::try_from(alone.distinct()).expect("few");
    let faster = one.as_secs_f64() / took.as_secs_f64();
    eprintln!(
        "16 workers: {faster:.1} times as fast as one; they trained {} runs, {} of them needed",
        trial.distinct(),
        alone.distinct()
    );
    faster
}

/// With `PASO_SLEEP=2000` the runs of a whole study take two seconds each, as `docs/many-machines.md`
/// says: half a minute on two free processors.
#[test]
fn sixteen_workers_are_kept_busy() {
    let undecided = StudyConfig { pairs: 22, margin: 0.0, ..four() };
    let whole = StudyConfig { margin: 0.0, steps: 100, ..StudyConfig::default() };
    let sleep = std::env::var("PASO_SLEEP").ok().and_then(|text| text.parse().ok());
    let (config, sleep, least) = match sleep {
        Some(sleep) => (whole, sleep, 12.0),
        // Looks take a processor as well, which may be busy.
        None => (undecided, 400, 4.0),
    };
    assert!(faster(&config, Duration::from_millis(sleep)) >= least);
}

#[test]
fn a_worker_needs_a_folder_a_name_and_no_budget() {
    let named = worker("w1", LONG);
    let refused =
        |session| study(config()).run(&recorder(), &session).expect_err("refused").to_string();
    let alone = Session { worker: Some(&named), ..Session::default() };
    assert!(refused(alone).contains("folder"), "no folder");
    let (here, budget) = (folder(), Some(Duration::from_secs(60)));
    let folder = Some(here.path());
    let session = Session { worker: Some(&named), budget, folder, ..Session::default() };
    assert!(refused(session).contains("budget"), "a budget");
    for wrong in ["", "../x", "a b"].map(|name| worker(name, LONG)) {
        let session = Session { worker: Some(&wrong), folder, ..Session::default() };
        let error = study(config()).run(&recorder(), &session).expect_err("refused");
        assert!(error.to_string().contains("letters"), "{error}");
    }
    let (first, second) = (Worker::new(), Worker::new());
    assert_ne!(first.name, second.name);
}
