//! A gate for speed: builds two revisions, runs their benchmarks alternately on one machine, and
//! says which became slower, how much, and how sure that is.
//!
//! This is the library behind the program `cargo paso-gate`, for projects that have their own list
//! of benchmarks in Rust. The README has the quick start of the program.
//!
//! A benchmark passes through these modules: [`config`] names it, [`trees`] and [`cargo`] build it,
//! [`harness`] runs it once, [`rounds`] repeats it, [`stats`] tests the figures, [`gate`] decides
//! who has a second round, and [`verdicts`] prints the result. [`records`], [`history`], [`segments`]
//! and [`report`] are about figures that were kept over time.
//!
//! ```
//! use cargo_paso_gate::rounds::{Arm, round, slowdown_test};
//! use cargo_paso_gate::stats::Verdict;
//!
//! // Whatever can be run alternately can be compared; this candidate takes 5 % more.
//! let time = |arm| Ok::<f64, ()>(if arm == Arm::Candidate { 1.05_f64.ln() } else { 0.0 });
//! let found = round(&slowdown_test(0.01), || false, time).expect("nothing fails");
//! assert_eq!(found.verdict, Verdict::Slower);
//! ```

pub mod benchmark;
pub mod busy;
pub mod cargo;
pub mod chart;
pub mod cli;
pub mod compare;
pub mod config;
mod error;
pub mod files;
pub mod gate;
pub mod git;
pub mod harness;
pub mod history;
mod init;
pub mod machine;
pub mod measure;
pub mod program;
mod progress;
pub mod records;
pub mod report;
pub mod rounds;
mod same_code;
pub mod segments;
#[cfg(test)]
mod simulation_tests;
pub mod stats;
pub mod trees;
pub mod verdicts;

pub use benchmark::{Benchmark, Build, MARGIN, percentage};
pub use error::{Error, Result, run};
pub use same_code::same_code;
