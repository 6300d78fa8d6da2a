//! The study itself: plan, tune, run the pairs, answer.

use crate::answer::{AgainstAlternative, Answer, ArmAnswer};
use crate::budget::{BudgetCut, BudgetPlan};
use crate::compare::{Verdict, compare};
use crate::config::StudyConfig;
use crate::journal::Journal;
use crate::plan::Plan;
use crate::pool::{Pool, groups};
use crate::report::{About, StudyReport};
use crate::session::{Event, Session};
use crate::stats::{bca, holm, mean};
use crate::tune::{Tuned, metric_of, run_of, runs, tune};
use crate::why::NoiseAnalysis;
use crate::{Error, Role, RunSpec, Trial};

/// A study whose settings have been checked.
#[derive(Clone, Debug)]
pub struct Study {
    config: StudyConfig,
}

impl Study {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for the first that makes no sense, [`Error::Schedule`] for a schedule that cannot be read or
    /// does not fit the steps.
    pub fn new(config: StudyConfig) -> Result<Self, Error> {
        config.check()?;
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
    /// The answer depends on the outcomes alone, not on the order in which runs finished, how many ran at once, or how
    /// often the study was stopped and continued.
    ///
    /// # Errors
    /// A failed run, a file that cannot be used, a stop by the user, shards that are not finished, or divergence everywhere: see
    /// [`Error`].
    pub fn run(&self, trial: &dyn Trial, session: &Session<'_>) -> Result<Answer, Error> {
        self.settle(trial, session).map(|(answer, _)| answer)
    }

    /// As [`run`](Self::run), with everything that a reader may want to see beside the answer.
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
        let all = runs(&self.config, low, high);
        let at_once = pool.session.parallel_runs.max(1);
        let first: Vec<RunSpec> = groups(&all).into_iter().take(at_once).flatten().collect();
        pool.run(journal, &first, all.len() - first.len())?;
        let seconds: Vec<f64> =
            first.iter().filter_map(|run| journal.get(run)).map(|o| o.seconds).collect();
        Ok(mean(&seconds))
    }
}

/// The runs of the verdict, seed by seed, each once.
pub(crate) fn verdict_runs(config: &StudyConfig, tuned: &[Tuned]) -> Vec<RunSpec> {
    let mut runs: Vec<RunSpec> = Vec::new();
    for seed in config.verdict() {
        for (arm, tuned) in config.arms.iter().zip(tuned) {
            let run = run_of(config, arm, tuned.peak_lr, seed);
            if !runs.contains(&run) {
                runs.push(run);
            }
        }
    }
    runs
}

/// Every arm's metric for every seed of the verdict; NaN where it diverged.
fn metrics(config: &StudyConfig, journal: &Journal, tuned: &[Tuned]) -> Vec<Vec<f64>> {
    let of_arm = |(arm, tuned): (&crate::Arm, &Tuned)| {
        let horizon =
            tuned.horizon.and_then(|steps| config.horizons().iter().position(|h| *h == steps));
        config
            .verdict()
            .map(|seed| {
                journal
                    .get(&run_of(config, arm, tuned.peak_lr, seed))
                    .expect("runs of the verdict are done")
            })
            .map(|outcome| metric_of(outcome, horizon))
            .collect()
    };
    config.arms.iter().zip(tuned).map(of_arm).collect()
}

