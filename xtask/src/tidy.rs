//! `cargo xtask tidy`: conventions that a compiler does not check.
//!
//! Every rule is a function from a file to what is wrong with it. The rules are:
//!
//! * invariants of ARCHITECTURE.md that follow from the text alone: every file opens with `//!`, is
//!   short, names no instruction set outside of `paso-isa`, has no leftovers and allows no
//!   `unsafe`;
//! * no word of `tidy/table.rs` in source, documentation or manifests: GLOSSARY.md has one name per
//!   concept, and a reader who searches for it must find every place;
//! * relative links of Markdown files lead somewhere, and the documents that people look for exist.
//!
//! Rules see lines of text, not syntax. So they are fast and simple, and can be deceived on
//! purpose; they are there to catch mistakes.

mod links;
mod table;
mod terms;

use crate::{root, tracked};
use anyhow::{Result, bail};
use clap::Args;
use std::path::Path;

/// What `cargo xtask tidy` checks.
#[derive(Debug, Default, Args)]
pub(crate) struct TidyArgs {
    /// Only the words that this project does not use: every place, and how many each package has.
    #[arg(long)]
    terms: bool,
}

/// A longer file has more than one idea.
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

/// What must not be committed.
const UNFINISHED: &[&str] = &["todo!(", "unimplemented!(", "dbg!(", "#[ignore"];

const DOCUMENTS: [&str; 6] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
];

/// Gets the path relative to the root and the whole text; returns what is wrong, at most one thing.
type Rule = fn(&Path, &str) -> Option<String>;

const RULES: &[Rule] =
    &[opens_with_a_doc, is_short, names_no_instruction_set, is_finished, justifies_unsafe];

/// Checks every rule, or lists words.
///
/// # Errors
/// When a rule is broken, or files cannot be read.
pub(crate) fn run(args: &TidyArgs) -> Result<()> {
    let mut wrong = Vec::new();
    if args.terms {
        return list_terms();
    }
    let files = tracked::texts(&["*.rs"])?;
    for (path, text) in &files {
        let broken = RULES.iter().filter_map(|rule| rule(path, text));
        wrong.extend(broken.map(|what| format!("{}: {what}", path.display())));
    }
    for (path, text) in tracked::texts(terms::PATTERNS)? {
        wrong.extend(terms::messages(&path, &text));
    }
    for (path, text) in tracked::texts(&["*.md"])? {
        let broken = links::broken(&path, &text, text_of);
        wrong.extend(broken.into_iter().map(|what| format!("{}: {what}", path.display())));
    }
    let missing = DOCUMENTS.iter().filter(|name| !root().join(name).is_file());
    wrong.extend(missing.map(|name| format!("{name} is missing")));
    if wrong.is_empty() {
        eprintln!("tidy: {} files checked, nothing to report", files.len());
        return Ok(());
    }
    wrong.iter().for_each(|line| eprintln!("{line}"));
    bail!("tidy: {} errors", wrong.len());
}

/// The text of a file, or nothing for a folder or a file that is not text.
fn text_of(path: &Path) -> Option<String> {
    let path = root().join(path);
    path.exists().then(|| std::fs::read_to_string(path).unwrap_or_default())
}

/// Prints every word that is left and how many each package has.
fn list_terms() -> Result<()> {
    let mut counts = Vec::new();
    for (path, text) in tracked::texts(terms::PATTERNS)? {
        let found = terms::messages(&path, &text);
        found.iter().for_each(|line| eprintln!("{line}"));
        counts.push((tracked::package(&path), found.len()));
    }
    eprint!("\n{}", terms::per_package(&counts));
    Ok(())
}

/// The first line is a module's documentation. Only `#![no_main]`, which fuzz targets need, may
/// come before.
fn opens_with_a_doc(_: &Path, text: &str) -> Option<String> {
    let first = text.lines().find(|line| !line.starts_with("#![no_main]"))?;
    (!first.starts_with("//!")).then(|| "does not open with `//!`".into())
}

fn is_short(_: &Path, text: &str) -> Option<String> {
    let lines = text.lines().count();
    (lines > LONGEST_FILE)
        .then(|| format!("{lines} lines; the limit is {LONGEST_FILE}: split it by topic"))
}

/// So that a kernel is written once for all levels, and detection is in one place.
fn names_no_instruction_set(path: &Path, text: &str) -> Option<String> {
    if path.starts_with("crates/paso-isa") || path.starts_with("xtask") {
        return None;
    }
    code_with(text, INSTRUCTION_SETS)
        .map(|(line, word)| format!("line {line} names `{word}`; only paso-isa may"))
}

