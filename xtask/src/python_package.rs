//! The stage `python package`: the wheel of `python/`, installed alone into fresh environments, and
//! its tests.
//!
//! The package is a workspace of its own, so nothing else builds it. PyTorch is large; where it
//! cannot be installed the stage is skipped, because most of the tests compare with it.
//! Keras, JAX and scikit-learn are not asked for: their tests run where they are installed.

use crate::root;
use crate::steps::{Outcome, all, command};
use crate::venv::Venv;
use std::path::Path;

/// What builds and tests the package.
const TOOLS: Venv = Venv {
    name: "paso-python",
    variable: "PASO_PYTHON",
    check: "import maturin, numpy, pytest, torch",
    packages: &["maturin>=1.9,<2", "numpy", "pytest", "torch"],
};

/// The stage.
pub(crate) fn run() -> Outcome {
    let python = match TOOLS.program("python") {
        Ok(python) => python,
        Err(why) => return Outcome::Skipped(why),
    };
    let folder = match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(e) => return Outcome::Failed(format!("no temporary folder: {e}")),
    };
    let manifest = root().join("python/Cargo.toml");
    let manifest = manifest.to_string_lossy();
    let clippy = ["clippy", "--manifest-path", &manifest, "--all-targets", "--locked", "--"];
    all(&[
        &|| command("cargo", &["fmt", "--manifest-path", &manifest, "--check"], &[]),
        &|| command("cargo", &[&clippy[..], &["-D", "warnings"]].concat(), &[]),
        &|| tests(&python, folder.path()),
    ])
}

/// Builds the wheel, installs it with nothing else, and runs the tests with it.
fn tests(python: &Path, folder: &Path) -> Outcome {
    let (python, out) = (python.to_string_lossy(), folder.to_string_lossy());
    let package = root().join("python");
    let path = |name: &str| package.join(name).to_string_lossy().into_owned();
    let build = [&path("wheel.py"), "--without-program", "--quick", "--out", &out];
    let built = command(&python, &build, &[]);
    if built != Outcome::Passed {
        return built;
    }
    let wheel = std::fs::read_dir(folder).ok().and_then(|mut files| {
        files.find_map(|file| {
            Some(file.ok()?.path()).filter(|p| p.extension() == Some("whl".as_ref()))
        })
    });
    let Some(wheel) = wheel else {
        return Outcome::Failed(format!("no wheel in {out}"));
    };
    let wheel = wheel.to_string_lossy();
    let install = ["-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", &wheel];
    all(&[
        &|| command(&python, &[&path("tests/fresh_install.py"), &wheel], &[]),
        &|| command(&python, &install, &[]),
        &|| {
            let (settings, tests) = (path("pyproject.toml"), path("tests"));
            let quiet = ["-q", "-p", "no:cacheprovider"];
            command(
                &python,
                &[&["-m", "pytest", "-c", &settings, &tests], &quiet[..]].concat(),
                &[],
            )
        },
    ])
}
