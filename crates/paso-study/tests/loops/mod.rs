//! Training loops that train nothing: a metric is a function of the run, so a test knows every answer.
#![allow(dead_code, reason = "each test file uses a part of it")]

use paso_study::{
    Answer, Arm, Grid, Outcome, Role, RunMonitor, RunSpec, Session, Study, StudyConfig, Trial,
    TrialError,
};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The first tuning seed of a study whose pairs begin at seed 0.
pub(crate) const TUNING: u64 = 1 << 32;

/// The learning rate half way between 1e-3 and 1e-2, the upper two of [`four`].
pub(crate) const BETWEEN: f64 = 3.16228e-3;

/// A constant baseline and three decays on three learning rates, 1e-4 to 1e-2, that do not widen.
pub(crate) fn four() -> StudyConfig {
    StudyConfig {
        arms: vec![
            Arm::new("constant", "constant", Role::Baseline),
            Arm::new("linear", "linear(to 0)", Role::Decay),
            Arm::new("cosine", "cosine(to 0)", Role::Decay),
            Arm::new("exponential", "exponential(to 1%)", Role::Decay),
        ],
        grid: Grid { center: 1e-3, factor: 10.0, points: 3, max_points: 3 },
        ..two()
    }
}

/// A constant baseline against linear decay at one learning rate: no race.
pub(crate) fn two() -> StudyConfig {
    StudyConfig {
        arms: vec![
            Arm::new("constant", "constant", Role::Baseline),
            Arm::new("linear", "linear(to 0)", Role::Decay),
        ],
        steps: 20,
        pairs: 27,
        grid: Grid::fixed(1e-3),
        ..StudyConfig::default()
    }
}

/// How far a learning rate is from another, in decades.
pub(crate) fn decades(lr: f64, best: f64) -> f64 {
    (lr / best).log10().abs()
}

/// The luck of a seed, alike for all arms: it cancels in a pair.
pub(crate) fn luck(run: &RunSpec) -> f64 {
    (run.seed % 7) as f64 / 100.0
}

/// A number from -1 to 1 that looks random, for a run and a salt.
pub(crate) fn noise(run: &RunSpec, salt: u64) -> f64 {
    let text = format!("{salt} {run}");
    let key =
        text.bytes().fold(14_695_981_039_346_656_037, |key: u64, byte| mix(key ^ u64::from(byte)));
    (mix(key) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

fn mix(x: u64) -> u64 {
    let x = (x ^ x >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^ x >> 29
}

/// An outcome with this metric, averaged or not.
pub(crate) fn outcome(run: &RunSpec, metric: f64) -> Outcome {
    Outcome { metric, averaged: vec![metric; run.averaging.len()], ..Outcome::default() }
}

/// A loop whose metric is a function of the run, and the runs that it was asked for, in order.
pub(crate) struct Recorder<F> {
    metric: F,
    runs: Mutex<Vec<RunSpec>>,
}

impl<F: Fn(&RunSpec) -> f64 + Sync> Recorder<F> {
    pub(crate) fn new(metric: F) -> Self {
        Self { metric, runs: Mutex::default() }
    }

    pub(crate) fn runs(&self) -> Vec<RunSpec> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many runs there were, all of them different.
    #[track_caller]
    pub(crate) fn distinct(&self) -> usize {
        let runs = self.runs();
        let mut keys: Vec<String> =
            runs.iter().map(|run| serde_json::to_string(run).expect("JSON")).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), runs.len(), "a run was trained twice");
        runs.len()
    }

    /// Tuning seeds, counted from 0, of every schedule and learning rate.
    pub(crate) fn raced(&self) -> BTreeMap<String, Vec<u64>> {
        let mut raced: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for run in self.runs().iter().filter(|run| run.seed >= TUNING) {
            let seeds = raced.entry(format!("{} {:e}", run.spec, run.peak_lr)).or_default();
            seeds.push(run.seed - TUNING);
        }
        raced
    }

    /// Seeds of the pairs of a schedule at a learning rate, in order.
    pub(crate) fn pairs(&self, spec: &str, lr: f64) -> Vec<u64> {
        let mine = |run: &&RunSpec| run.seed < TUNING && run.spec == spec && run.peak_lr == lr;
        self.runs().iter().filter(mine).map(|run| run.seed).collect()
    }
}

impl<F: Fn(&RunSpec) -> f64 + Sync> Trial for Recorder<F> {
    fn train(&self, run: &RunSpec, _: &RunMonitor<'_>) -> Result<Outcome, TrialError> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner).push(run.clone());
        Ok(outcome(run, (self.metric)(run)))
    }
}

pub(crate) fn study(config: StudyConfig) -> Study {
    Study::new(config).expect("a valid configuration")
}

pub(crate) fn run(config: StudyConfig, trial: &dyn Trial) -> Answer {
    study(config).run(trial, &Session::default()).expect("nothing fails")
}

/// The numbers of pairs at the looks of the first question.
pub(crate) fn looks(answer: &Answer) -> Vec<usize> {
    answer.decay.looks.iter().map(|look| look.pairs).collect()
}

/// The peak learning rates that an arm was tuned over, each once.
pub(crate) fn tried(answer: &Answer, arm: usize) -> Vec<f64> {
    let mut tried: Vec<f64> = answer.arms[arm].tuned.tried.iter().map(|t| t.peak_lr).collect();
    tried.dedup();
    tried
}
