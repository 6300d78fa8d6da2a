//! The report of a finished study as data, and as an HTML page (feature `html`).
//!
//! `report.json` is the answer with all that it was computed from, so that another program can
//! check or redraw it without training anything. The HTML page shows the same numbers, in the order
//! of a reader's questions: what is the answer, what do I train with, how sure is it and about what,
//! and then the measurements behind it.
//!
//! Names come from users (arms, subject, command, layers) and are escaped by the template library;
//! the page has no script and loads nothing.

#[cfg(feature = "html")]
mod page;
mod pending;

pub use pending::Pending;

use crate::answer::{Answer, Comparison};
use crate::arm::Arm;
use crate::config::StudyConfig;
use crate::journal::Journal;
use crate::outcome::Outcome;
use crate::procedure::Procedure;
use crate::race::SEEDS;
use crate::range_test::{Suggestion, Sweep};
use crate::run_spec::RunSpec;
use crate::sequential::Verdict;
use crate::stats::{mean, whole};
use crate::text::percent;

use serde::{Deserialize, Serialize};

/// Version of [`StudyReport`]'s JSON. Raised when the meaning of a field changes; new fields may
/// come without.
pub const REPORT_FORMAT: u32 = 2;

/// Points of a drawn schedule.
const SCHEDULE_POINTS: usize = 200;

/// What only the caller knows about a study, for the report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// Short title, such as "demo, 400 images".
    pub subject: String,
    /// The exact command that repeats it, and continues it where it is undecided; empty if there is
    /// none.
    pub command: String,
    /// The option of that command that limits the pairs, such as `--pairs`; empty if there is none.
    pub pairs_option: String,
    /// The command that trains with what was settled, such as `paso train --settled DIR`. If it is
    /// empty, the page shows the schedule and the peak learning rate instead.
    pub train: String,
    /// What the answer depends on, as name and value: data, net, batch size, weight decay, machine,
    /// version.
    pub conditions: Vec<(String, String)>,
    /// The range test that placed the grid of learning rates, if any.
    pub range_test: Option<RangeTestReport>,
}

/// A range test and its result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RangeTestReport {
    /// The measured sweeps.
    pub sweeps: Vec<Sweep>,
    /// The suggestion, if there is one.
    pub suggestion: Option<Suggestion>,
    /// The reason why there is no suggestion.
    pub refusal: Option<String>,
}

/// A finished study, complete: `report.json`.
/// ```
/// use paso_study::{About, Outcome, RunMonitor, RunSpec, Session, Stage, Study, StudyConfig, StudyReport, TrialError};
/// let trial = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
///     Ok(Outcome { metric: 0.5, averaged: vec![0.5; run.averaging.len()], ..Outcome::default() })
/// };
/// let about = About { subject: "nothing at all".into(), ..About::default() };
/// let report = Study::new(StudyConfig::default())?.report(&trial, &Session::default(), &about)?;
/// assert!(report.runs.iter().any(|record| record.stage == Stage::Pairs));
/// let json = serde_json::to_string(&report).expect("it has JSON");
/// assert_eq!(serde_json::from_str::<StudyReport>(&json).expect("its own JSON"), report);
/// # Ok::<(), paso_study::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StudyReport {
    /// [`REPORT_FORMAT`].
    pub format: u32,
    /// The version of this crate that wrote it.
    pub version: String,
    /// The verdicts in words, with their figures.
    pub sentence: String,
    /// Information from the caller.
    pub about: About,
    /// What comes next, in a report of a study that is still running; `None` once it is over.
    #[serde(default)]
    pub pending: Option<Pending>,
    /// The answer; the one so far while the study is running.
    pub answer: Answer,
    /// The schedule of every arm at its tuned peak.
    pub schedules: Vec<ScheduleCurve>,
    /// Every run of the race and of the pairs.
    pub runs: Vec<RunRecord>,
}

/// The schedule of an arm at its tuned peak.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScheduleCurve {
    /// The arm's name.
    pub arm: String,
    /// Up to 200 pairs of update number and learning rate.
    pub points: Vec<(u64, f64)>,
}

/// A finished run and its purpose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Its stage.
    pub stage: Stage,
    /// The arms that use it: more than one when they only differ in averaging.
    pub arms: Vec<String>,
    /// Its specification.
    pub run: RunSpec,
    /// Its result.
    pub outcome: Outcome,
}

/// The part of a study that a run belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Choosing arms and peak learning rates.
    Tuning,
    /// The paired runs.
    Pairs,
}

impl StudyReport {
    pub(crate) fn new(
        answer: Answer,
        procedure: &Procedure,
        journal: &Journal,
        about: About,
        pending: Option<Pending>,
    ) -> Self {
        Self {
            format: REPORT_FORMAT,
            version: env!("CARGO_PKG_VERSION").into(),
            sentence: answer.to_string(),
            about,
            pending,
            schedules: schedules(&answer),
            runs: records(procedure, journal),
            answer,
        }
    }

