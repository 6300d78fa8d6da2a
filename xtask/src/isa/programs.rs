//! The test programs that cargo has built: found in its messages, and run without it.
//!
//! `cargo test --workspace` leaves a program per library and per file of `tests` in the target
//! folder. A level needs no build of its own, because the instruction set is chosen when a program
//! starts (`PASO_ISA`), so every level runs these same programs.
//! `cargo test --no-run --message-format=json` says where they are, one JSON object per line, and
//! builds only what has changed since. The format is in the Cargo book, "External tools".
//!
//! The debug profile is good enough here: it has `opt-level = 2`, and it keeps overflow checks.

use crate::root;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Whose test programs are run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Selection {
    /// Names of packages, which are also the names of their folders.
    pub(super) packages: &'static [&'static str],
    /// Only the unit tests of the libraries, not the programs of `tests`.
    pub(super) only_lib: bool,
}

/// A program that cargo has built.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Program {
    /// The folder of its package: tests expect to be started there.
    pub(super) folder: PathBuf,
    /// The target's name: `paso_isa`, `same_bits`, `paso`.
    pub(super) name: String,
    /// The target's kind: `lib`, `test`, `bin` and others.
    pub(super) kind: String,
    /// Whether it was built with the test harness.
    pub(super) is_test: bool,
    pub(super) path: PathBuf,
}

impl Program {
    fn package(&self) -> Option<&OsStr> {
        self.folder.file_name()
    }

    fn label(&self) -> String {
        let package = self.package().unwrap_or_default().to_string_lossy();
        format!("{package} {} {}", self.kind, self.name)
    }
}

/// The part of cargo's messages that is read. Messages of other kinds lack most of it.
#[derive(Deserialize)]
struct Message {
    manifest_path: Option<PathBuf>,
    target: Option<Target>,
    profile: Option<Profile>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    name: String,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// The programs that cargo's messages name, in their order. Lines that are no message are left out.
pub(super) fn parse(messages: &str) -> Vec<Program> {
    let program = |line: &str| {
        let message: Message = serde_json::from_str(line).ok()?;
        let target = message.target?;
        Some(Program {
            folder: message.manifest_path?.parent()?.to_owned(),
            name: target.name,
            kind: target.kind.into_iter().next()?,
            is_test: message.profile?.test,
            path: message.executable?,
        })
    };
    messages.lines().filter_map(program).collect()
}

/// The test programs of a selection. Each package must have one, or a renamed crate would no longer
/// be tested and nobody would notice.
///
/// # Errors
/// When a package has none.
pub(super) fn select(programs: &[Program], selection: Selection) -> Result<Vec<&Program>> {
    let mut selected = Vec::new();
    for package in selection.packages {
        let fits = |program: &&Program| {
            let kind = program.kind == "lib" || !selection.only_lib;
            program.is_test && kind && program.package() == Some(OsStr::new(package))
        };
        let found: Vec<&Program> = programs.iter().filter(fits).collect();
        if found.is_empty() {
            bail!("cargo has built no test program of {package}");
        }
        selected.extend(found);
    }
    Ok(selected)
}

/// The program `paso` that was built with the tests.
///
/// # Errors
/// When there is none.
pub(super) fn paso(programs: &[Program]) -> Result<&Program> {
    let is =
        |program: &&Program| program.kind == "bin" && program.name == "paso" && !program.is_test;
    programs.iter().find(is).context("cargo has built no program `paso`")
}

/// Runs test programs one after another, all of them even where one fails, and counts the tests
/// that passed. `run` gives what a program printed, or why it failed.
///
/// # Errors
/// When a program fails, with the names of all that did.
pub(super) fn run_all(
    programs: &[&Program],
    mut run: impl FnMut(&Program) -> Result<String>,
) -> Result<usize> {
    let (mut tests, mut failed) = (0, Vec::new());
    for program in programs {
        match run(program) {
            Ok(text) => tests += passed(&text),
            Err(e) => failed.push(format!("{}: {e:#}", program.label())),
        }
    }
    if !failed.is_empty() {
        bail!("{} of {} test programs failed: {}", failed.len(), programs.len(), failed.join("; "));
    }
    Ok(tests)
}

/// What a program prints, started in its package's folder, by an emulator if there is one. On
/// failure all of it is shown.
///
/// # Errors
/// When it cannot be started, or ends with a failure.
pub(super) fn output(
    program: &Program,
    arguments: &[&str],
    emulator: &[String],
    environment: &[(String, String)],
) -> Result<String> {
    let path = relative(&program.path);
    let line = [emulator, &[path.display().to_string()]].concat().join(" ");
    let settings: Vec<String> =
        environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    eprintln!("$ {} {line} {}", settings.join(" "), arguments.join(" "));
    let mut command = match emulator {
        [] => Command::new(&program.path),
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(&program.path);
            command
        }
    };
    command
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .current_dir(&program.folder);
    finish(command, &line)
}

/// What a command prints; on failure all of it is shown. `name` is how errors name it.
///
/// # Errors
/// When it cannot be started, or ends with a failure.
pub(super) fn finish(mut command: Command, name: &str) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| name.to_owned())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        eprintln!("{text}{}", String::from_utf8_lossy(&output.stderr));
        bail!("{name} ended with {}", output.status);
    }
    Ok(text)
}

/// How many tests passed, from what test programs print.
pub(super) fn passed(text: &str) -> usize {
    let counts = text.lines().filter_map(|line| line.trim().strip_prefix("test result: ok. "));
    counts.filter_map(|rest| rest.split(' ').next()?.parse::<usize>().ok()).sum()
}

/// A path without the root folder, to be read.
fn relative(path: &Path) -> &Path {
    let root = root().canonicalize().unwrap_or_default();
    path.strip_prefix(root).unwrap_or(path)
}

#[cfg(test)]
#[path = "programs_tests.rs"]
mod tests;
