//! `cargo xtask rigour`: the error rates of a study, by simulation through its public API.
//!
//! The work is the example `rigour` of `paso-study`, so that `xtask` need not be built with the study.
//! Its table goes to stdout, for DESIGN.md; progress, with the time left, to stderr. It uses all cores:
//! 2,000 studies a cell take less than half an hour on two that are free.
//!
//! The test `simulation` of that crate has a small version of it.

use crate::steps::{Outcome, command};
use anyhow::{Result, bail};
use clap::Args;

/// What `cargo xtask rigour` simulates.
#[derive(Debug, Args)]
pub(crate) struct RigourArgs {
    /// Studies per cell; fewer give a table sooner, with larger standard errors.
    #[arg(long, default_value_t = 2_000)]
    studies: u32,
    /// Simulate only the cells whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
}

/// A look at the pairs of a study has buffers of half a megabyte, which glibc returns to the system
/// each time by default: 30 % of the CPU time. With these limits it keeps them. Others ignore the names.
const KEEP_MEMORY: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "1073741824"), ("MALLOC_TRIM_THRESHOLD_", "2147483648")];

/// Prints the table.
///
/// # Errors
/// When a bound is missed, or the simulation does not build.
pub(crate) fn run(args: &RigourArgs) -> Result<()> {
    let studies = args.studies.to_string();
    let simulate = ["run", "--release", "--locked", "--quiet", "--package", "paso-study"];
    let arguments = [&simulate[..], &["--example", "rigour", "--", &studies, &args.only]].concat();
    match command("cargo", &arguments, &KEEP_MEMORY) {
        Outcome::Passed => Ok(()),
        Outcome::Failed(why) | Outcome::Skipped(why) => bail!("rigour: {why}"),
    }
}
