//! The order of a study: race, comparison, the second race, the second comparison, arms for display.
//!
//! The procedure asks the journal which runs are finished and says which ones it needs next. It has
//! no other input, so a killed study, a continued one and one in shards take the same path, and the
//! answer does not depend on the order in which runs end.

use crate::arm::Role;
use crate::candidate::Finalist;
use crate::comparison::Progress;
use crate::config::StudyConfig;
use crate::error::Error;
use crate::journal::Journal;
use crate::race::{FIRST, Finalists, SECOND, Wanted, race};
use crate::run_spec::RunSpec;
use crate::sequential::{Look, Verdict};
use crate::tuned::{best_of_arm, tried};
use serde::{Deserialize, Serialize};

/// Which of the two questions of a study a comparison answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Question {
    /// Does the best decay beat the best baseline?
    Decay,
    /// Does the best alternative beat the winner of the first question?
    Alternative,
}

/// What happens next.
pub(crate) enum Next {
    /// These runs are needed; `required` if there is no answer yet without them.
    Train { wanted: Wanted, required: bool },
    /// The finalists of a question are known.
    Raced(Question),
    /// A comparison took a look.
    Looked(Question, Look),
    /// Nothing is left to do.
    Done,
}

/// A study on its way.
#[derive(Debug)]
pub(crate) struct Procedure {
    pub(crate) config: StudyConfig,
    /// What a run counts for that diverged.
    pub(crate) worst: f64,
    pub(crate) first: Option<Progress>,
    pub(crate) second: Option<Progress>,
    /// Whether a comparison is over, by its verdict or by the limit of pairs.
    ended: [bool; 2],
}

impl Procedure {
    pub(crate) fn new(config: StudyConfig) -> Self {
        Self { config, worst: 0.0, first: None, second: None, ended: [false; 2] }
    }

    /// Goes one step on. Call it again until it says [`Next::Train`] or [`Next::Done`].
    pub(crate) fn next(&mut self, journal: &Journal) -> Result<Next, Error> {
        if self.first.is_none() {
            return self.first_race(journal);
        }
        if !self.ended[0] {
            return Ok(self.look(journal, Question::Decay));
        }
        if self.second.is_none() && self.has_alternatives() {
            return Ok(self.second_race(journal));
        }
        if self.second.is_some() && !self.ended[1] {
            return Ok(self.look(journal, Question::Alternative));
        }
        let needed = self.display_runs(journal);
        if needed.iter().all(|run| journal.get(run).is_some()) {
            return Ok(Next::Done);
        }
        Ok(Next::Train { wanted: Wanted { needed, ahead: Vec::new() }, required: false })
    }

    /// The comparison of a question, once its race is over.
    pub(crate) fn progress(&self, question: Question) -> Option<&Progress> {
        match question {
            Question::Decay => self.first.as_ref(),
            Question::Alternative => self.second.as_ref(),
        }
    }

    fn has_alternatives(&self) -> bool {
        self.config.arms.iter().any(|arm| arm.role == Role::Alternative)
    }

    fn first_race(&mut self, journal: &Journal) -> Result<Next, Error> {
        let found = match race(&self.config, journal, &FIRST) {
            Err(wanted) => return Ok(Next::Train { wanted, required: true }),
            Ok(found) => found,
        };
        self.worst = self.worst_of_race(journal)?;
        let [Some(decay), Some(baseline)] = found[..] else {
            unreachable!("checked: one baseline and at least one decay")
        };
        self.first = Some(Progress::new(&self.config, decay, baseline));
        Ok(Next::Raced(Question::Decay))
    }

