//! Runs that end before their last epoch: patience, and numbers that are not finite.

use crate::{Place, bytes, text};
use paso_locate::checkpoint;
use std::process::Stdio;
use std::time::Duration;

const TRAIN: &str = "train --data scenes --net tiny --size 32 --batch 4 --schedule constant --json";

#[test]
fn a_run_stops_when_its_patience_ends_and_a_killed_one_stops_at_the_same_epoch() {
    let place = Place::new();
    let patient = format!("{TRAIN} --epochs 400 --patience 3");
    let lines = place.json(&format!("{patient} --out whole"));
    let (done, epochs) = lines.split_last().expect("lines");
    let best = done["best_epoch"].as_u64().expect("a number");
    assert_eq!(epochs.len() as u64, best + 3, "three epochs after the best one");
    assert!(epochs.len() < 400, "it does not continue without end");

    let mut naps = (1..).map(|n| Duration::from_millis(150 * n));
    loop {
        let kept = place.path("killed/best.safetensors").exists();
        let resume = if kept { "--resume" } else { "" };
        let mut command = place.paso(&format!("{patient} --out killed {resume}"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("it starts");
        std::thread::sleep(naps.next().expect("there is always one more"));
        if let Some(status) = child.try_wait().expect("it can be asked") {
            assert!(status.success(), "{status}");
            break;
        }
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }
    for file in ["last.safetensors", "best.safetensors", "metrics.csv", "config.toml"] {
        let [a, b] = ["killed", "whole"].map(|run| bytes(&place.path(run).join(file)));
        assert!(a == b, "{file} differs after kills");
    }

    let output =
        place.paso(&format!("{patient} --out whole --resume")).output().expect("it starts");
    let said = text(&output.stderr);
    assert!(output.status.success() && said.contains("no better mean IoU for 3 epochs"), "{said}");
    let more = place.json(&format!("{TRAIN} --epochs 400 --patience 4 --out whole --resume"));
    assert!(more.len() >= 2, "a larger patience continues: {more:?}");
}

#[test]
fn clipping_is_a_setting_of_the_run_and_its_norms_are_in_the_record() {
    let place = Place::new();
    let train = format!("{TRAIN} --epochs 2");
    place.stdout(&format!("{train} --out free"));
    place.stdout(&format!("{train} --clip-norm 0.01 --out clipped"));
    let config = String::from_utf8(bytes(&place.path("clipped/config.toml"))).expect("text");
    assert!(config.contains("clip_norm = 0.01"), "{config}");
    let old = String::from_utf8(bytes(&place.path("free/config.toml"))).expect("text");
    assert!(!old.contains("clip_norm") && !old.contains("patience"), "{old}");
    let csv = String::from_utf8(bytes(&place.path("clipped/metrics.csv"))).expect("text");
    let norms = csv.lines().skip(1).map(|line| line.rsplit(',').next().expect("a column"));
    let norms: Vec<f64> = norms.map(|norm| norm.parse().expect("a number")).collect();
    assert!(norms.len() == 2 && norms.iter().all(|&norm| norm > 0.01), "before clipping: {csv}");
    let [free, clipped] =
        ["free", "clipped"].map(|run| bytes(&place.path(run).join("last.safetensors")));
    assert!(free != clipped, "it changes the run");
    for (flag, word) in [("--clip-norm 0", "clip_norm is 0"), ("--patience 0", "patience is 0")] {
        let (code, said) = place.refused(&format!("{train} {flag} --out other"));
        assert!(code == 1 && said.contains(word) && !place.path("other").exists(), "{said}");
    }
    let (code, said) = place.refused(&format!("{train} --clip-norm 1 --out free --resume"));
    assert!(code == 1 && said.contains("may change"), "{said}");
}

#[test]
fn a_run_that_diverges_names_step_and_layer_and_keeps_what_was_good() {
    let place = Place::new();
    // A decay of 10 a step: every weight grows ninefold.
    let wild = format!("{TRAIN} --epochs 100 --lr 10 --weight-decay 1 --out run");
    let (code, said) = place.refused(&wild);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("training diverged at step ") && said.contains("rate 1e1"), "{said}");
    let layers = ["conv", "norm", "scores", "head"];
    let named = layers.iter().any(|layer| said.contains(&format!("): {layer}")));
    assert!(named && said.contains(" is not finite"), "a layer is named: {said}");

    let (meta, tensors) =
        checkpoint::load(&place.path("run/last.safetensors")).expect("it is read");
    let finite = |t: &checkpoint::Tensor| t.values.iter().all(|x| x.is_finite());
    assert!(tensors.iter().all(finite), "a checkpoint holds nothing else");
    let epoch = meta.step / 5;
    assert!(said.contains(&format!("epoch {epoch} is kept in run")), "{said}");
    let csv = String::from_utf8(bytes(&place.path("run/metrics.csv"))).expect("text");
    assert_eq!(csv.lines().count() as u64, epoch + 1, "the record ends there: {csv}");
    assert_eq!(place.json("eval run --data scenes --json")[0]["images"], 6);
    let (again, same) = place.refused(&format!("{wild} --resume"));
    assert!(again == 1 && same.contains("training diverged"), "{same}");
}
