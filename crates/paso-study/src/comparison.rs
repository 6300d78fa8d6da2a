//! One comparison: a challenger against an incumbent, pair by pair, until a look decides.
//!
//! Both are trained on the same fresh seeds. At every look the sequential test is asked; see
//! [`sequential`](crate::sequential).
//!
//! A verdict of the test can be wrong for a reason that the test does not know: the race may have
//! chosen a learning rate that is not the best. So a verdict has to be *confirmed*. "Helps" must
//! cross against the incumbent's runner-up as well, on the same seeds, and "harms" must cross for the
//! challenger's runner-up. This is an intersection-union test (Berger 1982): both tests must reject,
//! so no correction is needed. The first test has its full level by itself, so that of the runner-up
//! may spend twice as much, which costs less power where both candidates are good. The runner-up's
//! runs are trained only when the first test has crossed.
//!
//! A run that diverged counts as the worst metric of the race; where nothing was raced, as the worst
//! of the first look's pairs, which is the same for both sides.

use crate::candidate::Finalist;
use crate::config::StudyConfig;
use crate::journal::Journal;
use crate::race::{Finalists, Wanted};
use crate::run_spec::RunSpec;
use crate::runs::shares_trunk;
use crate::sequential::{SequentialTest, Verdict};

/// A comparison, as far as it has come.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    pub(crate) challenger: Finalists,
    pub(crate) incumbent: Finalists,
    pub(crate) test: SequentialTest,
    /// The test of the runner-up, once the first test has crossed.
    pub(crate) confirmation: Option<(Finalist, SequentialTest)>,
}

impl Progress {
    /// A comparison without any pair.
    pub(crate) fn new(config: &StudyConfig, challenger: Finalists, incumbent: Finalists) -> Self {
        let test = SequentialTest::new(config.rule()).expect("checked with the configuration");
        Self { challenger, incumbent, test, confirmation: None }
    }

    /// What is decided: what the test says, once it is confirmed.
    pub(crate) fn verdict(&self) -> Verdict {
        match (self.test.verdict(), &self.confirmation) {
            (found @ (Verdict::Helps | Verdict::Harms), Some((_, test))) => {
                if test.verdict() == found { found } else { Verdict::Undecided }
            }
            (Verdict::Helps | Verdict::Harms, None) if self.runner_up().is_some() => {
                Verdict::Undecided
            }
            (found, _) => found,
        }
    }

    /// Who must lose as well before a verdict counts, where the test has crossed.
    pub(crate) fn runner_up(&self) -> Option<Finalist> {
        match self.test.verdict() {
            Verdict::Helps => self.incumbent.runner_up,
            Verdict::Harms => self.challenger.runner_up,
            Verdict::NoDifference | Verdict::Undecided => None,
        }
    }

    /// Number of pairs so far.
    pub(crate) fn pairs(&self) -> usize {
        self.test.differences().len()
    }

    /// Whether nothing is left to do: decided, or at the last look that the limit of pairs allows,
    /// with the test of the runner-up brought up to it.
    pub(crate) fn is_over(&self, config: &StudyConfig) -> bool {
        let further = config.looks().any(|look| look > self.pairs());
        self.verdict() != Verdict::Undecided || !(further || self.lacks_confirmation())
    }

    /// Takes the next look at the finished runs, of which there must be one. `Err` has the runs that
    /// are missing for it.
    pub(crate) fn look(
        &mut self,
        config: &StudyConfig,
        journal: &Journal,
        worst: f64,
    ) -> Result<(), Wanted> {
        if self.lacks_confirmation() {
            return self.confirm(config, journal, worst);
        }
        let mut looks = config.looks().skip_while(|look| *look <= self.pairs());
        let Some(look) = looks.next() else { return Ok(()) };
        // Whoever has nothing to do looks ahead as far as there are pairs, the next look first.
        let last = looks.last().unwrap_or(look);
        let wanted =
            Wanted { needed: self.runs(config, 0..look), ahead: self.runs(config, look..last) };
        if wanted.needed.iter().any(|run| journal.get(run).is_none()) {
            return Err(wanted);
        }
        for number in self.pairs()..look {
            let sides = (self.challenger.best, self.incumbent.best);
            self.test.push(difference(config, journal, sides, number, worst));
        }
        self.confirm(config, journal, worst)
    }

    /// Brings the test of the runner-up to the pairs of the first test.
    fn confirm(
        &mut self,
        config: &StudyConfig,
        journal: &Journal,
        worst: f64,
    ) -> Result<(), Wanted> {
        let Some(runner_up) = self.runner_up() else { return Ok(()) };
        let pairs = self.pairs();
        let runs = |numbers: std::ops::Range<usize>| -> Vec<RunSpec> {
            numbers.map(|number| runner_up.run(config, config.pair_seed(number))).collect()
        };
        let needed = runs(0..pairs);
        if needed.iter().any(|run| journal.get(run).is_none()) {
            return Err(Wanted { needed, ahead: Vec::new() });
        }
        let sides = if self.test.verdict() == Verdict::Helps {
            (self.challenger.best, runner_up)
        } else {
            (runner_up, self.incumbent.best)
        };
        let rule = config.confirmation_rule();
        let new = || SequentialTest::new(rule).expect("checked with the configuration");
        let (_, test) = self.confirmation.get_or_insert_with(|| (runner_up, new()));
        for number in test.differences().len()..pairs {
            test.push(difference(config, journal, sides, number, worst));
        }
        Ok(())
    }

    /// Whether pairs are still to be shown to the test of the runner-up.
    pub(crate) fn lacks_confirmation(&self) -> bool {
        let seen = self.confirmation.as_ref().map_or(0, |(_, test)| test.differences().len());
        self.runner_up().is_some() && seen < self.pairs()
    }

    /// The runs of these pairs. The runner-up is among them once it is known to be needed, and where
    /// it costs little, since it shares its first steps with a run of the pair.
    fn runs(&self, config: &StudyConfig, numbers: std::ops::Range<usize>) -> Vec<RunSpec> {
        let mut runs = Vec::new();
        for number in numbers {
            let run = |finalist: Finalist| finalist.run(config, config.pair_seed(number));
            let pair = [run(self.challenger.best), run(self.incumbent.best)];
            let spare = self.incumbent.runner_up.map(run);
            let cheap = |spare: &RunSpec| {
                pair.iter().any(|run| run.peak_lr == spare.peak_lr && shares_trunk(run, spare))
            };
            let spare = spare.filter(cheap);
            let known = self.runner_up().map(run);
            for run in pair.into_iter().chain(spare).chain(known) {
                if !runs.contains(&run) {
                    runs.push(run);
                }
            }
        }
        runs
    }
}

/// The difference of a pair: challenger minus incumbent.
fn difference(
    config: &StudyConfig,
    journal: &Journal,
    (challenger, incumbent): (Finalist, Finalist),
    number: usize,
    worst: f64,
) -> f64 {
    let value = |finalist: Finalist| value(config, journal, finalist, number, worst);
    bounded(value(challenger) - value(incumbent))
}

/// A difference whose sums over all pairs are finite.
pub(crate) fn bounded(difference: f64) -> f64 {
    const LARGEST: f64 = 1e290;
    difference.clamp(-LARGEST, LARGEST)
}

/// The metric of a finished run of a pair.
pub(crate) fn value(
    config: &StudyConfig,
    journal: &Journal,
    finalist: Finalist,
    number: usize,
    worst: f64,
) -> f64 {
    let metric = finalist.metric(config, journal, config.pair_seed(number));
    let metric = metric.expect("the runs of a look are finished");
    if metric.is_finite() { metric } else { worst }
}
