//! The stage `wasm`: the crates without threads or files give in WebAssembly the bits that they
//! give natively, in scalar code and with simd128. `tests/wasm` is the program; Node runs it.
//!
//! The crates claim to be usable in a browser. What is compared is bits: a float that differs in
//! the last place would be a difference in the order of operations, which the crates promise not to
//! have.
//!
//! The program computes hashes of what each part calculates. Natively it prints them. They are
//! passed to the build for WebAssembly as an environment variable and compiled in, and the module
//! compares its own with them. So nothing has to be read out of the module but an exit code: 0 for
//! equal, 10 and the number of the part that differs, 1 where it panicked.
//!
//! There are two builds, in `target/wasm/scalar` and `target/wasm/simd128`, since the flags of the
//! compiler differ.

use crate::root;
use crate::steps::{Outcome, command, has};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;

const TARGET: &str = "wasm32-unknown-unknown";
const PACKAGE: &str = "paso-wasm";

/// What the exit codes of `run.mjs` mean, from 11.
const PARTS: [&str; 4] = ["the optimizer", "the schedules", "the study", "the instruction sets"];

/// A build's name and its flags for the compiler.
const BUILDS: [(&str, &str); 2] = [("scalar", ""), ("simd128", "-C target-feature=+simd128")];

/// Builds and compares both, or says what is missing.
pub(crate) fn run() -> Outcome {
    if !has("node") {
        return Outcome::Skipped("node is not installed (Debian: nodejs)".into());
    }
    if let Outcome::Failed(why) = command("rustup", &["target", "add", TARGET], &[]) {
        return Outcome::Skipped(format!("the target {TARGET} could not be installed ({why})"));
    }
    compare().into()
}

fn compare() -> Result<()> {
    let hashes = native()?;
    for (name, flags) in BUILDS {
        let target = root().join("target/wasm").join(name);
        build(&target, flags, &hashes, name)?;
        let program = target.join(TARGET).join("release").join(format!("{PACKAGE}.wasm"));
        let status = Command::new("node")
            .arg(root().join("tests/wasm/run.mjs"))
            .arg(&program)
            .status()
            .context("node")?;
        if let Some(why) = difference(status.code()) {
            bail!("{name}: {why}");
        }
        eprintln!("wasm: {name}: the bits of native code ({hashes})");
    }
    Ok(())
}

/// What the program prints natively.
fn native() -> Result<String> {
    let output = Command::new("cargo")
        .args(["run", "--release", "--locked", "--quiet", "-p", PACKAGE])
        .current_dir(root())
        .output()
        .context("cargo run")?;
    if !output.status.success() {
        bail!("{PACKAGE} failed natively: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout).context("no UTF-8")?.trim().to_owned())
}

/// `hashes` is what the native program printed; the build with simd128 also gets `PASO_SIMD128`.
fn build(target: &Path, flags: &str, hashes: &str, name: &str) -> Result<()> {
    let mut build = Command::new("cargo");
    build.args(["build", "--release", "--locked", "--quiet", "--target", TARGET, "-p", PACKAGE]);
    build.arg("--target-dir").arg(target).env("RUSTFLAGS", flags);
    build.env("PASO_NATIVE_HASHES", hashes).current_dir(root());
    if name == "simd128" {
        build.env("PASO_SIMD128", "1");
    }
    let status = build.status().context("cargo build")?;
    if !status.success() {
        bail!("{name}: cargo build ended with {status}");
    }
    Ok(())
}

/// What an exit code of the program says is wrong.
///
/// Nothing where all bits agree. `None` as code means that a signal ended Node.
fn difference(code: Option<i32>) -> Option<String> {
    let part = match code {
        Some(0) => return None,
        Some(code) => usize::try_from(code).ok().and_then(|code| PARTS.get(code.checked_sub(11)?)),
        None => None,
    };
    Some(match part {
        Some(part) => format!("{part}: not the bits of native code"),
        None => format!("the program ended with {code:?}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_name_the_part_that_differs() {
        for (code, expected) in [
            (Some(0), None),
            (Some(1), Some("Some(1)")),
            (Some(11), Some("the optimizer")),
            (Some(13), Some("the study")),
            (Some(14), Some("the instruction sets")),
            (Some(15), Some("Some(15)")),
            (Some(-1), Some("Some(-1)")),
            (None, Some("None")),
        ] {
            let found = difference(code);
            let agrees = match expected {
                Some(part) => found.as_ref().is_some_and(|why| why.contains(part)),
                None => found.is_none(),
            };
            assert!(agrees, "{code:?}: {found:?}");
        }
    }
}
