//! Reduces a study to a time budget.
//!
//! A budget is spent on what decides. The order of the cuts: tuning seeds (the choice of learning
//! rates becomes noisier, but stays fair), seeds of the verdict above six (a difference must be
//! larger to be found), learning rates (with one, nothing is tuned), and at last seeds below six,
//! after which nothing can be decided. Every cut is reported in the notes of the answer.
//!
//! The duration of a run is measured on the first ones, so a budget is kept about, not exactly. The
//! plan is saved in `plan.json`: a continued study must not be cut a second time.

use crate::config::{MIN_SEEDS, StudyConfig};
use crate::error::Error;
use crate::plan::{runs, trained};
use crate::stats::{smallest_p, whole};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Duration;

/// Name of the file with the plan within a budget.
const FILE_NAME: &str = "plan.json";

/// The reductions that a budget made, and their consequences.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BudgetCut {
    /// Tuning seeds asked for and granted.
    pub tuning_seeds: (usize, usize),
    /// Seeds of the verdict asked for and granted.
    pub seeds: (usize, usize),
    /// Learning rates per arm before widening, asked for and granted.
    pub points: (usize, usize),
    /// Largest number of learning rates after widening, asked for and granted.
    pub max_points: (usize, usize),
    /// Whether even the smallest study is longer than the budget.
    pub over_budget: bool,
}

impl BudgetCut {
    /// The consequences, one sentence per reduction; empty if nothing was reduced.
    #[must_use]
    pub fn costs(&self) -> Vec<String> {
        let mut costs = Vec::new();
        if let (asked, granted) = self.tuning_seeds
            && granted < asked
        {
            costs.push(format!("learning rates are tuned on {granted} instead of {asked} seeds: the choice of learning rate and arm is noisier"));
        }
        if let (asked, granted) = self.points
            && granted < asked
        {
            let consequence = if granted == 1 {
                "nothing is tuned, so a difference may come from the learning rate and not from the schedule"
            } else {
                "learning rates are tuned more coarsely"
            };
            costs.push(format!(
                "{granted} instead of {asked} learning rates are tried: {consequence}"
            ));
        }
        if let (asked, granted) = self.max_points
            && granted < asked
        {
            costs.push(format!("the grid can grow to {granted} instead of {asked} learning rates: a best one outside it is missed"));
        }
        if let (asked, granted) = self.seeds
            && granted < asked
        {
            costs.push(format!(
                "{granted} instead of {asked} seeds: the least p-value is {:.3} instead of {:.3}, and a difference must be about {:.1} times as large to be detected",
                smallest_p(granted), smallest_p(asked), (asked as f64 / granted as f64).sqrt()
            ));
            if granted < MIN_SEEDS && asked >= MIN_SEEDS {
                costs.push("with so few seeds the verdict is always \"undecided\"".into());
            }
        }
        if self.over_budget {
            costs.push("even the smallest study takes longer than the budget".into());
        }
        costs
    }
}

/// Reduces `config` to `budget`, given the duration of a run, and reports the reductions.
///
/// Taken in this order, and only as far as needed: tuning seeds down to one; seeds of the verdict
/// down to the least that can decide; learning rates down to one; seeds down to two. What is left
/// over bounds how far the grid may widen.
fn fit(
    config: &StudyConfig,
    budget: Duration,
    parallel_runs: usize,
    seconds_per_run: f64,
) -> (StudyConfig, BudgetCut) {
    let affordable = budget.as_secs_f64() * parallel_runs as f64 / seconds_per_run.max(1e-9);
    let too_long = |config: &StudyConfig| runs(config) as f64 > affordable;
    let mut fitted = config.clone();
    while too_long(&fitted) && fitted.tuning_seeds > 1 {
        fitted.tuning_seeds -= 1;
    }
    while too_long(&fitted) && fitted.seeds > MIN_SEEDS {
        fitted.seeds -= 1;
    }
    while too_long(&fitted) && fitted.grid.points > 1 {
        fitted.grid.points -= 1;
    }
    while too_long(&fitted) && fitted.seeds > 2 {
        fitted.seeds -= 1;
    }
    let spare = (affordable - runs(&fitted) as f64).max(0.0)
        / (trained(config) * fitted.tuning_seeds) as f64;
    fitted.grid.max_points =
        config.grid.max_points.min(fitted.grid.points.saturating_add(whole(spare)));
    let cut = BudgetCut {
        tuning_seeds: (config.tuning_seeds, fitted.tuning_seeds),
        seeds: (config.seeds, fitted.seeds),
        points: (config.grid.points, fitted.grid.points),
        max_points: (config.grid.max_points, fitted.grid.max_points),
        over_budget: too_long(&fitted),
    };
    (fitted, cut)
}

