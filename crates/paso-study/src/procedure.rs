//! The order of a study: race, comparison, the second race, the second comparison, arms for display.
//!
//! The procedure asks the journal which runs are finished and says which ones it needs next. It has
//! no other input, so a killed study, a continued one and one of several workers take the same path, and the
//! answer does not depend on the order in which runs end.

use crate::arm::Role;
use crate::averages::without_missing;
use crate::candidate::{Candidate, Finalist};
use crate::comparison::Progress;
use crate::config::StudyConfig;
use crate::error::Error;
use crate::journal::Journal;
use crate::race::{FIRST, Finalists, Raced, SECOND, Wanted, race};
use crate::run_spec::RunSpec;
use crate::sequential::{FIRST_LOOK, Look, Verdict};
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
    pub(crate) first: Option<Progress>,
    pub(crate) second: Option<Progress>,
    /// Names of arms that are not in the configuration any more: see `averages.rs`.
    pub(crate) left_out: Vec<String>,
    /// What a run counts for that diverged; known before the first look.
    worst: Option<f64>,
    /// Every candidate that was raced, with its number of seeds.
    entries: Vec<(Candidate, usize)>,
}

impl Procedure {
    pub(crate) fn new(config: StudyConfig) -> Self {
        let left_out = Vec::new();
        Self { config, first: None, second: None, left_out, worst: None, entries: Vec::new() }
    }

