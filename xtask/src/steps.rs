//! The steps of tasks: commands that pass, fail, or cannot run here.

use crate::root;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What became of a step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Passed,
    Failed(String),
    /// The step cannot run on this machine, and why.
    Skipped(String),
}

impl Outcome {
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "FAILED",
            Self::Skipped(_) => "skipped",
        }
    }
}

impl From<anyhow::Result<()>> for Outcome {
    fn from(result: anyhow::Result<()>) -> Self {
        result.map_or_else(|e| Self::Failed(format!("{e:#}")), |()| Self::Passed)
    }
}

/// Runs a command in the root folder; its output goes through.
pub(crate) fn command(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Outcome {
    eprintln!("$ {program} {}", arguments.join(" "));
    let status = Command::new(program)
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(root())
        .stdin(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Outcome::Passed,
        Ok(status) => Outcome::Failed(format!("{program} ended with {status}")),
        Err(e) => Outcome::Failed(format!("{program} could not be started: {e}")),
    }
}

pub(crate) fn cargo(arguments: &[&str]) -> Outcome {
    command("cargo", arguments, &[])
}

/// Runs the parts in order and stops at the first that does not pass.
pub(crate) fn all(parts: &[&dyn Fn() -> Outcome]) -> Outcome {
    parts
        .iter()
        .map(|part| part())
        .find(|o| !matches!(o, Outcome::Passed))
        .unwrap_or(Outcome::Passed)
}

/// Whether a program can be started here.
pub(crate) fn has(program: &str) -> bool {
    let silent = Stdio::null;
    let mut command = Command::new(program);
    command.arg("--version").stdin(silent()).stdout(silent()).stderr(silent()).status().is_ok()
}

/// `../shared/PART` next to the checkout, when it is there.
pub(crate) fn shared(part: &str) -> Option<PathBuf> {
    let base =
        std::env::var_os("PASO_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let path = base.join(part);
    path.exists().then(|| path.canonicalize().unwrap_or(path))
}
