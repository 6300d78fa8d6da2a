//! SIGKILL at random moments of a short run, and a disk that is full: what is kept is whole, and
//! the run ends as ever.

use crate::{Place, TRAIN, bytes, text};
use paso_locate::checkpoint;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Kills in all. Moments are drawn from the whole length of a run, starting and loading included.
const KILLS: usize = 50;
const SEED: u64 = 6;

/// Everything that a finished run must have in the same bits.
const FILES: [&str; 5] =
    ["last.safetensors", "best.safetensors", "metrics.csv", "metrics.jsonl", "config.toml"];

#[test]
fn fifty_kills_leave_whole_checkpoints_and_the_same_bits() {
    let place = Place::new();
    let start = Instant::now();
    place.stdout(&format!("{TRAIN} --out straight"));
    let whole = start.elapsed();
    let (mut kills, mut kept, mut runs) = (0, 0, 0);
    let mut random = SEED;
    while kills < KILLS {
        let out = format!("run-{runs}");
        while kills < KILLS {
            let (killed, has) = one_life(&place, &out, whole.mul_f64(0.8 * fraction(&mut random)));
            kills += usize::from(killed);
            kept += usize::from(killed && has);
            if !killed {
                break;
            }
        }
        let resume = if has_checkpoint(&place.path(&out)) { "--resume" } else { "" };
        place.stdout(&format!("{TRAIN} --out {out} {resume}"));
        for file in FILES {
            let (a, b) = (place.path(&out).join(file), place.path("straight").join(file));
            assert!(bytes(&a) == bytes(&b), "{file} of {out} differs (seed {SEED})");
        }
        let half = names(&place.path(&out)).into_iter().find(|name| name.starts_with(".paso-"));
        assert_eq!(half, None, "nothing half written stays in {out}");
        runs += 1;
    }
    eprintln!("{kills} kills in {runs} runs of {whole:.0?}: {kept} left a checkpoint");
    assert!(kept > 0, "no kill came after an epoch ({whole:?})");
}

/// Starts or resumes the run and kills it after `nap`. Says whether it was killed before its end,
/// and whether it had a checkpoint then.
fn one_life(place: &Place, out: &str, nap: Duration) -> (bool, bool) {
    let folder = place.path(out);
    let resume = if has_checkpoint(&folder) { "--resume" } else { "" };
    let mut child = place
        .paso(&format!("{TRAIN} --out {out} {resume}"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    std::thread::sleep(nap);
    let ended = child.try_wait().expect("it can be asked");
    child.kill().expect("it can be killed"); // SIGKILL
    let output = child.wait_with_output().expect("it ends");
    if let Some(status) = ended {
        assert!(status.success(), "{out}: {}", text(&output.stderr));
        return (false, true);
    }
    let has = has_checkpoint(&folder);
    for name in names(&folder).iter().filter(|name| name.ends_with(".safetensors")) {
        checkpoint::load(&folder.join(name)).expect("a checkpoint is whole");
    }
    if has {
        let evaluated = place.json(&format!("eval {out} --data scenes --json"));
        assert_eq!(evaluated[0]["images"], 6, "what was kept can be used");
    }
    (true, has)
}

fn has_checkpoint(folder: &Path) -> bool {
    ["last.safetensors", "best.safetensors"].iter().any(|name| folder.join(name).exists())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|e| e.ok()?.file_name().into_string().ok()).collect()
}

/// The next of a fixed sequence of numbers in 0..1 (`SplitMix64`).
fn fraction(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z >> 11) as f64 / (1_u64 << 53) as f64
}

#[test]
fn a_run_that_was_stopped_before_its_first_epoch_begins_again() {
    let place = Place::new();
    let short = TRAIN.replace("--epochs 12", "--epochs 2");
    place.stdout(&format!("{short} --out run"));
    let wanted = bytes(&place.path("run/last.safetensors"));

    // As if the kill had come between its two checkpoints.
    std::fs::remove_file(place.path("run/last.safetensors")).expect("it is there");
    let (code, said) = place.refused(&format!("{short} --out run"));
    assert!(code == 1 && said.contains("--resume"), "{said}");
    place.stdout(&format!("{short} --out run --resume"));
    assert!(bytes(&place.path("run/last.safetensors")) == wanted, "it continues from the best");

    // As if it had come before both, while a file was written.
    for name in ["last.safetensors", "best.safetensors"] {
        std::fs::remove_file(place.path("run").join(name)).expect("it is there");
    }
    std::fs::write(place.path("run/.paso-half"), "half a file").expect("a file");
    let (code, said) = place.refused(&format!("{short} --out run --resume"));
    assert!(code == 1 && said.contains("without --resume"), "{said}");
    let (code, said) = place.refused(&format!("{short} --lr 0.5 --out run"));
    assert!(code == 1 && said.contains("config.toml"), "other settings: {said}");
    place.stdout(&format!("{short} --out run"));
    assert!(bytes(&place.path("run/last.safetensors")) == wanted, "the same run");
    assert!(!place.path("run/.paso-half").exists(), "what was left half written is gone");
}

