//! What a study refuses, and whether it says where, what and why.

use paso_study::{
    Arm, Error, Grid, Outcome, Role, RunMonitor, RunSpec, Session, Study, StudyConfig, TrialError,
};
use std::path::Path;

fn trial(run: &RunSpec, _: &RunMonitor<'_>) -> Result<Outcome, TrialError> {
    Ok(Outcome { metric: 0.5, averaged: vec![0.5; run.averaging.len()], ..Outcome::default() })
}

fn refusal(config: StudyConfig) -> String {
    Study::new(config).expect_err("refused").to_string()
}

fn with_arm(spec: &str) -> StudyConfig {
    let mut config = StudyConfig::default();
    config.arms.push(Arm::new("mine", spec, Role::Decay));
    config
}

fn run_in(folder: &Path, fingerprint: &str) -> Result<paso_study::Answer, Error> {
    let config = StudyConfig { fingerprint: fingerprint.into(), ..StudyConfig::default() };
    Study::new(config)?.run(&trial, &Session { folder: Some(folder), ..Session::default() })
}

#[test]
fn settings_out_of_range_are_named_with_their_range() {
    let default = StudyConfig::default;
    let grid = |center, factor, points, max_points| Grid { center, factor, points, max_points };
    for (config, expected) in [
        (StudyConfig { pairs: 7, ..default() }, "pairs is 7; it must be between 8 and 1000"),
        (StudyConfig { pairs: 1_001, ..default() }, "pairs is 1001; it must be between 8"),
        (StudyConfig { display: 41, ..default() }, "display is 41; it must be at most the number"),
        (StudyConfig { steps: 0, ..default() }, "steps is 0; it must be 1 to 10000000"),
        (StudyConfig { steps: u64::MAX, ..default() }, "steps is 18446744073709551615; it must be"),
        (StudyConfig { alpha: 0.7, ..default() }, "alpha is 0.7; it must be between 0 and 0.5"),
        (StudyConfig { margin: f64::NAN, ..default() }, "margin is NaN"),
        (StudyConfig { averaging: vec![2.0], ..default() }, "averaging is 2"),
        (StudyConfig { averaging: vec![], ..default() }, "without averaged arms"),
        (StudyConfig { grid: grid(0.0, 3.0, 3, 7), ..default() }, "grid.center is 0"),
        (StudyConfig { grid: grid(1e-3, 1.0, 3, 7), ..default() }, "grid.factor is 1"),
        (StudyConfig { grid: grid(1e-3, 3.0, 0, 7), ..default() }, "grid.points is 0"),
        (StudyConfig { grid: grid(1e-3, 3.0, 3, 2), ..default() }, "grid.max_points is 2"),
        (StudyConfig { grid: grid(1e300, 1e3, 3, 9), ..default() }, "grid is 1e279 to inf at its"),
        (StudyConfig { grid: grid(1e-300, 1e3, 3, 9), ..default() }, "grid is 1e-321 to 1e-279 at"),
        (StudyConfig { arms: vec![], ..default() }, "exactly one baseline"),
        (
            StudyConfig { arms: vec![Arm::new("a", "constant", Role::Baseline); 2], ..default() },
            "`a` twice (arm 2)",
        ),
    ] {
        let message = refusal(config);
        assert!(message.contains(expected), "`{message}` should contain `{expected}`");
    }
}

#[test]
fn schedules_are_read_before_anything_runs() {
    let message = refusal(with_arm("cosin(to 0)"));
    assert!(message.contains("arm `mine`") && message.contains("cosin"), "{message}");
    let message = refusal(with_arm("cosine(3e-4 -> 0, 1000)"));
    assert!(message.contains("leave the peak open"), "{message}");
    let message = refusal(with_arm("warmup(2000) then cosine(to 0)"));
    assert!(message.contains("arm `mine`"), "longer than the run: {message}");
    // At the lowest learning rate that widening can reach, its end is too small for a decay.
    let grid = Grid { center: 1e-300, factor: 10.0, points: 3, max_points: 9 };
    let message = refusal(StudyConfig { grid, ..StudyConfig::default() });
    assert!(message.contains("arm `exponential`") && message.contains("above 0"), "{message}");
}

#[test]
fn runs_of_another_study_are_not_mixed_in() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    run_in(folder.path(), "data A").expect("a study");
    let message = run_in(folder.path(), "data B").expect_err("another study").to_string();
    assert!(
        message.contains("runs.jsonl, line 1") && message.contains("`data A`, not `data B`"),
        "{message}"
    );
}

#[test]
fn a_damaged_journal_is_reported_with_its_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    run_in(folder.path(), "").expect("a study");
    let path = folder.path().join("runs.jsonl");
    let text = std::fs::read_to_string(&path).expect("the journal");
    let mut lines: Vec<&str> = text.lines().collect();
    lines[2] = "{\"format\":3}";
    std::fs::write(&path, lines.join("\n") + "\n").expect("written");
    let message = run_in(folder.path(), "").expect_err("damaged").to_string();
    assert!(message.contains("runs.jsonl, line 3"), "{message}");
    std::fs::write(&path, text.replace("{\"format\":3,", "{\"format\":4,")).expect("written");
    let message = run_in(folder.path(), "").expect_err("from the future").to_string();
    assert!(message.contains("line 1: format 4 is unknown"), "{message}");
    std::fs::write(&path, text.replace("{\"format\":3,", "{\"format\":2,")).expect("written");
    let message = run_in(folder.path(), "").expect_err("another procedure").to_string();
    let why = "line 1: format 2 was written by an older version whose procedure was another; use another folder";
    assert!(message.contains(why), "{message}");
}

#[test]
fn two_studies_do_not_share_a_folder_at_the_same_time() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let within = |_: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        let message = run_in(folder.path(), "").expect_err("locked").to_string();
        Err(message.into())
    };
    let session = Session { folder: Some(folder.path()), ..Session::default() };
    let error = Study::new(StudyConfig::default())
        .expect("valid")
        .run(&within, &session)
        .expect_err("fails");
    assert!(
        matches!(&error, Error::Trial { source, .. } if source.to_string().contains("is working in this folder")),
        "{error}"
    );
}

#[test]
fn a_failing_run_is_named_and_so_is_one_without_its_averages() {
    let failing = |_: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        Err("no such image".into())
    };
    let study = Study::new(StudyConfig::default()).expect("valid");
    let message = study.run(&failing, &Session::default()).expect_err("fails").to_string();
    assert!(
        message.contains("`exponential(to 1%)`, peak learning rate 1e-3, seed")
            && message.contains("no such image"),
        "{message}"
    );
    let short = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        Ok(Outcome { averaged: vec![0.0; run.averaging.len().min(1)], ..Outcome::default() })
    };
    let error = study.run(&short, &Session::default()).expect_err("two averages too few");
    assert!(matches!(error, Error::Count { got: 1, expected: 3, .. }), "{error}");
    // The first question cannot do without an arm that is in it.
    let forgetful =
        |_: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> { Ok(Outcome::default()) };
    let mut config = StudyConfig::default();
    config.arms.iter_mut().filter(|arm| arm.name == "linear").for_each(|arm| arm.averaged = true);
    let study = Study::new(config).expect("valid");
    let error = study.run(&forgetful, &Session::default()).expect_err("no averages");
    assert!(matches!(error, Error::Count { got: 0, expected: 3, .. }), "{error}");
}
