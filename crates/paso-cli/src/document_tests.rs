//! What documents and the help say about the command line, against the parser.

#[path = "../tests/support/command_lines.rs"]
mod command_lines;

use crate::commands::COMMANDS;
use crate::program;
use command_lines::{command_lines, documents, words};

/// Checks that the parser takes the words after `paso`.
fn parses(words: &[String]) -> Result<(), String> {
    let known = |name: &str| name == "help" || COMMANDS.iter().any(|entry| entry.name == name);
    match words {
        // The name of a command in a sentence.
        [name] if known(name) => Ok(()),
        _ => {
            let line = std::iter::once("paso").chain(words.iter().map(String::as_str));
            program().try_get_matches_from(line).map(drop).map_err(|e| e.to_string())
        }
    }
}

#[test]
fn every_command_line_in_a_document_parses() {
    let mut count = 0;
    for path in documents() {
        let document = std::fs::read_to_string(&path).expect("it can be read");
        for line in command_lines(&document) {
            let parsed = parses(&line.words);
            assert_eq!(parsed, Ok(()), "{}: paso {}", path.display(), line.text);
            let empty = line.printed.as_ref().is_some_and(String::is_empty);
            assert!(!empty, "{}: {} prints nothing", path.display(), line.text);
            count += 1;
        }
    }
    assert!(count >= 8, "only {count} command lines were found");
}

/// The workspace has two programs, and Cargo runs neither without a name.
#[test]
fn the_readme_says_which_program_cargo_runs() {
    let readme = include_str!("../../../README.md");
    let runs: Vec<&str> = readme.lines().filter(|line| line.starts_with("cargo run")).collect();
    assert!(!runs.is_empty());
    assert!(runs.iter().all(|line| line.contains(" -p paso-cli -- ")), "{runs:?}");
}

#[test]
fn a_wrong_command_line_in_a_document_is_found() {
    let document = "`paso settle --data demo --seeds 3`, `paso setle`, `paso settle`\n\
                    ```\ncargo run --release -p paso-cli -- train --data demo --epoch 3 # a comment\n```\n";
    let lines = command_lines(document);
    let texts: Vec<&str> = lines.iter().map(|line| &line.text[..]).collect();
    let expected =
        ["settle --data demo --seeds 3", "setle", "settle", "train --data demo --epoch 3"];
    assert_eq!(texts, expected);
    let right: Vec<bool> = lines.iter().map(|line| parses(&line.words).is_ok()).collect();
    assert_eq!(right, [false, false, true, false]);
}

#[test]
fn words_are_separated_as_a_shell_does() {
    assert_eq!(words("a  'b c' d'e f'g"), ["a", "b c", "de fg"]);
}

#[test]
fn every_command_has_examples_in_its_help_that_parse() {
    for entry in COMMANDS {
        let help = (entry.parser)().render_long_help().to_string();
        let (_, examples) = help.split_once("\nExamples:\n").expect(entry.name);
        assert!(!examples.trim().is_empty(), "{} has no example", entry.name);
        for line in examples.lines().map(str::trim) {
            let (_, arguments) = line.split_once("paso ").expect(line);
            // What a shell does with the output is not an argument.
            let arguments = arguments.split(" > ").next().unwrap_or_default();
            let words = words(arguments);
            assert_eq!(words[0], entry.name, "{line}");
            assert_eq!(parses(&words), Ok(()), "{line}");
        }
    }
}

#[test]
fn every_command_is_in_a_document_and_in_the_readme_of_this_crate() {
    let named = |document: &str| -> Vec<String> {
        command_lines(document).into_iter().filter_map(|line| line.words.first().cloned()).collect()
    };
    let own = named(include_str!("../README.md"));
    for entry in COMMANDS {
        assert!(own.iter().any(|name| name == entry.name), "{} is not in README.md", entry.name);
    }
}

#[test]
fn commands_have_names_of_their_own() {
    program().debug_assert();
    let mut names: Vec<_> = COMMANDS.iter().map(|entry| entry.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), COMMANDS.len());
}
