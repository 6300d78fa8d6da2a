//! Settles the noisy quadratic, where theory knows the answer, and writes `report.html` and
//! `report.json` into the folder given.
//!
//! `cargo run --release -p paso-study --features html --example quadratic -- FOLDER [RUNS AT A TIME]`

#[path = "../tests/quadratic/mod.rs"]
mod quadratic;

use paso_study::range_test::{RangeTest, suggest};
use paso_study::{
    About, Arm, Grid, RangeTestReport, Role, RunMonitor, RunSpec, Session, Study, StudyConfig,
    Trial, TrialError,
};
use quadratic::Quadratic;
use std::path::PathBuf;

fn main() -> Result<(), TrialError> {
    let folder: PathBuf =
        std::env::args().nth(1).ok_or("usage: quadratic FOLDER [RUNS AT A TIME]")?.into();
    let parallel_runs = std::env::args().nth(2).map_or(Ok(2), |runs| runs.parse())?;
    let trial = Quadratic::new(1.0, 1.0, 200);
    let mut arms = Arm::usual();
    arms.push(Arm::new("too early", "exponential(to 0.0001%)", Role::Decay));
    let config = StudyConfig {
        arms,
        steps: 2_000,
        grid: Grid { center: 0.02, ..Grid::default() },
        metric: "minus_loss".into(),
        margin: 1e-4,
        ..StudyConfig::default()
    };
    let about = About {
        subject: "noisy quadratic, 200 weights".into(),
        command: "cargo run --release -p paso-study --features html --example quadratic -- FOLDER"
            .into(),
        conditions: vec![
            ("problem".into(), "loss w² / 2 a weight, gradient noise of variance 1".into()),
            ("optimizer".into(), "Adam, betas 0.9 and 0.999, no weight decay".into()),
        ],
        range_test: Some(sweep(&trial)?),
        ..About::default()
    };
    let session = Session { folder: Some(&folder), parallel_runs, ..Session::default() };
    let report = Study::new(config)?.report(&trial, &session, &about)?;
    std::fs::write(folder.join("report.json"), serde_json::to_string_pretty(&report)?)?;
    std::fs::write(folder.join("report.html"), report.html())?;
    Ok(())
}

/// Three sweeps with a rising learning rate. What a run of so few updates at a constant learning
/// rate ends at stands for its loss.
fn sweep(trial: &Quadratic) -> Result<RangeTestReport, TrialError> {
    let test = RangeTest { from: 1e-6, to: 10.0, steps: 60 };
    let sweep = |first: u64| {
        let mut seed = first;
        test.sweep(|lr| {
            seed += 1;
            let outcome =
                trial.train(&RunSpec::new("constant", lr, 100, seed), &RunMonitor::detached())?;
            Ok::<_, TrialError>(outcome.loss.unwrap_or(f64::NAN))
        })
    };
    let sweeps = [0, 1_000, 2_000].into_iter().map(sweep).collect::<Result<Vec<_>, _>>()?;
    let (suggestion, refusal) = match suggest(&sweeps) {
        Ok(suggestion) => (Some(suggestion), None),
        Err(refusal) => (None, Some(refusal.to_string())),
    };
    Ok(RangeTestReport { sweeps, suggestion, refusal })
}
