//! The programs that the gate compares.
//!
//! Base and candidate are built one after the other in the same folder, a git worktree of its own.
//! Only what changed is built twice; and where paths are part of a build, in messages or in the
//! names that order its functions, they are the same ones. So source without a change gives the
//! same bytes.
//!
//! A comparison of two builds must differ in the source and in nothing else. What is held equal:
//! the folder, the target folder, the flags, the length of the paths that the programs are started
//! from, and the alignment of functions.
//!
//! The worktree is made in a temporary folder and removed when the value is dropped. A process that
//! is killed leaves an entry in git's list of worktrees, which `git worktree prune` removes. The
//! user's own files and index are not touched.
//!
//! The candidate is what is on the disk: committed, staged, changed and new files, without ignored
//! ones. The base is not the tip of its branch but the commit where HEAD left it, so that what came
//! to the branch later is not counted for or against the change.

use super::program::Program;
use super::suite;
use crate::root;
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Base, candidate, and the base under another name, in folders whose names have one length: the
/// length of a path moves the stack.
pub(crate) struct Programs {
    /// In the folder `a`.
    pub(crate) base: Program,
    /// In the folder `n`: the same bytes as the base.
    pub(crate) control: Program,
    /// In the folder `b`.
    pub(crate) candidate: Program,
    /// What they were built from, or their paths.
    pub(crate) names: [String; 2],
    /// Gone with this value.
    _folder: tempfile::TempDir,
}

impl Programs {
    /// Copies what there is and builds what is missing: `base` from a revision, the candidate from
    /// the files as they are, committed or not.
    ///
    /// A program that is given as a path is copied, too, so that all three have paths of one
    /// length. It is not built again, and need not have aligned functions.
    ///
    /// # Errors
    /// When git does not know the base, a build fails, or a program is not there.
    pub(crate) fn new(
        base: &str,
        base_binary: Option<&Path>,
        candidate_binary: Option<&Path>,
    ) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("perf-").tempdir()?;
        let mut tree = None;
        let (base_program, base_name) = match base_binary {
            Some(path) => (path.to_owned(), path.display().to_string()),
            None => {
                let revision = fork_point(base)?;
                let tree = tree.insert(Tree::add(folder.path(), &revision)?);
                (tree.build()?, revision)
            }
        };
        let [a, n, b] = ["a", "n", "b"].map(|name| folder.path().join(name));
        let (base, control) = (copy(&base_program, &a)?, copy(&base_program, &n)?);
        let (candidate_program, candidate_name) = match candidate_binary {
            Some(path) => (path.to_owned(), path.display().to_string()),
            None => {
                let files = snapshot(folder.path())?;
                let tree = match &mut tree {
                    Some(tree) => tree,
                    none => none.insert(Tree::add(folder.path(), "HEAD")?),
                };
                tree.read(&files)?;
                (tree.build()?, "the files as they are".into())
            }
        };
        let candidate = copy(&candidate_program, &b)?;
        Ok(Self { base, control, candidate, names: [base_name, candidate_name], _folder: folder })
    }

    /// Whether both builds are the same bytes: then there is nothing to measure.
    pub(crate) fn identical(&self) -> Result<bool> {
        Ok(std::fs::read(self.base.path())? == std::fs::read(self.candidate.path())?)
    }
}

/// A program a revision, in a folder that is gone with the first value.
///
/// # Errors
/// When git does not know a revision, or it does not build.
pub(crate) fn of_revisions(revisions: &[String]) -> Result<(tempfile::TempDir, Vec<Program>)> {
    let folder = tempfile::Builder::new().prefix("perf-").tempdir()?;
    let (mut tree, mut programs) = (None, Vec::new());
    for (i, revision) in revisions.iter().enumerate() {
        // Here, since `HEAD` means another commit in the worktree.
        let commit = git(root(), ["rev-parse", "--verify", &format!("{revision}^{{commit}}")])
            .with_context(|| format!("--revision {revision}"))?;
        let tree = match &mut tree {
            Some(tree) => tree,
            none => none.insert(Tree::add(folder.path(), &commit)?),
        };
        tree.read(&commit)?;
        eprintln!("perf: {revision}:");
        programs.push(copy(&tree.build()?, &folder.path().join(format!("{i:02}")))?);
    }
    Ok((folder, programs))
}

/// Where the current branch left `base`; commits that `base` got since are not ours.
///
/// The result is the short name. Where HEAD is `base` or comes before it, that is HEAD itself.
fn fork_point(base: &str) -> Result<String> {
    let commit = git(root(), ["rev-parse", "--verify", &format!("{base}^{{commit}}")])
        .with_context(|| format!("--base {base}"))?;
    let fork = git(root(), ["merge-base", &commit, "HEAD"])
        .with_context(|| format!("--base {base}: has no common commit with HEAD"))?;
    if fork != commit {
        eprintln!("perf: comparing with {}, where HEAD left {base}", short(&fork)?);
    }
    short(&fork)
}

