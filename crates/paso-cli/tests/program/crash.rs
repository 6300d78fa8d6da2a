//! Killed at any moment and resumed, a run ends with the bits of one that never stopped; so does
//! any number of threads.

use crate::{Place, TRAIN, bytes};
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn one_and_two_threads_end_with_the_same_bits() {
    let place = Place::new();
    let one = place.stdout(&format!("{TRAIN} --threads 1 --out one"));
    let two = place.stdout(&format!("{TRAIN} --threads 2 --out two"));
    let epochs = |lines: &str| lines.lines().take(12).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(epochs(&one), epochs(&two), "every figure of every epoch");
    for file in ["last.safetensors", "best.safetensors", "metrics.csv"] {
        assert!(
            bytes(&place.path("one").join(file)) == bytes(&place.path("two").join(file)),
            "{file} differs"
        );
    }
}

#[test]
fn a_killed_run_resumes_with_the_bits_of_one_that_never_stopped() {
    let place = Place::new();
    let start = Instant::now();
    place.stdout(&format!("{TRAIN} --out straight"));
    let whole = start.elapsed();
    let mut kills = 0;
    for k in 1..=6 {
        let (out, nap) = (format!("killed-{k}"), whole * k / 10);
        kills += killed_again_and_again(&place, &out, nap);
        for file in ["last.safetensors", "best.safetensors", "metrics.csv", "metrics.jsonl"] {
            let (a, b) = (place.path(&out).join(file), place.path("straight").join(file));
            assert!(bytes(&a) == bytes(&b), "{file} differs after kills at {nap:?}");
        }
    }
    assert!(kills > 0, "no run was killed before its end ({whole:?})");
}

/// Starts the run, kills it after `nap` and resumes it, until it ends by itself. Says how often it
/// was killed.
fn killed_again_and_again(place: &Place, out: &str, nap: Duration) -> u32 {
    for kills in 0.. {
        // Killed before its first epoch was kept, a run starts anew.
        let kept = place.path(out).join("last.safetensors").exists();
        if !kept {
            std::fs::remove_dir_all(place.path(out)).ok();
        }
        let resume = if kept { "--resume" } else { "" };
        let mut child = place
            .paso(&format!("{TRAIN} --out {out} {resume}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        // Every life is longer than the one before, so that a slow machine comes to the end, too.
        std::thread::sleep(nap * (kills + 1));
        if let Some(status) = child.try_wait().expect("it can be asked") {
            assert!(status.success(), "{out}: {status}");
            return kills;
        }
        child.kill().expect("it can be killed"); // SIGKILL
        child.wait().expect("it ends");
    }
    unreachable!("a run ends")
}

#[test]
fn a_longer_horizon_is_said_and_a_finished_run_says_so() {
    let place = Place::new();
    let short = TRAIN.replace("--epochs 12", "--epochs 2");
    place.stdout(&format!("{short} --out run"));
    let again = place.json(&format!("{short} --out run --resume"));
    assert_eq!(again.len(), 1, "only the last line: {again:?}");
    let output = place
        .paso(&format!("{} --out run --resume", TRAIN.replace("12", "3")))
        .output()
        .expect("it starts");
    let said = crate::text(&output.stderr);
    assert!(output.status.success() && said.contains("3 epochs instead of 2"), "{said}");
    let config = String::from_utf8(bytes(&place.path("run/config.toml"))).expect("text");
    assert!(config.contains("epochs = 3"), "{config}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_the_epoch_and_a_resumed_run_has_the_same_bits() {
    let place = Place::new();
    // A constant learning rate: nothing in it depends on how many epochs were asked for.
    let train = "train --data scenes --net tiny --size 32 --batch 4 --schedule constant --json";
    let mut command = place.paso(&format!("{train} --epochs 2000 --out stopped"));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    std::thread::sleep(Duration::from_millis(1500));
    let mut kill = std::process::Command::new("kill");
    assert!(kill.args(["-INT", &child.id().to_string()]).status().expect("kill").success());
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("stopped after epoch") && said.contains("--resume"), "{said}");
    let epochs = String::from_utf8_lossy(&output.stdout).lines().count();
    assert!(epochs > 0, "an epoch was kept: {said}");
    let more = epochs + 1;
    place.stdout(&format!("{train} --epochs {more} --out stopped --resume"));
    place.stdout(&format!("{train} --epochs {more} --out whole"));
    let [stopped, whole] = ["stopped", "whole"].map(|run| place.path(run).join("last.safetensors"));
    assert!(bytes(&stopped) == bytes(&whole), "after {epochs} epochs");
}
