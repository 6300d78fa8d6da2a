//! The tasks of the workspace, run as `cargo xtask NAME`. One file per task.
//!
//! The pattern is cargo-xtask: tasks are Rust, so they run wherever the project builds and share
//! its libraries, and no shell script has to be kept in step with them. `.cargo/config.toml` makes
//! `cargo xtask` an alias of `cargo run --package xtask`.
//!
//! A task reads and writes files of the workspace, so paths are relative to its root and not to the
//! folder that the command is started in. Errors are `anyhow::Error` with the causes in one line;
//! the exit status is 0 or 1, except for wrong arguments, where clap ends with 2.

#![expect(clippy::print_stderr, reason = "tasks say what they do")]

mod ci;
mod codegen;
mod dependencies;
mod engines;
mod figures;
mod fuzz;
mod isa;
mod perf;
mod public_api;
mod python;
mod python_package;
mod rigour;
mod sanitizer;
mod spelling;
mod steps;
mod tidy;
mod tracked;
mod venv;
mod wasm;

use clap::{Parser, Subcommand};
use std::path::Path;
use std::process::ExitCode;

/// The tasks of the workspace.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
struct Xtask {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Everything that continuous integration runs after the tests, each stage with its time.
    Ci(ci::CiArgs),
    /// Counts the instructions of the optimizer's loops.
    Codegen,
    /// Counts lines of code, documentation and tests per package.
    Figures(figures::FiguresArgs),
    /// Runs the tests at every instruction set that is available here, and lists those that did not
    /// run.
    Isa(isa::IsaArgs),
    /// Speed over time: did it change, by how much, since when.
    #[command(subcommand)]
    Perf(perf::Perf),
    /// Compares the public items of every library with their recorded list.
    PublicApi(public_api::PublicApiArgs),
    /// Measures the error rates of a study, by simulation.
    Rigour(rigour::RigourArgs),
    /// Checks conventions that a compiler does not check.
    Tidy(tidy::TidyArgs),
}

fn main() -> ExitCode {
    let outcome = match Xtask::parse().task {
        Task::Ci(args) => ci::run(&args),
        Task::Codegen => codegen::run(),
        Task::Figures(args) => figures::run(&args),
        Task::Isa(args) => isa::run(&args),
        Task::Perf(perf) => perf::run(&perf),
        Task::PublicApi(args) => public_api::run(&args),
        Task::Rigour(args) => rigour::run(&args),
        Task::Tidy(args) => tidy::run(&args),
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
///
/// Fixed when `xtask` is compiled: a binary that is moved still works on the checkout that it was
/// built from. The path ends in `xtask/..` and is not canonical.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
