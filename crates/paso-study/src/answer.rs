//! The result of a study.
//!
//! The verdict is one of four words, and always comes with the interval that it follows from: "no
//! difference" is a finding, "undecided" is the lack of one.

use crate::arm::Role;
use crate::config::StudyConfig;
use crate::noise::NoiseAnalysis;
use crate::procedure::Question;
use crate::sequential::{Look, Verdict};
use crate::text::{number, percent, rate, signed};
use crate::tuned::Tuned;
use crate::variant::Variant;
use serde::{Deserialize, Serialize};

/// What a study found. Its JSON is a stable format: fields may be added, never changed.
/// ```
/// use paso_study::{Outcome, RunMonitor, RunSpec, Session, Study, StudyConfig, TrialError, Verdict};
/// let trial = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
///     let metric = if run.spec.starts_with("cosine") { 0.8 } else { 0.7 };
///     Ok(Outcome { metric, averaged: vec![0.7; run.averaging.len()], ..Outcome::default() })
/// };
/// let answer = Study::new(StudyConfig::default())?.run(&trial, &Session::default())?;
/// assert_eq!((answer.verdict, answer.settled.finalist.arm.as_str()), (Verdict::Helps, "cosine"));
/// assert!((answer.decay.last().mean - 0.1).abs() < 1e-12);
/// assert!(answer.to_string().starts_with("Decay helps: cosine at 1e-3 against constant at 1e-3: +0.100 metric"));
/// # Ok::<(), paso_study::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Answer {
    /// Whether the best decaying arm is better than the baseline: the verdict of [`decay`](Self::decay).
    pub verdict: Verdict,
    /// What the metric is called; higher is better.
    pub metric: String,
    /// The first question: the best decay against the best baseline.
    pub decay: Comparison,
    /// The second question: the best alternative that needs no decay, against the winner of the
    /// first. `None` without such an arm, or if there was no time for it.
    pub alternative: Option<Comparison>,
    /// What to train with.
    pub settled: Settled,
    /// Every arm, in the order of the configuration.
    pub arms: Vec<ArmAnswer>,
    /// What limits the baseline, from the audits of its runs; `None` if they were not audited.
    pub noise: Option<NoiseAnalysis>,
    /// Limitations of this answer, one sentence each.
    pub notes: Vec<String>,
    /// Steps of the training that was asked for, where a budget made the runs shorter than that.
    pub shortened_from: Option<u64>,
    /// The configuration that ran.
    pub config: StudyConfig,
}

/// An arm at its learning rate, in a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FinalistAnswer {
    /// Name of the arm.
    pub arm: String,
    /// Its schedule as a shape.
    pub spec: String,
    /// What it changes besides the schedule.
    pub variant: Variant,
    /// Its peak learning rate.
    pub peak_lr: f64,
    /// Its averaging horizon in steps, if it is evaluated with averaged weights.
    pub horizon: Option<u64>,
}

/// One comparison and everything that it saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Comparison {
    /// Which question it answers.
    pub question: Question,
    /// The side that has to prove itself: a decaying arm, or an alternative.
    pub challenger: FinalistAnswer,
    /// The other side: the baseline, or the winner of the first question.
    pub incumbent: FinalistAnswer,
    /// What is decided: what the last look says, once it is confirmed.
    pub verdict: Verdict,
    /// Every look, in order; at least one.
    pub looks: Vec<Look>,
    /// Challenger minus incumbent, pair by pair.
    pub differences: Vec<f64>,
    /// The check against the runner-up, once the looks had crossed.
    pub confirmation: Option<Confirmation>,
    /// For an undecided comparison: about how many more pairs would decide it, if these are typical.
    pub more_pairs: Option<usize>,
    /// The same test of the loss, incumbent minus challenger, so that above 0 the challenger is
    /// better; `None` if runs have no loss.
    pub loss: Option<Look>,
}

