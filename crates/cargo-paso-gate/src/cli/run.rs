//! `cargo paso-gate run`: how fast is it, here and now?

use super::{Common, is_cut_off, keep_figures_when_cut_off, print, say};
use crate::benchmark::{Benchmark, Build};
use crate::cargo::{self, Built};
use crate::config::{Config, select};
use crate::measure::{self, Measured};
use crate::program::Program;
use crate::progress::Progress;
use crate::{Error, Result};
use clap::Args;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) common: Common,
    /// Runs of each benchmark.
    #[arg(long, default_value_t = 7, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) runs: u16,
    /// Print the figures as JSON on stdout, one line per benchmark.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &RunArgs) -> Result<ExitCode> {
    let (config, root) = args.common.config()?;
    let measured = measure(args, &config, &root, |_| Ok(()))?;
    if args.json {
        for Measured { benchmark, figures } in &measured {
            let [median, least, most] = measure::summary(figures);
            let line = serde_json::json!({
                "benchmark": benchmark.name, "figure": benchmark.harness.unit(), "better": benchmark.better,
                "median": median, "least": least, "most": most, "runs": figures.len(),
            });
            print(&format!("{line}\n"));
        }
    } else {
        print(&measure::table(&measured));
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds these files and measures them; `keep` is given what there is after each pass.
pub(super) fn measure(
    args: &RunArgs,
    config: &Config,
    root: &Path,
    mut keep: impl FnMut(&[Measured]) -> Result<()>,
) -> Result<Vec<Measured>> {
    keep_figures_when_cut_off();
    let build = here(config, root)?;
    let benchmarks = config.benchmarks(&build)?;
    let benchmarks = select(&benchmarks, args.common.only.as_deref(), |it| &it.name)?;
    let progress = Progress::new(Duration::MAX);
    let (of, mut done) = (benchmarks.len() * usize::from(args.runs), 0);
    let run = |benchmark: &Benchmark| {
        progress.now(&benchmark.name, done, of);
        done += 1;
        build.run(benchmark)
    };
    let measured = measure::passes(&benchmarks, args.runs, run, |_, all| {
        keep(all)?;
        Ok(!is_cut_off())
    });
    progress.end();
    measured
}

/// The programs of these files, in the user's own target folder.
fn here(config: &Config, root: &Path) -> Result<Build> {
    let mut build = Build { name: "the files as they are".into(), ..Build::default() };
    match config.recipe() {
        Some(recipe) => {
            say("building ...");
            let target = cargo::metadata(root)?.target_directory;
            for Built { name, path, folder } in
                cargo::build(root, target.as_std_path(), &recipe, false)?
            {
                build.programs.insert(name, Program::new(&path)?.in_folder(&folder));
            }
        }
        None => {
            if let Some(text) = &config.build.command {
                Program::command(text)?.in_folder(root).output(&[])?;
            }
            for entry in &config.benchmarks {
                let command = entry.command.as_deref().unwrap_or_default();
                let program = Program::command(command)?.in_folder(root);
                build.programs.insert(entry.name.clone(), program);
            }
        }
    }
    if build.programs.is_empty() {
        return Err(Error::Request("gate.toml names nothing to measure".into()));
    }
    Ok(build)
}
