//! The commands, one file each. To add one, write its file (arguments and a `run` function), declare the module, and add
//! a row to the table.

mod cpu;
mod data;
mod eval;
mod export;
mod find_lr;
mod predict;
mod schedule;
mod settle;
mod train;
mod validate;

use anyhow::Result;
use clap::Subcommand;

/// Defines [`Command`] from rows `Name(Arguments) => function`. The name on the command line is `Name` in kebab case, the
/// help text is the documentation of `Arguments`.
macro_rules! commands {
    ($($name:ident($arguments:ty) => $run:path,)+) => {
        /// A command with its arguments.
        #[derive(Debug, Subcommand)]
        pub(crate) enum Command { $($name($arguments),)+ }

        impl Command {
            /// Runs the command.
            pub(crate) fn run(&self) -> Result<()> {
                match self { $(Self::$name(arguments) => $run(arguments),)+ }
            }
        }
    };
}

// In the order of `paso --help`.
commands! {
    Settle(settle::SettleArgs) => settle::run,
    FindLr(find_lr::FindLrArgs) => find_lr::run,
    Train(train::TrainArgs) => train::run,
    Eval(eval::EvalArgs) => eval::run,
    Predict(predict::PredictArgs) => predict::run,
    Export(export::ExportArgs) => export::run,
    Schedule(schedule::ScheduleArgs) => schedule::run,
    Validate(validate::ValidateArgs) => validate::run,
    Data(data::DataArgs) => data::run,
    Cpu(cpu::CpuArgs) => cpu::run,
}
