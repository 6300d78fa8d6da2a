//! Settles whether a learning-rate schedule helps: tuned learning rates, paired seeds, and an exact
//! sequential test.
//!
//! Does Adam need learning-rate decay? The answer depends on data, net and length of training. This
//! crate measures it: it runs a training loop, known only as a [`Trial`], with every schedule at its
//! own tuned peak learning rate, on the same seeds, and answers **helps**, **harms**, **no
//! difference** or **undecided**, with an interval that is valid whenever the study stops.
//!
//! # Procedure
//!
//! 1. *Race.* Every arm is trained at every learning rate of a grid, on one tuning seed; the best go
//!    on to more, and the constant learning rate gets one between its two best. That chooses the best decay and the best constant learning rate, and a runner-up
//!    of each. The seeds of the race are never used again, so what is compared is fixed before the
//!    seeds that decide.
//! 2. *Pairs.* The best decay and the best constant learning rate are trained on the same fresh
//!    seeds, and nothing else is. After 8, 10, 12, 15, ... pairs an exact test looks and may stop;
//!    see [`sequential`].
//! 3. *Confirmation.* "Helps" counts only if the decay is also better than the runner-up constant learning
//!    rate, "harms" only if the runner-up decay loses as well. So a constant rate that was tuned by
//!    bad luck does not decide. This test may spend twice as much as the first one.
//! 4. *The second question*: is there something better that needs no decay? The best alternative
//!    (averaged weights, another update rule) meets the winner by the same test, with its own 5 %.
//!
//! Runs whose learning rate is still high at the end are evaluated five times around it, since their
//! metric changes from step to step; see [`RunSpec::evaluate_at`]. On the demo of paso that makes a
//! difference as clear with 10 pairs as it is with 16 otherwise.
//!
//! # Further parts
//!
//! * [`Study::report`] returns the answer with all runs, as versioned data; with the feature
//!   `html`, `StudyReport::html` renders a page that needs neither network nor scripts.
//! * [`Trial::train_branches`] lets runs share their first updates: a schedule that is constant for
//!   the first 80 % costs only its last 20 %.
//! * A [`Worker`] is one of several processes, on any machines, that do a study in one folder.
//! * [`range_test`] finds a center for the grid; [`theory`] and [`validate`] compare an optimizer
//!   with closed forms.
//!
//! ```
//! use paso_study::{Outcome, RunSpec, Session, Study, StudyConfig, TrialError, RunMonitor};
//!
//! // A loop that trains nothing: every seed has its own luck, and linear decay gives 0.02 more than that.
//! let trial = |run: &RunSpec, _: &RunMonitor| -> Result<Outcome, TrialError> {
//!     let luck = (run.seed % 7) as f64 / 100.0;
//!     let gain = if run.spec.starts_with("linear") { 0.02 } else { 0.0 };
//!     Ok(Outcome { metric: 0.5 + luck + gain, ..Outcome::default() })
//! };
//! let study = Study::new(StudyConfig { metric: "accuracy".into(), ..StudyConfig::default() })?;
//! let session = Session::default();
//! println!("{}", study.plan(&session));
//! let answer = study.run(&trial, &session)?;
//! assert_eq!(answer.verdict.to_string(), "helps");
//! assert_eq!(answer.settled.finalist.arm, "linear");
//! println!("{answer}");
//! # Ok::<(), paso_study::Error>(())
//! ```

mod answer;
mod arm;
mod audit;
mod averages;
mod budget;
mod candidate;
mod claims;
mod clock;
mod comparison;
mod conclude;
mod config;
mod error;
mod event;
mod folder;
mod journal;
mod json;
mod monitor;
mod noise;
mod notes;
mod outcome;
mod plan;
mod pool;
mod procedure;
mod race;
mod report;
mod run_spec;
mod runs;
mod session;
mod status;
mod study;
mod text;
mod trial;
mod tuned;
mod variant;
mod worker;

pub mod range_test;
pub mod sequential;
pub mod stats;
pub mod theory;
pub mod validate;

// What to compare, and how.
pub use arm::{Arm, Role};
pub use config::{Grid, StudyConfig};
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
pub use session::Session;
pub use status::{Status, status};
pub use worker::Worker;

// Results.
pub use answer::{Answer, ArmAnswer, Comparison, Confirmation, FinalistAnswer, Settled};
pub use error::{Error, TrialError};
pub use noise::NoiseAnalysis;
pub use procedure::Question;
pub use report::{
    About, Pending, REPORT_FORMAT, RangeTestReport, RunRecord, ScheduleCurve, Stage, StudyReport,
};
pub use sequential::Verdict;
pub use tuned::{GridPoint, Tuned};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
