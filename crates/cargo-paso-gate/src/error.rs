//! What can go wrong, with what it was about.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Of everything in this library.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or a folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file does not contain what it should.
    #[error("{}: {message}", path.display())]
    Contents {
        /// Which.
        path: PathBuf,
        /// What is wrong, where, and what to write instead.
        message: String,
    },
    /// A command cannot be started, fails, or prints something unexpected.
    #[error("`{command}`: {message}")]
    Command {
        /// As it would be typed.
        command: String,
        /// What became of it.
        message: String,
    },
    /// What was asked for is not possible.
    #[error("{0}")]
    Request(String),
}

impl Error {
    /// For `map_err`, with the path of the file.
    pub fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::File { path: path.to_owned(), source }
    }

    pub(crate) fn contents(path: &Path, message: impl ToString) -> Self {
        Self::Contents { path: path.to_owned(), message: message.to_string() }
    }

    pub(crate) fn command(command: impl Into<String>, message: impl ToString) -> Self {
        Self::Command { command: command.into(), message: message.to_string() }
    }
}

/// A command as it would be typed, without its environment.
pub(crate) fn typed(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The trimmed standard output of a command.
///
/// # Errors
/// When it cannot be started, fails (with what it wrote to stderr), or prints no UTF-8.
pub fn run(command: &mut Command) -> Result<String> {
    let output = command.output().map_err(|e| Error::command(typed(command), e))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let message = if errors.is_empty() { output.status.to_string() } else { errors };
        return Err(Error::command(typed(command), message));
    }
    let text = String::from_utf8(output.stdout);
    Ok(text.map_err(|e| Error::command(typed(command), e))?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_fails_is_named_with_what_it_said() {
        let error = run(Command::new("git").arg("no-such-command")).expect_err("no such command");
        let text = error.to_string();
        assert!(text.starts_with("`git no-such-command`: ") && text.len() > 30, "{text}");
        let error = run(&mut Command::new("no-such-program")).expect_err("no such program");
        assert!(error.to_string().starts_with("`no-such-program`: "), "{error}");
    }

    #[test]
    fn output_comes_trimmed() {
        let version = run(Command::new("git").arg("--version")).expect("git");
        assert!(version.starts_with("git version") && version.trim() == version, "{version:?}");
    }

    #[test]
    fn a_file_is_named_before_its_error() {
        let path = Path::new("/no/such/file");
        let error = std::fs::read(path).map_err(Error::file(path)).expect_err("no such file");
        assert!(error.to_string().starts_with("/no/such/file: "), "{error}");
    }
}
