//! Workers that are processes, as on many machines: many of them, and some that are killed.
//!
//! The runs sleep instead of training. A test starts this program again, as a worker: see
//! [`worker_process`]. With more workers and longer runs,
//!
//! ```text
//! PASO_WORKERS=200 PASO_ARMS=50 PASO_SLEEP=2000 \
//!     cargo test -p paso-study --test many_workers -- --nocapture many
//! PASO_KILLS=30 cargo test -p paso-study --test many_workers -- --nocapture killed
//! ```
//!
//! measures what `docs/many-machines.md` says.

mod loops;

use loops::{decades, luck, noise, outcome, run, study};
use paso_study::{
    Arm, Grid, Outcome, Role, RunMonitor, RunSpec, Session, StudyConfig, TrialError, Worker, status,
};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A setting of a test, or of a worker.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A race of 99 learning rates for each of so many decays, and the least of all other things.
fn config(decays: u64) -> StudyConfig {
    let decay = |i: u64| {
        Arm::new(&format!("decay-{i}"), &format!("exponential(to {}%)", i + 1), Role::Decay)
    };
    let arms = std::iter::once(Arm::new("constant", "constant", Role::Baseline));
    StudyConfig {
        arms: arms.chain((0..decays).map(decay)).collect(),
        steps: 20,
        pairs: 8,
        grid: Grid { center: 1e-3, factor: 1.1, points: 99, max_points: 99 },
        ..StudyConfig::default()
    }
}

fn trained(run: &RunSpec) -> Outcome {
    let gain = if run.spec == "constant" { 0.0 } else { 0.05 };
    outcome(run, luck(run) + gain + 0.02 * noise(run, 2) - 0.1 * decades(run.peak_lr, 1e-3))
}

/// Every run that is begun is a line of this file.
const BEGUN: &str = "begun.txt";

fn append(path: &Path, line: &str) {
    let mut file =
        std::fs::OpenOptions::new().create(true).append(true).open(path).expect("writable");
    file.write_all(format!("{line}\n").as_bytes()).expect("writable");
}

/// Not a test by itself: what the tests below start many times.
#[test]
fn worker_process() {
    let Some(folder) = std::env::var_os("PASO_WORKER_FOLDER") else { return };
    let folder = Path::new(&folder);
    let sleep = Duration::from_millis(setting("PASO_SLEEP", 50));
    let trial = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        append(&folder.join(BEGUN), &run.to_string());
        std::thread::sleep(sleep);
        Ok(trained(run))
    };
    let worker = Worker::new();
    let study_folder = folder.join("study");
    let session =
        Session { folder: Some(&study_folder), worker: Some(&worker), ..Session::default() };
    let answer =
        study(config(setting("PASO_ARMS", 3))).run(&trial, &session).expect("nothing fails");
    append(&folder.join("answers.txt"), &serde_json::to_string(&answer).expect("JSON"));
}

fn start(folder: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["worker_process", "--exact"])
        .env("PASO_WORKER_FOLDER", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("this program starts")
}

/// Checks the answers of the workers, and returns how many runs were kept and how many were begun.
fn check(folder: &Path) -> (usize, usize) {
    let trial =
        |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> { Ok(trained(run)) };
    let expected = run(config(setting("PASO_ARMS", 3)), &trial);
    let expected = serde_json::to_string(&expected).expect("JSON");
    let lines = |name: &str| std::fs::read_to_string(folder.join(name)).expect("it was written");
    let answers = lines("answers.txt");
    assert!(answers.lines().all(|answer| answer == expected), "{expected}\n{answers}");
    let status = status(&folder.join("study")).expect("journals are whole");
    assert_eq!((status.in_hand, status.repeated), (0, 0), "{status:?}");
    (status.finished, lines(BEGUN).lines().count())
}

#[test]
fn many_processes_do_every_run_once() {
    let workers = setting("PASO_WORKERS", 12);
    let sleep = setting("PASO_SLEEP", 50) as f64 / 1e3;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let begin = Instant::now();
    let children: Vec<Child> = (0..workers).map(|_| start(folder.path())).collect();
    for mut child in children {
        assert!(child.wait().expect("it runs").success());
    }
    let took = begin.elapsed().as_secs_f64();
    let (kept, begun) = check(folder.path());
    assert_eq!(kept, begun, "each was trained once");
    let alone = kept as f64 * sleep;
    eprintln!(
        "{workers} workers: {kept} runs of {sleep} s in {took:.1} s, {:.1} times as fast as one",
        alone / took
    );
}

#[test]
fn workers_that_are_killed_lose_what_they_have_in_hand() {
    const WORKERS: usize = 8;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut children: Vec<Child> = (0..WORKERS).map(|_| start(folder.path())).collect();
    let (mut killed, mut random) = (0, 1_u64);
    for _ in 0..setting("PASO_KILLS", 4) {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        std::thread::sleep(Duration::from_millis(20 + (random >> 33) % 150));
        // The half of them that has worked longest.
        for mut child in children.drain(..WORKERS / 2) {
            child.kill().expect("it is there"); // SIGKILL
            killed += usize::from(!child.wait().expect("it was there").success());
        }
        children.extend((0..WORKERS / 2).map(|_| start(folder.path())));
    }
    for mut child in children {
        assert!(child.wait().expect("it runs").success());
    }
    let (kept, begun) = check(folder.path());
    eprintln!("{killed} workers were killed: {kept} runs, {} begun in vain", begun - kept);
    assert!(begun - kept <= killed, "{begun} begun, {kept} kept, {killed} killed");
}
