//! A loop that trains nothing, whose metric has its best at a known learning rate.
#![allow(dead_code, reason = "each test file uses a part of it")]

use paso_study::{
    Answer, Arm, Grid, Outcome, Role, RunMonitor, RunSpec, Session, Study, StudyConfig, TrialError,
};

/// A constant baseline against linear decay, on a grid that does not widen.
pub(crate) fn small() -> StudyConfig {
    StudyConfig {
        arms: vec![
            Arm::new("constant", "constant", Role::Baseline),
            Arm::new("linear", "linear(to 0)", Role::Decay),
        ],
        steps: 10,
        tuning_seeds: 1,
        grid: Grid { points: 1, max_points: 1, ..Grid::default() },
        ..StudyConfig::default()
    }
}

/// The metric falls with the distance from `best`, in decades; decay and seed add a little.
pub(crate) fn peaked(
    best: f64,
) -> impl Fn(&RunSpec, &RunMonitor<'_>) -> Result<Outcome, TrialError> + Sync {
    move |run: &RunSpec, _: &RunMonitor<'_>| {
        let gain = if run.spec.starts_with("linear") { 0.02 } else { 0.0 };
        let luck = (run.seed % 5) as f64 / 1000.0;
        let metric = 0.5 + gain + luck - 0.1 * (run.peak_lr / best).log10().abs();
        Ok(Outcome { metric, averaged: vec![metric; run.averaging.len()], ..Outcome::default() })
    }
}

pub(crate) fn run(config: StudyConfig, best: f64) -> Answer {
    let study = Study::new(config).expect("a valid configuration");
    study.run(&peaked(best), &Session::default()).expect("nothing fails")
}

/// The peak learning rates that an arm was tuned over, each once.
pub(crate) fn tried(answer: &Answer, arm: usize) -> Vec<f64> {
    let mut tried: Vec<f64> = answer.arms[arm].tuned.tried.iter().map(|t| t.peak_lr).collect();
    tried.dedup();
    tried
}
