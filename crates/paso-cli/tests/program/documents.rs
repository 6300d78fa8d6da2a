//! The command lines of the documents, run: those that need no file of the user and take seconds.

use crate::command_lines::{CommandLine, command_lines, documents};
use crate::{Place, output, text};
use std::path::Path;

/// What makes a run of these commands short; a flag that a line has already stays as it is there.
const SMALLEST: [(&str, &[(&str, &str)]); 2] = [
    (
        "settle",
        &[
            ("--net", "tiny"),
            ("--size", "32"),
            ("--batch", "4"),
            ("--steps", "6"),
            ("--pairs", "8"),
            ("--lr", "1e-3"),
            ("--threads", "2"),
        ],
    ),
    ("train", &[("--net", "tiny"), ("--size", "32"), ("--epochs", "1")]),
];

/// Why a line is not run, if it is not.
fn skipped(line: &CommandLine) -> Option<&'static str> {
    let has = |word: &str| line.words.iter().any(|w| w == word);
    match &line.words[..] {
        [_] if !has("validate") && !has("cpu") => Some("the name of a command in a sentence"),
        words if words[0] == "validate" || words[0] == "cpu" => None,
        _ if has("SPEC") => Some("a placeholder"),
        words if words[0] == "schedule" => None,
        words if words[0] == "find-lr" => Some("a range test may refuse"),
        words if words[0] == "export" && has("runs/first") => None,
        _ if has("demo") && !has("--branch-from") => None,
        _ => Some("it needs a folder of the user"),
    }
}

fn arguments(line: &CommandLine) -> Vec<String> {
    let mut words = line.words.clone();
    for (_, flags) in SMALLEST.iter().filter(|(name, _)| *name == line.words[0]) {
        for (flag, value) in flags.iter().filter(|(flag, _)| !line.words.iter().any(|w| w == flag))
        {
            words.extend([(*flag).to_owned(), (*value).to_owned()]);
        }
    }
    words
}

/// Runs the lines of a document in their order, in one folder. Says how many it ran.
fn run_all(document: &Path) -> usize {
    let place = Place::new();
    let lines = command_lines(&std::fs::read_to_string(document).expect("it can be read"));
    let mut count = 0;
    for line in lines {
        if let Some(reason) = skipped(&line) {
            #[expect(clippy::print_stderr, reason = "a test says what it leaves out")]
            {
                eprintln!("skipped: paso {}: {reason}", line.text);
            }
            continue;
        }
        let mut command = place.paso("");
        let output = output(command.args(arguments(&line)));
        let name = format!("{}: paso {}", document.display(), line.text);
        assert!(output.status.success(), "{name}: {}", text(&output.stderr));
        if let Some(printed) = &line.printed {
            assert_eq!(&text(&output.stdout), printed, "{name}");
        }
        count += 1;
    }
    count
}

#[test]
fn the_command_lines_of_this_readme_run_and_print_what_it_says() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let count = run_all(&readme);
    assert!(count >= 6, "only {count} lines ran");
}

#[test]
fn the_command_lines_of_the_main_readme_run() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let Some(readme) = documents().into_iter().find(|path| *path == root && *path != own) else {
        eprintln!("skipped: no README.md of the workspace");
        return;
    };
    let count = run_all(&readme);
    assert!(count >= 2, "only {count} lines ran");
}

#[test]
fn every_command_of_the_help_has_examples_at_the_end_of_its_own() {
    let place = Place::new();
    let help = place.stdout("help");
    let (_, commands) = help.split_once("Commands:\n").expect("a list of commands");
    let (commands, _) = commands.split_once("\n\n").expect("it ends");
    let names: Vec<&str> =
        commands.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() == 15 && names.last() == Some(&"help"), "{names:?}");
    for name in names.into_iter().filter(|name| *name != "help") {
        for flag in ["--help", "-h"] {
            let help = place.stdout(&format!("{name} {flag}"));
            let (_, examples) = help.split_once("\nExamples:\n").expect(name);
            assert!(examples.lines().all(|line| line.contains(&format!("paso {name}"))), "{help}");
        }
    }
}
