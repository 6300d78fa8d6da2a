//! Whole commands, by the clock on the wall.
//!
//! The start of the process is in the time, for both sides alike. What the command prints is thrown
//! away, so that a terminal is no part of the time; its messages are kept for the error.

use crate::error::typed;
use crate::program::{Program, message};
use crate::{Error, Result};
use std::process::Stdio;
use std::time::Instant;

/// Seconds from start to end.
pub(super) fn measure(program: &Program, args: &[String]) -> Result<f64> {
    let mut command = program.start(args);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let start = Instant::now();
    let output = command
        .output()
        .map_err(|e| Error::command(typed(&command), format!("could not be started: {e}")))?;
    let seconds = start.elapsed().as_secs_f64();
    if output.status.success() {
        return Ok(seconds);
    }
    Err(Error::command(
        typed(&command),
        format!("ended with {}: {}", output.status, message(&output)),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_takes_time_and_one_that_fails_says_why() {
        let git = Program::command("git").expect("a command");
        let seconds = measure(&git, &["--version".into()]).expect("git");
        assert!(seconds > 0.0 && seconds < 60.0, "{seconds}");
        let error = measure(&git, &["bogus".into()]).expect_err("no such command").to_string();
        assert!(error.starts_with("`git bogus`: ended with "), "{error}");
    }
}