fn is_finished(path: &Path, text: &str) -> Option<String> {
    if path.starts_with("xtask") {
        return None;
    }
    code_with(text, UNFINISHED).map(|(line, word)| format!("line {line} has `{word}`"))
}

/// The compiler denies `unsafe` unless the file expects it with a reason. `allow` would need none.
fn justifies_unsafe(path: &Path, text: &str) -> Option<String> {
    if path.starts_with("xtask") {
        return None;
    }
    code_with(text, &["allow(unsafe_code"]).map(|(line, _)| {
        format!("line {line} allows unsafe code; use `#[expect(unsafe_code, reason = …)]`")
    })
}

/// The first line of code, not of comment, with one of the words.
fn code_with<'w>(text: &str, words: &[&'w str]) -> Option<(usize, &'w str)> {
    text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")).find_map(
        |(i, line)| words.iter().find(|word| line.contains(**word)).map(|word| (i + 1, *word)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_accepts_one_text_and_refuses_another() {
        let library = "crates/x/src/y.rs";
        let long = "x\n".repeat(LONGEST_FILE + 1);
        let limit = "x\n".repeat(LONGEST_FILE);
        let cases: [(Rule, &str, &str, Option<&str>); 13] = [
            (opens_with_a_doc, library, "use std::fmt;\n", Some("`//!`")),
            (opens_with_a_doc, library, "//! Says what it is.\n", None),
            (opens_with_a_doc, library, "#![no_main]\n//! A fuzz target.\n", None),
            (is_short, library, &long, Some("501 lines")),
            (is_short, library, &limit, None),
            (names_no_instruction_set, library, "\nuse pulp::x86::V3;\n", Some("line 2")),
            (names_no_instruction_set, library, "// pulp::x86::V3 is AVX2\n", None),
            (names_no_instruction_set, "crates/paso-isa/src/lib.rs", "use pulp::x86::V3;\n", None),
            (is_finished, library, "    todo!()\n", Some("`todo!(`")),
            (is_finished, library, "    // todo!() is denied\n", None),
            (is_finished, library, "#[ignore = \"slow\"]\n", Some("`#[ignore`")),
            (justifies_unsafe, library, "#![allow(unsafe_code)]\n", Some("expect(unsafe_code")),
            (justifies_unsafe, library, "#[expect(unsafe_code, reason = \"x\")]\n", None),
        ];
        for (rule, path, text, expected) in cases {
            let found = rule(Path::new(path), text);
            let agrees = match expected {
                Some(part) => found.as_ref().is_some_and(|message| message.contains(part)),
                None => found.is_none(),
            };
            assert!(agrees, "{path}, {:?}: {found:?}", text.lines().next());
        }
    }

    #[test]
    fn code_is_found_by_the_first_word_on_its_first_line_and_comments_are_not_code() {
        let text = "// dbg!(x)\n    /// dbg!(x)\nlet x = 1;\nlet y = dbg!(x); // todo!()\n";
        assert_eq!(code_with(text, &["todo!(", "dbg!("]), Some((4, "todo!(")));
        assert_eq!(code_with(text, &["dbg!("]), Some((4, "dbg!(")));
        assert_eq!(code_with(text, &["unimplemented!("]), None);
        assert_eq!(code_with("", UNFINISHED), None);
    }

    #[test]
    fn an_empty_file_has_no_doc_to_miss_and_a_blank_first_line_is_one() {
        assert_eq!(opens_with_a_doc(Path::new("a.rs"), ""), None);
        assert!(opens_with_a_doc(Path::new("a.rs"), "\n//! Too late.\n").is_some());
        assert!(opens_with_a_doc(Path::new("a.rs"), "// A comment.\n").is_some());
    }

    #[test]
    fn a_file_has_its_text_a_folder_none_and_what_is_missing_is_nothing() {
        let text = text_of(Path::new("xtask/Cargo.toml")).expect("it is there");
        assert!(text.contains("name = \"xtask\""), "{text}");
        assert_eq!(text_of(Path::new("xtask")), Some(String::new()), "a link to a folder is fine");
        assert_eq!(text_of(Path::new("xtask/no-such-file")), None);
    }

    #[test]
    fn rules_about_code_leave_this_package_out_because_it_names_what_it_looks_for() {
        for rule in [names_no_instruction_set, is_finished, justifies_unsafe] {
            let text = "x86::V3 todo!() allow(unsafe_code)\n";
            assert_eq!(rule(Path::new("xtask/src/x.rs"), text), None);
        }
    }
}
