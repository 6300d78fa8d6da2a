//! The stage `python`: what Python libraries say about the files that paso writes, by the scripts
//! of `tests/python`.
//!
//! A file format is right when another program reads it. So ONNX Runtime computes what
//! `paso export` wrote and compares it with paso's own numbers, TensorBoard reads the event files,
//! safetensors the weights, and pycocotools the data sets that `paso data --convert` wrote.

use crate::root;
use crate::steps::{Outcome, all, cargo, command, shared};
use crate::venv::Venv;
use std::path::Path;

/// What the scripts import.
const LIBRARIES: Venv = Venv {
    name: "paso-checks",
    variable: "PASO_CHECKS",
    check: "import numpy, onnx, onnxruntime, PIL, safetensors, tensorboard, pycocotools.coco",
    packages: &[
        "numpy",
        "onnx",
        "onnxruntime",
        "pillow",
        "safetensors",
        "tensorboard",
        "pycocotools",
    ],
};

/// A net of each form that is exported.
const NETS: [&str; 3] = ["tiny", "mobile", "residual"];

/// The stage `python`.
pub(crate) fn run() -> Outcome {
    let python = match LIBRARIES.program("python") {
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

/// Trains two epochs of every net, exports it, and runs the scripts on what was written. ONNX needs
/// photographs; without them only the events of a training on the demo are read.
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
        eprintln!("../shared/data is missing: only the events are checked");
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
