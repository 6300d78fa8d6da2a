//! The settings of a study, and the check that they make sense.
//!
//! The defaults find an effect of one standard deviation of the paired differences in about nine of
//! ten studies. A difference below [`StudyConfig::margin`] is called none, so the margin is the one
//! setting that everybody should think about: it has the unit of the metric.
//!
//! Tuning seeds start `2^32` above the first seed of the pairs, so the two never meet.

use crate::arm::{Arm, Role};
use crate::error::Error;
use crate::sequential::{FIRST_LOOK, Rule, looks};
use crate::stats::whole;
use serde::{Deserialize, Serialize};

/// The most pairs of a comparison: each costs two runs.
const MAX_PAIRS: usize = 1_000;

/// The most steps of a run. Schedules are compared at every step, and nobody waits for a study of
/// longer runs.
const MAX_STEPS: u64 = 10_000_000;

/// Everything that defines a study. Plain data; [`Study::new`](crate::Study::new) checks it. Fields
/// that a JSON or TOML file leaves out keep their defaults; an unknown field is an error, so that a
/// misspelled one is found.
///
/// ```
/// use paso_study::{Grid, Study, StudyConfig};
/// let config = StudyConfig {
///     steps: 2_000,
///     pairs: 48,
///     grid: Grid { center: 3e-3, ..Grid::default() },
///     metric: "accuracy".into(),
///     margin: 0.005, // half a percent of accuracy is of no interest
///     fingerprint: "cifar10, resnet20, batch 128".into(),
///     ..StudyConfig::default()
/// };
/// assert!(Study::new(config.clone()).is_ok());
/// let refused = Study::new(StudyConfig { pairs: 1, ..config }).unwrap_err();
/// assert!(refused.to_string().starts_with("pairs is 1; it must be between 8"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StudyConfig {
    /// What is compared. Default: [`Arm::usual`].
    pub arms: Vec<Arm>,
    /// Updates of every run. Default 1,000.
    pub steps: u64,
    /// At most this many pairs of runs for each comparison, 8 to 1,000. The comparison ends at the
    /// last [look](crate::sequential::looks) that this allows, and earlier when it is decided.
    /// Default 40, of which an effect of one standard deviation needs about 10.
    pub pairs: usize,
    /// First seed of the pairs. Default 0.
    pub first_seed: u64,
    /// Seeds on which the arms that are in no comparison are trained as well, for the report; at
    /// most `pairs`. They change no verdict. Default 0: those arms are shown with their tuning runs.
    pub display: usize,
    /// The peak learning rates tried for every arm.
    pub grid: Grid,
    /// Horizons of the averaged weights, as shares of the run, in `0..=1`. Default 1 %, 5 % and 20
    /// %.
    pub averaging: Vec<f64>,
    /// What the metric is called. Default `"metric"`.
    pub metric: String,
    /// Differences smaller than this are of no interest, in units of the metric. Default 0.01.
    pub margin: f64,
    /// Chance of a wrong "helps" or "harms" when there is no difference, above 0 and below 0.5. A
    /// confirmation may spend twice as much. Default 0.05.
    pub alpha: f64,
    /// What else the runs depend on (data, net, batch size, version), in any wording. Runs that
    /// were kept under another wording are refused rather than mixed in. Default empty.
    pub fingerprint: String,
}

/// Peak learning rates to try: `points` of them, a `factor` apart, around `center`.
///
/// When the best learning rate of an arm that is to be compared lies at an end of its grid, the grid
/// of that arm grows there by a point, until the best lies inside or there are `max_points`. Then the
/// baseline, and the best alternative, get one more between the best learning rate and the better one
/// of those next to it, if the race went on with one of them: `sqrt(factor)` from both. Learning rates are
/// `center * factor^(i/2)`, `i` odd for those only, rounded to six digits so that all machines
/// have the same ones.
///
/// ```
/// use paso_study::{Grid, Session, Study, StudyConfig};
/// let grid = Grid { center: 1e-3, factor: 10.0, points: 4, max_points: 7 };
/// let study = Study::new(StudyConfig { grid, ..StudyConfig::default() })?;
/// // An even number of points has one more below the center.
/// assert_eq!(study.plan(&Session::default()).lrs, [1e-5, 1e-4, 1e-3, 1e-2]);
/// # Ok::<(), paso_study::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Grid {
    /// The middle of the grid, above 0. Default 1e-3, Adam's usual learning rate.
    pub center: f64,
    /// Ratio of neighboring learning rates, above 1. Default 3.
    pub factor: f64,
    /// Number of learning rates to begin with. Default 3. With 1 nothing is tuned.
    pub points: usize,
    /// Number of learning rates at most, without one between two of them. Default 7.
    pub max_points: usize,
}

