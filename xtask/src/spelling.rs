//! The stage `spelling`: American English in source, documentation and manifests, checked by typos
//! as `typos.toml` says.
//!
//! One spelling, so that a search finds every place. typos knows common misspellings and the
//! American variants; words that it takes for mistakes and that are names are listed in
//! `typos.toml`.

use crate::steps::{Outcome, command, has};
use crate::venv::Venv;

/// The wheel has the program itself. Building it from source takes minutes.
const TYPOS: Venv = Venv {
    name: "paso-typos",
    variable: "PASO_TYPOS",
    check: "import importlib.metadata as m; assert m.version('typos') == '1.52.0'",
    packages: &["typos==1.52.0"],
};

/// Fails where a word is misspelled, with the file, the line and the right spelling.
pub(crate) fn run() -> Outcome {
    let program = if has("typos") { Ok("typos".into()) } else { TYPOS.program("typos") };
    match program {
        Ok(program) => command(&program.to_string_lossy(), &["--format", "brief"], &[]),
        Err(why) => {
            Outcome::Skipped(format!("{why}; `cargo install typos-cli --locked` gets typos"))
        }
    }
}
