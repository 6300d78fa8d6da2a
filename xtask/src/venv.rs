//! Python environments with the packages that a stage needs, kept in the user's cache folder.
//!
//! An environment is made once and kept, because installing takes longer than the checks
//! themselves. It is in the cache folder and not in the checkout, so that a clean checkout does not
//! install again.
//!
//! What is in an environment is not compared with `packages`: only `check` decides. A check that
//! asks for a version makes pip install another one; one that only imports keeps whatever is there.

use crate::steps::{Outcome, command};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A virtual environment and what must be in it.
pub(crate) struct Venv {
    /// The folder's name in the cache folder (`$XDG_CACHE_HOME`, or `~/.cache`).
    pub(crate) name: &'static str,
    /// An environment variable that names another folder.
    pub(crate) variable: &'static str,
    /// Lines of Python that fail where a package is missing.
    pub(crate) check: &'static str,
    /// What pip installs.
    pub(crate) packages: &'static [&'static str],
}

impl Venv {
    /// The path of a program of the environment, such as `python`. What is missing is created and
    /// installed.
    ///
    /// # Errors
    /// When there is no Python, or a package cannot be installed: the reason, for
    /// [`Outcome::Skipped`].
    pub(crate) fn program(&self, program: &str) -> Result<PathBuf, String> {
        let folder = self.folder()?;
        let python = executable(&folder, "python");
        if !works(&python, "pass") {
            if !works(Path::new("python3"), "pass") {
                return Err("python3 is not installed".into());
            }
            let created = command("python3", &["-m", "venv", &folder.to_string_lossy()], &[]);
            if created != Outcome::Passed {
                return Err("`python3 -m venv` failed".into());
            }
        }
        if !works(&python, self.check) {
            let install = [&["-m", "pip", "install", "--quiet"], self.packages].concat();
            let installed = command(&python.to_string_lossy(), &install, &[]);
            if installed != Outcome::Passed || !works(&python, self.check) {
                return Err(format!("pip could not install {}", self.packages.join(", ")));
            }
        }
        Ok(executable(&folder, program))
    }

    fn folder(&self) -> Result<PathBuf, String> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        folder_of(self, set(self.variable), set("XDG_CACHE_HOME"), set("HOME"))
    }
}

type Variable = Option<std::ffi::OsString>;

fn folder_of(
    venv: &Venv,
    named: Variable,
    cache: Variable,
    home: Variable,
) -> Result<PathBuf, String> {
    let cache =
        || cache.map(PathBuf::from).or_else(|| home.map(|home| PathBuf::from(home).join(".cache")));
    named
        .map(PathBuf::from)
        .or_else(|| cache().map(|cache| cache.join(venv.name)))
        .ok_or_else(|| format!("neither {} nor HOME is set", venv.variable))
}

fn executable(folder: &Path, program: &str) -> PathBuf {
    let scripts = if cfg!(windows) { "Scripts" } else { "bin" };
    folder.join(scripts).join(format!("{program}{}", std::env::consts::EXE_SUFFIX))
}

/// Whether this Python runs these lines.
fn works(python: &Path, lines: &str) -> bool {
    let mut command = Command::new(python);
    command.args(["-c", lines]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Venv = Venv { name: "x", variable: "X_FOLDER", check: "pass", packages: &[] };

    #[test]
    fn the_variable_comes_before_the_cache_folder_and_that_before_home() {
        let value = |text: &str| Some(text.into());
        for (named, cache, home, expected) in [
            (value("/a"), value("/b"), value("/c"), Ok("/a")),
            (None, value("/b"), value("/c"), Ok("/b/x")),
            (None, None, value("/c"), Ok("/c/.cache/x")),
            (None, None, None, Err("neither X_FOLDER nor HOME is set")),
        ] {
            let expected = expected.map(PathBuf::from).map_err(str::to_owned);
            assert_eq!(folder_of(&NONE, named, cache, home), expected);
        }
    }

    #[test]
    fn a_missing_python_does_not_work() {
        assert!(!works(Path::new("/no/such/python"), "pass"), "there is no such file");
    }
}