impl Default for Grid {
    fn default() -> Self {
        Self { center: 1e-3, factor: 3.0, points: 3, max_points: 7 }
    }
}

impl Default for StudyConfig {
    fn default() -> Self {
        Self {
            arms: Arm::usual(),
            steps: 1_000,
            pairs: 40,
            first_seed: 0,
            display: 0,
            grid: Grid::default(),
            averaging: vec![0.01, 0.05, 0.2],
            metric: "metric".into(),
            margin: 0.01,
            alpha: 0.05,
            fingerprint: String::new(),
        }
    }
}

/// Tuning seeds begin this far above the verdict's, so that neither ever reaches the other.
const TUNING_OFFSET: u64 = 1 << 32;

impl StudyConfig {
    /// The tuning seed with this number.
    pub(crate) fn tuning_seed(&self, number: usize) -> u64 {
        self.first_seed.wrapping_add(TUNING_OFFSET).wrapping_add(number as u64)
    }

    /// The number of a tuning seed, if it is one.
    #[cfg(feature = "html")]
    pub(crate) fn tuning_number(&self, seed: u64) -> Option<usize> {
        (0..crate::race::SEEDS).find(|number| self.tuning_seed(*number) == seed)
    }

    /// The seed of the pair with this number.
    pub(crate) fn pair_seed(&self, number: usize) -> u64 {
        self.first_seed.wrapping_add(number as u64)
    }

    /// The counts of pairs at which a comparison looks.
    pub(crate) fn looks(&self) -> impl Iterator<Item = usize> {
        let most = self.pairs;
        looks().take_while(move |look| *look <= most)
    }

    /// The level and the margin of every test.
    pub(crate) fn rule(&self) -> Rule {
        Rule { alpha: self.alpha, margin: self.margin }
    }

    /// The rule of a confirmation: twice the level, as far as a test can have it, and no margin,
    /// since it only has to cross.
    pub(crate) fn confirmation_rule(&self) -> Rule {
        // A level is below 0.5, see `Rule::validate`.
        Rule { alpha: (2.0 * self.alpha).min(0.5_f64.next_down()), margin: 0.0 }
    }

    /// Averaging horizons in steps, at least one.
    pub(crate) fn horizons(&self) -> Vec<u64> {
        self.averaging
            .iter()
            .map(|share| (whole((share * self.steps as f64).round()) as u64).max(1))
            .collect()
    }

    /// The baseline arm's index. The check made sure that there is one.
    pub(crate) fn baseline(&self) -> usize {
        self.arms.iter().position(|arm| arm.role == Role::Baseline).expect("checked: one baseline")
    }

