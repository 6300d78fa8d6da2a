//! No value of a switch hangs the program, makes it panic, or lets it take memory without bound.

use crate::{Place, text};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Longer than any of these takes on a slow machine, and shorter than without an end.
const PATIENCE: Duration = Duration::from_secs(120);

/// The exit code and what was said, once it has ended.
fn run(place: &Place, arguments: &str) -> (Option<i32>, String) {
    let mut command = place.paso(arguments);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let start = Instant::now();
    while child.try_wait().expect("it can be asked").is_none() {
        if start.elapsed() > PATIENCE {
            child.kill().ok();
            child.wait().ok();
            panic!("paso {arguments} hangs");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().expect("it has ended");
    (output.status.code(), text(&output.stderr))
}

#[test]
fn every_extreme_value_is_used_or_refused_by_its_name() {
    const NET: &str = "--data scenes --net tiny --size 32 --batch 4";
    const HUGE: &str = "18446744073709551615";
    let place = Place::new();
    let train = format!("train {NET} --epochs 1");
    let settle = format!("settle {NET}");
    let huge = |flag: &str| format!("{flag} {HUGE}");
    for (command, rest, code, word) in [
        (&*train, "--threads 2000", 0, "--threads is 2000; "),
        (&train, &huge("--threads"), 0, "are used"),
        (&train, "--lr=-1", 2, "above 0, at most 10"),
        (&train, "--lr NaN", 2, "above 0, at most 10"),
        (&train, "--lr inf", 2, "above 0, at most 10"),
        (&train, "--lr 1e-320", 1, "lr is "),
        (&train, &format!("--schedule linear(1e-3->0,{HUGE})"), 0, "5 steps"),
        (&train, &huge("--seed"), 1, "seed is 18446744073709551615"),
        (&train, "--seed 9223372036854775807", 0, "5 steps"),
        (&train, &huge("--patience"), 1, "patience is "),
        (&train, "--clip-norm 0", 1, "clip_norm is 0"),
        (&train, "--weight-decay=-1", 1, "weight_decay is -1"),
        (&train, "--cache 99999999999GiB", 2, "--cache"),
        (&train, "--folds 1 --fold 1", 2, "--folds"),
        (&train, "--folds 65535 --fold 1", 1, "folds is 65535"),
        ("train --data scenes --epochs 0", "", 1, "epochs is 0"),
        ("train --data scenes", &huge("--epochs"), 1, "epochs is "),
        ("train --data scenes", "--batch 0", 1, "batch is 0"),
        ("train --data scenes", &huge("--batch"), 1, "batch is "),
        ("train --data scenes", "--size 0", 1, "size is 0"),
        ("train --data scenes", "--size 100000", 1, "size is 100000"),
        ("train --data scenes", "--size 4294967295", 1, "size is 4294967295"),
        (&settle, "--pairs 0", 2, "8..=1000"),
        (&settle, &huge("--pairs"), 2, "--pairs"),
        (&settle, "--display 41", 1, "display is 41"),
        (&settle, &huge("--seed"), 2, "--seed"),
        (&settle, "--steps 0", 1, "steps is 0"),
        (&settle, &huge("--steps"), 1, "steps is "),
        (&settle, "--budget 0s", 2, "above 0"),
        (&settle, "--margin NaN", 2, "at least 0"),
        (&settle, "--margin=-1", 2, "at least 0"),
        (&settle, "--folds 1 --fold 1", 2, "--folds"),
        (&settle, &format!("--out x --submit slurm:{HUGE}"), 2, "slurm:N or hq:N"),
        ("find-lr --data scenes", "--batch 0", 1, "batch is 0"),
        ("find-lr --data scenes", "--sweeps 0", 2, "--sweeps"),
        ("schedule linear", &huge("--steps"), 1, "--steps is "),
        ("schedule cosine", "--lr=-1", 2, "above 0, at most 10"),
        ("schedule cosine", "--lr inf", 2, "above 0, at most 10"),
        (&format!("schedule cosine(1e-3->0,{HUGE})"), "--steps 9", 0, ""),
        (&format!("schedule warmup({HUGE})"), "--steps 9", 1, "column 1"),
    ] {
        let arguments = format!("{command} {rest}");
        let (found, said) = run(&place, &arguments);
        assert_eq!(found, Some(code), "paso {arguments}: {said}");
        assert!(said.contains(word) && !said.contains("panicked"), "paso {arguments}: {said}");
    }
}

#[test]
fn a_schedule_that_is_over_at_once_is_noted() {
    let place = Place::new();
    let mut command = place.paso("train --data scenes --net tiny --size 32 --batch 4 --epochs 2");
    let output = command.args(["--schedule", "cosine(to 0,1)"]).output().expect("it starts");
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("learning rate is 0 in the second half of these 10 steps"), "{said}");
    let mut command = place.paso("train --data scenes --net tiny --size 32 --batch 4 --epochs 2");
    let output = command.args(["--schedule", "cosine(to 0)"]).output().expect("it starts");
    assert!(!text(&output.stderr).contains("second half"), "a usual one is not");
}
