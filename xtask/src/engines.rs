//! The stages `slurm`, `hyperqueue` and `mpi`: what `docs/many-machines.md` promises, on the engines
//! themselves.
//!
//! Four workers that one command submits give, byte for byte, the answer of one session; and a
//! training that MPI splits has the same bits for 1, 2 and 4 ranks. The engines run on this machine
//! alone, as `xtask/engines/` starts them.

use crate::root;
use crate::steps::{Outcome, command, has};
use crate::venv::Venv;
use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A study of a quarter of a minute; both questions, confirmation included.
const STUDY: [&str; 7] = ["settle", "--data", "demo", "--steps", "100", "--pairs", "8"];

/// The longest that its workers may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// The server, its workers and a client; without the command `hq`.
const HYPERQUEUE: Venv = Venv {
    name: "paso-hyperqueue",
    variable: "PASO_HYPERQUEUE",
    check: "import hyperqueue.cluster",
    packages: &["hyperqueue>=0.27,<0.28"],
};

/// The stage `slurm`.
pub(crate) fn slurm() -> Outcome {
    let programs = ["sbatch", "slurmctld", "slurmd", "munged"];
    if let Some(missing) = programs.into_iter().find(|program| !has(program)) {
        return Outcome::Skipped(format!("{missing} is not installed (Debian: slurm-wlm, munge)"));
    }
    submitted("slurm:4", |folder| {
        let script = root().join("xtask/engines/slurm.sh");
        let stop = Command::new(&script);
        let variable = ("SLURM_CONF", folder.join("slurm.conf").into_os_string());
        // Before it starts: what is up of an engine that does not start is stopped as well.
        let engine = Engine::Script { stop, folder: folder.into(), variable };
        run(Command::new(&script).arg("start").arg(folder))?;
        Ok(engine)
    })
}

/// The stage `hyperqueue`.
pub(crate) fn hyperqueue() -> Outcome {
    let python = match HYPERQUEUE.program("python") {
        Ok(python) => python,
        Err(why) => return Outcome::Skipped(why),
    };
    submitted("hq:4", |folder| {
        let script = root().join("xtask/engines/hyperqueue_local.py");
        let mut server = Command::new(&python);
        let server = server.arg(script).arg(folder).stdin(Stdio::null()).stdout(Stdio::null());
        let engine = server.spawn().context("the server of HyperQueue")?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path));
        let variable = ("PATH", std::env::join_paths(paths)?);
        let mut engine = Engine::Process { process: engine, variable };
        wait("the server", || {
            if let Engine::Process { process, .. } = &mut engine
                && let Some(status) = process.try_wait()?
            {
                bail!("the server ended with {status}");
            }
            Ok(folder.join("hq").exists())
        })?;
        Ok(engine)
    })
}

/// The stage `mpi`.
pub(crate) fn mpi() -> Outcome {
    if !has("mpirun") || !has("mpicc") || !has_libclang() {
        let what = "Open MPI or libclang is not installed";
        let packages = "Debian: openmpi-bin, libopenmpi-dev, libclang-dev";
        return Outcome::Skipped(format!("{what} ({packages})"));
    }
    let manifest = ["--manifest-path", "examples/mpi/Cargo.toml"];
    match command("cargo", &[&["build", "--release", "--locked"], &manifest[..]].concat(), &[]) {
        Outcome::Passed => same_bits().into(),
        other => other,
    }
}

/// Whether the library is there that reads MPI's headers, as Debian installs it or as `LIBCLANG_PATH`
/// says.
fn has_libclang() -> bool {
    let entries = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let llvm = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with("llvm-");
    std::env::var_os("LIBCLANG_PATH").is_some()
        || entries.filter(llvm).any(|entry| entry.path().join("lib/libclang.so.1").exists())
}