    /// The first setting that makes no sense, as an error.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        let wrong =
            |field, value: String, allowed| Err(Error::InvalidValue { field, value, allowed });
        let Grid { center, factor, points, max_points } = self.grid;
        if self.steps == 0 || self.steps > MAX_STEPS {
            let allowed = "1 to 10000000: every run is compared step by step with the others";
            return wrong("steps", self.steps.to_string(), allowed);
        }
        if self.pairs < FIRST_LOOK || self.pairs > MAX_PAIRS {
            let allowed = "between 8 and 1000: fewer than 8 pairs can never decide";
            return wrong("pairs", self.pairs.to_string(), allowed);
        }
        if self.display > self.pairs {
            return wrong("display", self.display.to_string(), "at most the number of pairs");
        }
        if !(center > 0.0 && center.is_finite()) {
            return wrong("grid.center", center.to_string(), "a learning rate above 0");
        }
        if !(factor > 1.0 && factor <= 1_000.0) {
            return wrong("grid.factor", factor.to_string(), "above 1 and at most 1000");
        }
        if points == 0 || points > 99 {
            return wrong("grid.points", points.to_string(), "between 1 and 99");
        }
        if max_points < points || max_points > 99 {
            return wrong("grid.max_points", max_points.to_string(), "between grid.points and 99");
        }
        let ends = self.grid.ends();
        if !ends.iter().all(|lr| lr.is_normal()) {
            let value = format!("{:e} to {:e} at its widest", ends[0], ends[1]);
            return wrong("grid", value, "learning rates that are above 0 and finite");
        }
        if let Some(share) = self.averaging.iter().find(|share| !(0.0..=1.0).contains(*share)) {
            return wrong("averaging", share.to_string(), "a share of the run, between 0 and 1");
        }
        self.rule().validate()?;
        self.validate_arms()
    }

    fn validate_arms(&self) -> Result<(), Error> {
        let wrong =
            |value: String, allowed| Err(Error::InvalidValue { field: "arms", value, allowed });
        let names: Vec<&str> = self.arms.iter().map(|arm| arm.name.as_str()).collect();
        let list = || names.join(", ");
        if let Some((i, name)) =
            names.iter().enumerate().find(|(i, name)| names[..*i].contains(name))
        {
            return wrong(format!("`{name}` twice (arm {})", i + 1), "distinct names");
        }
        if names.iter().any(|name| name.trim().is_empty()) {
            return wrong(list(), "names that are not empty");
        }
        let count = |role| self.arms.iter().filter(|arm| arm.role == role).count();
        if count(Role::Baseline) != 1 {
            return wrong(list(), "exactly one baseline and at least one decay");
        }
        if count(Role::Decay) == 0 {
            return wrong(list(), "exactly one baseline and at least one decay");
        }
        if self.averaging.is_empty() && self.arms.iter().any(|arm| arm.averaged) {
            return wrong(list(), "without averaged arms when `averaging` names no horizon");
        }
        // At the ends as well: no learning rate of the race may be a surprise.
        let [low, high] = self.grid.ends();
        let lrs = [self.grid.center, low, high];
        let fits = |arm: &Arm| lrs.iter().try_for_each(|lr| arm.validate(*lr, self.steps));
        self.arms.iter().try_for_each(fits)
    }
}

impl Grid {
    /// A grid of one learning rate: nothing is tuned, every arm has this peak. A difference may
    /// then be the learning rate's and not the schedule's, and the answer says so. For branching
    /// off a run that exists, whose learning rate is what it is.
    ///
    /// ```
    /// use paso_study::{Grid, StudyConfig};
    /// let config = StudyConfig { grid: Grid::fixed(3e-4), ..StudyConfig::default() };
    /// assert_eq!(config.grid.points, 1);
    /// ```
    #[must_use]
    pub fn fixed(lr: f64) -> Self {
        Self { center: lr, points: 1, max_points: 1, ..Self::default() }
    }

    /// The learning rate `index` half points above the center (below, if negative), rounded to six
    /// digits.
    ///
    /// Only multiplications, a division, a square root, which IEEE 754 rounds correctly, and a decimal
    /// rounding: the same index gives the same bits on every machine, as merging needs.
    pub(crate) fn lr(&self, index: i32) -> f64 {
        let whole = (0..index.unsigned_abs() / 2).fold(1.0, |power, _| power * self.factor);
        let power = if index % 2 == 0 { whole } else { whole * self.factor.sqrt() };
        let exact = if index < 0 { self.center / power } else { self.center * power };
        format!("{exact:.5e}").parse().expect("a float just printed")
    }

    /// The lowest and the highest learning rate that widening can reach.
    fn ends(&self) -> [f64; 2] {
        let (low, high) = self.start();
        let more = i32::try_from(self.max_points - self.points).expect("checked: at most 99");
        [self.lr(2 * (low - more)), self.lr(2 * (high + more))]
    }

    /// First and last index of the grid to begin with. An even number of points has one more below
    /// the center.
    pub(crate) fn start(&self) -> (i32, i32) {
        let points = i32::try_from(self.points).expect("checked: at most 99");
        (-(points / 2), (points - 1) / 2)
    }
}
