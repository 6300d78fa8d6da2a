//! A study within a time limit.
//!
//! A comparison may stop at any count of pairs, so the budget is first a limit of time: when the next
//! look would end after it, the study ends with what it has. Only where not even a first look and its
//! confirmation would fit is the training itself made shorter, which changes the question; the
//! verdict and the report say so in their first line.
//!
//! The plan is saved in `plan.json`: a continued study must not be shortened a second time.

use crate::config::StudyConfig;
use crate::error::Error;
use crate::race::{self, FIRST};
use crate::sequential::FIRST_LOOK;
use crate::stats::whole;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;

/// Name of the file with the plan within a budget.
const FILE_NAME: &str = "plan.json";

/// Pairs that a shortened study should have time for: enough for an effect of one standard
/// deviation.
const PAIRS: usize = 12;

/// The least share of the steps that are asked for. Below it, nothing is left of the question.
const LEAST_SHARE: f64 = 0.02;

/// The reductions that a budget made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BudgetCut {
    /// Steps of a run asked for and granted.
    pub steps: (u64, u64),
    /// Seeds for display asked for and granted.
    pub display: (usize, usize),
    /// Whether even the smallest study is longer than the budget.
    pub over_budget: bool,
}

impl BudgetCut {
    /// The consequences, one sentence per reduction; empty if nothing was reduced.
    #[must_use]
    pub fn costs(&self) -> Vec<String> {
        let mut costs = Vec::new();
        if let (asked, granted) = self.steps
            && granted < asked
        {
            costs.push(format!(
                "the budget allows runs of {granted} steps, {:.0} % of the {asked} of the training: the answer is about the shorter one",
                100.0 * granted as f64 / asked as f64
            ));
        }
        if self.display.1 < self.display.0 {
            costs.push("the budget leaves no time to train the other arms for display".into());
        }
        if self.over_budget {
            costs.push("even the smallest study takes longer than the budget".into());
        }
        costs
    }
}

/// Reduces `config` to `budget`, given the duration of a run.
fn fit(
    config: &StudyConfig,
    budget: Duration,
    parallel_runs: usize,
    seconds_per_run: f64,
) -> (StudyConfig, BudgetCut) {
    let affordable = budget.as_secs_f64() * parallel_runs as f64 / seconds_per_run.max(1e-9);
    // Race, pairs, and the runs of a confirmation.
    let runs = |pairs: usize| (race::runs(config, &FIRST) + 3 * pairs) as f64;
    let mut fitted = config.clone();
    if affordable < runs(FIRST_LOOK) {
        let share = (affordable / runs(PAIRS)).max(LEAST_SHARE);
        fitted.steps = (whole(share * config.steps as f64) as u64).clamp(1, config.steps);
        fitted.steps = fitting(config, fitted.steps);
        fitted.display = 0;
    }
    let length = fitted.steps as f64 / config.steps as f64;
    let cut = BudgetCut {
        steps: (config.steps, fitted.steps),
        display: (config.display, fitted.display),
        over_budget: runs(FIRST_LOOK) * length > affordable,
    };
    (fitted, cut)
}

/// The least number of steps from `least` on that every schedule fits into: a warm-up of so many
/// steps may need a longer run. Found by bisection, since whatever fits also fits into more.
fn fitting(config: &StudyConfig, least: u64) -> u64 {
    let fits = |steps: u64| StudyConfig { steps, ..config.clone() }.validate().is_ok();
    if fits(least) {
        return least;
    }
    let (mut short, mut long) = (least, config.steps);
    while long - short > 1 {
        let middle = u64::midpoint(short, long);
        if fits(middle) {
            long = middle;
        } else {
            short = middle;
        }
    }
    long
}

/// The plan within a budget. It is saved, so that a study that is stopped and continued keeps its
/// length.
#[derive(Serialize, Deserialize)]
pub(crate) struct BudgetPlan {
    asked: StudyConfig,
    budget: Duration,
    /// The configuration that runs.
    pub(crate) config: StudyConfig,
    /// The reductions.
    pub(crate) cut: BudgetCut,
    /// Duration of a run of the granted length when this was decided.
    pub(crate) seconds_per_run: f64,
}

impl BudgetPlan {
    /// Reduces `asked` to the budget.
    pub(crate) fn decide(
        asked: &StudyConfig,
        budget: Duration,
        parallel_runs: usize,
        seconds_per_run: f64,
    ) -> Self {
        let (config, cut) = fit(asked, budget, parallel_runs, seconds_per_run);
        let seconds_per_run = seconds_per_run * config.steps as f64 / asked.steps as f64;
        Self { asked: asked.clone(), budget, config, cut, seconds_per_run }
    }

