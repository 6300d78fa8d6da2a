//! The command line of this process, as text that can be pasted into a shell.
//!
//! A folder that a command makes keeps the line in a file (`folder.rs`), so that the same command
//! finds it again, and a person can see what made it. What continues a study or a run is printed in
//! full, with the folder: nobody has to know where it is.

use std::path::Path;

/// Options that choose how a command works and not what it computes. The next word is the value of
/// those that have one.
const OF_THE_CALL: [(&str, bool); 7] = [
    ("--worker", false),
    ("--out", true),
    ("--threads", true),
    ("--new", false),
    ("--resume", false),
    ("--json", false),
    ("--open", false),
];

/// The line of this process.
pub(crate) fn this() -> String {
    line(&words())
}

/// The line of this process without [what only concerns the call](OF_THE_CALL): lines that are equal
/// ask for the same result.
pub(crate) fn result() -> String {
    line(&without_call(words()))
}

/// Whether a kept line asks for this [`result`].
pub(crate) fn same_result(kept: &str, result: &str) -> bool {
    shlex::split(kept).is_some_and(|words| line(&without_call(words)) == result)
}

/// The line of this process with a folder, and `flag` if it is not empty, so that it continues there.
pub(crate) fn in_folder(folder: Option<&Path>, flag: &str) -> String {
    let mut words = words();
    words.retain(|word| word != "--new");
    let has = |words: &[String], name: &str| {
        words.iter().any(|word| word == name || word.starts_with(&format!("{name}=")))
    };
    if let Some(folder) = folder.filter(|_| !has(&words, "--out")) {
        words.extend(["--out".into(), folder.display().to_string()]);
    }
    if !flag.is_empty() && !has(&words, flag) {
        words.push(flag.into());
    }
    line(&words)
}

/// The arguments of this process for a worker that does what it asks for: without `--submit` and the
/// options of the engine.
pub(crate) fn as_worker() -> String {
    let mut words = words().into_iter().skip(1).take_while(|word| word != "--");
    let mut kept = Vec::new();
    while let Some(word) = words.next() {
        if word == "--submit" {
            words.next();
        } else if !word.starts_with("--submit=") {
            kept.push(word);
        }
    }
    line(&kept)
}

/// A command that can be pasted into a shell. Arguments of a process have no zero bytes.
pub(crate) fn line(words: &[String]) -> String {
    let words = words.iter().map(String::as_str);
    shlex::try_join(words.clone()).unwrap_or_else(|_| words.collect::<Vec<_>>().join(" "))
}

fn words() -> Vec<String> {
    let given = std::env::args_os().skip(1);
    std::iter::once("paso".into()).chain(given.map(|a| a.to_string_lossy().into_owned())).collect()
}

fn without_call(words: Vec<String>) -> Vec<String> {
    let mut words = words.into_iter();
    let mut kept = Vec::new();
    while let Some(word) = words.next() {
        let name = word.split('=').next().unwrap_or_default();
        match OF_THE_CALL.iter().find(|(option, _)| *option == name) {
            None => kept.push(word),
            Some((_, true)) if !word.contains('=') => drop(words.next()),
            Some(_) => {}
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Vec<String> {
        line.split(' ').map(Into::into).collect()
    }

    #[test]
    fn a_word_that_a_shell_would_change_is_quoted() {
        for word in ["runs/settle-1", "a b", "it's", "", "$HOME", "a\"b", "x;y"] {
            let text = line(&["paso".into(), word.into()]);
            assert_eq!(shlex::split(&text), Some(vec!["paso".into(), word.into()]), "{text}");
        }
        assert_eq!(line(&["runs/settle-1".into()]), "runs/settle-1");
    }

    #[test]
    fn what_concerns_the_call_only_is_left_out_of_what_is_asked_for() {
        let asked = split("paso settle --data photos --lr 2e-3");
        for more in
            ["", " --out a --threads 2 --json", " --out=a --threads=2", " --new --open --resume"]
        {
            let words = split(&format!("paso settle --data photos{more} --lr 2e-3"));
            assert_eq!(without_call(words), asked, "{more}");
        }
        let other = split("paso settle --data photos --lr 2e-3 --pairs 48");
        assert_eq!(without_call(other.clone()), other);
    }
}
