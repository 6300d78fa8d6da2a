//! The program `paso`: should Adam's learning rate decay, on your images?
//!
//! One file or folder per command, listed in `commands/mod.rs`. Human text and progress go to
//! stderr; stdout carries the answer, and with `--json` nothing but JSON. Exit code 2 is a mistake
//! on the command line, 1 is any other failure.
//!
//! Commands print through `terminal.rs` and return errors; only this file turns an error into an exit
//! code. One more code can occur: 130 after Ctrl-C. A reader that closes the pipe of stdout
//! early is no failure. `PASO_ISA` is checked before anything else, so that a misspelled instruction
//! set is never replaced silently.

#[macro_use]
mod terminal;

mod command;
mod command_line;
mod commands;
mod data_source;
#[cfg(test)]
mod document_tests;
mod features_file;
mod folder;
mod interrupt;
mod output_file;
mod progress;
mod read_args;
mod settings;
mod settings_file;
mod source;
mod sweep;
mod threads;
mod trained;
mod trial;
mod values;
mod version;

use clap::Command;
use commands::COMMANDS;
use std::io::IsTerminal;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything runs or is written. It is a setting of the call, as an option is: exit code
    // 2.
    if let Err(e) = paso_locate::Isa::from_env() {
        eprintln!("error: PASO_ISA: {e}");
        return ExitCode::from(2);
    }
    let matches = match program().try_get_matches() {
        Ok(matches) => matches,
        // Help and the version, which clap prints as they are.
        Err(e) if !e.use_stderr() => e.exit(),
        Err(e) => {
            let text = e.render();
            if std::io::stderr().is_terminal() {
                terminal::err(format_args!("{}", text.ansi()));
            } else {
                terminal::err(format_args!("{text}"));
            }
            return ExitCode::from(2);
        }
    };
    match run(&matches) {
        Ok(()) => terminal::success(),
        Err(e) if e.is::<interrupt::Interrupted>() => {
            eprintln!("{e}");
            ExitCode::from(interrupt::INTERRUPTED)
        }
        Err(e) => {
            eprintln!("error: {}", sentence(&e));
            ExitCode::FAILURE
        }
    }
}

/// What clap parses and describes.
fn program() -> Command {
    const ABOUT: &str = "Train image-localization networks on CPUs, and settle whether Adam's learning rate should decay";
    const START: &str = "Start with `paso settle --data demo`, which needs no file, then give it a folder of your own images.";
    Command::new("paso")
        .version(env!("CARGO_PKG_VERSION"))
        .long_version(version::LONG.as_str())
        .propagate_version(true)
        .about(ABOUT)
        .long_about(format!("{ABOUT}.\n\n{START}"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(COMMANDS.iter().map(|entry| (entry.parser)()))
}

fn run(matches: &clap::ArgMatches) -> anyhow::Result<()> {
    let (name, arguments) = matches.subcommand().expect("clap requires a command");
    let entry = COMMANDS.iter().find(|entry| entry.name == name);
    (entry.expect("clap accepts no other command").run)(arguments)
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

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn an_error_names_its_causes_once() {
        let error = anyhow!("no such file").context("photos/a.jpg").context("the val images");
        assert_eq!(sentence(&error), "the val images: photos/a.jpg: no such file");
        let error = anyhow!("no such file").context("a.jpg: no such file");
        assert_eq!(sentence(&error), "a.jpg: no such file", "it says its cause itself");
        assert_eq!(sentence(&anyhow!("alone")), "alone");
    }
}
