//! Ctrl-C and SIGTERM: the first stops the command once its current unit of work is saved, the second stops it at once.

use anyhow::{Context, Result};
use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The exit code that shells expect after Ctrl-C.
const INTERRUPTED: i32 = 130;

/// A flag that the first Ctrl-C sets. `unit` is what the command finishes before it stops.
pub(crate) fn flag(unit: &'static str) -> Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    let handle = move || {
        if set.swap(true, Ordering::Relaxed) {
            exit(INTERRUPTED);
        }
        eprintln!("\nstopping after {unit}; press Ctrl-C again to stop at once");
    };
    ctrlc::set_handler(handle).context("installing the Ctrl-C handler")?;
    Ok(flag)
}
