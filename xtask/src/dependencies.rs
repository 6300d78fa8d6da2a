//! What the dependencies are allowed to be, and whether they are used: two stages of continuous
//! integration that run tools of others.
//!
//! `cargo-deny` refuses licenses that the project's own does not allow, known vulnerabilities and
//! two versions of a crate where one would do; another tool finds dependencies that nothing uses.
//! Both are skipped where they are not installed.
//!
//! A tool on the path is used in whatever version it has. The one that is built here has a fixed
//! version, so that a new release alone does not change the outcome of a stage. A program that was
//! built before is kept when the version in this file changes: remove `~/.cache/paso-tools` then.

use crate::steps::{Outcome, has};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A cargo subcommand, and its version.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
}

const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };
const MACHETE: Tool = Tool { name: "cargo-machete", version: "0.9.2" };

/// Licenses, sources and banned crates as `deny.toml` has them; advisories too, where their
/// database can be reached.
pub(crate) fn deny() -> Outcome {
    let tool = match DENY.find() {
        Ok(tool) => tool,
        Err(why) => return Outcome::Skipped(why),
    };
    match run(&tool, &["--locked", "-L", "error", "check", "licenses", "bans", "sources"]) {
        Outcome::Passed => {}
        other => return other,
    }
    if let Outcome::Failed(_) = run(&tool, &["-L", "off", "fetch", "db"]) {
        eprintln!("deny: the database of advisories cannot be reached; they were not checked");
        return Outcome::Passed;
    }
    run(&tool, &["--locked", "-L", "error", "check", "--disable-fetch", "advisories"])
}

/// Dependencies that a manifest names and no code uses.
pub(crate) fn unused() -> Outcome {
    MACHETE.find().map_or_else(Outcome::Skipped, |tool| run(&tool, &[]))
}

fn run(tool: &Path, arguments: &[&str]) -> Outcome {
    crate::steps::command(&tool.to_string_lossy(), arguments, &[])
}

impl Tool {
    /// The tool: on the path, or in a folder of its own (`~/.cache/paso-tools`), where it is built
    /// from its sources, without optimization, if it is not there yet.
    pub(crate) fn find(&self) -> Result<PathBuf, String> {
        if has(self.name) {
            return Ok(self.name.into());
        }
        let home = std::env::var_os("HOME").ok_or("HOME is not set")?;
        let folder = Path::new(&home).join(".cache/paso-tools");
        let tool = folder.join("bin").join(self.name);
        if tool.exists() || self.install(&folder) && tool.exists() {
            return Ok(tool);
        }
        Err(format!("{0} is not there; `cargo install {0} --locked` gets it", self.name))
    }

    fn install(&self, folder: &Path) -> bool {
        eprintln!("building {} {} once ...", self.name, self.version);
        let mut cargo = Command::new("cargo");
        cargo.args(["install", "--locked", "--quiet", self.name, "--version", self.version]);
        // It runs for a second: what takes minutes is optimizing it.
        cargo.args(["--debug", "--config", "profile.dev.debug=false"]);
        cargo.arg("--root").arg(folder).stdin(Stdio::null());
        cargo.status().is_ok_and(|status| status.success())
    }
}
