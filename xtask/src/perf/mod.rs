//! Speed over time: did it change, by how much, since when. BENCHMARKING.md says how to use it.
//!
//! Only `suite.rs`, and `peers/pairs.rs` for the peers, know this workspace.

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
