//! `paso completions`: what a shell needs to complete commands and options. Bash reads it from
//! `~/.local/share/bash-completion/completions/paso`.
//!
//! The text is made from the same parser as the help, so it has every command and every option.
//!
//! The script goes to stdout, so it can be redirected to the place that the shell reads. It knows
//! the commands and options of this build only: after an update it has to be made anew. Shells are
//! those of `clap_complete`; any other name is a mistake on the command line.

use crate::command::Command;
use anyhow::Result;
use clap::Args;
use clap_complete::Shell;

/// The shell to write for.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

impl Command for CompletionsArgs {
    const NAME: &'static str = "completions";
    const ABOUT: &'static str = "Print a script that lets a shell complete commands and options";
    const EXAMPLES: &'static [&'static str] = &["paso completions bash", "paso completions zsh"];

    fn run(&self) -> Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut crate::program(), "paso", &mut script);
        println!("{}", String::from_utf8(script)?.trim_end());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::tests::{all_refused, parsed};
    use clap::{ValueEnum, error::ErrorKind};

    #[test]
    fn every_shell_is_offered_and_no_other() {
        for shell in Shell::value_variants() {
            let name = shell.to_possible_value().expect("a name");
            let args = parsed::<CompletionsArgs>(name.get_name()).expect("a shell");
            assert_eq!(args.shell, *shell, "{}", name.get_name());
        }
        all_refused::<CompletionsArgs>(ErrorKind::InvalidValue, &["csh"]);
        all_refused::<CompletionsArgs>(ErrorKind::MissingRequiredArgument, &[""]);
    }

    #[test]
    fn a_script_completes_every_command() {
        let mut script = Vec::new();
        clap_complete::generate(Shell::Bash, &mut crate::program(), "paso", &mut script);
        let script = String::from_utf8(script).expect("text");
        for entry in crate::commands::COMMANDS {
            assert!(script.contains(&format!("paso,{})", entry.name)), "{} is missing", entry.name);
        }
    }
}