/// An engine that is up, and the variable by which programs find it.
enum Engine {
    Script { stop: Command, folder: PathBuf, variable: (&'static str, std::ffi::OsString) },
    Process { process: Child, variable: (&'static str, std::ffi::OsString) },
}

impl Engine {
    fn variable(&self) -> &(&'static str, std::ffi::OsString) {
        match self {
            Self::Script { variable, .. } | Self::Process { variable, .. } => variable,
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        match self {
            Self::Script { stop, folder, .. } => {
                run(stop.arg("stop").arg(folder)).ok();
            }
            Self::Process { process, .. } => {
                process.kill().ok();
                process.wait().ok();
            }
        }
    }
}

/// Starts an engine, and compares the answer of one session with that of the workers that it starts.
fn submitted(workers: &str, start: impl FnOnce(&Path) -> Result<Engine>) -> Outcome {
    let state = match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(e) => return Outcome::Failed(format!("no temporary folder: {e}")),
    };
    // What an engine needs of a machine is not paso's.
    let engine = match start(state.path()) {
        Ok(engine) => engine,
        Err(why) => return Outcome::Skipped(format!("it does not start here: {why:#}")),
    };
    match command("cargo", &["build", "--release", "--locked", "--package", "paso-cli"], &[]) {
        Outcome::Passed => compare(workers, &engine).into(),
        other => other,
    }
}

fn compare(workers: &str, engine: &Engine) -> Result<()> {
    // Folders of one name in two places: the answer names its folder.
    let (one, many) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let expected = study(one.path(), &["--json"])?;
    let (name, value) = engine.variable();
    let mut submit = paso(many.path());
    run(submit.args(STUDY).args(["--out", "study", "--submit", workers]).env(name, value))?;
    let done = || {
        let status = output(paso(many.path()).args(["status", "study", "--json"]))?;
        let status: serde_json::Value = serde_json::from_str(&status)?;
        Ok(status["done"] == true && status["runs_in_hand"] == 0)
    };
    wait("the workers", done)?;
    let journals = std::fs::read_dir(many.path().join("study"))?
        .flatten()
        .filter(|file| file.file_name().to_string_lossy().starts_with("runs-"))
        .count();
    ensure!(journals > 1, "{journals} workers did the study");
    let found = study(many.path(), &["--json"])?;
    ensure!(found == expected, "{workers} answered\n{found}\nand one session\n{expected}");
    eprintln!("{workers}: {journals} workers, the answer of one session ({} bytes)", found.len());
    Ok(())
}

/// The study in the folder `study` there, or what it found.
fn study(folder: &Path, options: &[&str]) -> Result<String> {
    output(paso(folder).args(STUDY).args(["--out", "study"]).args(options))
}

/// The program of the release build, working in a folder.
fn paso(folder: &Path) -> Command {
    let mut command = Command::new(root().join("target/release/paso"));
    command.current_dir(folder).stdin(Stdio::null());
    command
}

fn same_bits() -> Result<()> {
    let program = root().join("examples/mpi/target/release/mpi-sharded");
    let bits = |ranks: &str| -> Result<String> {
        let mut mpirun = Command::new("mpirun");
        // As root, as in a container; and more ranks than processors.
        mpirun.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
        let text = output(mpirun.args(["--oversubscribe", "-n", ranks]).arg(&program))?;
        eprint!("{text}");
        let line = text.lines().find_map(|line| line.strip_prefix("weights "));
        let bits = line.and_then(|line| line.split(',').next());
        Ok(bits.with_context(|| format!("no checksum in\n{text}"))?.to_owned())
    };
    let one = bits("1")?;
    for ranks in ["2", "4"] {
        let many = bits(ranks)?;
        ensure!(many == one, "{ranks} ranks ended with weights {many}, one with {one}");
    }
    Ok(())
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}

fn output(command: &mut Command) -> Result<String> {
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?} ended with {}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

fn wait(what: &str, mut done: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if done()? {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    bail!("{what} did not get ready in {PATIENCE:?}")
}
