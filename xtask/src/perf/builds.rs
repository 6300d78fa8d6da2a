//! The programs of this workspace, built by `cargo-paso-gate`.

use super::program::Program;
use super::suite;
use crate::root;
use anyhow::{Context, Result};
use cargo_paso_gate::cargo::{self, Arms, Recipe};
use cargo_paso_gate::trees::{Source, Trees};
use std::path::{Path, PathBuf};

/// `paso-speed`, or another program of a package.
pub(crate) fn recipe((package, program): (&str, &str)) -> Recipe {
    Recipe { package: Some(package.into()), bin: Some(program.into()), ..Recipe::default() }
}

const SPEED: (&str, &str) = (suite::PACKAGE, suite::PROGRAM);

/// Base, candidate and control, with the folder that they are in.
pub(crate) struct Programs {
    pub(crate) arms: Arms,
    /// Gone with this value.
    _folder: tempfile::TempDir,
    /// Locked as long as this value lives.
    _trees: Option<Trees>,
}

/// Builds both sides. One that is given as a path is not built.
///
/// # Errors
/// When git does not know the base, a build fails, or a program is not there.
pub(crate) fn programs(
    base: &str,
    base_binary: Option<&Path>,
    candidate_binary: Option<&Path>,
) -> Result<Programs> {
    let folder = tempfile::Builder::new().prefix("perf-").tempdir()?;
    let (source, files) = (Source::Fork(base.into()), Source::Files);
    if let (None, None) = (base_binary, candidate_binary) {
        let trees = Trees::open(root())?;
        let arms = Arms::build(&trees, &recipe(SPEED), &source, &files)?;
        return Ok(Programs { arms, _folder: folder, _trees: Some(trees) });
    }
    let mut trees = None;
    let mut side = |binary: Option<&Path>, source: &Source| -> Result<(PathBuf, String)> {
        if let Some(path) = binary {
            return Ok((path.to_owned(), path.display().to_string()));
        }
        let trees = trees.insert(Trees::open(root())?);
        let (name, tree) = trees.fill("tree", source)?;
        let built = cargo::build(&tree, &trees.target(), &recipe(SPEED), true)?;
        Ok((built.into_iter().next().context("nothing was built")?.path, name))
    };
    let (base, base_name) = side(base_binary, &source)?;
    let (candidate, candidate_name) = side(candidate_binary, &files)?;
    let mut arms = Arms::copy(folder.path(), &base, &candidate, suite::PROGRAM)?;
    (arms.base.name, arms.candidate.name) = (base_name, candidate_name);
    Ok(Programs { arms, _folder: folder, _trees: trees })
}

/// A program a revision, in a folder that is gone with the first value.
///
/// # Errors
/// When git does not know a revision, or it does not build.
pub(crate) fn of_revisions(revisions: &[String]) -> Result<(tempfile::TempDir, Vec<Program>)> {
    let folder = tempfile::Builder::new().prefix("perf-").tempdir()?;
    let trees = Trees::open(root())?;
    let mut programs = Vec::new();
    for (i, revision) in revisions.iter().enumerate() {
        let source = Source::Revision(revision.clone());
        let (_, tree) =
            trees.fill("tree", &source).with_context(|| format!("--revision {revision}"))?;
        eprintln!("perf: {revision}:");
        let built = cargo::build(&tree, &trees.target(), &recipe(SPEED), true)?;
        let copy = folder.path().join(format!("{i:02}"));
        for one in built {
            std::fs::copy(&one.path, &copy).with_context(|| one.path.display().to_string())?;
        }
        programs.push(Program::new(&copy)?);
    }
    Ok((folder, programs))
}

/// Builds the program of these files into `target`.
///
/// Functions are not aligned, unlike in the programs of the gate: this is what users get.
pub(crate) fn build(target: &Path) -> Result<PathBuf> {
    build_one(target, SPEED)
}

/// Builds a package's program.
pub(crate) fn build_one(target: &Path, program: (&str, &str)) -> Result<PathBuf> {
    eprintln!("perf: building {} ...", program.1);
    let built = cargo::build(root(), target, &recipe(program), false)?;
    Ok(built.into_iter().next().context("nothing was built")?.path)
}