    /// The plan of an earlier session for the same training and budget, if there is one. It may have
    /// allowed fewer pairs: more of them continue it at the same length.
    pub(crate) fn load(
        folder: &Path,
        asked: &StudyConfig,
        budget: Duration,
    ) -> Result<Option<Self>, Error> {
        /// A plan has a few thousand bytes.
        const LARGEST: u64 = 1 << 24;
        let path = folder.join(FILE_NAME);
        let text = match paso_files::read_text(&path, LARGEST) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::Io { path, source }),
        };
        let wrong = |line, what| {
            let reason = format!("not a plan ({what}); remove this file to plan again");
            Error::MalformedFile { path: path.clone(), line, reason }
        };
        let mut granted: Self =
            serde_json::from_str(&text).map_err(|e| wrong(e.line(), e.to_string()))?;
        let same = StudyConfig { pairs: asked.pairs, ..granted.asked.clone() } == *asked;
        if !same || granted.budget != budget {
            return Ok(None);
        }
        if !granted.is_consistent() {
            return Err(wrong(1, "what it grants is not what it says".into()));
        }
        granted.config.pairs = asked.pairs;
        Ok(Some(granted))
    }

    /// Whether the granted configuration is the one that was asked for with the reductions that are
    /// listed, so that a changed digit in one of them is found.
    fn is_consistent(&self) -> bool {
        let Self { asked, config, cut: BudgetCut { steps, display, .. }, seconds_per_run, .. } =
            self;
        let reduced = StudyConfig { steps: steps.1, display: display.1, ..asked.clone() };
        reduced == *config
            && (asked.steps, asked.display) == (steps.0, display.0)
            && steps.1 <= steps.0
            && display.1 <= display.0
            && config.validate().is_ok()
            && *seconds_per_run >= 0.0
    }

    /// Saves the plan atomically.
    pub(crate) fn save(&self, folder: &Path) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(self).expect("a plan has JSON");
        let path = folder.join(FILE_NAME);
        paso_files::write(&path, text.as_bytes()).map_err(|source| Error::Io { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five trained arms: a race of 38 runs, of a second each.
    fn granted(seconds: u64) -> (StudyConfig, BudgetCut) {
        let config = StudyConfig { display: 4, ..StudyConfig::default() };
        fit(&config, Duration::from_secs(seconds), 1, 1.0)
    }

    #[test]
    fn training_is_shortened_only_where_no_first_look_fits() {
        let (enough, cut) = granted(38 + 3 * 8);
        assert_eq!((enough.steps, enough.display), (1_000, 4));
        assert!(cut.costs().is_empty() && !cut.over_budget, "{cut:?}");
        let (short, _) = granted(38 + 3 * 8 - 1);
        assert!(short.steps < 1_000, "a second less is too little");
        let (short, cut) = granted(37);
        assert_eq!((short.steps, short.display), (500, 0), "time for 12 pairs and a confirmation");
        let costs = cut.costs();
        assert!(costs[0].contains("runs of 500 steps, 50 % of the 1000"), "{costs:?}");
        assert!(costs[1].contains("display") && costs.len() == 2, "{costs:?}");
        let (least, cut) = granted(1);
        assert_eq!(least.steps, 20, "never less than this");
        assert!(cut.over_budget && cut.costs().len() == 3, "and it says that this is too long");
    }

    #[test]
    fn a_larger_budget_never_does_less_and_no_schedule_stops_fitting() {
        let warm = crate::Arm::new("warm", "warmup(100) then linear(to 0)", crate::Role::Decay);
        let arms = [crate::Arm::usual(), vec![warm]].concat();
        let asked = StudyConfig { arms, ..StudyConfig::default() };
        let mut before = 0;
        for seconds in 1..200 {
            let (fitted, cut) = fit(&asked, Duration::from_secs(seconds), 2, 1.5);
            assert!(fitted.steps >= before && fitted.steps > 100, "{cut:?}");
            fitted.validate().expect("what is granted can run");
            before = fitted.steps;
        }
        assert_eq!(before, 1_000);
    }

    #[test]
    fn a_saved_plan_is_used_for_the_same_question_and_budget_only() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (asked, budget) = (StudyConfig::default(), Duration::from_secs(40));
        let load = |asked: &StudyConfig, budget| BudgetPlan::load(folder.path(), asked, budget);
        assert!(load(&asked, budget).expect("no file").is_none());
        let plan = BudgetPlan::decide(&asked, budget, 1, 2.0);
        plan.save(folder.path()).expect("written");
        let found = load(&asked, budget).expect("readable").expect("the same");
        assert_eq!((found.config, found.cut), (plan.config, plan.cut));
        assert!(load(&asked, Duration::from_secs(41)).expect("readable").is_none());
        let longer = StudyConfig { steps: 1_001, ..StudyConfig::default() };
        assert!(load(&longer, budget).expect("readable").is_none());
        std::fs::write(folder.path().join(FILE_NAME), "{\n\"asked\": 3}").expect("written");
        let error = load(&asked, budget).err().expect("no plan").to_string();
        assert!(
            error.contains("plan.json, line 2") && error.contains("remove this file"),
            "{error}"
        );
    }

    #[test]
    fn a_plan_whose_numbers_contradict_each_other_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (asked, budget) = (StudyConfig::default(), Duration::from_secs(40));
        BudgetPlan::decide(&asked, budget, 1, 2.0).save(folder.path()).expect("written");
        let path = folder.path().join(FILE_NAME);
        let whole: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).expect("the file")).expect("JSON");
        let load = || BudgetPlan::load(folder.path(), &asked, budget);
        for (place, value) in [
            ("/config/pairs", 9.into()),
            ("/config/steps", 7.into()),
            ("/config/grid/points", 9.into()),
            ("/cut/steps/0", 1.into()),
            ("/cut/display/1", 9.into()),
            ("/seconds_per_run", (-1.0).into()),
        ] {
            let mut changed = whole.clone();
            *changed.pointer_mut(place).expect(place) = value;
            assert_ne!(changed, whole, "{place}");
            std::fs::write(&path, changed.to_string()).expect("written");
            let said = load().err().unwrap_or_else(|| panic!("{place} was read")).to_string();
            assert!(said.contains("plan.json") && said.contains("remove this file"), "{said}");
        }
        std::fs::write(&path, whole.to_string()).expect("written");
        assert!(load().expect("whole").is_some());
    }
}
