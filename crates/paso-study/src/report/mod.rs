//! Everything about a finished study that a reader may want to see, as data; and as a page (feature `html`).

#[cfg(feature = "html")]
mod figures;
#[cfg(feature = "html")]
mod html;
#[cfg(feature = "html")]
mod scales;
#[cfg(feature = "html")]
mod sections;

use crate::answer::Answer;
use crate::arm::Arm;
use crate::config::StudyConfig;
use crate::journal::Journal;
use crate::outcome::Outcome;
use crate::range_test::{Suggestion, Sweep};
use crate::run_spec::RunSpec;
use crate::runs::{run_spec, tuning_runs, verdict_runs};
use crate::stats::whole;

use serde::{Deserialize, Serialize};

/// Version of [`StudyReport`]'s JSON. Raised when the meaning of a field changes; new fields may come without.
pub const REPORT_FORMAT: u32 = 1;

/// Points of a drawn schedule.
const SCHEDULE_POINTS: usize = 200;

/// What only the caller knows about a study.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// What was trained on what, in a few words: "demo, 400 images".
    pub subject: String,
    /// The exact command that repeats it; empty when there is none.
    pub command: String,
    /// What the answer depends on, as name and value: data, net, batch size, weight decay, machine, version.
    pub conditions: Vec<(String, String)>,
    /// The range test that placed the grid of rates, if there was one.
    pub range_test: Option<RangeTestReport>,
}

/// A range test and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RangeTestReport {
    /// What was measured.
    pub sweeps: Vec<Sweep>,
    /// What it suggests.
    pub suggestion: Option<Suggestion>,
    /// Why it suggests nothing.
    pub refusal: Option<String>,
}

/// A finished study, complete: `report.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StudyReport {
    /// [`REPORT_FORMAT`].
    pub format: u32,
    /// The version of this crate that wrote it.
    pub version: String,
    /// The verdict in one sentence, with its figures.
    pub sentence: String,
    /// What the caller said about it.
    pub about: About,
    /// The answer.
    pub answer: Answer,
    /// Every arm's rates, as the verdict's runs had them.
    pub schedules: Vec<ScheduleCurve>,
    /// Every run that the answer rests on.
    pub runs: Vec<RunRecord>,
}

/// The rates of an arm at its tuned peak.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScheduleCurve {
    /// The arm's name.
    pub arm: String,
    /// Update and rate; some 200 of them.
    pub points: Vec<(u64, f64)>,
}

/// A finished run, and what it was for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Whether it chose rates or gave the verdict.
    pub stage: Stage,
    /// The arms that use it: more than one when they only differ in averaging.
    pub arms: Vec<String>,
    /// What was asked for.
    pub run: RunSpec,
    /// What came of it.
    pub outcome: Outcome,
}

/// The part of a study that a run belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Choosing every arm's peak rate.
    Tuning,
    /// The paired runs that the verdict rests on.
    Verdict,
}

impl StudyReport {
    pub(crate) fn new(answer: Answer, journal: &Journal, about: About) -> Self {
        let config = &answer.config;
        let tuned: Vec<_> = answer.arms.iter().map(|arm| arm.tuned.clone()).collect();
        let grid = tuned.first().map(|tuned| tuned.tried.as_slice()).unwrap_or_default();
        let indices = (-99..=99).filter(|i| grid.iter().any(|t| t.peak_lr == config.grid.lr(*i)));
        let (low, high) = (indices.clone().min().unwrap_or(0), indices.max().unwrap_or(0));
        let record = |stage, run: RunSpec| {
            let outcome = journal.get(&run)?.clone();
            Some(RunRecord { stage, arms: arms_of(&answer, &run, stage), run, outcome })
        };
        let tuning = tuning_runs(config, low, high).into_iter().map(|run| (Stage::Tuning, run));
        let verdict = verdict_runs(config, &tuned).into_iter().map(|run| (Stage::Verdict, run));
        Self {
            format: REPORT_FORMAT,
            version: env!("CARGO_PKG_VERSION").into(),
            sentence: answer.sentence(),
            about,
            schedules: schedules(&answer),
            runs: tuning.chain(verdict).filter_map(|(stage, run)| record(stage, run)).collect(),
            answer,
        }
    }

    /// What no study of this kind can say, and what this one in particular cannot: one sentence each.
    #[must_use]
    pub fn limits(&self) -> Vec<String> {
        let StudyConfig { steps, grid, tuning_seeds, seeds, .. } = &self.answer.config;
        let mut limits = vec![
            "It holds for this data, net, batch size and optimizer. Another data set may give another answer.".into(),
            format!("It holds for runs of {steps} updates. What decay gives depends on the length of the run: with too few updates it stops the weights on their way, with many more a constant rate stays where it is."),
            format!("Peak rates were tuned to a factor of {} on {tuning_seeds} tuning seed{}. A finer grid may favour one arm a little.", grid.factor, if *tuning_seeds == 1 { "" } else { "s" }),
            "The verdict is about the decaying arm that tuning chose before the verdict's seeds were run. The others are shown, corrected for their number, and do not turn it.".into(),
            format!("The interval is exact for differences that lie symmetrically about their mean; {seeds} seeds cannot show whether they do."),
        ];
        if grid.points == 1 {
            limits.push("Nothing was tuned: every arm had the same peak rate, so that a difference may be the rate's and not the schedule's.".into());
        }
        if self.answer.noise.is_some() {
            limits.push("The predicted gain is a heuristic, and an upper one: it takes the loss for a quadratic whose weights have all settled into their noise.".into());
        }
        limits
    }
}

/// The names of the arms that a run was for.
fn arms_of(answer: &Answer, run: &RunSpec, stage: Stage) -> Vec<String> {
    let uses = |(arm, tuned): (&Arm, f64)| {
        let same = run_spec(&answer.config, arm, run.peak_lr, run.seed) == *run;
        (same && (stage == Stage::Tuning || tuned == run.peak_lr)).then(|| arm.name.clone())
    };
    let peaks = answer.arms.iter().map(|arm| arm.peak_lr);
    answer.config.arms.iter().zip(peaks).filter_map(uses).collect()
}

fn schedules(answer: &Answer) -> Vec<ScheduleCurve> {
    let config = &answer.config;
    let points = SCHEDULE_POINTS.min(whole(config.steps as f64)).max(1);
    let curve = |(arm, peak): (&Arm, f64)| {
        let schedule = run_spec(config, arm, peak, config.first_seed).schedule();
        let step = |i: usize| i as u64 * (config.steps - 1) / (points - 1).max(1) as u64;
        let points = (0..points).map(|i| (step(i), schedule.at(step(i)))).collect();
        ScheduleCurve { arm: arm.name.clone(), points }
    };
    let peaks = answer.arms.iter().map(|arm| arm.peak_lr);
    config.arms.iter().zip(peaks).map(curve).collect()
}
