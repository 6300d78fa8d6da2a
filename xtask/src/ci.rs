//! The stages of continuous integration, one after the other, each with its time.
//!
//! A stage passes, fails, or says why it could not run here. All stages run even when one has
//! failed, so that one round shows everything.

use crate::steps::{Outcome, all, cargo, command, shared};
use crate::{
    codegen, dependencies, isa, perf, public_api, python, sanitizer, spelling, tidy, wasm,
};
use anyhow::{Result, bail};
use clap::Args;
use std::time::{Duration, Instant};

/// What `cargo xtask ci` runs.
#[derive(Debug, Args)]
pub(crate) struct CiArgs {
    /// Run only the stages whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// Print the names of the stages and stop.
    #[arg(long)]
    list: bool,
}

type Stage = (&'static str, fn() -> Outcome);

const STAGES: &[Stage] = &[
    ("format", || cargo(&["fmt", "--all", "--check"])),
    ("tidy", || tidy::run(&tidy::TidyArgs::default()).into()),
    ("spelling", spelling::run),
    ("clippy", || {
        cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--locked",
            "--",
            "-D",
            "warnings",
        ])
    }),
    ("codegen", codegen),
    ("docs", docs),
    ("public api", public_api::stage),
    ("features", features),
    ("bare metal", bare_metal),
    ("wasm", wasm::run),
    ("fuzz", fuzz),
    ("bench smoke", || {
        cargo(&["test", "--release", "--locked", "-p", "paso-benches", "--benches"])
    }),
    ("release build", || {
        cargo(&["build", "--release", "--locked", "-p", "paso-cli", "-p", "paso-benches"])
    }),
    ("speed smoke", speed_smoke),
    ("instructions", instructions),
    ("settle demo", settle_demo),
    ("settle photographs", settle_photographs),
    ("python", python::run),
    ("deny", dependencies::deny),
    ("unused dependencies", dependencies::unused),
    ("package", || cargo(&["package", "--locked", "--allow-dirty", "--no-verify", "--quiet"])),
    ("sanitizer", sanitizer::run),
    ("isa", || isa::run(&isa::IsaArgs::default()).into()),
];

pub(crate) fn run(args: &CiArgs) -> Result<()> {
    let wanted = |name: &str| args.only.as_deref().is_none_or(|part| name.contains(part));
    if args.list {
        STAGES.iter().filter(|(name, _)| wanted(name)).for_each(|(name, _)| eprintln!("{name}"));
        return Ok(());
    }
    let mut rows: Vec<(&str, Duration, Outcome)> = Vec::new();
    for (name, stage) in STAGES.iter().filter(|(name, _)| wanted(name)) {
        eprintln!("\n== {name}");
        let start = Instant::now();
        let outcome = stage();
        eprintln!("== {name}: {} in {:.0} s", outcome.word(), start.elapsed().as_secs_f64());
        rows.push((name, start.elapsed(), outcome));
    }
    eprintln!("\n{:<20} {:>7}  outcome", "stage", "seconds");
    for (name, time, outcome) in &rows {
        let why = match outcome {
            Outcome::Passed => String::new(),
            Outcome::Failed(why) | Outcome::Skipped(why) => format!(": {why}"),
        };
        eprintln!("{name:<20} {:>7.0}  {}{why}", time.as_secs_f64(), outcome.word());
    }
    let failed = rows.iter().filter(|(_, _, o)| matches!(o, Outcome::Failed(_))).count();
    if failed > 0 {
        bail!("{failed} of {} stages failed", rows.len());
    }
    Ok(())
}

/// The optimizer's loops, in the assembly.
fn codegen() -> Outcome {
    if !cfg!(target_arch = "x86_64") {
        return Outcome::Skipped("not an x86-64 machine".into());
    }
    codegen::run().into()
}

fn docs() -> Outcome {
    command(
        "cargo",
        &["doc", "--workspace", "--no-deps", "--locked"],
        &[("RUSTDOCFLAGS", "-D warnings")],
    )
}

