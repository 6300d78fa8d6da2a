//! Settles whether a learning-rate schedule helps: paired seeds, tuned learning rates, exact
//! intervals.
//!
//! Does Adam need learning-rate decay? The answer depends on data, net and length of training. This
//! crate measures it: it runs a training loop, known only as a [`Trial`], with every schedule on
//! the same seeds, each at its own tuned peak learning rate, and answers **helps**, **harms**, **no
//! difference** or **undecided**, with an interval.
//!
//! # Procedure
//!
//! 1. *Tuning.* Every arm gets the same grid of peak learning rates on the same tuning seeds, and
//!    takes the one with the best mean. If the best of any arm is at an end of the grid, the grid
//!    is widened there for all arms, so no arm is tuned with more runs. An averaged arm also
//!    chooses its averaging horizon here, at no extra run.
//! 2. *The comparison is fixed before the seeds of the verdict are run.* The verdict is about the
//!    decaying arm with the best tuned mean. So there is one test, at the full level, without
//!    correction for multiple schedules.
//! 3. *Pairs.* On fresh seeds, each arm is trained once per seed. The verdict depends on the
//!    differences to the baseline per seed; see [`compare`].
//! 4. *The other arms* are reported with the same figures, and with p-values adjusted by Holm's
//!    method over all arms. They do not change the verdict.
//! 5. *Averaged weights* are an alternative to decay. The best decaying arm is also compared with
//!    the best alternative, since decay may help without averaging and be useless with it.
//!
//! # Further parts
//!
//! * [`Study::report`] returns the answer with all runs, as versioned data; with the feature
//!   `html`, `StudyReport::html` renders a page that needs neither network nor scripts.
//! * [`Trial::train_branches`] lets runs share their first updates: a schedule that is constant for
//!   the first 80 % costs only its last 20 %.
//! * [`Shard`] and [`merge`] distribute a study over machines or a job array.
//! * [`range_test`] finds a center for the grid; [`theory`] and [`validate`] compare an optimizer
//!   with closed forms.
//!
//! # How many seeds
//!
//! Choose the number of seeds in advance. Adding seeds until the answer pleases raises the chance
//! of a wrong "helps" above its 5 %; follow the advice "about k more seeds" once.
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
mod folder;
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
pub use folder::check_folder;
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

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
