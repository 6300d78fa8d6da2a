//! The whole way of a new user on a terminal of 80 and of 120 columns: each step's output as it is
//! seen, kept in `tests/snapshots/`.
//!
//! `PASO_BLESS=1 cargo test -p paso-cli first_hour` writes them anew; they are then read once as a user
//! would. What differs from call to call (times, progress bars, temporary folders, the commit) is
//! replaced. The terminal is that of `script` from util-linux; without it the test is skipped.
#![cfg(target_os = "linux")]

use crate::Place;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The steps. `^C` in front: interrupted a moment after it has begun to train.
const STEPS: &[&str] = &[
    "paso --version",
    "paso",
    "paso data scenes",
    "^C paso settle --data scenes --net tiny --size 32 --batch 4 --steps 60 --pairs 8 --threads 1",
    "paso settle --data scenes --net tiny --size 32 --batch 4 --steps 60 --pairs 8 --threads 1",
    "paso train --data scenes --lr fast",
    "paso train --data scenes --schedule onecycle",
    "paso train --data scenes --net squeezenet",
    "paso train --data scenes --size 33",
    "paso find-lr --data scenes --net tiny --size 32 --batch 4 --sweeps 2 --steps 60",
    "paso train --data scenes --net tiny --size 32 --batch 4 --epochs 6",
    "paso eval runs/train-1 --data scenes",
    "paso predict runs/train-1 scenes/images",
    "paso export runs/train-1 --onnx net.onnx",
    "paso train --data scenes --settled runs/settle-1",
    "paso nets",
    "paso schedule 'warmup(5%) then cosine(to 1%)' --lr 4e-3 --steps 1000",
];

/// What a terminal of so many columns shows of a command.
fn on_a_terminal(place: &Place, line: &str, columns: usize) -> String {
    let (line, interrupt) = line.strip_prefix("^C ").map_or((line, false), |line| (line, true));
    let program = env!("CARGO_BIN_EXE_paso");
    let command = format!(
        "stty cols {columns} rows 40; {}; echo \"exit code $?\"",
        line.replacen("paso", program, 1)
    );
    let mut child = Command::new("script")
        .args(["--quiet", "--echo", "never", "--command", &command, "/dev/null"])
        .env("SHELL", "/bin/sh")
        .env_remove("NO_COLOR")
        .current_dir(place.path("."))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script starts");
    let mut keyboard = child.stdin.take().expect("a pipe");
    if interrupt {
        let begun = || place.path("runs/settle-1/runs.jsonl").exists();
        while !begun() {
            std::thread::sleep(Duration::from_millis(20));
        }
        keyboard.write_all(b"\x03").expect("Ctrl-C");
    }
    let output = child.wait_with_output().expect("it ends");
    drop(keyboard);
    plain(&String::from_utf8_lossy(&output.stdout))
}

/// The text without escape sequences and without what a bar drew over itself.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\x1b') {
        plain.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let end = after.find(|c: char| c.is_ascii_alphabetic()).map_or(after.len(), |end| end + 1);
        if after[..end].ends_with('K') || after[..end].ends_with('A') {
            // A line that was cleared, or is drawn again.
            plain.truncate(plain.rfind('\n').map_or(0, |at| at + 1));
        }
        rest = &after[end..];
    }
    plain.push_str(rest);
    let lines = plain.replace("\r\n", "\n");
    let shown = lines.lines().map(|line| line.rsplit('\r').next().unwrap_or(line).trim_end());
    let kept = shown.filter(|line| !line.contains("(left ") && !is_bar(line));
    kept.map(steady).collect::<Vec<_>>().join("\n") + "\n"
}

fn is_bar(line: &str) -> bool {
    line.contains('█') || line.contains("░")
}

/// A line without what differs from call to call.
fn steady(line: &str) -> String {
    let unit = |word: &str| {
        matches!(word.trim_end_matches([',', ';', '.', ')']), "s" | "ms" | "min" | "h")
    };
    let mut words: Vec<String> = line.split(' ').map(Into::into).collect();
    if let Some(at) = words.iter().position(|word| word == "finished") {
        // How many were done at the moment of Ctrl-C.
        if at > 0 && words[at - 1].parse::<u64>().is_ok() {
            words[at - 1] = "N".into();
        }
    }
    for at in 1..words.len() {
        if unit(&words[at]) && words[at - 1].trim_start_matches('(').parse::<f64>().is_ok() {
            words[at - 1] = "N".into();
        }
    }
    for value in ["commit", "target", "instruction"] {
        if words[0] == value {
            return format!("{value} …");
        }
    }
    words.join(" ")
}

#[test]
fn a_new_users_first_hour_reads_as_its_snapshots() {
    let there = Command::new("script").arg("--version").stdout(Stdio::null()).status();
    if there.is_err() {
        eprintln!("skipped: no `script` of util-linux");
        return;
    }
    for columns in [80, 120] {
        let place = Place::new();
        let mut seen = String::new();
        for step in STEPS {
            let shown = on_a_terminal(&place, step, columns);
            for line in shown.lines() {
                let command = line.trim_start().starts_with("paso ");
                let width = line.chars().count();
                assert!(command || width <= columns, "{step}: {width} columns: {line}");
            }
            seen += &format!("$ {step}\n{shown}\n");
        }
        let name = format!("first-hour-{columns}.txt");
        let path =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
        if std::env::var_os("PASO_BLESS").is_some() {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(&path, &seen).expect("the snapshot is written");
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        let different = kept.lines().zip(seen.lines()).find(|(kept, seen)| kept != seen);
        assert!(
            kept == seen,
            "{}: the first difference: {different:?}; PASO_BLESS=1 writes it anew\n{seen}",
            path.display()
        );
    }
}
