//! The result of a study.
//!
//! The verdict is one of four words, and always comes with the interval that it follows from: "no
//! difference" is a finding, "undecided" is the lack of one. The other arms have their own
//! comparisons, with p-values on their own and adjusted by Holm's method, and never change the
//! verdict.
//!
//! How to read an arm: `diff` is in the unit of the metric, above 0 is better than the baseline;
//! `ci_low..=ci_high` is the exact interval by inversion of the sign-flip test; `bca` is the
//! bootstrap interval that papers usually print, which is too short with few seeds.

use crate::arm::Role;
use crate::compare::{Comparison, Verdict};
use crate::config::StudyConfig;
use crate::noise::NoiseAnalysis;
use crate::stats::ConfidenceInterval;
use crate::text::signed;
use crate::tune::Tuned;
use serde::{Deserialize, Serialize};

/// What a study found. Its JSON is a stable format: fields may be added, never changed.
/// ```
/// use paso_study::{Outcome, RunMonitor, RunSpec, Session, Study, StudyConfig, TrialError, Verdict};
/// let trial = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
///     let metric = if run.spec.starts_with("cosine") { 0.8 } else { 0.7 };
///     Ok(Outcome { metric, averaged: vec![0.7; run.averaging.len()], ..Outcome::default() })
/// };
/// let answer = Study::new(StudyConfig::default())?.run(&trial, &Session::default())?;
/// assert_eq!((answer.verdict, answer.best().name.as_str()), (Verdict::Helps, "cosine"));
/// assert!((answer.best().diff - 0.1).abs() < 1e-12);
/// assert!(answer.sentence().starts_with("Decay helps: cosine against constant +0.100 metric"));
/// # Ok::<(), paso_study::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Answer {
    /// Whether the best decaying arm is better than the baseline.
    pub verdict: Verdict,
    /// The arm that the verdict is about: the decaying arm that was best *on the tuning seeds*.
    pub best_arm: String,
    /// What the metric is called; higher is better.
    pub metric: String,
    /// Number of seeds of the verdict.
    pub seeds: usize,
    /// For an undecided verdict: about how many more seeds would decide it.
    pub more_seeds: Option<usize>,
    /// Every arm, in the order of the configuration.
    pub arms: Vec<ArmAnswer>,
    /// The best decaying arm against the best alternative (averaged weights): what decay adds if
    /// weights are averaged anyway.
    pub against_alternative: Option<AgainstAlternative>,
    /// What limits the baseline, from the audits of its runs; `None` if they were not audited.
    #[serde(default, rename = "why")]
    pub noise: Option<NoiseAnalysis>,
    /// Limitations of this answer, one sentence each.
    pub notes: Vec<String>,
    /// The configuration that ran, after any cut by a budget.
    pub config: StudyConfig,
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
    /// Its tuned peak learning rate.
    pub peak_lr: f64,
    /// Mean metric over the seeds of the verdict.
    pub mean: f64,
    /// Mean paired difference to the baseline; 0 for the baseline.
    pub diff: f64,
    /// Lower end of the interval for the difference.
    pub ci_low: f64,
    /// Upper end of the interval for the difference.
    pub ci_high: f64,
    /// The bootstrap interval (`BCa`) for the difference, for comparison; it is too short with few
    /// seeds.
    pub bca: ConfidenceInterval,
    /// Two-sided sign-flip p-value of the difference, for this arm alone; 1 for the baseline.
    pub p: f64,
    /// The same after Holm's correction over all arms but the baseline.
    pub p_holm: f64,
    /// Share of seeds in which the arm was better than the baseline; a tie counts half.
    pub share_better: f64,
    /// Verdict of this comparison on its own.
    pub verdict: Verdict,
    /// The metric of every seed, in order.
    pub values: Vec<f64>,
    /// How many of the seeds diverged; they count as the worst metric of the study.
    pub diverged: usize,
    /// How its learning rate was chosen.
    pub tuned: Tuned,
}

/// The best decaying arm against the alternative that was best on the tuning seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgainstAlternative {
    /// Name of the alternative.
    pub alternative: String,
    /// Decay minus alternative.
    pub comparison: Comparison,
}

impl Answer {
    /// The arm that the verdict is about.
    ///
    /// # Panics
    /// If `best_arm` names no arm, which no study returns.
    #[must_use]
    pub fn best(&self) -> &ArmAnswer {
        self.arms
            .iter()
            .find(|arm| arm.name == self.best_arm)
            .expect("the best arm is one of the arms")
    }

    /// The verdict as a sentence, with its figures and the condition it holds for.
    #[must_use]
    pub fn sentence(&self) -> String {
        let ArmAnswer { name, diff, ci_low, ci_high, p, .. } = self.best();
        let level = 100.0 * (1.0 - self.config.alpha);
        let figures = format!(
            "{} {}, {level:.0} % interval {} to {}, p = {p:.3}",
            signed(*diff),
            self.metric,
            signed(*ci_low),
            signed(*ci_high)
        );
        let (seeds, baseline) = (self.seeds, &self.config.arms[self.config.baseline()].name);
        let claim = match self.verdict {
            Verdict::Helps => "Decay helps".to_owned(),
            Verdict::Harms => "Decay harms".to_owned(),
            Verdict::NoDifference => {
                format!("Decay makes no difference (within {})", self.config.margin)
            }
            Verdict::Undecided => match self.more_seeds {
                Some(1) => "Undecided; about one more seed would settle it".to_owned(),
                Some(more) => format!("Undecided; about {more} more seeds would settle it"),
                None => "Undecided, and more seeds are unlikely to settle it".to_owned(),
            },
        };
        format!(
            "{claim}: {name} against {baseline} {figures} ({seeds} seeds of {} steps).",
            self.config.steps
        )
    }
}
