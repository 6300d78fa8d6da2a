//! What the tests share: where the reference vectors are, and how they are read.
//!
//! Vectors are looked for next to the checkout (`../shared/vectors`, or the folder that
//! `PASO_SHARED` names). A test that needs them says `skipped: no ../shared` and passes where they
//! are absent; the small vectors that the project owns are in `tests/vectors`.

use std::path::{Path, PathBuf};

/// The workspace's root folder.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// `../shared/PART` next to the checkout, or `None` after saying that the test was skipped.
#[must_use]
pub fn shared(part: &str) -> Option<PathBuf> {
    let base =
        std::env::var_os("PASO_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let path = base.join(part);
    if path.exists() {
        return Some(path);
    }
    #[expect(clippy::print_stderr, reason = "a test says what it leaves out")]
    {
        eprintln!("skipped: no ../shared ({part} was not found)");
    }
    None
}

/// Reads one JSON file of vectors. Panics with the file's name when it is not what it should be.
#[must_use]
pub fn json(path: &Path) -> serde_json::Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A number of the vectors: a JSON number, or one of the strings `NaN`, `Infinity`, `-Infinity`.
#[must_use]
#[track_caller]
pub fn number(value: &serde_json::Value) -> f64 {
    match value.as_str() {
        Some("NaN") => f64::NAN,
        Some("Infinity") => f64::INFINITY,
        Some("-Infinity") => f64::NEG_INFINITY,
        _ => value.as_f64().unwrap_or_else(|| panic!("not a number: {value}")),
    }
}

/// The numbers of a list, in f64.
#[must_use]
#[track_caller]
pub fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap_or_else(|| panic!("not a list: {value}")).iter().map(number).collect()
}

/// The examples of a page of the book, which a reader copies.
#[cfg(doctest)]
#[doc = include_str!("../../docs/own-loop.md")]
struct OwnLoop;