/// The plan within a budget. It is saved, so that a study that is stopped and continued keeps its
/// size.
#[derive(Serialize, Deserialize)]
pub(crate) struct BudgetPlan {
    asked: StudyConfig,
    budget: Duration,
    /// The configuration that runs.
    pub(crate) config: StudyConfig,
    /// The reductions.
    pub(crate) cut: BudgetCut,
    /// Duration of a run when this was decided.
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
        Self { asked: asked.clone(), budget, config, cut, seconds_per_run }
    }

    /// The plan of an earlier session for the same configuration and budget, if there is one.
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
        let granted: Self =
            serde_json::from_str(&text).map_err(|e| wrong(e.line(), e.to_string()))?;
        if granted.asked != *asked || granted.budget != budget {
            return Ok(None);
        }
        if !granted.is_consistent() {
            return Err(wrong(1, "what it grants is not what it says".into()));
        }
        Ok(Some(granted))
    }

    /// Whether the granted configuration is the one that was asked for with the reductions that are
    /// listed, so that a changed digit in one of them is found.
    fn is_consistent(&self) -> bool {
        let Self { asked, config, cut, seconds_per_run, .. } = self;
        let BudgetCut { tuning_seeds, seeds, points, max_points, .. } = *cut;
        let known = (asked.tuning_seeds, asked.seeds, asked.grid.points, asked.grid.max_points);
        let mut reduced = asked.clone();
        (reduced.tuning_seeds, reduced.seeds) = (tuning_seeds.1, seeds.1);
        (reduced.grid.points, reduced.grid.max_points) = (points.1, max_points.1);
        reduced == *config
            && known == (tuning_seeds.0, seeds.0, points.0, max_points.0)
            && [tuning_seeds, seeds, points, max_points].iter().all(|(asked, got)| got <= asked)
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

    #[test]
    fn a_budget_takes_the_cheapest_losses_first() {
        let config = StudyConfig { seeds: 12, ..StudyConfig::default() };
        // Five trained arms: 5 * (3 * 2 + 12) = 90 runs of a second.
        let granted = |seconds| fit(&config, Duration::from_secs(seconds), 1, 1.0);
        let (all, cut) = granted(1_000);
        assert_eq!(
            (all, cut.costs()),
            (config.clone(), Vec::<String>::new()),
            "enough for everything"
        );
        let (some, cut) = granted(75);
        assert_eq!(
            (some.tuning_seeds, some.seeds, some.grid.points),
            (1, 12, 3),
            "one tuning seed less is enough"
        );
        assert_eq!(cut.costs().len(), 2, "and a smaller limit of the grid: {:?}", cut.costs());
        let (few, _) = granted(45);
        assert_eq!(
            (few.tuning_seeds, few.seeds, few.grid.points),
            (1, 6, 3),
            "then seeds, down to six"
        );
        let (fewer, cut) = granted(35);
        assert_eq!((fewer.tuning_seeds, fewer.seeds, fewer.grid.points), (1, 6, 1), "then rates");
        assert!(cut.costs().iter().any(|cost| cost.contains("nothing is tuned")), "said loudly");
        let (least, cut) = granted(3);
        assert_eq!(
            (least.tuning_seeds, least.seeds, least.grid.points),
            (1, 2, 1),
            "never less than this"
        );
        assert!(cut.over_budget, "and it says that this is too long");
        assert!(runs(&fewer) <= 35 && runs(&few) <= 45 && runs(&some) <= 75, "the plans fit");
    }

    #[test]
    fn no_cut_exceeds_its_budget_or_what_was_asked_for() {
        for (tuning_seeds, seeds, points) in [(1, 2, 1), (3, 6, 3), (5, 20, 7), (2, 40, 4)] {
            let grid = crate::Grid { points, max_points: points + 3, ..crate::Grid::default() };
            let asked = StudyConfig { tuning_seeds, seeds, grid, ..StudyConfig::default() };
            let mut before = 0;
            for seconds in 1..400 {
                for parallel in [1, 3] {
                    let (fitted, cut) = fit(&asked, Duration::from_secs(seconds), parallel, 1.5);
                    let affordable = seconds as f64 * parallel as f64 / 1.5;
                    assert_eq!(cut.over_budget, runs(&fitted) as f64 > affordable, "{cut:?}");
                    for (asked, granted) in
                        [cut.tuning_seeds, cut.seeds, cut.points, cut.max_points]
                    {
                        assert!(1 <= granted && granted <= asked, "{cut:?}");
                    }
                    let widened = fitted.grid.max_points - fitted.grid.points;
                    let most = runs(&fitted) + trained(&fitted) * widened * fitted.tuning_seeds;
                    assert!(cut.over_budget || most as f64 <= affordable, "widening: {cut:?}");
                    assert_eq!(cut.costs().is_empty(), fitted == asked, "said: {cut:?}");
                    fitted.validate().expect("what is granted can run");
                }
                let (fitted, _) = fit(&asked, Duration::from_secs(seconds), 1, 1.5);
                assert!(runs(&fitted) >= before, "a larger budget never does less");
                before = runs(&fitted);
            }
        }
    }

    #[test]
    fn seeds_of_the_verdict_outlive_tuning_seeds_and_learning_rates_outlive_seven_seeds() {
        let config = StudyConfig { seeds: 9, tuning_seeds: 4, ..StudyConfig::default() };
        for seconds in 1..120 {
            let (_, cut) = fit(&config, Duration::from_secs(seconds), 1, 1.0);
            if cut.seeds.1 < 9 {
                assert_eq!(cut.tuning_seeds.1, 1, "tuning seeds go first: {cut:?}");
            }
            if cut.points.1 < 3 {
                assert!(cut.seeds.1 <= MIN_SEEDS, "then seeds that are not needed: {cut:?}");
            }
            if cut.seeds.1 < MIN_SEEDS {
                assert_eq!(cut.points.1, 1, "then learning rates: {cut:?}");
            }
        }
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
            ("/config/seeds", 4.into()),
            ("/config/steps", 7.into()),
            ("/config/grid/points", 9.into()),
            ("/cut/seeds/0", 1.into()),
            ("/cut/points/1", 9.into()),
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
