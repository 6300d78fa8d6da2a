//! The chores of the workspace, run as `cargo xtask NAME`. One file a chore.

mod ci;
mod codegen;
mod dependencies;
mod isa;
mod perf;
mod python;
mod sanitizer;
mod steps;
mod tidy;

use clap::{Parser, Subcommand};
use std::path::Path;
use std::process::ExitCode;

/// The chores of the workspace.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
struct Xtask {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Everything that continuous integration runs after the tests, each stage with its time.
    Ci(ci::CiArgs),
    /// Counts the instructions of the optimizer's loops.
    Codegen,
    /// Runs the tests at every instruction set level that can be had here, and says which could not.
    Isa(isa::IsaArgs),
    /// Speed over time: did it change, by how much, since when.
    #[command(subcommand)]
    Perf(perf::Perf),
    /// The rules of the house that a compiler does not check.
    Tidy,
}

fn main() -> ExitCode {
    let outcome = match Xtask::parse().chore {
        Chore::Ci(args) => ci::run(&args),
        Chore::Codegen => codegen::run(),
        Chore::Isa(args) => isa::run(&args),
        Chore::Perf(perf) => perf::run(&perf),
        Chore::Tidy => tidy::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("xtask: {e:#}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace's root folder.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
