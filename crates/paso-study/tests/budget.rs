//! Studies within a time limit, and what they say of it.

mod loops;

use loops::{Recorder, four, looks, luck, noise, outcome, run, study, two};
use paso_study::{Event, Outcome, RunMonitor, RunSpec, Session, StudyConfig, TrialError, Verdict};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Longer than 16 runs of next to nothing on any machine.
const BUDGET: Duration = Duration::from_secs(2);

/// Noise without end, and the first time that this seed is trained it takes longer than the budget.
fn slow_at(
    seed: u64,
    metric: impl Fn(&RunSpec) -> f64 + Sync,
) -> impl Fn(&RunSpec, &RunMonitor<'_>) -> Result<Outcome, TrialError> + Sync {
    let slept = AtomicBool::new(false);
    move |run: &RunSpec, _: &RunMonitor<'_>| {
        if run.seed == seed && !slept.swap(true, Ordering::Relaxed) {
            std::thread::sleep(BUDGET);
        }
        Ok(outcome(run, metric(run)))
    }
}

#[test]
fn a_budget_that_is_consumed_ends_after_a_look_and_a_later_call_goes_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let trial = slow_at(9, |run: &RunSpec| noise(run, 3));
    let out_of_time = AtomicUsize::new(0);
    let observe = |event: &Event<'_>| {
        out_of_time.fetch_add(usize::from(matches!(event, Event::OutOfTime)), Ordering::Relaxed);
    };
    let session = Session {
        folder: Some(folder.path()),
        budget: Some(BUDGET),
        observe: &observe,
        ..Session::default()
    };
    let first = study(two()).run(&trial, &session).expect("it ends with what there is");
    assert_eq!((first.verdict, looks(&first)), (Verdict::Undecided, vec![8, 10]), "{first}");
    assert_eq!(out_of_time.load(Ordering::Relaxed), 1, "and says so once");
    assert_eq!(first.shortened_from, None, "the training is that which was asked for");
    let later = study(two()).run(&trial, &session).expect("nothing fails");
    assert_eq!(looks(&later), [8, 10, 12, 15, 18, 22, 27], "{later}");
    let whole = run(two(), &Recorder::new(|run: &RunSpec| noise(run, 3)));
    assert_eq!(later.decay, whole.decay, "as without a budget");
}

#[test]
fn a_crossing_without_time_for_its_confirmation_is_left_open_and_noted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let gain = |run: &RunSpec| luck(run) + if run.spec == "constant" { 0.0 } else { 0.1 };
    let trial = slow_at(7, gain);
    let session =
        Session { folder: Some(folder.path()), budget: Some(BUDGET), ..Session::default() };
    let first = study(four()).run(&trial, &session).expect("it ends with what there is");
    assert_eq!((first.verdict, first.decay.last().verdict), (Verdict::Undecided, Verdict::Helps));
    assert!(first.decay.confirmation.is_none() && !first.settled.decided);
    assert!(
        first.notes.iter().any(|note| note.contains("continue the study")),
        "{:?}",
        first.notes
    );
    let later = study(four()).run(&trial, &session).expect("nothing fails");
    assert_eq!(later.verdict, Verdict::Helps, "{later}");
    assert_eq!(later.notes, [] as [&str; 0]);
}

#[test]
fn shortened_training_is_said_in_the_first_line_and_its_plan_is_kept() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let lengths = Mutex::new(Vec::new());
    let trial = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        lengths.lock().expect("no panic").push(run.steps);
        std::thread::sleep(Duration::from_millis(1));
        Ok(outcome(run, noise(run, 3)))
    };
    let asked = StudyConfig { steps: 1_000, display: 4, ..two() };
    let cuts = Mutex::new(Vec::new());
    let observe = |event: &Event<'_>| {
        let mut cuts = cuts.lock().expect("no panic");
        match event {
            Event::BudgetCut(cut) => cuts.push(format!("{:?}", cut.steps)),
            Event::Planned(plan) => cuts.push(format!("planned {}", plan.steps)),
            _ => {}
        }
    };
    let session = Session {
        folder: Some(folder.path()),
        budget: Some(Duration::from_millis(1)),
        observe: &observe,
        ..Session::default()
    };
    let answer = study(asked.clone()).run(&trial, &session).expect("a first look is taken");
    assert_eq!((answer.config.steps, answer.shortened_from), (20, Some(1_000)));
    let said = answer.to_string();
    assert!(said.ends_with(" Of a training of 20 steps, 2 % of the 1000 asked for."), "{said}");
    assert_eq!(said.lines().count(), 1, "in the first line, as there is only one");
    assert_eq!(looks(&answer), [8], "the first look is always taken");
    for (note, part) in answer.notes.iter().zip([
        "the answer is about the shorter one",
        "display",
        "even the smallest study",
    ]) {
        assert!(note.contains(part), "{:?}", answer.notes);
    }
    assert_eq!(*cuts.lock().expect("no panic"), ["(1000, 20)", "planned 20"], "before it runs");
    // A later call neither measures nor shortens again, also when it allows more pairs.
    let before = lengths.lock().expect("no panic").len();
    for pairs in [27, 48] {
        let more = StudyConfig { pairs, ..asked.clone() };
        let again = study(more).run(&trial, &session).expect("nothing fails");
        assert_eq!((again.config.steps, again.config.pairs), (20, pairs));
        assert_eq!(looks(&again), [8], "no time for more");
    }
    let lengths = lengths.into_inner().expect("no panic");
    assert_eq!(lengths.len(), before, "nothing was trained again");
    assert!(lengths[1..].iter().all(|steps| *steps == 20), "after the short run that was timed");
    // Another budget is another plan.
    let generous = Session { budget: Some(Duration::from_secs(3_600)), ..session };
    let whole = study(asked.clone()).run(&Recorder::new(|run: &RunSpec| noise(run, 3)), &generous);
    assert_eq!(whole.expect("nothing fails").config, asked);
}

#[test]
fn enough_time_changes_nothing_and_is_not_mentioned() {
    let trial =
        Recorder::new(|run: &RunSpec| luck(run) + if run.spec == "constant" { 0.0 } else { 0.1 });
    let budget = Some(Duration::from_secs(3_600));
    let rich = study(four()).run(&trial, &Session { budget, ..Session::default() });
    assert_eq!(rich.expect("nothing fails"), run(four(), &trial));
}

#[test]
fn a_failure_of_the_timed_run_is_that_of_the_study() {
    let trial = |_: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        Err("no such image".into())
    };
    let session = Session { estimate: true, parallel_runs: 3, ..Session::default() };
    let said = study(two()).run(&trial, &session).expect_err("fails").to_string();
    assert!(said.contains("1 steps") && said.contains("no such image"), "{said}");
}