/// `paso ARGUMENTS` that may write no file longer than `blocks` blocks of 512 bytes: a full disk
/// without being root. The signal that the system sends first is ignored, so that the write fails
/// as it does on a disk without space.
#[cfg(unix)]
fn limited(place: &Place, blocks: u32, arguments: &str) -> (Option<i32>, String) {
    let script = format!("ulimit -f {blocks}; trap '' XFSZ; exec \"$0\" {arguments}");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_paso")]).current_dir(place.path("."));
    let output = command.output().expect("a shell");
    let said = text(&output.stderr);
    assert!(!said.contains("panicked"), "{said}");
    (output.status.code(), said)
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_named_and_the_old_checkpoint_stays_whole() {
    let place = Place::new();
    // A constant learning rate: nothing in it depends on how many epochs were asked for.
    let train = format!("{TRAIN} --schedule constant");
    place.stdout(&format!("{train} --out whole"));
    place.stdout(&format!("{} --out run", train.replace("--epochs 12", "--epochs 2")));
    let resume = format!("{train} --out run --resume");
    let kept = ["last.safetensors", "best.safetensors"];
    let before = kept.map(|name| bytes(&place.path("run").join(name)));
    // The settings fit into 100 blocks, the checkpoint does not; into none fits nothing.
    for (blocks, named) in [(100, ".safetensors"), (0, "run/")] {
        let (code, said) = limited(&place, blocks, &resume);
        assert!(code == Some(1) && said.contains(named), "{blocks} blocks: {code:?} {said}");
        assert!(said.lines().any(|line| line.starts_with("error: ")), "{said}");
        assert!(before == kept.map(|name| bytes(&place.path("run").join(name))), "untouched");
        let half = names(&place.path("run")).into_iter().find(|name| name.starts_with(".paso-"));
        assert_eq!(half, None, "nothing half written stays");
    }
    place.stdout(&resume);
    // The best one may say that two epochs were asked for.
    for file in ["last.safetensors", "metrics.csv", "metrics.jsonl", "config.toml"] {
        let [a, b] = ["run", "whole"].map(|run| bytes(&place.path(run).join(file)));
        assert!(a == b, "{file} differs from that of a run with room");
    }
}

#[cfg(unix)]
#[test]
fn a_full_disk_stops_a_new_run_and_a_study_with_the_file_named() {
    let place = Place::new();
    let study = "settle --data scenes --net tiny --size 32 --batch 4 --steps 6 --pairs 8 --lr 1e-3";
    for (blocks, arguments, named) in [
        (0, format!("{TRAIN} --out new"), "new/"),
        (1, format!("{TRAIN} --out longer"), "longer/"),
        (0, format!("{study} --out study"), "study/"),
        (8, format!("{study} --out study"), "study/"),
        (0, "export run --onnx net.onnx".into(), "net.onnx"),
        (0, "data scenes --convert csv --out labels".into(), "labels/"),
    ] {
        if arguments.starts_with("export") {
            place.stdout(&format!("{} --out run", TRAIN.replace("--epochs 12", "--epochs 1")));
        }
        let (code, said) = limited(&place, blocks, &arguments);
        assert!(code == Some(1) && said.contains(named), "{arguments}: {code:?} {said}");
    }
    // With room again, the study continues from the runs that were kept.
    assert!(place.stdout(&format!("{study} --out study --json")).contains("verdict"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_stdout_is_an_error_and_what_was_kept_is_whole() {
    let place = Place::new();
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").expect("it is there");
    for arguments in ["cpu", "cpu --json", &format!("{TRAIN} --out run")] {
        let output = place.paso(arguments).stdout(full()).output().expect("it starts");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments}: {said}");
        assert!(said.contains("error: writing to standard output"), "{arguments}: {said}");
    }
    place.stdout(&format!("{TRAIN} --out run --resume"));
}
