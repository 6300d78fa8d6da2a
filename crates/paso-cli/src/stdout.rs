//! `println!` for answers: a full disk or a closed pipe ends the program with an exit code, not with a panic.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};

/// Replaces the standard library's macro, which panics when stdout cannot be written to.
macro_rules! println {
    () => { $crate::stdout::line(format_args!("")) };
    ($($text:tt)*) => { $crate::stdout::line(format_args!($($text)*)) };
}

/// What a shell reports for a process that SIGPIPE ended.
const CLOSED_PIPE: i32 = 141;

/// Writes a line to stdout. Ends the program if that fails; all files written so far are complete.
pub(crate) fn line(text: Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush()) {
        if error.kind() == ErrorKind::BrokenPipe {
            std::process::exit(CLOSED_PIPE);
        }
        eprintln!("error: writing to standard output: {error}");
        std::process::exit(1);
    }
}
