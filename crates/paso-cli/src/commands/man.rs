//! `paso man`: man pages, one for the program and one for each command, made from the same parser as
//! the help.
//!
//! They go into a folder, since a man page is found by its name; `man` looks into
//! `~/.local/share/man/man1` where `~/.local/bin` is on the path. A page of an older version is
//! replaced, and nothing else is touched.

use crate::command::Command;
use anyhow::{Context, Result};
use clap::Args;
use std::path::{Path, PathBuf};

/// Where to write them.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The folder, which is made if need be
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

impl Command for ManArgs {
    const NAME: &'static str = "man";
    const ABOUT: &'static str = "Write man pages into a folder, such as ~/.local/share/man/man1";
    const EXAMPLES: &'static [&'static str] = &["paso man ~/.local/share/man/man1"];

    fn run(&self) -> Result<()> {
        std::fs::create_dir_all(&self.dir).with_context(|| self.dir.display().to_string())?;
        let program = crate::program().disable_help_subcommand(true);
        let mut pages = 0;
        for command in program.get_subcommands() {
            let name = format!("paso-{}", command.get_name());
            // The name that clap prints in the synopsis, with the program in front.
            let shown = command
                .clone()
                .display_name(&name)
                .bin_name(format!("paso {}", command.get_name()));
            write(&self.dir, &name, shown)?;
            pages += 1;
        }
        write(&self.dir, "paso", program)?;
        eprintln!("{} man pages in {}", pages + 1, self.dir.display());
        eprintln!("next: man paso, if {} is below a folder of `manpath`", self.dir.display());
        Ok(())
    }
}

fn write(folder: &Path, name: &str, command: clap::Command) -> Result<()> {
    let path = folder.join(format!("{name}.1"));
    let mut page = Vec::new();
    let context = || path.display().to_string();
    clap_mangen::Man::new(command).render(&mut page).with_context(context)?;
    paso_files::write(&path, &page).with_context(context)
}
