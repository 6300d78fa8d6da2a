//! Ctrl-C, and a request to terminate: the first lets what is on its way be kept, the second ends
//! the program at once.
//!
//! Training stops after the epoch, and a study after the step that is in progress; both end with
//! [`Interrupted`], which says the command that continues, and with exit code 130. The handler only sets an atomic flag, because little else is
//! allowed in one. 130 is 128 + 2, the number of SIGINT, by the convention of shells.
//!
//! On Unix SIGTERM and SIGHUP are treated like Ctrl-C. SIGKILL cannot be; the files of a run are
//! whole at every moment for that reason. Commands that keep nothing, such as `paso find-lr`, do
//! not use this: Ctrl-C ends them as usual.

use anyhow::{Context, Result};
use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What shells expect of a program that Ctrl-C ended.
pub(crate) const INTERRUPTED: u8 = 130;

/// Why a command ends before it is done: no mistake, so that it is printed without `error:`.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Interrupted(pub(crate) String);

/// A flag that is set by the first Ctrl-C. `what` says what is waited for until the program ends.
///
/// Whoever gets the flag has to look at it between two units of work.
///
/// # Errors
/// If a handler is set already: a process can have one.
pub(crate) fn flag(what: &'static str) -> Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    let handle = move || {
        if set.swap(true, Ordering::Relaxed) {
            exit(INTERRUPTED.into());
        }
        eprintln!("\nstopping after {what}; once more to stop at once");
    };
    ctrlc::set_handler(handle).context("Ctrl-C cannot be handled")?;
    Ok(flag)
}
