//! The rules of the house that a compiler does not check.
//!
//! Every rule is a function from a file to what is wrong with it. The rules are the invariants of
//! ARCHITECTURE.md that can be read off the text.

use crate::{root, tracked};
use anyhow::{Result, bail};
use std::path::Path;

/// A file with more lines than this is more than one room.
const LONGEST_FILE: usize = 500;

/// Names that only `paso-isa` may use: pulp's instruction sets and the compiler's.
const INSTRUCTION_SETS: &[&str] = &[
    "x86::V3",
    "x86::V4",
    "aarch64::Neon",
    "target_feature",
    "is_x86_feature_detected",
    "std::arch",
    "core::arch",
];

/// What is only ever meant to be temporary.
const LEFT_BEHIND: &[&str] = &["todo!(", "unimplemented!(", "dbg!(", "#[ignore"];

type Rule = fn(&Path, &str) -> Option<String>;

const RULES: &[Rule] = &[
    opens_with_a_doc,
    is_one_room,
    names_no_instruction_set,
    leaves_nothing_behind,
    argues_unsafe,
];

pub(crate) fn run() -> Result<()> {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (path, text) in tracked::texts(&["*.rs"])? {
        count += 1;
        wrong.extend(
            RULES
                .iter()
                .filter_map(|rule| rule(&path, &text))
                .map(|what| format!("{}: {what}", path.display())),
        );
    }
    wrong.extend(documents_are_there());
    if wrong.is_empty() {
        eprintln!("tidy: {count} files in order");
        return Ok(());
    }
    wrong.iter().for_each(|line| eprintln!("{line}"));
    bail!("tidy: {} things are out of order", wrong.len());
}

fn opens_with_a_doc(_: &Path, text: &str) -> Option<String> {
    let first = text.lines().find(|line| !line.starts_with("#![no_main]"))?;
    (!first.starts_with("//!")).then(|| "does not open with `//!`".into())
}

fn is_one_room(_: &Path, text: &str) -> Option<String> {
    let lines = text.lines().count();
    (lines > LONGEST_FILE)
        .then(|| format!("{lines} lines, more than {LONGEST_FILE}: is it one idea?"))
}

fn names_no_instruction_set(path: &Path, text: &str) -> Option<String> {
    let free = path.starts_with("crates/paso-isa") || path.starts_with("xtask");
    (!free)
        .then(|| code_with(text, INSTRUCTION_SETS))?
        .map(|(line, word)| format!("line {line} names `{word}`; only paso-isa may"))
}

fn leaves_nothing_behind(path: &Path, text: &str) -> Option<String> {
    if path.starts_with("xtask") {
        return None;
    }
    code_with(text, LEFT_BEHIND).map(|(line, word)| format!("line {line} has `{word}`"))
}

/// `unsafe` needs an expectation with its reason in the same file; the compiler denies it otherwise,
/// but `allow` would silence the compiler without one.
fn argues_unsafe(path: &Path, text: &str) -> Option<String> {
    if path.starts_with("xtask") {
        return None;
    }
    code_with(text, &["allow(unsafe_code"]).map(|(line, _)| {
        format!("line {line} allows unsafe code; use `#[expect(unsafe_code, reason = …)]`")
    })
}

/// The first line of code (not of comment) with one of the words.
fn code_with<'w>(text: &str, words: &[&'w str]) -> Option<(usize, &'w str)> {
    text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")).find_map(
        |(i, line)| words.iter().find(|word| line.contains(**word)).map(|word| (i + 1, *word)),
    )
}

fn documents_are_there() -> Vec<String> {
    [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
    ]
    .iter()
    .filter(|name| !root().join(name).is_file())
    .map(|name| format!("{name} is missing"))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_can_fail() {
        let file = Path::new("crates/x/src/y.rs");
        assert!(opens_with_a_doc(file, "use std::fmt;\n").is_some(), "a file without a doc");
        assert!(opens_with_a_doc(file, "//! Says what it is.\n").is_none(), "a file with one");
        assert!(is_one_room(file, &"x\n".repeat(LONGEST_FILE + 1)).is_some(), "a long file");
        assert!(
            names_no_instruction_set(file, "use pulp::x86::V3;\n").is_some(),
            "an instruction set outside paso-isa"
        );
        assert!(
            names_no_instruction_set(
                Path::new("crates/paso-isa/src/lib.rs"),
                "use pulp::x86::V3;\n"
            )
            .is_none(),
            "in paso-isa"
        );
        assert!(leaves_nothing_behind(file, "    todo!()\n").is_some(), "something unfinished");
        assert!(
            leaves_nothing_behind(file, "    // todo!() is denied\n").is_none(),
            "a comment about it"
        );
        assert!(
            argues_unsafe(file, "#![allow(unsafe_code)]\n").is_some(),
            "unsafe without a reason"
        );
    }
}