/// The statistics. Everything random happened before.
fn answer(
    config: StudyConfig,
    journal: &Journal,
    tuned: Vec<Tuned>,
    cut: Option<&BudgetCut>,
) -> Answer {
    let raw = metrics(&config, journal, &tuned);
    let worst =
        raw.iter().flatten().copied().filter(|m| m.is_finite()).fold(f64::INFINITY, f64::min);
    let worst = if worst.is_finite() { worst } else { 0.0 };
    let values: Vec<Vec<f64>> = raw
        .iter()
        .map(|arm| arm.iter().map(|m| if m.is_finite() { *m } else { worst }).collect())
        .collect();
    let difference = |a: usize, b: usize| -> Vec<f64> {
        values[a].iter().zip(&values[b]).map(|(x, y)| x - y).collect()
    };
    let baseline = config.baseline();
    let compared = |a, b| compare(&difference(a, b), config.margin, config.alpha);
    let comparisons: Vec<_> = (0..config.arms.len()).map(|arm| compared(arm, baseline)).collect();
    let others: Vec<usize> = (0..config.arms.len()).filter(|arm| *arm != baseline).collect();
    let adjusted = holm(&others.iter().map(|arm| comparisons[*arm].p).collect::<Vec<_>>());
    let p_holm =
        |arm: usize| others.iter().position(|other| *other == arm).map_or(1.0, |i| adjusted[i]);
    let best = best_on_tuning(&config, &tuned, Role::Decay).expect("checked: at least one decay");
    let arms: Vec<ArmAnswer> = config
        .arms
        .iter()
        .zip(tuned.iter())
        .enumerate()
        .map(|(i, (arm, tuned))| ArmAnswer {
            name: arm.name.clone(),
            spec: arm.spec.clone(),
            role: arm.role,
            peak_lr: tuned.peak_lr,
            mean: mean(&values[i]),
            diff: comparisons[i].diff,
            ci_low: comparisons[i].interval.low,
            ci_high: comparisons[i].interval.high,
            bca: bca(&difference(i, baseline), 1.0 - config.alpha),
            p: comparisons[i].p,
            p_holm: p_holm(i),
            share_better: comparisons[i].share_better,
            verdict: comparisons[i].verdict,
            values: values[i].clone(),
            diverged: raw[i].iter().filter(|m| !m.is_finite()).count(),
            tuned: tuned.clone(),
        })
        .collect();
    let against_alternative =
        best_on_tuning(&config, &tuned, Role::Alternative).map(|alternative| AgainstAlternative {
            alternative: config.arms[alternative].name.clone(),
            comparison: compared(best, alternative),
        });
    Answer {
        verdict: comparisons[best].verdict,
        best_arm: config.arms[best].name.clone(),
        metric: config.metric.clone(),
        seeds: config.seeds,
        more_seeds: comparisons[best].more_seeds,
        notes: notes(&arms, best, cut, config.alpha),
        noise: NoiseAnalysis::new(&config, journal, &tuned, best),
        arms,
        against_alternative,
        config,
    }
}

/// The arm of a role with the best mean on the tuning seeds; the first among equals.
fn best_on_tuning(config: &StudyConfig, tuned: &[Tuned], role: Role) -> Option<usize> {
    let of_role = (0..config.arms.len()).filter(|arm| config.arms[*arm].role == role);
    of_role.rev().max_by(|a, b| tuned[*a].mean.total_cmp(&tuned[*b].mean))
}

/// What limits the answer.
fn notes(arms: &[ArmAnswer], best: usize, cut: Option<&BudgetCut>, alpha: f64) -> Vec<String> {
    let mut notes = cut.map(BudgetCut::costs).unwrap_or_default();
    let untuned = arms.iter().all(|arm| arm.tuned.tried.iter().all(|t| t.peak_lr == arm.peak_lr));
    if untuned {
        notes.push(format!(
            "no rate was tuned, every arm had {:e}: a difference may be the rate's and not the schedule's",
            arms[best].peak_lr
        ));
    }
    for arm in arms {
        if arm.tuned.at_edge && !untuned {
            let which = if arm.tuned.tried.first().is_some_and(|first| first.peak_lr == arm.peak_lr)
            {
                "lowest"
            } else {
                "highest"
            };
            notes.push(format!("{}: the best peak rate is the {which} that was tried, {:e}; an even better one may lie beyond", arm.name, arm.peak_lr));
        }
        if arm.diverged > 0 {
            notes.push(format!(
                "{}: {} of {} runs diverged and count as the worst metric of the study",
                arm.name,
                arm.diverged,
                arm.values.len()
            ));
        }
    }
    for arm in arms
        .iter()
        .enumerate()
        .filter(|(i, arm)| *i != best && arm.role == Role::Decay)
        .map(|(_, arm)| arm)
    {
        if arm.verdict == Verdict::Helps
            && arms[best].verdict != Verdict::Helps
            && arm.p_holm <= alpha
        {
            notes.push(format!("{} would be said to help, but tuning did not choose it, so the verdict is not about it", arm.name));
        }
    }
    notes
}
