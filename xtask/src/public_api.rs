//! `cargo xtask public-api`: the public items of every library, one per line in
//! `crates/NAME/public-api.txt`.
//!
//! The list is compared with the code, so that an item is added, changed or removed only on
//! purpose. cargo-public-api makes it from the JSON of rustdoc. That is an unstable output, which
//! the stable compiler gives when `RUSTC_BOOTSTRAP` is set; nothing that is built so is used
//! otherwise.
//!
//! A difference fails the stage. That it is on purpose is shown by the changed list in the same
//! commit, where a review sees it. Whether it breaks users is not decided here.
//!
//! The order of lines does not matter in the comparison, but it does in the file: `--bless` writes
//! what the tool prints. Implementations that every type has (blanket, auto-trait and derived ones)
//! are left out by the tool's option `-sss`.

use crate::dependencies::Tool;
use crate::root;
use crate::steps::{Outcome, command};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What `cargo xtask public-api` does.
#[derive(Debug, Default, Args)]
pub(crate) struct PublicApiArgs {
    /// Write the lists instead of comparing them.
    #[arg(long)]
    bless: bool,
    /// Only the crates whose name contains this.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

const TOOL: Tool = Tool { name: "cargo-public-api", version: "0.52.0" };

/// Relative to the root folder: the flags of the compiler differ from those of other builds.
const TARGET: &str = "target/public-api";

/// The stage `public api`.
pub(crate) fn stage() -> Outcome {
    match TOOL.find() {
        Ok(_) => run(&PublicApiArgs::default()).into(),
        Err(why) => Outcome::Skipped(why),
    }
}

/// Compares or writes the lists.
///
/// # Errors
/// When a list differs from the code, or cannot be made.
pub(crate) fn run(args: &PublicApiArgs) -> Result<()> {
    let tool = TOOL.find().map_err(anyhow::Error::msg)?;
    let mut different = Vec::new();
    for name in libraries()? {
        if !args.only.as_deref().is_none_or(|part| name.contains(part)) {
            continue;
        }
        let list = list(&tool, &name)?;
        let path = snapshot(&name);
        if args.bless {
            std::fs::write(&path, list).with_context(|| path.display().to_string())?;
            continue;
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        let changes = changes(&expected, &list);
        if !changes.is_empty() {
            eprintln!("{name}:\n{}", changes.join("\n"));
            different.push(name);
        }
    }
    if different.is_empty() {
        return Ok(());
    }
    bail!(
        "the public API of {} changed; `cargo xtask public-api --bless` writes the lists",
        different.join(", ")
    );
}

fn snapshot(name: &str) -> PathBuf {
    root().join("crates").join(name).join("public-api.txt")
}

/// The packages of `crates` that have a library, in alphabetical order.
fn libraries() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root().join("crates")).context("crates")? {
        let entry = entry?;
        if entry.path().join("src/lib.rs").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// The public items of a crate with all its features, without those that every type has.
fn list(tool: &Path, name: &str) -> Result<String> {
    let document = command(
        "cargo",
        &[
            [
                "rustdoc",
                "--quiet",
                "--locked",
                "--lib",
                "--all-features",
                "--target-dir",
                TARGET,
                "-p",
                name,
            ]
            .as_slice(),
            &["--", "-Z", "unstable-options", "--output-format", "json", "--cap-lints", "allow"],
        ]
        .concat(),
        &[("RUSTC_BOOTSTRAP", "1")],
    );
    if let Outcome::Failed(why) = document {
        bail!("{why}");
    }
    let json = root().join(TARGET).join("doc").join(format!("{}.json", name.replace('-', "_")));
    let output = Command::new(tool)
        .args(["public-api", "-sss", "--color", "never", "--rustdoc-json"])
        .arg(&json)
        .current_dir(root())
        .output()
        .context("cargo-public-api")?;
    if !output.status.success() {
        bail!("cargo-public-api {name}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).context("cargo-public-api printed no UTF-8")
}

/// Lines that only one of the lists has, as a diff without context.
///
/// A line that is twice in one list and once in the other is no difference.
fn changes(expected: &str, found: &str) -> Vec<String> {
    let only = |these: &str, others: &str, sign: char| -> Vec<String> {
        let others: Vec<&str> = others.lines().collect();
        these
            .lines()
            .filter(|line| !others.contains(line))
            .map(|line| format!("{sign} {line}"))
            .collect()
    };
    [only(expected, found, '-'), only(found, expected, '+')].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_name_what_is_gone_and_what_is_new() {
        let old = "pub fn a()\npub fn b(u8)\npub fn c()\n";
        for (new, expected) in [
            (old, &[] as &[&str]),
            ("pub fn a()\npub fn b(u16)\npub fn c()\n", &["- pub fn b(u8)", "+ pub fn b(u16)"]),
            ("pub fn c()\npub fn b(u8)\npub fn a()\n", &[]),
            ("", &["- pub fn a()", "- pub fn b(u8)", "- pub fn c()"]),
        ] {
            assert_eq!(changes(old, new), expected, "{new}");
        }
    }

    #[test]
    fn every_crate_with_a_library_is_listed() {
        let names = libraries().expect("the folder `crates`");
        assert!(names.iter().any(|name| name == "paso-isa"), "{names:?}");
        assert!(!names.iter().any(|name| name == "paso-cli"), "a program: {names:?}");
        assert!(names.is_sorted(), "{names:?}");
    }
}
