//! The program from end to end: gates of made-up programs, and of a small cargo package.
//!
//! Most programs here are scripts that print a figure without measuring anything, so that a gate
//! takes a moment and its verdict does not depend on how busy the machine is.

#![cfg(unix)]

mod commands;
mod package;
mod records;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a run of the program said.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// A folder with a cache of its own.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join("project").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, text).expect("written");
        path
    }

    /// An executable script.
    fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.write(name, &format!("#!/bin/sh\n{text}\n"));
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("its mode");
        path
    }

    fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
        let mut git = Command::new("git");
        let output = git.args(identity).args(arguments).current_dir(self.path().join("project"));
        let output = output.output().expect("git");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// A repository of all files.
    fn commit(&self) {
        self.git(&["init", "--quiet", "--initial-branch", "main"]);
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "all"]);
    }

    /// Runs `cargo paso-gate` in the project.
    fn run(&self, arguments: &[&str]) -> Said {
        std::fs::create_dir_all(self.path().join("project")).expect("made");
        let output = Command::new(env!("CARGO_BIN_EXE_cargo-paso-gate"))
            .arg("paso-gate")
            .args(arguments)
            .current_dir(self.path().join("project"))
            .env("PASO_GATE_CACHE", self.path().join("cache"))
            .env_remove("CARGO_TARGET_DIR")
            .output()
            .expect("the program");
        let [out, err] =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        Said { code: output.status.code(), out, err }
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join("project").join(name)).unwrap_or_default()
    }
}
