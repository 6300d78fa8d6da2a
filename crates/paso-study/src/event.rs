//! What a study reports while it runs.
//!
//! Events come from the threads that train, while other runs are in progress; an observer that
//! draws a progress bar must expect them in any order of runs. Stopping is not an event: it is
//! [`Session::cancel`](crate::Session::cancel).

use crate::answer::FinalistAnswer;
use crate::budget::BudgetCut;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::procedure::Question;
use crate::run_spec::RunSpec;
use crate::sequential::Look;
use std::time::Duration;

/// An event of a study, for [`Session::observe`](crate::Session::observe).
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The plan, before anything runs.
    Planned(&'a Plan),
    /// The study was made smaller to fit its budget; `Planned` with the smaller plan follows.
    BudgetCut(&'a BudgetCut),
    /// A run has made this many more updates.
    Steps(u64),
    /// A run is finished.
    Finished {
        /// The run.
        run: &'a RunSpec,
        /// Its result.
        outcome: &'a Outcome,
        /// Progress of the study.
        progress: Progress,
    },
    /// The race of a question is over: these two are compared.
    Raced {
        /// The question.
        question: Question,
        /// The side that has to prove itself.
        challenger: &'a FinalistAnswer,
        /// The other side.
        incumbent: &'a FinalistAnswer,
    },
    /// A comparison took a look.
    Looked {
        /// The question.
        question: Question,
        /// What the look found.
        look: &'a Look,
        /// The number of pairs at the next look, if the comparison goes on.
        next: Option<usize>,
        /// Where the look has crossed: the runner-up that has to confirm it, and whether it did.
        confirmation: Option<(&'a FinalistAnswer, bool)>,
    },
    /// The time of the budget is over: the study ends with what it has.
    OutOfTime,
}

/// Progress of a study, up to the next look or stage of the race.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Finished runs, those of earlier sessions included.
    pub done: usize,
    /// Runs that are finished or known to be needed.
    pub total: usize,
    /// Estimated time until those are finished.
    pub left: Duration,
}
