//! Ctrl-C, and the same command once more: the same folder, the same result, and exit code 130.
#![cfg(unix)]

use crate::{Place, bytes, text};
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

/// 400 epochs, so that there is time for Ctrl-C.
const TRAIN: &str = "train --data scenes --net tiny --size 32 --batch 4 --epochs 400";
const SETTLE: &str = "settle --data scenes --net tiny --size 32 --batch 4 --steps 60 --pairs 8 \
                      --threads 1";

/// Starts a command and sends SIGINT once stderr has a line with `until`.
fn interrupted(place: &Place, arguments: &str, until: &str) -> Output {
    let mut child = place
        .paso(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let mut said = Vec::new();
    for line in lines.by_ref() {
        said.push(line.expect("text"));
        if said.last().is_some_and(|line| line.contains(until)) {
            break;
        }
    }
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status().expect("kill");
    assert!(sent.success(), "the process is there");
    said.extend(lines.map(|line| line.expect("text")));
    let output = child.wait_with_output().expect("it ends");
    Output { stderr: said.join("\n").into_bytes(), ..output }
}

fn folders(place: &Place) -> Vec<String> {
    let entries = std::fs::read_dir(place.path("runs")).expect("runs");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("a folder").file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    names
}

#[test]
fn a_training_continues_by_the_same_command_or_the_one_that_it_prints() {
    let place = Place::new();
    for (call, until) in
        [("kept in runs/train-1", "samples.png"), ("continues in runs/train-1", "net tiny")]
    {
        let output = interrupted(&place, TRAIN, until);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{said}");
        assert!(said.contains(call) && !said.contains("error:"), "{said}");
        let command = format!("  paso {TRAIN} --out runs/train-1 --resume");
        assert!(said.contains(&command), "the command that continues: {said}");
    }
    assert_eq!(folders(&place), ["train-1"]);
    let kept = text(&bytes(&place.path("runs/train-1/command.txt")));
    assert_eq!(kept, format!("paso {TRAIN}\n"));
    interrupted(&place, &format!("{TRAIN} --new"), "samples.png");
    interrupted(&place, &format!("{TRAIN} --seed 1"), "samples.png");
    assert_eq!(folders(&place), ["train-1", "train-2", "train-3"], "--new, and other settings");
    // --threads changes no result.
    let said = text(&interrupted(&place, &format!("{TRAIN} --threads 1"), "net tiny").stderr);
    assert!(said.contains("continues in runs/train-2"), "the newest: {said}");
}

#[test]
fn a_training_that_is_done_is_not_continued() {
    let place = Place::new();
    let short = TRAIN.replace("--epochs 400", "--epochs 1");
    place.stdout(&short);
    place.stdout(&short);
    assert_eq!(folders(&place), ["train-1", "train-2"]);
}

#[test]
fn a_study_continues_by_the_same_command_and_does_not_repeat_its_range_test() {
    let place = Place::new();
    let output = interrupted(&place, SETTLE, "runs  of 60 steps");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("  paso settle ") && said.contains("--out runs/settle-1"), "{said}");
    assert!(place.path("runs/settle-1/range-test.json").is_file());
    assert!(said.contains("learning rates to try"), "{said}");
    let output = crate::output(&mut place.paso(SETTLE));
    let said = text(&output.stderr);
    assert!(output.status.success() && said.contains("continues in runs/settle-1"), "{said}");
    assert!(!said.contains("learning rates to try"), "it is kept: {said}");
    assert_eq!(folders(&place), ["settle-1"]);

    place.stdout(&format!("{SETTLE} --out straight"));
    let answer = |folder: &str| {
        let text = text(&bytes(&place.path(folder).join("report.json")));
        let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        report["answer"]["decay"].clone()
    };
    assert_eq!(answer("runs/settle-1"), answer("straight"));
    let output = crate::output(&mut place.paso(&format!("{SETTLE} --pairs 8")));
    assert!(output.status.code() == Some(2), "an option twice is a mistake");
}

#[test]
fn what_there_is_to_say_about_a_folder_is_said_once_for_a_run() {
    let place = Place::new();
    let said = |arguments: &str| {
        let output = place.paso(arguments).output().expect("it starts");
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stderr)
    };
    let first = said("train --data scenes --net tiny --size 32 --epochs 1 --out run");
    let notes = text(&bytes(&place.path("run/data.txt")));
    assert!(first.starts_with(&notes) && notes.lines().count() > 1, "{first}\n{notes}");
    let again = said("eval run --data scenes");
    let (line, details) = notes.split_once('\n').expect("two lines");
    assert!(again.starts_with(&format!("{line}; notes as in run/data.txt\n")));
    assert!(!again.contains(details.lines().next().expect("a line")), "{again}");
    // Of another reading of the folder, everything.
    let other = said("eval run --data scenes --folds 2 --fold 1");
    assert!(other.contains("fold 1 of 2") && !other.contains("data.txt"), "{other}");
}
