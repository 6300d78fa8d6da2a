//! What cargo is asked: which bench targets there are, and to build them.

use crate::benchmark::{Benchmark, Build};
use crate::program::Program;
use crate::rounds::Arm;
use crate::trees::{Source, Trees};
use crate::{Error, Result};
use cargo_metadata::{Message, Metadata, MetadataCommand, TargetKind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What to build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipe {
    /// The package; all of the workspace where none is named.
    pub package: Option<String>,
    /// Bench targets, built as `cargo bench` does.
    pub benches: Vec<String>,
    /// A program, built in release mode.
    pub bin: Option<String>,
    /// The profile, instead of `bench` or `release`.
    pub profile: Option<String>,
    /// Features of the package.
    pub features: Vec<String>,
}

/// An executable that cargo built.
#[derive(Clone, Debug)]
pub struct Built {
    /// The target's name.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// The folder of its package.
    pub folder: PathBuf,
}

/// Every function at the beginning of a line of the cache. Otherwise one that grows moves those
/// behind it, and a loop that nobody had touched was 3 to 4 % slower, in every run of a gate: true
/// of that program, but no fault of the change.
const ALIGNED: [&str; 2] = ["-C", "llvm-args=-align-all-functions=6"];

/// Builds in a folder. Cargo's own messages go to stderr.
///
/// `aligned` lets every function begin at a line of the cache, which a gate wants. Flags of
/// `RUSTFLAGS` are kept; flags of `target.*.rustflags` in a configuration take precedence over the
/// alignment.
///
/// # Errors
/// When cargo is not there, or does not build it.
pub fn build(root: &Path, target: &Path, recipe: &Recipe, aligned: bool) -> Result<Vec<Built>> {
    let mut cargo = Command::new("cargo");
    if let Some(bin) = &recipe.bin {
        cargo.args(["build", "--bin", bin]);
        cargo.args(["--profile", recipe.profile.as_deref().unwrap_or("release")]);
    } else {
        cargo.args(["bench", "--no-run"]);
        cargo.args(recipe.benches.iter().flat_map(|bench| ["--bench", bench]));
        cargo.args(recipe.profile.iter().flat_map(|profile| ["--profile", profile]));
    }
    match &recipe.package {
        Some(package) => cargo.args(["--package", &id(root, package)?]),
        None => cargo.arg("--workspace"),
    };
    if !recipe.features.is_empty() {
        cargo.args(["--features", &recipe.features.join(",")]);
    }
    cargo.args(["--message-format", "json-render-diagnostics", "--target-dir"]).arg(target);
    if aligned {
        align(&mut cargo);
    }
    let output = cargo
        .current_dir(root)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| Error::command("cargo", format!("could not be started: {e}")))?;
    if !output.status.success() {
        return Err(Error::command(
            crate::error::typed(&cargo),
            format!("ended with {}; its messages are above", output.status),
        ));
    }
    let mut built = Vec::new();
    for message in Message::parse_stream(&output.stdout[..]) {
        let message = message.map_err(|e| Error::command("cargo", e))?;
        if let Message::CompilerArtifact(artifact) = message
            && let Some(path) = artifact.executable
        {
            let folder = artifact.manifest_path.parent().unwrap_or(&artifact.manifest_path);
            built.push(Built {
                name: artifact.target.name,
                path: path.into(),
                folder: folder.into(),
            });
        }
    }
    if built.is_empty() {
        return Err(Error::command(crate::error::typed(&cargo), "built no program"));
    }
    Ok(built)
}

/// The id of a package of the workspace: a dependency may have its name, in another version.
fn id(root: &Path, name: &str) -> Result<String> {
    let metadata = metadata(root)?;
    let packages = metadata.workspace_packages();
    let found = packages.iter().find(|package| package.name.as_str() == name);
    found.map(|package| package.id.repr.clone()).ok_or_else(|| {
        let names: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
        let names = names.join(", ");
        Error::Request(format!("there is no package `{name}` in this workspace; it has {names}"))
    })
}

/// Adds the flags to those that there are: a variable hides the configuration.
fn align(cargo: &mut Command) {
    if let Ok(flags) = std::env::var("CARGO_ENCODED_RUSTFLAGS") {
        cargo.env("CARGO_ENCODED_RUSTFLAGS", format!("{flags}\u{1f}{}", ALIGNED.join("\u{1f}")));
    } else if let Ok(flags) = std::env::var("RUSTFLAGS") {
        cargo.env("RUSTFLAGS", format!("{flags} {}", ALIGNED.join(" ")));
    } else {
        let [flag, value] = ALIGNED;
        cargo.arg("--config").arg(format!("build.rustflags = [\"{flag}\", \"{value}\"]"));
    }
}

