//! The kernels under `AddressSanitizer`. paso has no `unsafe`, but the vectors of its kernels come
//! from a crate that has.
//!
//! The sanitizer is part of a nightly compiler. Its run time is instrumented code only: what the
//! standard library does is not looked at.
//!
//! What it would find: reads and writes beyond a slice, and uses after a free, in the unit tests of
//! `paso-adam` and `paso-ops`. Leaks are not looked for (`detect_leaks=0`). The build is in
//! `target/sanitizer`, since all code is compiled with other flags. Skipped without a nightly
//! compiler and on other systems than x86-64 Linux.

use crate::steps::{Outcome, command};
use std::process::{Command, Stdio};

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The unit tests of the crates with kernels.
pub(crate) fn run() -> Outcome {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Outcome::Skipped("the sanitizer's run time is that of x86-64 Linux".into());
    }
    let nightly =
        Command::new("rustc").args(["+nightly", "--version"]).stderr(Stdio::null()).output();
    if !nightly.is_ok_and(|output| output.status.success()) {
        let get = "rustup toolchain install nightly --profile minimal";
        return Outcome::Skipped(format!("no nightly compiler; `{get}` gets it"));
    }
    let arguments = ["+nightly", "test", "--release", "--locked", "--target", TARGET];
    let tests = ["--target-dir", "target/sanitizer", "-p", "paso-adam", "-p", "paso-ops", "--lib"];
    command(
        "cargo",
        &[&arguments[..], &tests[..]].concat(),
        &[("RUSTFLAGS", "-Zsanitizer=address"), ("ASAN_OPTIONS", "detect_leaks=0")],
    )
}
