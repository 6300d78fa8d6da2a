//! Settles whether a learning-rate schedule helps: paired seeds, tuned rates, honest intervals.
//!
//! "Adam adapts its rates itself, so decay is pointless." "Always decay." "Try it." All three answer the same question, and
//! none of them has seen your data. This crate tries it for you, in the way that leaves nothing to luck: it runs *your* training
//! loop, which it knows only as a [`Trial`], with every schedule on the same seeds, each at its own tuned rate, and says
//! **helps**, **harms**, **no difference** or **undecided**, with an interval.
//!
//! # The rule
//!
//! 1. *Tuning.* Every arm gets the same grid of peak rates on the same tuning seeds, and takes the rate with the best mean.
//!    When any arm's best is at an end of the grid, the grid grows there for all arms: nobody is tuned with more runs.
//!    An averaged arm also chooses its horizon here; that costs no run.
//! 2. *The comparison is fixed before the verdict's seeds are run.* The decaying arm with the best tuned mean is the one that
//!    the verdict is about. So there is one test, at the full level, and no correction for having looked at several schedules.
//! 3. *Pairs.* On fresh seeds, each arm is trained once a seed. The verdict looks at the differences to the baseline, seed
//!    by seed: [`compare`] states how.
//! 4. *The other arms* are reported with the same figures, and with p-values adjusted by Holm's method over all arms. They
//!    are there to be looked at; they never turn the verdict.
//! 5. *Averaged weights* are an alternative to decay, not a kind of it. The best decaying arm is compared with the best
//!    alternative as well, since decay may help those who do not average and be useless to those who do.
//!
//! # What else there is
//!
//! * [`Study::report`] gives the answer with everything around it, as data with a version; with the feature `html`,
//!   `StudyReport::html` makes it a page that needs neither network nor script.
//! * [`Trial::train_branches`] lets runs that begin alike share their beginning: a schedule that is constant for four fifths costs
//!   its last fifth only.
//! * [`Shard`] and [`merge`] spread a study over machines or a job array.
//! * [`range_test`] finds the rates to begin with; [`theory`] and [`validate`] hold an optimizer against closed forms.
//!
//! # How many seeds
//!
//! Seeds are meant to be chosen beforehand. Adding seeds until the answer pleases raises the chance of a wrong "helps" above its
//! 5 %; "about k more seeds" is meant to be followed once.
//!
//! ```
//! use paso_study::{Outcome, RunSpec, Session, Study, StudyConfig, TrialError, RunMonitor};
//!
//! // A loop that trains nothing: every seed has its own luck, and linear decay gives 0.02 more than that.
//! let trial = |run: &RunSpec, _: &RunMonitor| -> Result<Outcome, TrialError> {
//!     let luck = (run.seed % 7) as f64 / 100.0;
//!     let gain = if run.spec.starts_with("linear") { 0.02 } else { 0.0 };
//!     let metric = 0.5 + luck + gain;
//!     Ok(Outcome { metric, averaged: vec![metric; run.averaging.len()], ..Outcome::default() })
//! };
//! let study = Study::new(StudyConfig { metric: "accuracy".into(), ..StudyConfig::default() })?;
//! let session = Session::default();
//! println!("{}", study.plan(&session));
//! let answer = study.run(&trial, &session)?;
//! assert_eq!(answer.verdict.to_string(), "helps");
//! assert_eq!(answer.best_arm, "linear");
//! # Ok::<(), paso_study::Error>(())
//! ```

mod answer;
mod arm;
mod audit;
mod budget;
mod clock;
mod compare;
mod config;
mod error;
mod evaluate;
mod event;
mod journal;
mod json;
mod merge;
mod monitor;
mod noise;
mod notes;
mod outcome;
mod plan;
mod pool;
mod report;
mod run_spec;
mod runs;
mod session;
mod shard;
mod study;
mod text;
mod trial;
mod tune;
mod variant;

pub mod range_test;
pub mod stats;
pub mod theory;
pub mod validate;

// What to compare, and how.
pub use arm::{Arm, Role};
pub use config::{Grid, MIN_SEEDS, StudyConfig};
pub use plan::Plan;
pub use study::Study;
pub use variant::Variant;

// The training loop.
pub use audit::{LrHistogram, RunAudit};
pub use monitor::RunMonitor;
pub use outcome::{CurvePoint, Outcome};
pub use run_spec::RunSpec;
pub use trial::Trial;

// Running a study.
pub use budget::BudgetCut;
pub use event::{Event, Progress};
pub use merge::{Merged, merge};
pub use session::Session;
pub use shard::Shard;

// Results.
pub use answer::{AgainstAlternative, Answer, ArmAnswer};
pub use compare::{Comparison, Verdict, compare};
pub use error::{Error, TrialError};
pub use noise::NoiseAnalysis;
pub use report::{
    About, REPORT_FORMAT, RangeTestReport, RunRecord, ScheduleCurve, Stage, StudyReport,
};
pub use tune::{GridPoint, Tuned};
