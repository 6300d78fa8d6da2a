//! The only place that writes to stdout and stderr.
//!
//! The standard library's macros panic when a line cannot be written: when stdout is a file on a
//! full disk, or a pipe that nobody reads any more. The macros below take their places in the whole
//! program and never panic. What they do instead depends on what a command is for:
//!
//! - A command that answers on stdout and keeps nothing ends at once, because nobody would see the
//!   rest: with exit code 0 where the reader has closed the pipe (it has seen enough), with an error
//!   and exit code 1 where a device is full.
//! - A command that keeps something ([`keep_going`]: a training, a study, drawings) never ends for
//!   the sake of a line. It drops what it cannot say, does its work, and ends with the same exit
//!   codes when it is done.
//!
//! A line that cannot go to stderr is dropped in every command: there is nobody left to tell.
//! Progress bars (`progress.rs`) are drawn by indicatif, which ignores what it cannot draw.

use std::fmt::Arguments;
use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};
use std::process::ExitCode;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use terminal_size::{Height, Width, terminal_size_of};
use textwrap::{Options, WordSplitter};

/// In place of the standard library's: see the head of `terminal.rs`.
macro_rules! println {
    () => { $crate::terminal::out(format_args!("\n")) };
    ($($text:tt)*) => { $crate::terminal::out(format_args!("{}\n", format_args!($($text)*))) };
}

/// In place of the standard library's, likewise.
macro_rules! print {
    ($($text:tt)*) => { $crate::terminal::out(format_args!($($text)*)) };
}

/// In place of the standard library's, likewise.
macro_rules! eprintln {
    () => { $crate::terminal::err(format_args!("\n")) };
    ($($text:tt)*) => { $crate::terminal::err(format_args!("{}\n", format_args!($($text)*))) };
}

/// Whether the command goes on when stdout takes nothing more.
static KEEP_GOING: AtomicBool = AtomicBool::new(false);
/// What became of the first line that stdout did not take.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// From here on the command goes on to its end, whatever becomes of its lines.
pub(crate) fn keep_going() {
    KEEP_GOING.store(true, Ordering::Relaxed);
}

/// Text on stdout.
pub(crate) fn out(text: Arguments<'_>) {
    if LOST.get().is_some() {
        return; // a part of what follows would be worse than nothing
    }
    let width = terminal_size_of(io::stdout()).map(columns);
    let mut out = io::stdout().lock();
    let written = match width {
        Some(width) => out.write_all(wrapped(&text.to_string(), width).as_bytes()),
        None => out.write_fmt(text),
    };
    let written = written.and_then(|()| out.flush());
    drop(out);
    if let Err(e) = written {
        lost(e);
    }
}

/// Text on stderr, if that takes it.
pub(crate) fn err(text: Arguments<'_>) {
    let width = terminal_size_of(io::stderr()).map(columns);
    let mut err = io::stderr().lock();
    let written = match width {
        Some(width) => err.write_all(wrapped(&text.to_string(), width).as_bytes()),
        None => err.write_fmt(text),
    };
    written.and_then(|()| err.flush()).ok();
}

fn columns(size: (Width, Height)) -> usize {
    size.0.0.into()
}

/// Lines that are too long, broken between words and continued with an indent. A terminal would break
/// within words. What is to be copied is left as it is: a command, which begins with `paso` or `$`, and
/// a word that is longer than a line, such as a path.
fn wrapped(text: &str, width: usize) -> String {
    let broken = |line: &str| {
        let body = line.trim_start();
        let is_command = body.starts_with("paso ") || body.starts_with("$ ");
        if is_command || line.is_empty() || width < 20 {
            return line.to_owned();
        }
        let indent = &line[..line.len() - body.len()];
        let rest = format!("{indent}  ");
        let options =
            Options::new(width).initial_indent(indent).subsequent_indent(&rest).break_words(false);
        if textwrap::core::display_width(line) <= width {
            line.to_owned()
        } else {
            textwrap::fill(body, options.word_splitter(WordSplitter::NoHyphenation))
        }
    };
    text.split('\n').map(broken).collect::<Vec<_>>().join("\n")
}

/// Stdout for long tables, which are written piece by piece. An error of it is for [`lost`].
pub(crate) fn table() -> BufWriter<StdoutLock<'static>> {
    BufWriter::new(io::stdout().lock())
}

/// Stdout took no more. Ends the program unless the command keeps going.
pub(crate) fn lost(error: io::Error) {
    let error = LOST.get_or_init(|| error);
    if !KEEP_GOING.load(Ordering::Relaxed) {
        say(error);
        std::process::exit(code(error).into());
    }
}

/// The exit code of a command that did its work: 0, unless its answer could not be written.
pub(crate) fn success() -> ExitCode {
    LOST.get().map_or(ExitCode::SUCCESS, |error| {
        say(error);
        code(error).into()
    })
}

fn code(error: &io::Error) -> u8 {
    u8::from(error.kind() != ErrorKind::BrokenPipe)
}

fn say(error: &io::Error) {
    if code(error) != 0 {
        eprintln!("error: writing to standard output: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_has_seen_enough_is_no_failure_and_a_full_device_is() {
        assert_eq!(code(&ErrorKind::BrokenPipe.into()), 0);
        assert_eq!(code(&ErrorKind::StorageFull.into()), 1);
        assert_eq!(code(&ErrorKind::Other.into()), 1);
    }
}