/// Base, candidate, and the base under another name, in folders whose names have one length: the
/// length of a path moves the stack.
#[derive(Debug)]
pub struct Arms {
    /// In the folder `a`.
    pub base: Build,
    /// In the folder `n`: the same bytes as the base.
    pub control: Build,
    /// In the folder `b`.
    pub candidate: Build,
}

impl Arms {
    /// Builds both sides with cargo and copies their programs.
    ///
    /// # Errors
    /// When a source is not there, or does not build.
    pub fn build(
        trees: &Trees,
        recipe: &Recipe,
        base: &Source,
        candidate: &Source,
    ) -> Result<Self> {
        let place = |folder: &str| trees.cache().join(folder);
        let one = |source: &Source, folders: &[&str]| -> Result<Vec<Build>> {
            let (name, root) = trees.fill("tree", source)?;
            let built = build(&root, &trees.target(), recipe, true)?;
            folders.iter().map(|folder| copies(&name, &built, &place(folder))).collect()
        };
        // The candidate last, so that its files are those that benchmarks of both sides read.
        let base = one(base, &["a", "n"])?;
        let candidate = one(candidate, &["b"])?;
        match (&base[..], &candidate[..]) {
            ([base, control], [candidate]) => Ok(Self {
                base: base.clone(),
                control: control.clone(),
                candidate: candidate.clone(),
            }),
            _ => unreachable!("a build for each folder"),
        }
    }

    /// Two programs that are there already, copied.
    ///
    /// # Errors
    /// When one is not there.
    pub fn copy(cache: &Path, base: &Path, candidate: &Path, name: &str) -> Result<Self> {
        let one = |path: &Path, folder: &str| {
            let folder_of_package = std::env::current_dir().map_err(Error::file(Path::new(".")))?;
            let built = [Built { name: name.into(), path: path.into(), folder: folder_of_package }];
            copies(&path.display().to_string(), &built, &cache.join(folder))
        };
        Ok(Self {
            base: one(base, "a")?,
            control: one(base, "n")?,
            candidate: one(candidate, "b")?,
        })
    }

    /// The figure of one run of a benchmark with one of the three.
    ///
    /// # Errors
    /// As [`Build::run`].
    pub fn run(&self, benchmark: &Benchmark, arm: Arm) -> Result<f64> {
        let build = match arm {
            Arm::Base => &self.base,
            Arm::Control => &self.control,
            Arm::Candidate => &self.candidate,
        };
        build.run(benchmark)
    }

    /// Whether a program is equal on both sides in all that runs.
    #[must_use]
    pub fn is_same_code(&self, program: &str) -> bool {
        let read = |build: &Build| std::fs::read(build.programs.get(program)?.path()).ok();
        match (read(&self.base), read(&self.candidate)) {
            (Some(base), Some(candidate)) => crate::same_code(&base, &candidate),
            _ => false,
        }
    }
}

/// The programs' copies in a folder of their own.
fn copies(name: &str, built: &[Built], folder: &Path) -> Result<Build> {
    let _ = std::fs::remove_dir_all(folder); // of the last gate
    std::fs::create_dir_all(folder).map_err(Error::file(folder))?;
    let mut build = Build { name: name.into(), ..Build::default() };
    for one in built {
        let copy = folder.join(&one.name).with_extension(std::env::consts::EXE_EXTENSION);
        std::fs::copy(&one.path, &copy).map_err(Error::file(&one.path))?;
        build.programs.insert(one.name.clone(), Program::new(&copy)?.in_folder(&one.folder));
    }
    Ok(build)
}

/// The workspace of a folder.
pub(crate) fn metadata(folder: &Path) -> Result<Metadata> {
    MetadataCommand::new()
        .current_dir(folder)
        .no_deps()
        .exec()
        .map_err(|e| Error::command("cargo metadata", format!("{}: {e}", folder.display())))
}

/// A bench target: package, name, source, features that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BenchTarget {
    pub(crate) package: String,
    pub(crate) name: String,
    pub(crate) source: PathBuf,
    pub(crate) features: Vec<String>,
}

/// The bench targets of a workspace.
pub(crate) fn bench_targets(metadata: &Metadata) -> Vec<BenchTarget> {
    let mut found = Vec::new();
    for package in metadata.workspace_packages() {
        for target in
            package.targets.iter().filter(|target| target.kind.contains(&TargetKind::Bench))
        {
            found.push(BenchTarget {
                package: package.name.to_string(),
                name: target.name.clone(),
                source: target.src_path.clone().into(),
                features: target.required_features.clone(),
            });
        }
    }
    found
}

#[cfg(test)]
mod tests;
