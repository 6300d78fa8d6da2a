//! The program `paso`: should Adam's learning rate decay, on your images?
//!
//! One file a command. Human text and progress go to stderr; stdout carries the answer, and with
//! `--json` nothing but JSON. Exit code 2 is a mistake on the command line, 1 is any other failure.

#![expect(clippy::print_stdout, reason = "answers go to stdout")]

/// In place of the standard library's, which panics when stdout is a file on a full disk, or a pipe that nobody reads
/// any more.
macro_rules! println {
    () => { $crate::line(format_args!("")) };
    ($($text:tt)*) => { $crate::line(format_args!($($text)*)) };
}

mod cpu;
mod data;
mod eval;
mod eval_table;
mod export;
mod find_lr;
mod folder;
mod interrupt;
mod localization;
mod predict;
mod progress;
mod schedule;
mod settings;
mod settle;
mod settle_output;
mod sheets;
mod source;
mod study_images;
mod train;
mod validate;
mod watched;

use clap::{Parser, Subcommand};
use std::io::Write;
use std::process::ExitCode;

/// Train image-localization networks on CPUs, and settle whether Adam's learning rate should decay.
///
/// Start with `paso settle --data demo`, which needs no file, then give it a folder of your own images.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
struct Paso {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Settle whether a decaying learning rate helps, with every schedule at its own tuned rate on paired seeds
    Settle(settle::SettleArgs),
    /// Find a learning rate to begin with, or say that the data cannot tell
    FindLr(find_lr::FindLrArgs),
    /// Train a network, with checkpoints and a record of how it went
    Train(train::TrainArgs),
    /// Evaluate a trained network on labeled images
    Eval(eval::EvalArgs),
    /// Find the object in images, and draw it
    Predict(predict::PredictArgs),
    /// Write a trained network as ONNX or plain safetensors, for other programs
    Export(export::ExportArgs),
    /// Print, plot or compare learning-rate schedules before anyone trains
    Schedule(schedule::ScheduleArgs),
    /// Check this build on this machine against the theory of Adam, in seconds
    Validate(validate::ValidateArgs),
    /// Show what is in a folder of labeled images, what is wrong with it, or convert it
    Data(data::DataArgs),
    /// Show the instruction set and threads of this machine
    Cpu(cpu::CpuArgs),
}

fn main() -> ExitCode {
    // Before anything runs or is written. It is a setting of the call, as an option is: exit code 2.
    if let Err(e) = paso_locate::Isa::from_env() {
        eprintln!("error: PASO_ISA: {e}");
        return ExitCode::from(2);
    }
    let outcome = match Paso::parse().command {
        Command::Settle(args) => settle::run(&args),
        Command::FindLr(args) => find_lr::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Schedule(args) => schedule::run(args),
        Command::Validate(args) => validate::run(&args),
        Command::Data(args) => data::run(&args),
        Command::Cpu(args) => cpu::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {}", sentence(&e));
            ExitCode::FAILURE
        }
    }
}

/// A line on stdout. Without anywhere to put its answers, the program ends; what was kept so far is whole.
fn line(text: std::fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    let Err(e) = writeln!(out, "{text}").and_then(|()| out.flush()) else { return };
    if e.kind() == std::io::ErrorKind::BrokenPipe {
        std::process::exit(141); // whoever reads has seen enough: as the signal SIGPIPE would end it
    }
    eprintln!("error: writing to standard output: {e}");
    std::process::exit(1);
}

/// An error with its causes. Many errors say their cause themselves: it is not said twice.
fn sentence(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| {
        if said.is_empty() {
            cause
        } else if said.ends_with(&cause) {
            said
        } else {
            format!("{said}: {cause}")
        }
    })
}
