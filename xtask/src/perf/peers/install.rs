//! The peers: Python libraries in an environment of their own, and a Rust package that is built
//! apart.
//!
//! The Python environment is kept in the user's cache folder, since installing takes longer than a
//! short measurement. Packages come from the lists in `benches/peers`. A list is installed only
//! where its import fails, so an environment with other versions is used as it is; the versions
//! that ran are printed below the tables.

use super::pairs::Host;
use crate::root;
use anyhow::{Context, Result, anyhow};
use cargo_paso_gate::run;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Python's allocator hands large blocks back to the system after every step and asks for them
/// again, which slows the peers by up to a third. These keep them, so that the peers are at their
/// best.
const ALLOCATOR: &[(&str, &str)] = &[
    ("MALLOC_TOP_PAD_", "268435456"),
    ("MALLOC_MMAP_THRESHOLD_", "4294967296"),
    ("MALLOC_TRIM_THRESHOLD_", "4294967296"),
];

/// Some machines set these for older processors; they make numpy slower.
const IN_THE_WAY: &[&str] = &["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"];

/// The hosts that are available, or why one is not.
pub(crate) struct Hosts {
    /// The interpreter, where a host needs one.
    python: Option<PathBuf>,
    /// Whether `DeepSpeed` can be imported there.
    deepspeed: Result<()>,
    /// The program of the Rust package.
    rust: Result<PathBuf>,
}

/// A peer's program, without its arguments.
pub(crate) struct Peer {
    program: PathBuf,
    script: Option<PathBuf>,
}

impl Hosts {
    /// Installs and builds what these need. `DeepSpeed` and the Rust package may fail: they are
    /// left out then.
    pub(crate) fn new(hosts: impl Iterator<Item = Host>) -> Result<Self> {
        let hosts: Vec<Host> = hosts.collect();
        let any = |fits: fn(&Host) -> bool| hosts.iter().any(fits);
        let python = any(|host| *host != Host::Rust).then(environment).transpose()?;
        let deepspeed = match &python {
            Some(python) if any(|host| matches!(host, Host::DeepSpeed(_))) => deepspeed(python),
            _ => Ok(()),
        };
        let rust = if any(|host| *host == Host::Rust) { package() } else { Err(anyhow!("unused")) };
        Ok(Self { python, deepspeed, rust })
    }

    /// # Errors
    /// Where the host could not be installed.
    pub(crate) fn command(&self, host: Host) -> Result<Peer> {
        let again = |e: &anyhow::Error| anyhow!("{e:#}");
        let script = match host {
            Host::Rust => {
                let program = self.rust.as_ref().map_err(again)?.clone();
                return Ok(Peer { program, script: None });
            }
            Host::DeepSpeed(script) => {
                self.deepspeed.as_ref().map_err(again)?;
                script
            }
            Host::Python(script) => script,
        };
        let program = self.python.clone().context("no Python was set up")?;
        Ok(Peer { program, script: Some(folder().join(script)) })
    }
}

impl Peer {
    pub(crate) fn build(&self, arguments: &str) -> Command {
        let mut command = python(&self.program);
        command.args(&self.script).args(arguments.split_whitespace());
        command
    }
}

fn folder() -> PathBuf {
    root().join("benches/peers")
}

/// A command in the environment of its program: the tools in its folder come first.
fn python(program: &Path) -> Command {
    let mut command = Command::new(program);
    let old = std::env::var_os("PATH").unwrap_or_default();
    let folder = program.parent().map(Path::to_owned);
    if let Ok(path) = std::env::join_paths(folder.into_iter().chain(std::env::split_paths(&old))) {
        command.env("PATH", path);
    }
    command.envs(ALLOCATOR.iter().copied()).stdin(std::process::Stdio::null());
    IN_THE_WAY.iter().for_each(|name| {
        command.env_remove(name);
    });
    command
}

/// The Python of the environment (`PASO_PEERS`, or `~/.cache/paso-peers`), which is made where it
/// is not there.
fn environment() -> Result<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    let folder = match std::env::var_os("PASO_PEERS") {
        Some(folder) => PathBuf::from(folder),
        None => cache.context("neither PASO_PEERS nor HOME is set")?.join("paso-peers"),
    };
    let program = folder.join("bin/python");
    if !program.exists() {
        eprintln!("perf: making {}", folder.display());
        let make = run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        make.context("a Python environment for the peers (it needs python3 with venv)")?;
    }
    require(&program, "import numpy, onnx, onnxruntime, torch", "requirements.txt")?;
    Ok(program)
}

fn deepspeed(python: &Path) -> Result<()> {
    require(python, "import deepspeed", "requirements-deepspeed.txt")
}

/// Installs a list of packages where `test` does not pass.
///
/// # Errors
/// When pip fails, or the import still does afterwards.
fn require(program: &Path, test: &str, list: &str) -> Result<()> {
    let passes = || run(python(program).args(["-c", test]));
    if passes().is_ok() {
        return Ok(());
    }
    eprintln!("perf: installing {list}; this takes a while");
    let pip = ["-m", "pip", "install", "--quiet", "-r"];
    run(python(program).args(pip).arg(folder().join(list)))?;
    passes().map(drop).with_context(|| format!("what {list} names was installed and does not run"))
}

/// The program of `benches/peers/rust`.
fn package() -> Result<PathBuf> {
    eprintln!("perf: building benches/peers/rust ...");
    let manifest = folder().join("rust/Cargo.toml");
    let target = root().join("target/peers");
    let build = ["build", "--release", "--locked", "--quiet", "--manifest-path"];
    run(Command::new("cargo").args(build).arg(manifest).arg("--target-dir").arg(&target))?;
    Ok(target.join("release/paso-peers"))
}
