//! Speed over time: did it change, by how much, since when. BENCHMARKING.md says how to use it.
//!
//! Only `suite.rs`, and `peers/pairs.rs` for the peers, know this workspace.
//!
//! No single method answers every question about speed, so each has a command:
//!
//! * `run` and `record` answer how fast one build is here: medians over passes through the suite.
//!   They see the machine's noise of the day.
//! * `compare` and `report` read records that were measured earlier. They find changes of level
//!   that last, and say between which commits each lies.
//! * `gate` answers whether a change made something slower. It runs two builds alternately on one
//!   machine and tests their paired log ratios; it is the only command whose exit status depends on
//!   a speed.
//! * `count` counts instructions under valgrind. It is exact, but an instruction is no time.
//! * `profile` says which functions a benchmark spends its time in.
//! * `peers` compares with other libraries, by the ratios of neighboring runs.
//!
//! Everything stored is a text file in the repository: `benches/records/MACHINE/DATE-REVISION.csv`
//! (see `records.rs`), `benches/records/instructions.csv` (see `count.rs`), and the tables of
//! BENCHMARKING.md (see `peers`). `report` writes `target/perf.html`, which is not stored.
//!
//! A benchmark passes through these modules: `suite.rs` names it, `program.rs` runs it once,
//! `run.rs` or `rounds.rs` repeats it, `stats.rs` or `segments.rs` tests the figures, and
//! `verdicts.rs` or `report.rs` prints the result.
//!
//! Progress goes to stderr, and results go to stdout, so that a result can be piped. Exception: the
//! gate's table goes to stderr, because stdout is left to its `--json`.

mod builds;
mod chart;
mod compare;
pub(crate) mod count;
mod gate;
mod history;
mod machine;
mod options;
mod peers;
mod profile;
mod program;
mod quality;
mod record;
mod records;
mod report;
mod rounds;
mod run;
mod segments;
mod shapes;
#[cfg(test)]
mod simulation_tests;
mod stats;
mod suite;
mod verdicts;

use anyhow::Result;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Perf {
    /// Measures the suite and prints a table.
    Run(run::RunArgs),
    /// Measures the suite and files it under `benches/records`.
    Record(record::RecordArgs),
    /// Prints two records side by side.
    Compare(compare::CompareArgs),
    /// Draws the history of a machine's records as an HTML page, with the commits where it changed.
    Report(report::ReportArgs),
    /// Counts the instructions of a step, exactly, and compares them with the record.
    Count(count::CountArgs),
    /// Compares these files with a revision, and fails when anything became slower.
    Gate(gate::GateArgs),
    /// Prints the functions that a benchmark spends its time in.
    Profile(profile::ProfileArgs),
    /// Measures other libraries alternately with paso, and writes the tables of the README.
    Peers(peers::PeersArgs),
}

/// Runs one of the commands. All errors, also those of a gate that found a slowdown, end `xtask`
/// with a failure.
pub(crate) fn run(perf: &Perf) -> Result<()> {
    match perf {
        Perf::Run(args) => run::run(args),
        Perf::Record(args) => record::record(args),
        Perf::Compare(args) => compare::run(args),
        Perf::Report(args) => report::run(args),
        Perf::Count(args) => count::run(args),
        Perf::Gate(args) => gate::run(args),
        Perf::Profile(args) => profile::run(args),
        Perf::Peers(args) => peers::run(args),
    }
}
