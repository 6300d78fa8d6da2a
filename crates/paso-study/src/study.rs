//! Runs a study: plan, budget, tuning, paired runs, answer.
//!
//! The order of the steps is part of the method. Learning rates are tuned on seeds of their own,
//! then the decaying arm with the best tuned mean is fixed, and only then the seeds of the verdict
//! are run. If the arm were chosen on the verdict's own seeds, its difference would be too large by
//! the luck of the best of several ("winner's curse"), and its p-value would be wrong.
//!
//! Every step first asks the journal which runs are finished. So a killed study, a continued one
//! and one in shards take the same path through this file, and none of them needs a state besides
//! the journal.

use crate::answer::Answer;
use crate::budget::{BudgetCut, BudgetPlan};
use crate::config::StudyConfig;
use crate::error::Error;
use crate::evaluate::answer;
use crate::event::Event;
use crate::journal::Journal;
use crate::plan::Plan;
use crate::pool::Pool;
use crate::report::{About, StudyReport};
use crate::run_spec::RunSpec;
use crate::runs::{groups, tuning_runs, verdict_runs};
use crate::session::Session;
use crate::stats::mean;
use crate::trial::Trial;
use crate::tune::tune;

/// A study whose settings have been checked. It holds no runs and no files: those belong to the
/// [`Session`] of a call. One study can be run several times, and gives the same [`Answer`] as long
/// as the trial gives the same outcomes.
///
/// ```
/// use paso_study::{Arm, Outcome, Role, RunMonitor, RunSpec, Session, Study, StudyConfig, TrialError};
/// let config = StudyConfig {
///     arms: vec![
///         Arm::new("constant", "constant", Role::Baseline),
///         Arm::new("cosine", "cosine(to 0)", Role::Decay),
///     ],
///     steps: 100,
///     ..StudyConfig::default()
/// };
/// // A loop without any effect of the schedule: the answer must not be "helps".
/// let trial = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
///     Ok(Outcome { metric: (run.seed % 3) as f64, ..Outcome::default() })
/// };
/// let study = Study::new(config)?;
/// assert_eq!(study.plan(&Session::default()).min_runs, 2 * (3 * 2 + 6));
/// assert_eq!(study.run(&trial, &Session::default())?.verdict.to_string(), "no difference");
/// # Ok::<(), paso_study::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Study {
    config: StudyConfig,
}

impl Study {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for the first that makes no sense, [`Error::Schedule`] for a
    /// schedule that cannot be read or does not fit the steps.
    pub fn new(config: StudyConfig) -> Result<Self, Error> {
        config.validate()?;
        Ok(Self { config })
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &StudyConfig {
        &self.config
    }

    /// What [`run`](Self::run) will do. Print it before.
    #[must_use]
    pub fn plan(&self, session: &Session<'_>) -> Plan {
        Plan::new(&self.config, session.parallel_runs, None)
    }

    /// Does the study: every run that the session's folder does not have yet, then the answer.
    ///
    /// The answer depends on the outcomes alone, not on the order in which runs finished, how many
    /// ran at once, or how often the study was stopped and continued.
    ///
    /// # Errors
    /// A failed run, a file that cannot be used, a stop by the user, shards that are not finished,
    /// or divergence everywhere: see [`Error`].
    pub fn run(&self, trial: &dyn Trial, session: &Session<'_>) -> Result<Answer, Error> {
        self.settle(trial, session).map(|(answer, _)| answer)
    }

    /// As [`run`](Self::run), with everything that a reader may want to see next to the answer.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn report(
        &self,
        trial: &dyn Trial,
        session: &Session<'_>,
        about: About,
    ) -> Result<StudyReport, Error> {
        let (answer, journal) = self.settle(trial, session)?;
        Ok(StudyReport::new(answer, &journal, about))
    }

    fn settle(&self, trial: &dyn Trial, session: &Session<'_>) -> Result<(Answer, Journal), Error> {
        let mut journal = match (session.folder, session.shard) {
            (Some(folder), shard) => Journal::open(folder, shard, &self.config.fingerprint)?,
            (None, None) => Journal::in_memory(),
            (None, Some(shard)) => {
                let allowed = "in a folder, where the shards meet";
                return Err(Error::InvalidValue {
                    field: "shard",
                    value: shard.to_string(),
                    allowed,
                });
            }
        };
        if let (Some(shard), Some(_)) = (session.shard, session.budget) {
            let allowed = "without a budget: the shards would cut the study differently";
            return Err(Error::InvalidValue { field: "shard", value: shard.to_string(), allowed });
        }
        (session.observe)(&Event::Planned(&self.plan(session)));
        let pool = Pool { trial, session };
        let (config, cut) = self.within_budget(&pool, &mut journal)?;
        if session.budget.is_none() && session.shard.is_none() {
            let seconds = self.seconds_per_run(&pool, &mut journal)?;
            let plan = Plan::new(&config, session.parallel_runs, Some(seconds));
            (session.observe)(&Event::Measured(&plan));
        }
        let tuned = tune(&config, &mut journal, &pool)?;
        pool.run(&mut journal, &verdict_runs(&config, &tuned), 0)?;
        Ok((answer(config, &journal, tuned, cut.as_ref()), journal))
    }

    /// Makes the study fit, when there is a budget, after measuring the first runs.
    fn within_budget(
        &self,
        pool: &Pool<'_>,
        journal: &mut Journal,
    ) -> Result<(StudyConfig, Option<BudgetCut>), Error> {
        let Session { budget: Some(budget), folder, parallel_runs, observe, .. } = *pool.session
        else {
            return Ok((self.config.clone(), None));
        };
        let known = folder
            .map(|folder| BudgetPlan::load(folder, &self.config, budget))
            .transpose()?
            .flatten();
        let granted = match known {
            Some(granted) => granted,
            None => {
                let seconds = self.seconds_per_run(pool, journal)?;
                let granted =
                    BudgetPlan::decide(&self.config, budget, parallel_runs.max(1), seconds);
                folder.map_or(Ok(()), |folder| granted.save(folder))?;
                granted
            }
        };
        observe(&Event::BudgetCut(&granted.cut));
        observe(&Event::Planned(&Plan::new(
            &granted.config,
            parallel_runs,
            Some(granted.seconds_per_run),
        )));
        Ok((granted.config, Some(granted.cut)))
    }

    /// Mean duration of the first runs, as many as are trained at once.
    fn seconds_per_run(&self, pool: &Pool<'_>, journal: &mut Journal) -> Result<f64, Error> {
        let (low, high) = self.config.grid.start();
        let all = tuning_runs(&self.config, low, high);
        let at_once = pool.session.parallel_runs.max(1);
        let first: Vec<RunSpec> = groups(&all).into_iter().take(at_once).flatten().collect();
        pool.run(journal, &first, all.len() - first.len())?;
        let seconds: Vec<f64> =
            first.iter().filter_map(|run| journal.get(run)).map(|o| o.seconds).collect();
        Ok(mean(&seconds))
    }
}
