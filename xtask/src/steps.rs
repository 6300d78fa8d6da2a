//! The steps of tasks: commands that pass, fail, or cannot run here.
//!
//! Three outcomes and not two: a step that could not run proves nothing. Whoever adds a stage
//! returns [`Outcome::Skipped`] with a sentence that says what is missing and how to get it.
//!
//! Commands inherit stdout and stderr, so that a failure is seen where it happens; an [`Outcome`]
//! has only the sentence for the table at the end. Their stdin is empty, so that none can wait for
//! an answer.

use crate::root;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What became of a step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Passed,
    /// It ran and is wrong, or could not be started although it should; and why.
    Failed(String),
    /// The step cannot run on this machine, and why.
    Skipped(String),
}

impl Outcome {
    /// As the tables print it.
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
///
/// A program that cannot be started has failed; look with [`has`] first where it may be missing.
/// `environment` is added to that of `xtask`.
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
///
/// The first outcome that did not pass is that of all. No parts pass.
pub(crate) fn all(parts: &[&dyn Fn() -> Outcome]) -> Outcome {
    parts
        .iter()
        .map(|part| part())
        .find(|o| !matches!(o, Outcome::Passed))
        .unwrap_or(Outcome::Passed)
}

/// Whether a program can be started here.
///
/// It is started with `--version`; how it ends is ignored.
pub(crate) fn has(program: &str) -> bool {
    let silent = Stdio::null;
    let mut command = Command::new(program);
    command.arg("--version").stdin(silent()).stdout(silent()).stderr(silent()).status().is_ok()
}

/// `../shared/PART` next to the checkout, when it is there.
///
/// `PASO_SHARED` names another folder in place of `../shared`.
pub(crate) fn shared(part: &str) -> Option<PathBuf> {
    let base =
        std::env::var_os("PASO_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let path = base.join(part);
    path.exists().then(|| path.canonicalize().unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn an_error_is_a_failure_with_all_its_causes() {
        let result: anyhow::Result<()> = Err(anyhow::anyhow!("no such file").context("a.csv"));
        assert_eq!(Outcome::from(result), Outcome::Failed("a.csv: no such file".into()));
        assert_eq!(Outcome::from(Ok(())), Outcome::Passed);
    }

    #[test]
    fn parts_run_in_order_until_one_does_not_pass() {
        let count = Cell::new(0);
        let step = |outcome: Outcome| {
            count.set(count.get() + 1);
            outcome
        };
        let skipped = || Outcome::Skipped("no tool".into());
        let found =
            all(&[&|| step(Outcome::Passed), &|| step(skipped()), &|| step(Outcome::Passed)]);
        assert_eq!((found, count.get()), (skipped(), 2), "the third never runs");
        assert_eq!(all(&[]), Outcome::Passed, "nothing to do");
    }

    #[test]
    fn words_of_outcomes_shout_only_when_something_failed() {
        let outcomes = [Outcome::Passed, Outcome::Failed("x".into()), Outcome::Skipped("x".into())];
        assert_eq!(outcomes.map(|outcome| outcome.word()), ["passed", "FAILED", "skipped"]);
    }

    #[cfg(unix)]
    #[test]
    fn commands_pass_fail_or_cannot_be_started() {
        let shell = |script: &str| command("sh", &["-c", script], &[("PASO_TEST", "3")]);
        assert_eq!(shell("exit 0"), Outcome::Passed);
        assert_eq!(shell("test -f Cargo.lock"), Outcome::Passed, "in the root folder");
        assert_eq!(shell("test $PASO_TEST = 3"), Outcome::Passed, "with the environment");
        let Outcome::Failed(why) = shell("exit 4") else { panic!("it fails") };
        assert_eq!(why, "sh ended with exit status: 4");
        let Outcome::Failed(why) = command("no-such-program", &[], &[]) else { panic!("it fails") };
        assert!(why.starts_with("no-such-program could not be started"), "{why}");
        assert!(has("sh") && !has("no-such-program"));
    }
}
