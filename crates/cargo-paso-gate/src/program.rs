//! A program of a build, run once.
//!
//! Arguments are passed as they are; no shell is involved. Its stdin is empty. What it prints is
//! read after it has ended.

use crate::error::typed;
use crate::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A program and how it is started.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program and the arguments that come before those of a benchmark.
    words: Vec<String>,
    /// Where it runs; the current folder where there is none.
    folder: Option<PathBuf>,
}

impl Program {
    /// The program of a file.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn new(path: &Path) -> Result<Self> {
        let path = path.canonicalize().map_err(Error::file(path))?;
        if !path.is_file() {
            return Err(Error::contents(&path, "is no program"));
        }
        Ok(Self { words: vec![path.to_string_lossy().into_owned()], folder: None })
    }

    /// A command as it is typed, quotes included: `./sort "big file.txt"`.
    ///
    /// # Errors
    /// When it is empty or a quote is not closed.
    pub fn command(text: &str) -> Result<Self> {
        let words = shlex::split(text).filter(|words| !words.is_empty());
        let words = words.ok_or_else(|| {
            Error::Request(format!("`{text}`: is no command: it is empty, or a quote is open"))
        })?;
        Ok(Self { words, folder: None })
    }

    /// The same, started in this folder.
    #[must_use]
    pub fn in_folder(self, folder: &Path) -> Self {
        Self { folder: Some(folder.to_owned()), ..self }
    }

    /// Its file, or the first word of the command.
    #[must_use]
    pub fn path(&self) -> &Path {
        Path::new(&self.words[0])
    }

    /// Whether it is one file, and not a command.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.words.len() == 1 && self.path().is_absolute()
    }

    /// To be started with these arguments.
    pub(crate) fn start(&self, arguments: &[String]) -> Command {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).args(arguments).stdin(Stdio::null());
        if let Some(folder) = &self.folder {
            // What cargo tells a benchmark, as it runs it in the folder of its package.
            command.current_dir(folder).env("CARGO_MANIFEST_DIR", folder);
        }
        command
    }

    /// What it prints.
    ///
    /// # Errors
    /// When it cannot be started, fails (with the first line of its message), or prints no UTF-8.
    pub fn output(&self, arguments: &[String]) -> Result<String> {
        output(&mut self.start(arguments))
    }
}

/// What a command prints; its error has the first line of its message.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .map_err(|e| Error::command(typed(command), format!("could not be started: {e}")))?;
    if !output.status.success() {
        let message = format!("ended with {}: {}", output.status, message(&output));
        return Err(Error::command(typed(command), message));
    }
    String::from_utf8(output.stdout).map_err(|_| Error::command(typed(command), "printed no UTF-8"))
}

/// Why a program failed: its panic, the first line of stderr that begins with `error`, or else the
/// first one; the last one of stdout where stderr is empty.
pub(crate) fn message(output: &Output) -> String {
    let [errors, text] = [&output.stderr, &output.stdout].map(|it| String::from_utf8_lossy(it));
    let lines: Vec<&str> = errors.lines().filter(|line| !line.trim().is_empty()).collect();
    if let Some(at) = lines.iter().position(|line| line.contains("panicked at")) {
        return lines[at..].iter().take(2).copied().collect::<Vec<_>>().join(" ");
    }
    let error = lines.iter().find(|line| line.starts_with("error")).or(lines.first()).copied();
    let last = || text.lines().rfind(|line| !line.trim().is_empty());
    error.or_else(last).unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_split_at_blanks_outside_of_quotes() {
        let program = Program::command("git 'rev parse' x").expect("a command");
        assert_eq!(program.words, ["git", "rev parse", "x"]);
        for wrong in ["", "  ", "git 'open"] {
            let error = Program::command(wrong).expect_err("no command").to_string();
            assert!(error.contains("quote is open"), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_program_runs_in_its_folder() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let program = Program::command("git init --quiet").expect("a command");
        program.in_folder(folder.path()).output(&[]).expect("git");
        assert!(folder.path().join(".git").is_dir(), "made there");
    }

    #[test]
    fn what_is_no_program_or_fails_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let error = Program::new(folder.path()).expect_err("a folder").to_string();
        assert!(error.ends_with("is no program"), "{error}");
        assert!(Program::new(&folder.path().join("none")).is_err(), "nothing there");
        let git = Program::command("git").expect("a command");
        let error = git.output(&["bogus".into()]).expect_err("no such command").to_string();
        assert!(error.starts_with("`git bogus`: ended with "), "{error}");
        let none = Program::command("no-such-program").expect("a command");
        let error = none.output(&[]).expect_err("nothing there").to_string();
        assert!(error.contains("could not be started"), "{error}");
    }

    #[test]
    fn the_message_is_the_panic_the_error_or_the_first_line() {
        let status = Command::new("git").arg("--version").output().expect("git").status;
        let said = |stderr: &str, stdout: &str| {
            message(&Output { status, stderr: stderr.into(), stdout: stdout.into() })
        };
        let panic = "plots: none\nthread 'main' panicked at a.rs:1:2:\nno file\nstack backtrace:\n";
        assert_eq!(said(panic, ""), "thread 'main' panicked at a.rs:1:2: no file");
        assert_eq!(said("warning: x\nerror: y\n", "z"), "error: y");
        assert_eq!(said("\nfirst\nsecond\n", "z"), "first");
        assert_eq!(said("", "a\nb\n\n"), "b", "the last line of stdout");
        assert_eq!(said("", ""), "no message");
    }
}
