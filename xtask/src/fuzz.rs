//! The stage `fuzz`: every target of `fuzz/` for half a minute.
//!
//! `fuzz/.cargo/config.toml` makes libFuzzer work on the stable toolchain; it is read only from
//! within that folder. The list of targets is that of `fuzz/Cargo.toml`, as cargo itself reads it,
//! and a file in `fuzz_targets` without its line there fails the stage: it would never run.
//!
//! New inputs go to `fuzz/target/corpus/TARGET`, from where a later round goes on; a finding goes to
//! `fuzz/target/TARGET-crash-*`. Nothing in `fuzz/seeds` is changed.

use crate::root;
use crate::steps::{Outcome, command};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

/// Seconds for each target.
const SECONDS: u32 = 30;

/// With a target named, the compiler flags are not those of build scripts.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// Targets that run at the same time: each has one thread.
const AT_ONCE: usize = 2;

/// Builds all targets and runs them, two at a time; the first finding is the outcome.
pub(crate) fn stage() -> Outcome {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Outcome::Skipped("the fuzzer is built for x86-64 Linux".into());
    }
    let folder = root().join("fuzz");
    let targets = match targets(&folder) {
        Ok(targets) => targets,
        Err(error) => return Outcome::Failed(format!("{error:#}")),
    };
    let build = format!("cd fuzz && cargo build --release --locked --bins --target {TRIPLE}");
    let built = command("bash", &["-c", &build], &[]);
    if built != Outcome::Passed {
        return built;
    }
    let next = Mutex::new(targets.iter());
    let failed = Mutex::new(None);
    let worker = || {
        loop {
            let target = next.lock().expect("no worker panicked").next();
            let Some(target) = target else { return };
            let outcome = command("bash", &["-c", &script(&folder, target)], &[]);
            if outcome != Outcome::Passed {
                failed.lock().expect("no worker panicked").get_or_insert(outcome);
            }
        }
    };
    std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(worker))));
    failed.into_inner().expect("no worker panicked").unwrap_or(Outcome::Passed)
}

/// The names of the targets.
fn targets(folder: &Path) -> Result<BTreeSet<String>> {
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(folder)
        .output()
        .context("cargo metadata")?;
    let known = names(&serde_json::from_slice(&output.stdout).with_context(|| {
        format!("cargo metadata in fuzz/: {}", String::from_utf8_lossy(&output.stderr))
    })?);
    for entry in std::fs::read_dir(folder.join("fuzz_targets"))? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        ensure!(known.contains(&name), "{}: no line in `bin` of fuzz/Cargo.toml", path.display());
        let seeds = folder.join("seeds").join(&name);
        ensure!(seeds.is_dir(), "{}: no such folder; a target has seeds", seeds.display());
    }
    Ok(known)
}

/// The binaries in the answer of `cargo metadata`.
fn names(metadata: &serde_json::Value) -> BTreeSet<String> {
    let targets = metadata["packages"][0]["targets"].as_array().into_iter().flatten();
    let is_binary = |target: &&serde_json::Value| target["kind"][0] == "bin";
    targets
        .filter(is_binary)
        .filter_map(|target| target["name"].as_str().map(str::to_owned))
        .collect()
}

/// What runs a target, in the root folder.
fn script(folder: &Path, target: &str) -> String {
    let dictionary = folder.join("dictionaries").join(target);
    let dictionary =
        if dictionary.is_file() { format!("-dict=dictionaries/{target}") } else { String::new() };
    format!(
        "cd fuzz && mkdir -p target/corpus/{target} && target/{TRIPLE}/release/{target} -max_total_time={SECONDS} \
         -verbosity=0 -rss_limit_mb=1024 -timeout=20 {dictionary} -artifact_prefix=target/{target}- \
         target/corpus/{target} seeds/{target}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_a_file_a_line_and_seeds() {
        let folder = root().join("fuzz");
        let targets = targets(&folder).expect("each file has its line");
        assert!(targets.contains("schedule") && targets.len() >= 4, "{targets:?}");
        for target in targets {
            assert!(folder.join(format!("fuzz_targets/{target}.rs")).is_file(), "{target}");
            let seeds = std::fs::read_dir(folder.join("seeds").join(&target)).expect("a folder");
            let bytes: u64 =
                seeds.map(|s| s.and_then(|s| s.metadata()).expect("a file").len()).sum();
            assert!((1..200_000).contains(&bytes), "{target} has seeds of {bytes} bytes");
        }
    }

    #[test]
    fn a_dictionary_is_named_only_where_there_is_one() {
        let folder = root().join("fuzz");
        assert!(script(&folder, "schedule").contains("-dict=dictionaries/schedule "));
        assert!(!script(&folder, "checkpoint").contains("-dict"));
    }
}
