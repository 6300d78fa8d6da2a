//! `paso-speed`: times one thing and prints JSON lines that compare with those of other libraries.
//!
//! Each subcommand checks a result before it times, and prints the keys that the scripts for the
//! other libraries print, so that two commands can be run alternately and compared line by line.
//!
//! The protocol that `cargo xtask perf` relies on: arguments in, one JSON object per line on
//! stdout, a failure status and a message on stderr where anything is wrong. A wrong result is a
//! panic, not a figure.
//!
//! Nothing is compared here and nothing is stored. Repetition, alternation and statistics are those
//! of the caller, who starts this program many times for a few tenths of a second each.
//!
//! `PASO_ISA` chooses the instruction set level. With `--steps`, where a subcommand has it, nothing
//! is timed: the work is done a fixed number of times on the calling thread, so that valgrind can
//! count its instructions.

#![expect(clippy::cast_possible_truncation, reason = "sizes and seeds of known range")]

use clap::{Parser, Subcommand};

mod adam;
mod conv;
mod load;
mod peak;
mod quality;
mod schedule;
mod settle;
mod timing;
mod train;
mod train_nets;

/// Times the optimizer and a training step, as JSON lines.
#[derive(Parser)]
#[command(name = "paso-speed", version)]
struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// One optimizer step (AdamW, rate 1e-3, decay 1e-2) over f32 tensors.
    Adam(adam::Args),
    /// Every convolution shape of the nets, one thread, one image.
    Conv(conv::Args),
    /// Images ready for training: augmented, and decoded from a folder.
    Load(load::Args),
    /// The multiply-adds that one core can do.
    Peak(peak::Args),
    /// What a fixed small training learns.
    Quality(quality::Args),
    /// Learning rates of schedules.
    Schedule(schedule::Args),
    /// A whole small study.
    Settle(settle::Args),
    /// A training step or inference of a small localization net.
    Train(train::Args),
}

fn main() {
    match Args::parse().what {
        What::Adam(args) => adam::run(&args),
        What::Conv(args) => conv::run(&args),
        What::Load(args) => load::run(&args),
        What::Peak(args) => peak::run(&args),
        What::Quality(args) => quality::run(&args),
        What::Schedule(args) => schedule::run(&args),
        What::Settle(args) => settle::run(&args),
        What::Train(args) => train::run(&args),
    }
}
