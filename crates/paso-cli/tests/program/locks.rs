//! One process at a time in a run folder, and a dead one's lock is nobody's.

use crate::{Place, TRAIN, bytes, text};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Rounds, in each of which two processes want the folder and both are killed.
const ROUNDS: u32 = 50;

fn start(place: &Place, arguments: &str) -> Child {
    let mut command = place.paso(arguments);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts")
}

/// Kills a process unless it has ended. Its exit code, if it had ended, and what it said.
fn end(mut child: Child) -> (Option<i32>, String) {
    child.kill().ok(); // SIGKILL
    let output = child.wait_with_output().expect("it ends");
    (output.status.code(), text(&output.stderr))
}

/// Waits until one of two has ended; which.
fn first_to_end(children: &mut [Child; 2]) -> usize {
    let start = Instant::now();
    loop {
        for (i, child) in children.iter_mut().enumerate() {
            if child.try_wait().expect("it can be asked").is_some() {
                return i;
            }
        }
        assert!(start.elapsed() < Duration::from_secs(120), "both train in one folder");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn of_two_trainings_in_one_folder_one_trains_and_the_other_names_it() {
    let place = Place::new();
    let long = TRAIN.replace("--epochs 12", "--epochs 100000");
    let train = format!("{long} --out run");
    let mut both = [start(&place, &train), start(&place, &train)];
    let refused = first_to_end(&mut both);
    let [first, second] = both;
    let (holder, refused) = if refused == 0 { (second, first) } else { (first, second) };
    let pid = holder.id();
    let (code, said) = end(refused);
    assert_eq!(code, Some(1), "{said}");
    // The one that was faster may have kept an epoch before the other looked.
    let named = said.contains(&format!("process {pid} on")) || said.contains("go on with --resume");
    assert!(named, "the holder is {pid}: {said}");
    while !place.path("run/last.safetensors").exists() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let (code, said) = place.refused(&format!("{train} --resume"));
    let named = said.contains(&format!("process {pid} on")) && said.contains("another folder");
    assert!(code == 1 && named, "the holder is {pid}: {said}");
    let evaluated = place.json("eval run --data scenes --json");
    assert_eq!(evaluated[0]["images"], 6, "readers need no lock");
    end(holder);
    let epochs = text(&bytes(&place.path("run/metrics.jsonl"))).lines().count();
    place.stdout(&format!("{} --out run --resume", TRAIN.replace("12", &(epochs + 1).to_string())));
}

#[test]
fn of_two_studies_in_one_folder_one_is_refused_and_workers_are_not() {
    let place = Place::new();
    let settle = "settle --data scenes --net tiny --size 32 --batch 4 --lr 1e-3 --pairs 8";
    let mut both = [(); 2].map(|()| start(&place, &format!("{settle} --steps 5000 --out study")));
    let refused = first_to_end(&mut both);
    let [first, second] = both;
    let (holder, refused) = if refused == 0 { (second, first) } else { (first, second) };
    let (code, said) = end(refused);
    let named = said.contains(&format!("process {} on", holder.id()));
    assert!(code == Some(1) && named, "the holder is {}: {said}", holder.id());
    end(holder);
    let workers =
        [(); 3].map(|()| start(&place, &format!("{settle} --steps 4 --out shared --worker")));
    for worker in workers {
        let output = worker.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
}

#[test]
fn fifty_kills_with_a_second_process_at_the_door_leave_a_whole_run() {
    let place = Place::new();
    let begun = Instant::now();
    place.stdout(&format!("{TRAIN} --out straight"));
    let whole = begun.elapsed();
    let (mut refused, mut runs, mut trained) = (0, 0, 0);
    for round in 0..ROUNDS {
        let out = format!("run-{runs}");
        let kept = ["last.safetensors", "best.safetensors"]
            .iter()
            .any(|name| place.path(&out).join(name).exists());
        let resume = if kept { "--resume" } else { "" };
        let train = format!("{TRAIN} --out {out} {resume}");
        let both = [start(&place, &train), start(&place, &train)];
        // Moments from the start of a run to past its end, in an order without a pattern. Two at a time
        // take longer than the one that was timed, and so does everything on a busy machine.
        std::thread::sleep(whole.mul_f64(2.0 * f64::from(round * 29 % ROUNDS) / f64::from(ROUNDS)));
        let ended = both.map(end);
        for (code, said) in &ended {
            match code {
                None => {} // killed
                Some(0) => trained += 1,
                Some(code) => {
                    let door = said.contains(" is working in this folder")
                        || said.contains("go on with --resume");
                    assert!(*code == 1 && door, "round {round}: {said}");
                    refused += 1;
                }
            }
        }
        if ended.iter().any(|(code, _)| *code == Some(0)) {
            runs += 1;
        }
    }
    let out = format!("run-{runs}");
    let kept = place.path(&out).join("last.safetensors").exists()
        || place.path(&out).join("best.safetensors").exists();
    place.stdout(&format!("{TRAIN} --out {out} {}", if kept { "--resume" } else { "" }));
    eprintln!("{refused} refused, {trained} ended, {} runs of {whole:.0?}", runs + 1);
    assert!(refused > 0, "no second process ever came while one trained ({whole:?})");
    for run in 0..=runs {
        for file in ["last.safetensors", "best.safetensors", "metrics.csv", "metrics.jsonl"] {
            let [a, b] =
                [&format!("run-{run}"), "straight"].map(|run| bytes(&place.path(run).join(file)));
            assert!(a == b, "{file} of run-{run} differs");
        }
    }
}
