//! What a command of the program is: arguments, a line in the help, examples, and something to run.
//!
//! Each command is one type with clap's arguments and one method. The list of all commands
//! (`commands/mod.rs`) holds entries without these types, so that the program, the help, the
//! completions and the tests of documents go through the same list: a command that is in it cannot
//! be forgotten elsewhere.
//!
//! Examples are part of a command, because people copy them. A test parses every one of them, and
//! every command line in the documents.
//!
//! What is printed is decided by each command. An error is returned and not printed here, so that
//! `main` prints all of them in one form. The help of a command shows `ABOUT`, never the
//! documentation of its type, which is for readers of the source.

use anyhow::Result;
use clap::{ArgMatches, Args};

/// The arguments of a command, and what it does with them.
pub(crate) trait Command: Args {
    /// The name on the command line.
    const NAME: &'static str;
    /// The line in `paso help`.
    const ABOUT: &'static str;
    /// Command lines that are printed at the end of its `--help`.
    const EXAMPLES: &'static [&'static str];

    /// Does what the command is for.
    ///
    /// # Errors
    /// Whatever prevents it. The program prints the message and ends with exit code 1.
    fn run(&self) -> Result<()>;
}

/// A command in the list of all, without its type.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    /// How clap parses and describes it.
    pub(crate) parser: fn() -> clap::Command,
    /// Runs it with what clap parsed.
    pub(crate) run: fn(&ArgMatches) -> Result<()>,
}

impl Entry {
    /// The entry of a command type. The list of commands is a constant, so this runs when the
    /// program is compiled.
    pub(crate) const fn of<C: Command>() -> Self {
        Self { name: C::NAME, parser: parser::<C>, run: run::<C> }
    }
}

fn parser<C: Command>() -> clap::Command {
    let examples: String = C::EXAMPLES.iter().map(|line| format!("\n  {line}")).collect();
    // The texts come last: those of flattened arguments would take their place.
    C::augment_args(clap::Command::new(C::NAME))
        .mut_args(|option| {
            // `--lr -1` is a value out of range and not another option.
            let takes = option.get_action().takes_values() && !option.is_positional();
            if takes { option.allow_negative_numbers(true) } else { option }
        })
        .about(C::ABOUT)
        .long_about(None)
        .after_help(format!("Examples:{examples}"))
}

/// Runs a command with the arguments that its own parser accepted. If they cannot be read back,
/// clap prints why and ends the program.
fn run<C: Command>(matches: &ArgMatches) -> Result<()> {
    C::from_arg_matches(matches).unwrap_or_else(|e| e.exit()).run()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The arguments of `paso NAME ARGUMENTS`; no argument has a space.
    pub(crate) fn parsed<C: Command>(arguments: &str) -> Result<C, clap::Error> {
        let words = std::iter::once(C::NAME).chain(arguments.split_whitespace());
        C::from_arg_matches(&parser::<C>().try_get_matches_from(words)?)
    }

    /// Checks that each line is refused for a use of arguments that has this kind.
    #[track_caller]
    pub(crate) fn all_refused<C: Command + std::fmt::Debug>(
        kind: clap::error::ErrorKind,
        lines: &[&str],
    ) {
        for line in lines {
            let error = parsed::<C>(line).expect_err(line);
            assert_eq!(error.kind(), kind, "paso {} {line}: {error}", C::NAME);
        }
    }
}
