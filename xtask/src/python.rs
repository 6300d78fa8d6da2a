//! What Python's own libraries say about the files that paso writes: the scripts of `tests/python`, in an environment of
//! their own.
//!
//! The environment is `paso-checks` in the user's cache folder (`$XDG_CACHE_HOME`, or `~/.cache`), made when it is not
//! there. `PASO_CHECKS` names another.

use crate::root;
use crate::steps::{Outcome, all, cargo, command, shared};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the scripts import, and what the packages are called.
const MODULES: &str =
    "import numpy, onnx, onnxruntime, PIL, safetensors, tensorboard, pycocotools.coco";
const PACKAGES: [&str; 7] =
    ["numpy", "onnx", "onnxruntime", "pillow", "safetensors", "tensorboard", "pycocotools"];

/// A body of each form that is exported.
const NETS: [&str; 3] = ["tiny", "mobile", "residual"];

/// The stage `python`.
pub(crate) fn run() -> Outcome {
    let python = match environment() {
        Ok(python) => python,
        Err(why) => return Outcome::Skipped(why),
    };
    let folder = match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(e) => return Outcome::Failed(format!("no temporary folder: {e}")),
    };
    all(&[&|| cargo(&["build", "--release", "--locked", "-p", "paso-cli"]), &|| {
        checks(&python, folder.path())
    }])
}

/// A Python with all that is needed, or the reason why there is none.
fn environment() -> Result<PathBuf, String> {
    let folder = match std::env::var_os("PASO_CHECKS") {
        Some(folder) => PathBuf::from(folder),
        None => cache().ok_or("neither PASO_CHECKS nor HOME is set")?.join("paso-checks"),
    };
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    if !works(&python, "pass") {
        if !works(Path::new("python3"), "pass") {
            return Err("there is no python3".into());
        }
        let made = command("python3", &["-m", "venv", &folder.to_string_lossy()], &[]);
        if !matches!(made, Outcome::Passed) {
            return Err("python3 -m venv does not work here".into());
        }
    }
    if !works(&python, MODULES) {
        let install = [&["-m", "pip", "install", "--quiet"], &PACKAGES[..]].concat();
        let installed = command(&python.to_string_lossy(), &install, &[]);
        if !matches!(installed, Outcome::Passed) || !works(&python, MODULES) {
            return Err(format!("{} could not be installed", PACKAGES.join(", ")));
        }
    }
    Ok(python)
}

fn cache() -> Option<PathBuf> {
    let named = std::env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty());
    let at_home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    named.map(PathBuf::from).or_else(at_home)
}

/// Whether this Python runs these lines.
fn works(python: &Path, lines: &str) -> bool {
    let mut command = Command::new(python);
    command.args(["-c", lines]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Trains and exports a little, and lets the scripts compare. Photographs are wanted for ONNX; without them the events of
/// the demo are read, and nothing else.
fn checks(python: &Path, folder: &Path) -> Outcome {
    let paso = root().join("target/release").join(format!("paso{}", std::env::consts::EXE_SUFFIX));
    let paso = paso.to_string_lossy();
    let script = |name: &str, arguments: &[&str]| {
        let script = root().join("tests/python").join(name);
        let script = script.to_string_lossy();
        let arguments = [&[&script, "--paso", &paso], arguments].concat();
        command(&python.to_string_lossy(), &arguments, &[])
    };
    let events = || script("check_events.py", &[]);
    let Some(boards) = shared("data/boards") else {
        eprintln!("no ../shared/data beside the checkout: only the events are checked");
        return events();
    };
    let (data, images) = (boards.to_string_lossy(), boards.join("images"));
    let net = |net: &str| {
        let run = folder.join(net);
        let run = run.to_string_lossy();
        all(&[
            &|| {
                let short = ["--net", net, "--size", "64", "--epochs", "2", "--out", &run];
                command(&paso, &[&["train", "--data", &data], &short[..]].concat(), &[])
            },
            &|| script("check_onnx.py", &["--run", &run, "--images", &images.to_string_lossy()]),
            &|| script("check_safetensors.py", &["--run", &run]),
        ])
    };
    all(&[&events, &|| net(NETS[0]), &|| net(NETS[1]), &|| net(NETS[2]), &|| {
        script("check_coco.py", &["--data", &data])
    }])
}
