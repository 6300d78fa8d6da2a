//! The command lines of `paso` in documents, for tests of the parser and of the program.

use std::path::{Path, PathBuf};

/// A command line in a document, after `paso`.
#[derive(Debug)]
pub(crate) struct CommandLine {
    pub(crate) text: String,
    pub(crate) words: Vec<String>,
    /// What follows a line of a `console` block up to the next one: what it prints.
    pub(crate) printed: Option<String>,
}

/// The documents with command lines: those of the workspace, every crate's README, and the pages of
/// the book.
pub(crate) fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let files = |folder| {
        let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten();
        let mut paths: Vec<PathBuf> =
            entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        paths
    };
    let readmes = files("crates").into_iter().map(|path| path.join("README.md"));
    let main = ["README.md", "ARCHITECTURE.md", "BENCHMARKING.md"].map(|name| root.join(name));
    let pages =
        files("docs").into_iter().filter(|path| path.extension().is_some_and(|e| e == "md"));
    // In a published package there is only the crate's own.
    main.into_iter().chain(readmes).chain(pages).filter(|path| path.is_file()).collect()
}

/// The command lines in code blocks and inline code. A mere name, as in `paso settle`, is one as
/// well.
pub(crate) fn command_lines(document: &str) -> Vec<CommandLine> {
    let mut found: Vec<CommandLine> = Vec::new();
    let mut block = None;
    for line in document.lines() {
        if let Some(kind) = line.trim_start().strip_prefix("```") {
            block = if block.is_some() { None } else { Some(kind.trim().to_owned()) };
            continue;
        }
        match block.as_deref() {
            None => {
                let code = line.split('`').skip(1).step_by(2);
                found.extend(code.filter_map(|code| parse(code, false)));
            }
            Some("console") => match (line.strip_prefix("$ "), found.last_mut()) {
                (Some(command), _) => found.extend(parse(command, true)),
                (None, Some(last)) => {
                    last.printed.get_or_insert_default().push_str(&format!("{line}\n"));
                }
                (None, None) => {}
            },
            Some(_) => found.extend(parse(line, false)),
        }
    }
    found
}

/// A line that starts with `paso`, or with what runs it in a checkout; without its comment, and without
/// the file that its output goes to.
fn parse(line: &str, prints: bool) -> Option<CommandLine> {
    let line = line.split(" # ").next()?.split(" > ").next()?.trim();
    let starts = ["paso ", "cargo run --release -p paso-cli -- "];
    let text = starts.iter().find_map(|start| line.strip_prefix(start))?.trim().to_owned();
    let words = words(&text);
    Some(CommandLine { text, words, printed: prints.then(String::new) })
}

/// Words as a shell separates them, with single quotes.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (i, part) in line.split('\'').enumerate() {
        let last = |words: &mut Vec<String>, text: &str| {
            words.last_mut().expect("there is one").push_str(text);
        };
        if i % 2 == 1 {
            last(&mut words, part);
            continue;
        }
        for (k, word) in part.split(' ').enumerate() {
            if k > 0 {
                words.push(String::new());
            }
            last(&mut words, word);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