    /// The worst finite metric of the race. It is fixed before the pairs, so that no later run
    /// changes a difference that a look has seen.
    fn worst_of_race(&self, journal: &Journal) -> Result<f64, Error> {
        let raced = (0..self.config.arms.len())
            .filter(|arm| self.config.arms[*arm].role != Role::Alternative)
            .flat_map(|arm| tried(&self.config, journal, arm));
        let (mut worst, mut lowest, mut highest) = (f64::INFINITY, f64::INFINITY, 0.0f64);
        let mut any = false;
        for (candidate, seeds) in raced {
            let lr = candidate.peak_lr(&self.config);
            (lowest, highest) = (lowest.min(lr), highest.max(lr));
            for number in 0..seeds {
                let run = candidate.run(&self.config, self.config.tuning_seed(number));
                let Some(outcome) = journal.get(&run) else { continue };
                any = true;
                let metrics = outcome.averaged.iter().chain([&outcome.metric]);
                worst = metrics.copied().filter(|metric| metric.is_finite()).fold(worst, f64::min);
            }
        }
        match (any, worst.is_finite()) {
            (_, true) => Ok(worst),
            (false, _) => Ok(0.0), // Nothing was tuned.
            (true, false) => Err(Error::AllDiverged { lowest, highest }),
        }
    }

    fn second_race(&mut self, journal: &Journal) -> Next {
        let found = match race(&self.config, journal, &SECOND) {
            Err(wanted) => return Next::Train { wanted, required: false },
            Ok(found) => found,
        };
        let alternative = found[0].expect("there is an alternative");
        let winner = self.winner();
        self.second = Some(Progress::new(&self.config, alternative, winner));
        Next::Raced(Question::Alternative)
    }

    /// Who won the first question: the decay if it helps, else the baseline.
    pub(crate) fn winner(&self) -> Finalists {
        let first = self.first.as_ref().expect("the first question comes first");
        if first.verdict() == Verdict::Helps { first.challenger } else { first.incumbent }
    }

    fn look(&mut self, journal: &Journal, question: Question) -> Next {
        let second = question == Question::Alternative;
        let progress = if second { &mut self.second } else { &mut self.first };
        let progress = progress.as_mut().expect("raced");
        let seen = progress.test.looks().len();
        let found = progress.look(&self.config, journal, self.worst);
        let decided = progress.verdict() != Verdict::Undecided;
        match found {
            Ok(further) => self.ended[usize::from(second)] = decided || !further,
            // The look is taken, and the runner-up has to confirm it.
            Err(_) if progress.test.looks().len() > seen => {}
            Err(wanted) => return Next::Train { wanted, required: !second && seen == 0 },
        }
        let look = *progress.test.looks().last().expect("at least one look");
        Next::Looked(question, look)
    }

    /// The best that is known of an arm: a finalist if it is one, else its best learning rate in the
    /// race.
    pub(crate) fn known(&self, journal: &Journal, arm: usize) -> Finalist {
        let finalists = [&self.first, &self.second].into_iter().flatten();
        let best = finalists.flat_map(|p| [p.challenger.best, p.incumbent.best]);
        let mine = best.into_iter().find(|finalist| finalist.candidate.arm == arm);
        mine.unwrap_or_else(|| best_of_arm(&self.config, journal, arm))
    }

    /// The pairs that a finalist is in, or the seeds for display.
    pub(crate) fn pairs_of(&self, finalist: Finalist) -> usize {
        let compared = |p: &&Progress| [p.challenger.best, p.incumbent.best].contains(&finalist);
        let compared = [&self.first, &self.second].into_iter().flatten().filter(compared);
        compared.map(Progress::pairs).max().unwrap_or(0).max(self.config.display)
    }

    /// Runs of the arms that are in no comparison, on the seeds for display.
    fn display_runs(&self, journal: &Journal) -> Vec<RunSpec> {
        let with = |number: usize| {
            (0..self.config.arms.len()).map(move |arm| {
                self.known(journal, arm).run(&self.config, self.config.pair_seed(number))
            })
        };
        let mut runs = Vec::new();
        for run in (0..self.config.display).flat_map(with) {
            if !runs.contains(&run) {
                runs.push(run);
            }
        }
        runs
    }
}
