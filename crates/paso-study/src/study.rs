//! Runs a study: plan, budget, race, comparisons, answer.
//!
//! The order of the steps is part of the method. Learning rates and arms are chosen on seeds of their
//! own, and only then the seeds of the pairs are run. If they were chosen on the same seeds, the
//! difference would be too large by the luck of the best of several ("winner's curse").

use crate::answer::Answer;
use crate::budget::{BudgetCut, BudgetPlan};
use crate::clock::Stopwatch;
use crate::conclude::{answer, named};
use crate::config::StudyConfig;
use crate::error::Error;
use crate::event::Event;
use crate::journal::Journal;
use crate::monitor::RunMonitor;
use crate::plan::Plan;
use crate::pool::{Asked, Pool};
use crate::procedure::{Next, Procedure, Question};
use crate::race::Wanted;
use crate::report::{About, Pending, StudyReport};
use crate::run_spec::RunSpec;
use crate::sequential::{Look, Verdict, next_look};
use crate::session::Session;
use crate::trial::Trial;
use crate::worker::{Worker, is_name};

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
    /// ran at once, or how often the study was stopped and continued. A study that ended undecided
    /// at its limit of pairs goes on from there when it is run again with a larger limit: the test
    /// stays valid.
    ///
    /// # Errors
    /// A failed run, a file that cannot be used, a stop by the user, or divergence everywhere: see
    /// [`Error`].
    pub fn run(&self, trial: &dyn Trial, session: &Session<'_>) -> Result<Answer, Error> {
        let session = Session { on_report: None, ..*session };
        self.settle(trial, &session, &About::default()).map(|report| report.answer)
    }

    /// As [`run`](Self::run), with everything that a reader may want to see next to the answer.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn report(
        &self,
        trial: &dyn Trial,
        session: &Session<'_>,
        about: &About,
    ) -> Result<StudyReport, Error> {
        self.settle(trial, session, about)
    }

    fn settle(
        &self,
        trial: &dyn Trial,
        session: &Session<'_>,
        about: &About,
    ) -> Result<StudyReport, Error> {
        let watch = Stopwatch::start();
        let mut journal = self.journal(session)?;
        let pool = Pool { trial, session };
        let (config, cut, seconds) = self.within_budget(&pool, &journal)?;
        (session.observe)(&Event::Planned(&Plan::new(&config, session.parallel_runs, seconds)));
        let mut procedure = Procedure::new(config);
        let deadline = session.budget.map(|budget| budget.as_secs_f64());
        let mut decide = |journal: &Journal, asked: Asked| loop {
            match procedure.next(journal)? {
                Next::Done => return Ok(None),
                Next::Raced(question) => raced(&procedure, session, question),
                Next::Looked(question, look) => {
                    looked(&procedure, session, question, &look);
                    if let Some(on_report) = session.on_report
                        && let Some(answer) = answer(&procedure, journal, cut.as_ref())
                    {
                        let pending = Pending::of(&procedure);
                        on_report(&StudyReport::new(
                            answer,
                            &procedure,
                            journal,
                            about.clone(),
                            pending,
                        ));
                    }
                }
                Next::Train { wanted, required } => {
                    let missing = |wanted: &Wanted| {
                        wanted.needed.iter().filter(|run| journal.get(run).is_none()).count()
                    };
                    let each = journal.seconds_per_run(procedure.config.steps).unwrap_or(0.0);
                    let takes =
                        each * missing(&wanted) as f64 / session.parallel_runs.max(1) as f64;
                    if asked == Asked::Complete
                        && !required
                        && deadline.is_some_and(|end| watch.seconds() + takes > end)
                    {
                        (session.observe)(&Event::OutOfTime);
                        return Ok(None);
                    }
                    return Ok(Some(wanted));
                }
            }
        };
        pool.run(&mut journal, &mut decide)?;
        let answer =
            answer(&procedure, &journal, cut.as_ref()).expect("the first look was required");
        Ok(StudyReport::new(answer, &procedure, &journal, about.clone(), None))
    }

    fn journal(&self, session: &Session<'_>) -> Result<Journal, Error> {
        let wrong = |worker: &Worker, allowed| {
            Err(Error::InvalidValue { field: "worker", value: worker.name.clone(), allowed })
        };
        match (session.folder, session.worker) {
            (_, Some(worker)) if session.budget.is_some() => {
                wrong(worker, "without a budget: workers would end at different looks")
            }
            (None, Some(worker)) => wrong(worker, "in a folder, where the workers meet"),
            (_, Some(worker)) if !is_name(&worker.name) => {
                wrong(worker, "1 to 120 letters, digits, dots, underscores and hyphens")
            }
            (Some(folder), worker) => {
                let name = worker.map(|worker| &worker.name[..]);
                Journal::open(folder, name, session.machine, &self.config.fingerprint)
            }
            (None, None) => Ok(Journal::in_memory()),
        }
    }

    /// The configuration within the budget, the reductions that it took, and the duration of a run
    /// as far as it is known.
    fn within_budget(
        &self,
        pool: &Pool<'_>,
        journal: &Journal,
    ) -> Result<(StudyConfig, Option<BudgetCut>, Option<f64>), Error> {
        let Session { budget, estimate, folder, parallel_runs, observe, .. } = *pool.session;
        let measured = || match journal.seconds_per_run(self.config.steps) {
            None if estimate || budget.is_some() => self.time_a_short_run(pool, journal),
            known => Ok(known),
        };
        let Some(budget) = budget else { return Ok((self.config.clone(), None, measured()?)) };
        let known = folder
            .map(|folder| BudgetPlan::load(folder, &self.config, budget))
            .transpose()?
            .flatten();
        let granted = match known {
            Some(granted) => granted,
            None => {
                let seconds = measured()?.unwrap_or(0.0);
                let granted =
                    BudgetPlan::decide(&self.config, budget, parallel_runs.max(1), seconds);
                folder.map_or(Ok(()), |folder| granted.save(folder))?;
                granted
            }
        };
        observe(&Event::BudgetCut(&granted.cut));
        Ok((granted.config, Some(granted.cut), Some(granted.seconds_per_run)))
    }

    /// The duration of a run, from one of 5 % of the steps on every thread. `None` where a schedule
    /// does not fit so few.
    fn time_a_short_run(&self, pool: &Pool<'_>, journal: &Journal) -> Result<Option<f64>, Error> {
        let baseline = &self.config.arms[self.config.baseline()];
        let steps = self.config.steps.div_ceil(20);
        if baseline.validate(self.config.grid.center, steps).is_err() {
            return Ok(None);
        }
        let watch = Stopwatch::start();
        let runs = pool.session.parallel_runs.max(1);
        let run = |number: usize| {
            let seed = self.config.tuning_seed(number);
            let mut run = RunSpec::new(&baseline.spec, self.config.grid.center, steps, seed);
            run.variant = baseline.variant.clone();
            let never = std::sync::atomic::AtomicBool::new(false);
            let monitor = RunMonitor::new(pool.session.cancel, &never, &|_| ());
            pool.trial.train(&run, &monitor).map_err(|source| (run.to_string(), source))
        };
        let results: Vec<_> = std::thread::scope(|scope| {
            let run = &run;
            let others = if cfg!(target_family = "wasm") { 1 } else { runs };
            let handles: Vec<_> =
                (1..others).map(|number| scope.spawn(move || run(number))).collect();
            let first = run(0);
            let join = |handle: std::thread::ScopedJoinHandle<'_, _>| {
                handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            std::iter::once(first).chain(handles.into_iter().map(join)).collect()
        });
        if pool.session.cancel.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(Error::Cancelled { finished: journal.len() });
        }
        for result in results {
            result.map_err(|(run, source)| Error::Trial { run, source })?;
        }
        let share = steps as f64 / self.config.steps as f64;
        Ok(Some(watch.seconds() / share))
    }
}

/// Tells the observer who is compared.
fn raced(procedure: &Procedure, session: &Session<'_>, question: Question) {
    let config = &procedure.config;
    let Some(progress) = procedure.progress(question) else { return };
    let (challenger, incumbent) =
        (named(config, progress.challenger.best), named(config, progress.incumbent.best));
    (session.observe)(&Event::Raced { question, challenger: &challenger, incumbent: &incumbent });
}

/// Tells the observer what a look found.
fn looked(procedure: &Procedure, session: &Session<'_>, question: Question, look: &Look) {
    let Some(progress) = procedure.progress(question) else { return };
    let open = progress.verdict() == Verdict::Undecided;
    let runner_up = progress.runner_up().map(|finalist| named(&procedure.config, finalist));
    let next = next_look(look.pairs + 1);
    (session.observe)(&Event::Looked {
        question,
        look,
        next: (open && next <= procedure.config.pairs).then_some(next),
        confirmation: runner_up.as_ref().map(|runner_up| (runner_up, !open)),
    });
}