    /// About how many more runs an undecided comparison needs (those of the runner-up where it only
    /// [awaits its confirmation](Comparison::awaits_confirmation)), and how many seconds of training
    /// they are one after another; 0 where there is no clock. `None` where it is decided, or where
    /// 1,000 pairs would not do.
    #[must_use]
    pub fn more_training(&self, comparison: &Comparison) -> Option<(usize, f64)> {
        let runs = if comparison.awaits_confirmation() {
            comparison.last().pairs
        } else {
            let pairs =
                comparison.more_pairs.filter(|_| comparison.verdict == Verdict::Undecided)?;
            // Where the test has crossed, the runner-up is trained on every new seed as well.
            let crossed = comparison.last().verdict != Verdict::Undecided;
            if crossed { 3 * pairs } else { 2 * pairs }
        };
        let of_pairs = self.runs.iter().filter(|record| record.stage == Stage::Pairs);
        let seconds: Vec<f64> = of_pairs.map(|record| record.outcome.seconds).collect();
        let each = if seconds.is_empty() { 0.0 } else { mean(&seconds) };
        Some((runs, each * runs as f64))
    }

    /// The limits of the answer, general ones and those of this study, one sentence each.
    #[must_use]
    pub fn limits(&self) -> Vec<String> {
        let StudyConfig { steps, grid, alpha, .. } = &self.answer.config;
        let mut limits = vec![
            "It holds for this data, net, batch size and optimizer. Another data set may give another answer.".into(),
            format!("It holds for a training of {steps} steps. The effect of decay depends on the length: in short runs it stops the weights before they converge, in long runs a constant learning rate stops improving."),
            format!("Peak learning rates were tuned to a factor of {}. A verdict is confirmed against the second-best learning rate, so that a mistuned winner does not decide it.", grid.factor),
            format!("A wrong \"helps\" or \"harms\" has a chance of at most {} for each of the two questions, if differences are distributed symmetrically; with strongly skewed ones a little more.", percent(*alpha)),
        ];
        if grid.points == 1 {
            limits.push("Nothing was tuned: every arm had the same peak learning rate, so a difference may come from the learning rate and not from the schedule.".into());
        }
        if self.answer.noise.is_some() {
            limits.push("The predicted gain is a heuristic upper estimate: it assumes a quadratic loss in which all weights fluctuate around the optimum.".into());
        }
        limits
    }
}

/// Every finished run of the race and of the pairs.
fn records(procedure: &Procedure, journal: &Journal) -> Vec<RunRecord> {
    let config = &procedure.config;
    let mut records: Vec<RunRecord> = Vec::new();
    let mut add = |stage, arm: usize, run: RunSpec| {
        let name = config.arms[arm].name.clone();
        if let Some(known) = records.iter_mut().find(|r| r.stage == stage && r.run == run) {
            if !known.arms.contains(&name) {
                known.arms.push(name);
            }
        } else if let Some(outcome) = journal.get(&run) {
            records.push(RunRecord { stage, arms: vec![name], run, outcome: outcome.clone() });
        }
    };
    for number in 0..SEEDS {
        for arm in 0..config.arms.len() {
            for (candidate, _) in procedure.tried(arm) {
                add(Stage::Tuning, arm, candidate.run(config, config.tuning_seed(number)));
            }
        }
    }
    for progress in [&procedure.first, &procedure.second].into_iter().flatten() {
        let runner_up = progress.confirmation.as_ref().map(|(runner_up, _)| *runner_up);
        let sides = [Some(progress.challenger.best), Some(progress.incumbent.best), runner_up];
        for number in 0..progress.pairs() {
            for side in sides.into_iter().flatten() {
                let run = side.run(config, config.pair_seed(number));
                add(Stage::Pairs, side.candidate.arm, run);
            }
        }
    }
    for arm in 0..config.arms.len() {
        let shown = procedure.known(journal, arm);
        for number in 0..config.display {
            add(Stage::Pairs, arm, shown.run(config, config.pair_seed(number)));
        }
    }
    records
}

fn schedules(answer: &Answer) -> Vec<ScheduleCurve> {
    let config = &answer.config;
    let points = SCHEDULE_POINTS.min(whole(config.steps as f64)).max(1);
    let curve = |(arm, peak): (&Arm, f64)| {
        let schedule = crate::runs::run_spec(config, arm, peak, config.first_seed).schedule();
        let step = |i: usize| i as u64 * (config.steps - 1) / (points - 1).max(1) as u64;
        let points = (0..points).map(|i| (step(i), schedule.at(step(i)))).collect();
        ScheduleCurve { arm: arm.name.clone(), points }
    };
    let peaks = answer.arms.iter().map(|arm| arm.tuned.peak_lr);
    config.arms.iter().zip(peaks).map(curve).collect()
}
