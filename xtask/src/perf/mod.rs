//! Speed over time: did it change, by how much, since when. BENCHMARKING.md says how to use it.
//!
//! Only `suite.rs` knows this workspace.

mod builds;
mod gate;
mod options;
mod program;
mod rounds;
#[cfg(test)]
mod simulation;
mod stats;
mod suite;
mod verdicts;

use anyhow::Result;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Perf {
    /// Compares these files with a revision, and fails when anything became slower.
    Gate(gate::GateArgs),
}

pub(crate) fn run(perf: &Perf) -> Result<()> {
    match perf {
        Perf::Gate(args) => gate::run(args),
    }
}