/// The check of a verdict against the runner-up of the race. Its test may spend twice as much as the
/// first one, which has its full level by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Confirmation {
    /// The runner-up: of the incumbent's side for "helps", of the challenger's for "harms".
    pub runner_up: FinalistAnswer,
    /// Its last look, whose interval has the level `1 - 2 alpha`.
    pub look: Look,
    /// Whether it crossed, too.
    pub confirmed: bool,
}

/// What to train with, from the verdicts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Settled {
    /// The arm and its settings.
    pub finalist: FinalistAnswer,
    /// Whether a verdict stands behind it; otherwise it is the better one so far, or the simpler one
    /// of two without a difference.
    pub decided: bool,
    /// Mean metric over its pairs.
    #[serde(with = "crate::json::finite_or_null")]
    pub mean: f64,
    /// Standard deviation of that metric over the seeds of its pairs.
    #[serde(with = "crate::json::finite_or_null")]
    pub spread: f64,
}

/// One arm's part of the answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ArmAnswer {
    /// Name of the arm.
    pub name: String,
    /// Its schedule as a shape.
    pub spec: String,
    /// What it is in the comparison.
    pub role: Role,
    /// The metric on the seeds of the pairs, from the first on, at the chosen learning rate; empty
    /// for an arm that was in no comparison and was not trained for display. A run that diverged
    /// counts as the worst of the race.
    pub values: Vec<f64>,
    /// Mean difference to the baseline's best over the seeds that both have; a description, not a
    /// test.
    pub diff: Option<f64>,
    /// How many of `values` diverged.
    pub diverged: usize,
    /// How its learning rate was chosen.
    pub tuned: Tuned,
}

impl Comparison {
    /// Whether the looks have crossed and nothing is known yet of the runner-up, which has to lose
    /// as well.
    #[must_use]
    pub fn awaits_confirmation(&self) -> bool {
        let crossed = self.last().verdict != Verdict::Undecided;
        crossed && self.verdict == Verdict::Undecided && self.confirmation.is_none()
    }

    /// The last look.
    ///
    /// # Panics
    /// If there is none, which no study returns.
    #[must_use]
    pub fn last(&self) -> &Look {
        self.looks.last().expect("a comparison has at least one look")
    }

    /// The claim in words, with its figures.
    #[must_use]
    pub fn sentence(&self, metric: &str, margin: f64) -> String {
        let Look { mean, interval, level, pairs, .. } = self.last();
        let subject = match self.question {
            Question::Decay => "decay",
            Question::Alternative => self.challenger.arm.as_str(),
        };
        let claim = match (self.verdict, self.question) {
            (Verdict::Helps, Question::Decay) => "Decay helps".to_owned(),
            (Verdict::Harms, Question::Decay) => "Decay harms".to_owned(),
            (Verdict::Helps, Question::Alternative) => {
                format!("Without decay, {subject} is better still")
            }
            (Verdict::Harms, Question::Alternative) => format!("Without decay, {subject} is worse"),
            (Verdict::NoDifference, _) => {
                format!("No difference of {} or more from {subject}", number(margin))
            }
            (Verdict::Undecided, _) => format!("Undecided on {subject}"),
        };
        format!(
            "{claim}: {} against {}: {} {metric} ({} interval {} to {}, {pairs} pairs).",
            self.challenger,
            self.incumbent,
            signed(*mean),
            percent(*level),
            signed(interval.low),
            signed(interval.high)
        )
    }
}

impl std::fmt::Display for FinalistAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}", self.arm, rate(self.peak_lr))
    }
}

impl std::fmt::Display for Answer {
    /// The verdict of each question in a sentence, and the length of the training that it is about.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let margin = self.config.margin;
        write!(f, "{}", self.decay.sentence(&self.metric, margin))?;
        if let Some(second) = &self.alternative {
            write!(f, " {}", second.sentence(&self.metric, margin))?;
        }
        let steps = self.config.steps;
        match self.shortened_from {
            Some(asked) => write!(
                f,
                " Of a training of {steps} steps, {:.0} % of the {asked} asked for.",
                100.0 * steps as f64 / asked as f64
            ),
            None => write!(f, " Of a training of {steps} steps."),
        }
    }
}
