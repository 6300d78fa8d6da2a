//! `paso settle`: its contract, and every way to come by the same answer.

use crate::{Place, bytes, has};
use serde_json::Value;

const SMALL: &str = "--data scenes --net tiny --size 32 --batch 4 --steps 6 --seeds 2 --json";

#[test]
fn it_ends_with_one_object_and_goes_on_where_it_stopped() {
    let place = Place::new();
    let command = format!("settle {SMALL} --out study");
    let answer = place.json(&command);
    assert_eq!(answer.len(), 1, "one object and nothing else");
    has(&answer[0], &["verdict", "best_arm", "metric", "seeds", "arms"]);
    assert_eq!(answer[0]["verdict"], "undecided", "two seeds decide nothing");
    assert_eq!(
        (&answer[0]["metric"], &answer[0]["seeds"]),
        (&Value::from("mean_iou"), &Value::from(2))
    );
    let arms = answer[0]["arms"].as_array().expect("arms");
    assert!(arms.len() >= 5, "{} arms", arms.len());
    for arm in arms {
        has(arm, &["name", "spec", "peak_lr", "mean", "diff", "ci_low", "ci_high", "p"]);
    }
    let page = String::from_utf8(bytes(&place.path("study/report.html"))).expect("text");
    assert!(
        page.starts_with("<!DOCTYPE html>") && page.contains("Undecided"),
        "a page with the verdict"
    );
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
fn shards_in_one_folder_and_shards_merged_give_the_answer_of_one_run() {
    let place = Place::new();
    let settle = format!("settle {SMALL} --lr 1e-3");
    let whole = place.json(&format!("{settle} --out whole"));

    // On a shared disk: alternately, until nothing is missing. Each round prints nothing before
    // that.
    let mut answers = Vec::new();
    for round in 0..8 {
        let shard = round % 2 + 1;
        answers = place.json(&format!("{settle} --out shared --shard {shard}/2"));
        if !answers.is_empty() {
            break;
        }
    }
    assert_eq!(answers, whole, "shards in one folder");

    // On two machines: each does what it can see, then their folders are merged, and one continues.
    for shard in [1, 2] {
        let part = place.json(&format!("{settle} --out part{shard} --shard {shard}/2"));
        assert!(part.is_empty(), "one of two shards cannot answer alone");
    }
    let merged = place.json(&format!("{settle} --out merged --merge part1 part2"));
    assert_eq!(merged, whole, "merged shards");

    let other = format!("settle {SMALL} --lr 1e-3 --weight-decay 0.5 --out other");
    place.json(&other);
    let (code, said) = place.refused(&format!("{settle} --out mixed --merge part1 other"));
    assert!(code == 1 && said.contains("other") && said.contains("another study"), "{said}");
}

#[test]
fn a_run_is_branched_with_and_without_decay_at_its_own_rate() {
    let place = Place::new();
    let net = "--data scenes --net tiny --size 32 --batch 4";
    place.json(&format!("train {net} --lr 1e-3 --schedule constant --epochs 4 --out base --json"));
    let before = bytes(&place.path("base/last.safetensors"));
    let command = "settle --data scenes --branch-from base --seeds 2 --steps 6 --out tails --json";
    let answer = place.json(command);
    let arms = answer[0]["arms"].as_array().expect("arms");
    let names: Vec<_> = arms.iter().map(|arm| arm["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["constant", "averaged", "linear"]);
    assert!(arms.iter().all(|arm| arm["peak_lr"] == 1e-3), "the rate of the run: {arms:?}");
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
        place.refused("settle --data scenes --branch-from done --seeds 2 --out x --json");
    assert!(said.contains("has decayed already") && said.contains("--lr"), "{said}");
}
