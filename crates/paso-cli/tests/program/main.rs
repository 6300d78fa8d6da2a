//! The program from outside: what it prints, what it leaves in folders, what it refuses, and what a
//! kill does to it.

#[path = "../support/command_lines.rs"]
mod command_lines;
mod continued;
mod contract;
mod crash;
mod damaged;
mod data;
mod documents;
mod export;
mod features;
mod first_hour;
mod folder_trees;
mod foreign;
mod kills;
mod limits;
mod locks;
mod optimizers;
mod predicting;
mod refusals;
mod settle;
mod stops;
mod terminal;
mod texts;
mod wrong_options;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A folder to work in, with a small set of generated scenes below it.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = paso_locate::demo::DemoOptions { train: 20, val: 6, seed: 3 };
        paso_locate::demo::write_voc(&options, 40, &folder.path().join("scenes"))
            .expect("scenes are written");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `paso ARGUMENTS`, with the place as its working folder.
    fn paso(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_paso"));
        command.args(arguments.split_whitespace()).current_dir(self.folder.path());
        command
    }

    /// What it printed on stdout. It must succeed.
    #[track_caller]
    fn stdout(&self, arguments: &str) -> String {
        let output = output(&mut self.paso(arguments));
        assert!(output.status.success(), "paso {arguments}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Its stdout as JSON lines: nothing else may be there.
    #[track_caller]
    fn json(&self, arguments: &str) -> Vec<Value> {
        let stdout = self.stdout(arguments);
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
        stdout.lines().map(parse).collect()
    }

    /// Its exit code and what it said on stderr, when it fails.
    #[track_caller]
    fn refused(&self, arguments: &str) -> (i32, String) {
        let output = output(&mut self.paso(arguments));
        let said = text(&output.stderr);
        assert!(!output.status.success(), "paso {arguments} went well");
        assert!(!said.contains("panicked"), "paso {arguments}: {said}");
        (output.status.code().expect("an exit code"), said)
    }
}

fn output(command: &mut Command) -> Output {
    command.output().expect("paso starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A short training on the scenes: 12 epochs of 5 steps.
const TRAIN: &str = "train --data scenes --net tiny --size 32 --batch 4 --epochs 12 --json";

fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The keys of an object, sorted.
fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[track_caller]
fn has(value: &Value, wanted: &[&str]) {
    let found = keys(value);
    for key in wanted {
        assert!(found.contains(key), "`{key}` is not among {found:?}");
    }
}
