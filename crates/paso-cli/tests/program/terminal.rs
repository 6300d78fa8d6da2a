//! Stdout and stderr that take nothing: no panic, and no training that ends for the sake of a line.
#![cfg(unix)]

use crate::{Place, TRAIN, bytes, text};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// On one thread: another one would begin runs ahead, as many as it has time for.
const SETTLE: &str = "settle --data scenes --net tiny --size 32 --batch 4 --steps 3 --pairs 8 \
                      --lr 1e-3 --fixed-lr --threads 1";

/// `paso ARGUMENTS REDIRECTED` in a shell.
fn redirected(place: &Place, arguments: &str, redirection: &str) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("exec \"$0\" {arguments} {redirection}")]);
    command.arg(env!("CARGO_BIN_EXE_paso")).current_dir(place.path("."));
    command.output().expect("a shell")
}

/// The exit code and stderr of a command whose stdout is closed after so many lines.
fn read_lines(place: &Place, arguments: &str, lines: usize) -> (Option<i32>, String) {
    let mut command = place.paso(arguments);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut reader = BufReader::new(child.stdout.take().expect("a pipe"));
    for _ in 0..lines {
        reader.read_line(&mut String::new()).expect("a line");
    }
    drop(reader);
    let output = child.wait_with_output().expect("it ends");
    (output.status.code(), text(&output.stderr))
}

#[track_caller]
fn same_record(place: &Place, out: &str) {
    for file in ["last.safetensors", "best.safetensors", "metrics.csv", "metrics.jsonl"] {
        let [a, b] = [out, "straight"].map(|run| bytes(&place.path(run).join(file)));
        assert!(a == b, "{file} of {out} differs");
    }
}

/// Redirections, and the exit code: a closed stream is no failure, a full stdout is one.
fn redirections() -> Vec<(&'static str, i32)> {
    let mut all = vec![(">&-", 0), ("2>&-", 0), (">&- 2>&-", 0)];
    if Path::new("/dev/full").exists() {
        all.extend([("2>/dev/full", 0), (">/dev/full", 1), (">/dev/full 2>/dev/full", 1)]);
    }
    all
}

#[test]
fn a_training_ends_with_its_whole_record_whatever_becomes_of_its_lines() {
    let place = Place::new();
    place.stdout(&format!("{TRAIN} --out straight"));
    for (i, (redirection, code)) in redirections().into_iter().enumerate() {
        let out = format!("run-{i}");
        let output = redirected(&place, &format!("{TRAIN} --out {out}"), redirection);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{redirection}: {said}");
        assert!(!said.contains("panicked"), "{redirection}: {said}");
        same_record(&place, &out);
    }
    for (lines, out) in [(1, "one"), (0, "none")] {
        let (code, said) = read_lines(&place, &format!("{TRAIN} --out {out}"), lines);
        assert!(code == Some(0) && !said.contains("panicked"), "{lines} lines: {code:?} {said}");
        same_record(&place, out);
    }
}

#[test]
fn a_study_ends_with_its_runs_and_its_report_whatever_becomes_of_its_lines() {
    let place = Place::new();
    place.stdout(&format!("{SETTLE} --out straight"));
    let count = |out: &str| text(&bytes(&place.path(out).join("runs.jsonl"))).lines().count();
    let complete = |out: &str| {
        assert_eq!(count(out), count("straight"), "{out} has every run");
        for file in ["report.html", "report.json"] {
            assert!(place.path(out).join(file).is_file(), "{file} of {out}");
        }
    };
    for (i, (redirection, code)) in redirections().into_iter().enumerate() {
        let out = format!("study-{i}");
        let output = redirected(&place, &format!("{SETTLE} --out {out}"), redirection);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{redirection}: {said}");
        assert!(!said.contains("panicked"), "{redirection}: {said}");
        complete(&out);
    }
    for (lines, out) in [(1, "one"), (0, "none")] {
        let (code, said) = read_lines(&place, &format!("{SETTLE} --out {out}"), lines);
        assert!(code == Some(0) && !said.contains("panicked"), "{lines} lines: {code:?} {said}");
        complete(out);
    }
}

#[test]
fn the_verdict_is_printed_whatever_becomes_of_the_report() {
    let place = Place::new();
    let command = format!("{SETTLE} --out study --json");
    let answer = place.json(&command);
    // Nothing can take the place of a folder.
    std::fs::remove_file(place.path("study/report.json")).expect("it is there");
    std::fs::create_dir(place.path("study/report.json")).expect("a folder");
    let output = place.paso(&command).output().expect("it starts");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("the report could not be written") && said.contains("report.json"),
        "{said}"
    );
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).expect("the answer");
    assert_eq!(printed, answer[0]);
}

#[test]
fn a_command_that_only_answers_ends_quietly_when_nobody_reads_and_says_when_a_device_is_full() {
    let place = Place::new();
    place.stdout(&format!("{} --out net", TRAIN.replace("--epochs 12", "--epochs 1")));
    for arguments in [
        "train --data scenes --print-config",
        "schedule cosine --csv --steps 1000000",
        "schedule cosine linear --compare",
        "cpu",
        "completions bash",
        "data scenes",
        "eval net --data scenes",
        "help",
        "--version",
    ] {
        let (code, said) = read_lines(&place, arguments, 0);
        assert!(code == Some(0) && !said.contains("panicked"), "paso {arguments}: {code:?} {said}");
        for redirection in [">&-", "2>&-"] {
            let output = redirected(&place, arguments, redirection);
            let said = text(&output.stderr);
            let fine = output.status.success() && !said.contains("panicked");
            assert!(fine, "paso {arguments} {redirection}: {said}");
        }
        if !Path::new("/dev/full").exists() || ["help", "--version"].contains(&arguments) {
            continue; // clap prints those, and ignores what it cannot print
        }
        let output = redirected(&place, arguments, ">/dev/full");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "paso {arguments}: {said}");
        assert!(said.contains("error: writing to standard output"), "paso {arguments}: {said}");
    }
}
