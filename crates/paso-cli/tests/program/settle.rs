//! `paso settle`: its contract, and every way to come by the same answer.

use crate::{Place, bytes, has, text};
use serde_json::Value;
use std::process::Stdio;
use std::time::Duration;

const SMALL: &str =
    "--data scenes --net tiny --size 32 --batch 4 --steps 6 --pairs 8 --margin 0 --json";

#[test]
fn it_ends_with_one_object_and_goes_on_where_it_stopped() {
    let place = Place::new();
    let command = format!("settle {SMALL} --out study");
    let answer = place.json(&command);
    assert_eq!(answer.len(), 1, "one object and nothing else");
    has(
        &answer[0],
        &["verdict", "metric", "decay", "alternative", "settled", "arms", "notes", "config"],
    );
    assert_eq!(answer[0]["metric"], "mean IoU");
    let looks = answer[0]["decay"]["looks"].as_array().expect("looks");
    assert_eq!(looks.len(), 1, "eight pairs are one look");
    has(
        &looks[0],
        &["pairs", "mean", "interval", "level", "p", "needed", "share_better", "verdict"],
    );
    let arms = answer[0]["arms"].as_array().expect("arms");
    assert!(arms.len() >= 5, "{} arms", arms.len());
    for arm in arms {
        has(arm, &["name", "spec", "role", "values", "diff", "diverged", "tuned"]);
    }
    let page = String::from_utf8(bytes(&place.path("study/report.html"))).expect("text");
    assert!(page.starts_with("<!DOCTYPE html>"), "a page with the verdict");
    assert!(
        page.contains("another fifth") && page.contains("not quite independent"),
        "what it is evaluated on"
    );
    assert!(page.contains("ange test"), "the range test that placed the rates is in it");
    place.json(&format!("settle {SMALL} --evaluate-on val --out split"));
    let split = String::from_utf8(bytes(&place.path("split/report.html"))).expect("text");
    assert!(!split.contains("another fifth"), "all seeds are evaluated on the folder's val images");
    let runs = bytes(&place.path("study/runs.jsonl"));
    assert_eq!(place.json(&command), answer, "the same answer from what was kept");
    assert_eq!(bytes(&place.path("study/runs.jsonl")), runs, "and nothing was run again");
    std::fs::rename(place.path("scenes"), place.path("moved")).expect("the images are moved");
    let moved = command.replace("scenes", "moved");
    assert_eq!(place.json(&moved), answer, "the images count, not where they lie");
}

#[test]
fn workers_that_are_killed_at_random_moments_give_the_answer_of_one_session() {
    let place = Place::new();
    let settle = format!("settle {SMALL} --lr 1e-3");
    let whole = place.json(&format!("{settle} --out whole"));
    let work = format!("{settle} --out shared --worker --threads 1");
    let start = || {
        let mut command = place.paso(&work);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
    };
    for kill in 0..30 {
        let mut both = [start(), start()];
        std::thread::sleep(Duration::from_millis(40 + 37 * (kill % 11)));
        // Half of all.
        both[0].kill().expect("it can be killed");
        both.iter_mut().for_each(|worker| {
            worker.kill().ok();
            worker.wait().expect("it ends");
        });
        let status = place.paso("status shared --json").output().expect("it starts");
        assert!(!text(&status.stderr).contains("panicked"), "{}", text(&status.stderr));
    }
    let mut answer = place.json(&work);
    let mut expected = whole;
    for found in [&mut answer, &mut expected] {
        found[0].as_object_mut().expect("an object").remove("folder");
    }
    assert_eq!(answer, expected);
    assert!(place.stdout("status shared").contains("the study was carried out"));
}

#[test]
fn a_run_is_branched_with_and_without_decay_at_its_own_rate() {
    let place = Place::new();
    let net = "--data scenes --net tiny --size 32 --batch 4";
    place.json(&format!("train {net} --lr 1e-3 --schedule constant --epochs 4 --out base --json"));
    let before = bytes(&place.path("base/last.safetensors"));
    let command = "settle --data scenes --branch-from base --pairs 8 --steps 6 --out tails --json";
    let answer = place.json(command);
    let arms = answer[0]["arms"].as_array().expect("arms");
    let names: Vec<_> = arms.iter().map(|arm| arm["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["constant", "averaged", "linear"]);
    assert!(
        arms.iter().all(|arm| arm["tuned"]["peak_lr"] == 1e-3),
        "the rate of the run: {arms:?}"
    );
    assert_eq!(bytes(&place.path("base/last.safetensors")), before, "the run is left alone");
    assert_eq!(place.json(command), answer, "the same answer from what was kept");

    place.json(&format!(
        "train {net} --lr 1e-3 --schedule constant --epochs 4 --seed 0 --weight-decay 0 --out like --json"
    ));
    let like = command.replace("base", "like");
    let (code, said) = place.refused(&like);
    assert!(code == 1 && said.contains("runs.jsonl"), "runs of another checkpoint: {said}");

    let (_, said) = place.refused(&format!("{command} --net small"));
    assert!(said.contains("--net"), "{said}");
    place.json(&format!(
        "train {net} --lr 1e-3 --schedule linear(1e-3->0,20) --epochs 4 --out done --json"
    ));
    let (_, said) =
        place.refused("settle --data scenes --branch-from done --pairs 8 --out x --json");
    assert!(said.contains("has decayed already") && said.contains("--lr"), "{said}");
}

#[test]
fn what_was_settled_can_be_trained_by_the_command_that_is_printed() {
    let place = Place::new();
    let settle = "settle --data scenes --net tiny --size 32 --batch 4 --steps 30 --pairs 8 --lr 1e-3 --out study";
    let text = place.stdout(settle);
    let command =
        text.lines().last().and_then(|line| line.strip_prefix("  paso ")).expect("a command");
    place.stdout(&format!("{command} --out run"));
    let config = text_of(&place, "run/config.toml");
    let settled = text_of(&place, "study/settled.toml");
    assert_eq!(config, settled, "the run has the settings of the study");
    let report: Value =
        serde_json::from_slice(&bytes(&place.path("study/report.json"))).expect("JSON");
    let finalist = &report["answer"]["settled"]["finalist"];
    let spec = finalist["spec"].as_str().expect("a schedule");
    assert!(
        config.contains(&format!("schedule = \"{spec}\"")) && config.contains("steps = 30"),
        "{config}"
    );
    let (_, said) = place.refused(&format!("{command} --lr 0.1 --out other"));
    assert!(said.contains("--settled"), "nothing is overridden: {said}");
    let (_, said) = place.refused("train --data scenes --settled run --out other");
    assert!(said.contains("settled.toml: no such file"), "{said}");
}

#[test]
fn a_study_like_a_run_has_the_settings_of_that_run() {
    let place = Place::new();
    place.stdout("train --data scenes --net tiny --size 32 --batch 5 --epochs 2 --weight-decay 0.2 --out run");
    let settle = "settle --data scenes --like run --pairs 8 --lr 1e-3 --out study";
    let text = place.stdout(settle);
    assert!(text.contains("steps of 5 images, adamw with weight decay 0.2."), "{text}");
    let settled = text_of(&place, "study/settled.toml");
    for setting in ["net = \"tiny\"", "size = 32", "batch = 5", "weight_decay = 0.2"] {
        assert!(settled.contains(setting), "{setting}: {settled}");
    }
    let (_, said) = place.refused("settle --data scenes --like nothing --out x");
    assert!(said.contains("nothing/config.toml: no such file"), "{said}");
}

fn text_of(place: &Place, path: &str) -> String {
    String::from_utf8(bytes(&place.path(path))).expect("text")
}
