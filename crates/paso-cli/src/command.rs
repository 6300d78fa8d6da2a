//! What a command of the program is: arguments, a line in the help, examples, and something to run.

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
    pub(crate) const fn of<C: Command>() -> Self {
        Self { name: C::NAME, parser: parser::<C>, run: run::<C> }
    }
}

fn parser<C: Command>() -> clap::Command {
    let examples: String = C::EXAMPLES.iter().map(|line| format!("\n  {line}")).collect();
    // The texts come last: those of flattened arguments would take their place.
    C::augment_args(clap::Command::new(C::NAME))
        .about(C::ABOUT)
        .long_about(None)
        .after_help(format!("Examples:{examples}"))
}

fn run<C: Command>(matches: &ArgMatches) -> Result<()> {
    C::from_arg_matches(matches).unwrap_or_else(|e| e.exit()).run()
}
