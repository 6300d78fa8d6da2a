//! `paso train --features`: what it refuses, and that a run continues with what it began with.

use crate::Place;
use paso_locate::{Model, NetName, TrainConfig, weights};

const SHORT: &str = "--data scenes --size 32 --batch 4 --json";

#[test]
fn a_pretrained_run_begins_goes_on_and_is_branched_at_its_own_size() {
    let place = Place::new();
    let config = TrainConfig { net: NetName::Squeezenet, size: 32, ..TrainConfig::default() };
    let fresh = Model::new(&config, vec!["any".into()]).expect("a net");
    weights::save(&place.path("features.safetensors"), &fresh).expect("a file");
    let begin = format!("train {SHORT} --features features.safetensors --schedule constant");
    place.stdout(&format!("{begin} --epochs 1 --out run"));
    // Neither the net nor the size is named again, and 32 pixels are not what a new run would have.
    place.stdout("train --data scenes --epochs 2 --out run --resume --json");
    let branch = "settle --data scenes --branch-from run --pairs 8 --steps 2 --out tails --json";
    assert_eq!(place.json(branch).len(), 1);
}

#[test]
fn features_that_are_none_are_refused_before_a_folder_is_made() {
    let place = Place::new();
    std::fs::write(place.path("nonsense"), "nonsense").expect("a file");
    for (features, why) in [("nonsense", "not a safetensors file"), ("missing", "missing")] {
        let (code, said) =
            place.refused(&format!("train {SHORT} --features {features} --epochs 1 --out run"));
        assert!(code == 1 && said.contains(why) && said.contains(features), "{said}");
        assert!(!place.path("run").exists(), "the same command can be given again");
    }
    let (code, said) =
        place.refused(&format!("train {SHORT} --features nonsense --net tiny --out run"));
    assert!(code == 1 && said.contains("squeezenet"), "{said}");
}
