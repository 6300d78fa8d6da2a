//! What is finished is kept: a journal that was cut anywhere gives one answer.

mod loops;

use loops::{Recorder, four, luck, run, study};
use paso_study::{Arm, Role, RunSpec, Session, Variant};

/// Two questions, whose journal has some 60 runs.
fn config() -> paso_study::StudyConfig {
    let mut config = four();
    config
        .arms
        .push(Arm::new("free", "constant", Role::Alternative).with_variant(Variant::new("free")));
    config
}

fn metric(run: &RunSpec) -> f64 {
    let gain = if run.spec == "constant" { 0.0 } else { 0.1 };
    if run.seed == 5 && run.spec.starts_with("linear") { f64::NAN } else { luck(run) + gain }
}

#[test]
fn a_journal_cut_anywhere_continues_to_the_same_answer() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let session = Session { folder: Some(folder.path()), ..Session::default() };
    let first = Recorder::new(metric);
    let answer = study(config()).run(&first, &session).expect("nothing fails");
    let runs = first.distinct();
    let path = folder.path().join("runs.jsonl");
    let text = std::fs::read(&path).expect("the journal");
    // A different byte of the lines each time.
    for cut in (0..text.len()).step_by(701).chain([text.len() - 1, text.len()]) {
        std::fs::write(&path, &text[..cut]).expect("written");
        let whole = text[..cut].iter().filter(|byte| **byte == b'\n').count();
        let trial = Recorder::new(metric);
        assert_eq!(
            study(config()).run(&trial, &session).expect("nothing fails"),
            answer,
            "cut at {cut}"
        );
        assert_eq!(trial.distinct(), runs - whole, "cut at {cut}: only what is missing");
        let lines = std::fs::read_to_string(&path).expect("the journal").lines().count();
        assert_eq!(lines, runs, "cut at {cut}: every run once");
    }
}

#[test]
fn lines_in_any_order_are_the_same_study() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let session = Session { folder: Some(folder.path()), ..Session::default() };
    study(config()).run(&Recorder::new(metric), &session).expect("nothing fails");
    let path = folder.path().join("runs.jsonl");
    let text = std::fs::read_to_string(&path).expect("the journal");
    let mut lines: Vec<&str> = text.lines().collect();
    lines.reverse();
    let (kept, lost): (Vec<_>, Vec<_>) = lines.iter().enumerate().partition(|(i, _)| i % 3 != 0);
    let kept: String = kept.iter().map(|(_, line)| format!("{line}\n")).collect();
    std::fs::write(&path, kept).expect("written");
    let trial = Recorder::new(metric);
    let answer = study(config()).run(&trial, &session).expect("nothing fails");
    assert_eq!(answer, run(config(), &Recorder::new(metric)));
    assert_eq!(trial.distinct(), lost.len(), "only what was lost");
}
