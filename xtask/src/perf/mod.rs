//! Speed over time: did it change, by how much, since when. BENCHMARKING.md says how to use it.
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
//! What is not about this workspace is the library `cargo-paso-gate`: the test, the rounds, the
//! builds, records, and the page. Here are the list of benchmarks, what bounds them, what a training
//! learns, instructions, profiles and peers.
//!
//! Everything stored is a text file in the repository: `benches/records/MACHINE/DATE-REVISION.csv`,
//! `benches/records/instructions.csv` (see `count.rs`), and the tables of BENCHMARKING.md (see
//! `peers`). `report` writes `target/perf.html`, which is not stored.
//!
//! Progress goes to stderr, and results go to stdout, so that a result can be piped. Exception: the
//! gate's table goes to stderr, because stdout is left to its `--json`.

mod builds;
pub(crate) mod count;
mod gate;
mod options;
mod peers;
mod profile;
mod program;
mod quality;
mod record;
mod reports;
mod run;
mod shapes;
mod suite;

use crate::root;
use anyhow::Result;
use clap::Subcommand;
use std::path::PathBuf;

/// The folder of a machine's records.
fn records_folder(machine: &str) -> PathBuf {
    root().join("benches/records").join(machine)
}

#[derive(Debug, Subcommand)]
pub(crate) enum Perf {
    /// Measures the suite and prints a table.
    Run(run::RunArgs),
    /// Measures the suite and files it under `benches/records`.
    Record(record::RecordArgs),
    /// Prints two records side by side.
    Compare(reports::CompareArgs),
    /// Draws the history of a machine's records as an HTML page, with the commits where it changed.
    Report(reports::ReportArgs),
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
        Perf::Compare(args) => reports::compare(args),
        Perf::Report(args) => reports::report(args),
        Perf::Count(args) => count::run(args),
        Perf::Gate(args) => gate::run(args),
        Perf::Profile(args) => profile::run(args),
        Perf::Peers(args) => peers::run(args),
    }
}
