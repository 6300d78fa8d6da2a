//! What a running study does next, for a report that is read while it runs.

use crate::arm::Role;
use crate::comparison::Progress;
use crate::config::StudyConfig;
use crate::procedure::{Procedure, Question};
use crate::sequential::Verdict;
use serde::{Deserialize, Serialize};

/// What a running study does next.
/// ```
/// use paso_study::{Pending, Question};
/// let pending = Pending::Look { question: Question::Decay, pairs: 10 };
/// assert_eq!(serde_json::to_string(&pending).unwrap(), r#"{"look":{"question":"decay","pairs":10}}"#);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Pending {
    /// More pairs, up to the next look of this question.
    Look {
        /// The question.
        question: Question,
        /// Number of pairs at that look.
        pairs: usize,
    },
    /// Runs of the runner-up, which has to confirm what the last look found.
    Confirmation {
        /// The question.
        question: Question,
    },
    /// The second question: its race comes next.
    Alternative,
    /// Nothing that changes an answer: arms are trained for display.
    Display,
}

impl Pending {
    /// What comes after the last look of a procedure; `None` if nothing does.
    pub(crate) fn of(procedure: &Procedure) -> Option<Self> {
        let config = &procedure.config;
        let of = |question| {
            let progress = procedure.progress(question)?;
            of_comparison(config, question, progress)
        };
        let asks_second = config.arms.iter().any(|arm| arm.role == Role::Alternative);
        let second = match procedure.progress(Question::Alternative) {
            None => asks_second.then_some(Self::Alternative),
            Some(_) => of(Question::Alternative),
        };
        of(Question::Decay).or(second).or((config.display > 0).then_some(Self::Display))
    }
}

fn of_comparison(config: &StudyConfig, question: Question, progress: &Progress) -> Option<Pending> {
    if progress.verdict() != Verdict::Undecided {
        return None;
    }
    if progress.lacks_confirmation() {
        return Some(Pending::Confirmation { question });
    }
    let pairs = config.looks().find(|look| *look > progress.pairs())?;
    Some(Pending::Look { question, pairs })
}
