//! The program `paso`: should Adam's learning rate decay on your images?
//!
//! Each command is a file in [`commands`]; what several commands share is a file next to this one. Text for people and
//! progress go to stderr. stdout carries the answer, and with `--json` nothing but JSON.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | success |
//! | 1 | the command failed |
//! | 2 | wrong use: a mistake in the arguments or in `PASO_ISA` |
//! | 130 | stopped at once by a second Ctrl-C |
//! | 141 | the reader of stdout closed the pipe |

#![expect(clippy::print_stdout, reason = "answers go to stdout")]

#[macro_use]
mod stdout;

mod commands;
mod data_source;
mod interrupt;
mod model_file;
mod out_folder;
mod progress;
mod range_test;
mod settings;
mod threads;

use clap::Parser;
use paso_locate::Isa;
use std::process::ExitCode;

/// Train image-localization networks on CPUs, and test whether Adam's learning rate should decay.
///
/// Start with `paso settle --data demo`, which needs no files. Then pass a folder of your own images.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: commands::Command,
}

/// Exit code of wrong use, the same as clap's.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Checked here once, so that no command can ignore it.
    if let Err(error) = Isa::from_env() {
        eprintln!("error: PASO_ISA: {error}");
        return ExitCode::from(USAGE);
    }
    match cli.command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error followed by its causes. Some messages already end with their cause; it is not repeated.
fn with_causes(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |text, cause| {
        if text.is_empty() {
            cause
        } else if text.ends_with(&cause) {
            text
        } else {
            format!("{text}: {cause}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_of_all_commands_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_every_flag_has_a_help_text() {
        let cli = Cli::command();
        for command in cli.get_subcommands() {
            let name = command.get_name();
            let about = command.get_about().expect(name).to_string();
            assert!(about.len() > 10 && !about.ends_with('.'), "{name}: {about:?}");
            for argument in command.get_arguments() {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(!help.is_empty(), "{name} {}", argument.get_id());
            }
        }
    }

    #[test]
    fn an_error_is_printed_with_its_causes_and_no_cause_twice() {
        let error = |texts: &[&str]| {
            let root = anyhow::anyhow!(texts[0].to_owned());
            texts[1..].iter().fold(root, |error, text| error.context((*text).to_owned()))
        };
        for (texts, expected) in [
            (&["disk full"][..], "disk full"),
            (&["disk full", "writing x"], "writing x: disk full"),
            (&["disk full", "writing x: disk full"], "writing x: disk full"),
            (&["disk full", "writing x: disk full", "epoch 3"], "epoch 3: writing x: disk full"),
        ] {
            assert_eq!(with_causes(&error(texts)), expected);
        }
    }
}