/// A revision as people write it.
pub(crate) fn short(revision: &str) -> Result<String> {
    git(root(), ["rev-parse", "--short=9", revision])
}

/// All files that git does not ignore, as a tree object, without touching the index.
///
/// The index of this command is a file in `folder`. Git writes the files' contents into its object
/// store, where they stay until it collects garbage.
fn snapshot(folder: &Path) -> Result<String> {
    let index = folder.join("index");
    let git = |arguments: &[&str]| {
        run(Command::new("git").args(arguments).current_dir(root()).env("GIT_INDEX_FILE", &index))
    };
    git(&["read-tree", "HEAD"])?;
    git(&["add", "--all"])?;
    git(&["write-tree"])
}

/// A git worktree with a target folder.
struct Tree {
    /// The checkout.
    path: PathBuf,
    /// Cargo's target folder, next to the checkout and not in it.
    target: PathBuf,
}

impl Tree {
    /// The worktree of a revision, with a detached head.
    fn add(folder: &Path, revision: &str) -> Result<Self> {
        let tree = Self { path: folder.join("tree"), target: folder.join("target") };
        let add = ["worktree", "add", "--detach", "--quiet"].map(OsStr::new);
        git(root(), add.into_iter().chain([tree.path.as_os_str(), OsStr::new(revision)]))?;
        Ok(tree)
    }

    /// Makes the files those of a tree object; files that are the same keep their times, so cargo
    /// builds only what changed.
    fn read(&self, files: &str) -> Result<()> {
        git(&self.path, ["read-tree", "--reset", "-u", files]).map(drop)
    }

    /// The program, built in release mode.
    fn build(&self) -> Result<PathBuf> {
        cargo(&self.path, &self.target, (suite::PACKAGE, suite::PROGRAM), &ALIGNED)
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let remove = ["worktree", "remove", "--force"].map(OsStr::new);
        if let Err(e) = git(root(), remove.into_iter().chain([self.path.as_os_str()])) {
            eprintln!("perf: {e:#}; `git worktree prune` cleans up");
        }
    }
}

/// Builds the program of the workspace in `tree` into `target`.
///
/// Functions are not aligned, unlike in the programs of the gate: this is what users get.
pub(crate) fn build(tree: &Path, target: &Path) -> Result<PathBuf> {
    build_one(tree, target, (suite::PACKAGE, suite::PROGRAM))
}

/// Builds a package's program.
pub(crate) fn build_one(tree: &Path, target: &Path, program: (&str, &str)) -> Result<PathBuf> {
    cargo(tree, target, program, &[])
}

/// Every function at the beginning of a line of the cache. Otherwise one that grows moves those
/// behind it, and a loop that nobody had touched was 3 to 4 % slower, in every run of a gate: true
/// of that program, but no fault of the change.
const ALIGNED: [&str; 2] =
    ["--config", "build.rustflags = [\"-C\", \"llvm-args=-align-all-functions=6\"]"];

/// Builds in release mode and returns the path of the program. `--locked`: a revision is built with
/// the versions that it was committed with.
fn cargo(
    tree: &Path,
    target: &Path,
    (package, program): (&str, &str),
    options: &[&str],
) -> Result<PathBuf> {
    eprintln!("perf: building {program} ...");
    let status = Command::new("cargo")
        .args(["build", "--release", "--locked", "--quiet", "-p", package])
        .args(["--bin", program, "--target-dir"])
        .arg(target)
        .args(options)
        .current_dir(tree)
        .status()
        .context("cargo build")?;
    if !status.success() {
        bail!("cargo build ended with {status}");
    }
    Ok(target.join("release").join(program).with_extension(std::env::consts::EXE_EXTENSION))
}

/// The program's copy in a folder of its own, which is created.
fn copy(program: &Path, folder: &Path) -> Result<Program> {
    let to = folder.join(suite::PROGRAM).with_extension(std::env::consts::EXE_EXTENSION);
    std::fs::create_dir_all(folder)?;
    std::fs::copy(program, &to).with_context(|| format!("copying {}", program.display()))?;
    Program::new(&to)
}

/// The trimmed output of a git command.
pub(crate) fn git<S: AsRef<OsStr>>(
    folder: &Path,
    arguments: impl IntoIterator<Item = S>,
) -> Result<String> {
    run(Command::new("git").args(arguments).current_dir(folder))
}

/// The trimmed output of a command.
///
/// # Errors
/// When it cannot be started, fails (with what it wrote to stderr), or prints no UTF-8.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout).context("no UTF-8")?.trim().to_owned())
}