    /// Goes one step on. Call it again until it says [`Next::Train`] or [`Next::Done`].
    pub(crate) fn next(&mut self, journal: &Journal) -> Result<Next, Error> {
        if let Some((config, left_out)) = without_missing(&self.config, journal)? {
            *self = Self { left_out, ..Self::new(config) };
        }
        if self.first.is_none() || self.is_open(Question::Decay) {
            let mut next = match self.first {
                None => self.first_race(journal)?,
                Some(_) => self.look(journal, Question::Decay)?,
            };
            if let Next::Train { wanted: Wanted { ahead, .. }, .. } = &mut next {
                let (surely, perhaps) = self.runs_of_second(journal);
                ahead.splice(0..0, surely);
                ahead.extend(perhaps);
            }
            return Ok(next);
        }
        if self.second.is_none() && self.has_alternatives() {
            return Ok(self.second_race(journal));
        }
        if self.is_open(Question::Alternative) {
            return self.look(journal, Question::Alternative);
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

    fn is_open(&self, question: Question) -> bool {
        self.progress(question).is_some_and(|progress| !progress.is_over(&self.config))
    }

    pub(crate) fn has_alternatives(&self) -> bool {
        self.config.arms.iter().any(|arm| arm.role == Role::Alternative)
    }

    fn first_race(&mut self, journal: &Journal) -> Result<Next, Error> {
        let Raced { finalists, entries } = match race(&self.config, journal, &FIRST) {
            Err(wanted) => return Ok(Next::Train { wanted, required: true }),
            Ok(raced) => raced,
        };
        let [Some(decay), Some(baseline)] = finalists[..] else {
            unreachable!("checked: one baseline and at least one decay")
        };
        self.entries = entries;
        self.worst = self.worst_of_race(journal);
        let raced = |finalists: Finalists| finalists.runner_up.is_some();
        if self.worst.is_none() && raced(decay) && raced(baseline) {
            return Err(self.all_diverged());
        }
        self.first = Some(Progress::new(&self.config, decay, baseline));
        Ok(Next::Raced(Question::Decay))
    }

    /// The worst finite metric of the race. It is fixed before the pairs, so that no later run
    /// changes a difference that a look has seen. `None` if nothing was raced, or all diverged.
    fn worst_of_race(&self, journal: &Journal) -> Option<f64> {
        let runs = self.entries.iter().flat_map(|(candidate, seeds)| {
            (0..*seeds).map(|seed| candidate.run(&self.config, self.config.tuning_seed(seed)))
        });
        let outcomes = runs.filter_map(|run| journal.get(&run));
        let metrics = outcomes.flat_map(|found| found.averaged.iter().chain([&found.metric]));
        metrics.copied().filter(|metric| metric.is_finite()).reduce(f64::min)
    }

    /// The same of the pairs of the first look, where nothing was raced: a zero could be better than
    /// every metric. It is alike for both sides, so the test stays exact. `None` before their end.
    fn worst_of_pairs(&self, journal: &Journal) -> Result<Option<f64>, Error> {
        let Some(first) = &self.first else { return Ok(None) };
        let sides = [first.challenger.best, first.incumbent.best];
        let metric = |side: Finalist, number| {
            side.metric(&self.config, journal, self.config.pair_seed(number))
        };
        let metrics = (0..FIRST_LOOK).flat_map(|number| sides.map(|side| metric(side, number)));
        let Some(metrics) = metrics.collect::<Option<Vec<f64>>>() else { return Ok(None) };
        let worst = metrics.into_iter().filter(|metric| metric.is_finite()).reduce(f64::min);
        worst.map(Some).ok_or_else(|| self.all_diverged())
    }

    fn all_diverged(&self) -> Error {
        let center = self.config.grid.center;
        let lrs = || self.entries.iter().map(|(candidate, _)| candidate.peak_lr(&self.config));
        Error::AllDiverged {
            lowest: lrs().reduce(f64::min).unwrap_or(center),
            highest: lrs().reduce(f64::max).unwrap_or(center),
        }
    }

    /// What a run counts for that diverged. It is known once there is a pair.
    pub(crate) fn worst(&self) -> f64 {
        self.worst.unwrap_or(0.0)
    }

    /// Every candidate that was raced, with its number of seeds.
    pub(crate) fn entries(&self) -> &[(Candidate, usize)] {
        &self.entries
    }

    /// The learning rates of an arm that were raced, ascending, each with its number of seeds.
    pub(crate) fn tried(&self, arm: usize) -> Vec<(Candidate, usize)> {
        tried(&self.config, &self.entries, arm)
    }

    /// Runs that the second question needs whatever the first one finds, and those that it may need:
    /// what comes next of its race, and then the pairs of the alternative that wins it.
    fn runs_of_second(&self, journal: &Journal) -> (Vec<RunSpec>, Vec<RunSpec>) {
        if !self.has_alternatives() {
            return (Vec::new(), Vec::new());
        }
        match race(&self.config, journal, &SECOND) {
            Err(wanted) => (wanted.needed, wanted.ahead),
            Ok(raced) => {
                let best = raced.finalists[0].expect("there is an alternative").best;
                let pairs = |numbers: std::ops::Range<usize>| {
                    numbers.map(|n| best.run(&self.config, self.config.pair_seed(n))).collect()
                };
                let last = self.config.looks().last().unwrap_or(FIRST_LOOK);
                (pairs(0..FIRST_LOOK), pairs(FIRST_LOOK..last))
            }
        }
    }

    fn second_race(&mut self, journal: &Journal) -> Next {
        let raced = match race(&self.config, journal, &SECOND) {
            Err(wanted) => return Next::Train { wanted, required: false },
            Ok(raced) => raced,
        };
        let alternative = raced.finalists[0].expect("there is an alternative");
        self.entries.extend(raced.entries);
        let winner = self.winner();
        self.second = Some(Progress::new(&self.config, alternative, winner));
        Next::Raced(Question::Alternative)
    }

    /// Who won the first question: the decay if it helps, else the baseline.
    pub(crate) fn winner(&self) -> Finalists {
        let first = self.first.as_ref().expect("the first question comes first");
        if first.verdict() == Verdict::Helps { first.challenger } else { first.incumbent }
    }

    fn look(&mut self, journal: &Journal, question: Question) -> Result<Next, Error> {
        if self.worst.is_none() {
            self.worst = self.worst_of_pairs(journal)?;
        }
        let worst = self.worst();
        let second = question == Question::Alternative;
        let progress = if second { &mut self.second } else { &mut self.first };
        let progress = progress.as_mut().expect("raced");
        let seen = progress.test.looks().len();
        match progress.look(&self.config, journal, worst) {
            // Without the runs of the runner-up the look is taken all the same.
            Err(wanted) if progress.test.looks().len() == seen => {
                Ok(Next::Train { wanted, required: !second && seen == 0 })
            }
            _ => {
                let look = *progress.test.looks().last().expect("at least one look");
                Ok(Next::Looked(question, look))
            }
        }
    }

    /// On how many seeds of the pairs a finalist counts: those of its comparisons, or of the display.
    pub(crate) fn seeds_of(&self, finalist: Finalist) -> usize {
        let compared = |progress: &Progress| {
            let mine = [progress.challenger.best, progress.incumbent.best].contains(&finalist);
            if mine { progress.pairs() } else { 0 }
        };
        let both = [&self.first, &self.second].into_iter().flatten();
        both.map(compared).fold(self.config.display, usize::max)
    }

    /// The best that is known of an arm: a finalist if it is one, else its best learning rate in the
    /// race.
    pub(crate) fn known(&self, journal: &Journal, arm: usize) -> Finalist {
        let finalists = [&self.first, &self.second].into_iter().flatten();
        let best = finalists.flat_map(|p| [p.challenger.best, p.incumbent.best]);
        let mine = best.into_iter().find(|finalist| finalist.candidate.arm == arm);
        mine.unwrap_or_else(|| best_of_arm(&self.config, journal, &self.entries, arm))
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