/// The schedules for a processor without an operating system.
fn bare_metal() -> Outcome {
    const TARGET: &str = "thumbv7em-none-eabihf";
    if let Outcome::Failed(why) = command("rustup", &["target", "add", TARGET], &[]) {
        return Outcome::Skipped(format!("the target {TARGET} could not be installed ({why})"));
    }
    cargo(&[
        "build",
        "--locked",
        "-p",
        "paso-schedule",
        "--no-default-features",
        "--target",
        TARGET,
    ])
}

/// The crates that people pick alone build alone, with and without their features.
fn features() -> Outcome {
    all(&[
        &|| cargo(&["check", "--locked", "-p", "paso-schedule", "--no-default-features"]),
        &|| {
            cargo(&[
                "check",
                "--locked",
                "-p",
                "paso-schedule",
                "--no-default-features",
                "--features",
                "serde",
            ])
        },
        &|| cargo(&["check", "--locked", "-p", "paso-adam", "--no-default-features"]),
        &|| {
            cargo(&[
                "check",
                "--locked",
                "-p",
                "paso-adam",
                "--no-default-features",
                "--features",
                "std",
            ])
        },
    ])
}

/// Half a minute of libFuzzer on the schedule language. `fuzz/.cargo/config.toml` makes it work on the
/// stable toolchain; it is read only from within that folder.
fn fuzz() -> Outcome {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Outcome::Skipped("the fuzzer is built for x86-64 Linux".into());
    }
    // With a target named, the compiler flags are not those of build scripts.
    let target = "x86_64-unknown-linux-gnu";
    let script = format!(
        "cd fuzz && mkdir -p target/corpus && cargo run --release --locked --target {target} -- -max_total_time=30 \
         -max_len=400 -dict=dictionary -verbosity=0 -artifact_prefix=target/ target/corpus seeds"
    );
    command("bash", &["-c", &script], &[])
}

/// The bench program checks its results before it times: a short run is a test of both.
fn speed_smoke() -> Outcome {
    all(&[
        &|| {
            cargo(&[
                "run",
                "--release",
                "-q",
                "-p",
                "paso-benches",
                "--bin",
                "paso-speed",
                "--",
                "adam",
                "--sizes",
                "1e3,1e6",
                "--threads",
                "1",
                "--seconds",
                "0.2",
            ])
        },
        &|| {
            cargo(&[
                "run",
                "--release",
                "-q",
                "-p",
                "paso-benches",
                "--bin",
                "paso-speed",
                "--",
                "train",
                "--net",
                "S",
                "--threads",
                "2",
                "--batch",
                "32",
                "--seconds",
                "2",
            ])
        },
    ])
}

/// Counted without a limit: a change may need more instructions.
fn instructions() -> Outcome {
    match perf::count::obstacle() {
        Some(why) => Outcome::Skipped(why.into()),
        None => cargo(&["xtask", "perf", "count"]),
    }
}

/// The README's first command, cut short.
fn settle_demo() -> Outcome {
    settle(&["--data", "demo", "--seeds", "2", "--steps", "40"])
}

fn settle_photographs() -> Outcome {
    let Some(boards) = shared("data/boards") else {
        return Outcome::Skipped("no ../shared/data next to the checkout".into());
    };
    settle(&["--data", &boards.to_string_lossy(), "--seeds", "2", "--steps", "60"])
}

fn settle(arguments: &[&str]) -> Outcome {
    let out = match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(e) => return Outcome::Failed(format!("no temporary folder: {e}")),
    };
    let path = out.path().join("study");
    let mut all = vec![
        "run",
        "--release",
        "-q",
        "--locked",
        "-p",
        "paso-cli",
        "--",
        "settle",
        "--json",
        "--out",
    ];
    let path = path.to_string_lossy();
    all.push(&path);
    all.extend(arguments);
    cargo(&all)
}
