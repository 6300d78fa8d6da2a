//! `paso features` and `--features`: the way from a published file to a training, what is refused, and
//! that a run continues with what it began with.

use crate::{Place, output, text};
use paso_locate::{Model, NetName, TrainConfig, weights};

const SHORT: &str = "--data scenes --size 32 --batch 4 --json";

#[test]
fn a_pretrained_run_begins_goes_on_and_is_branched_at_its_own_size() {
    let place = Place::new();
    weights_of_a_net(&place, NetName::Squeezenet, "features.safetensors");
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

/// Weights of the net, as a file of features has them.
pub(crate) fn weights_of_a_net(place: &Place, net: NetName, name: &str) {
    let config = TrainConfig { net, size: 32, ..TrainConfig::default() };
    let fresh = Model::new(&config, vec!["any".into()]).expect("a net");
    weights::save(&place.path(name), &fresh).expect("a file");
}

#[test]
fn features_are_kept_once_and_found_by_name() {
    let place = Place::new();
    let kept = |arguments: &str| {
        let output = output(place.paso(arguments).env("PASO_FEATURES", place.path("kept")));
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let train = format!("train {SHORT} --features squeezenet --epochs 1 --out run");

    let (code, _, said) = kept(&train);
    assert_eq!(code, Some(1), "{said}");
    for part in [
        "curl -O https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth",
        "paso features squeezenet --from squeezenet1_1-b8a52dc0.pth",
    ] {
        assert!(said.contains(part), "what to do without them: {said}");
        assert!(kept("features").2.contains(part), "the list says so as well");
    }
    assert!(!place.path("run").exists(), "nothing was begun");
    assert_eq!(kept("features squeezenet").0, Some(1), "they are nowhere");

    weights_of_a_net(&place, NetName::Squeezenet, "some.safetensors");
    let (code, _, said) = kept("features squeezenet --from some.safetensors");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("not a published file that is known"), "{said}");
    assert!(said.contains("next: paso train --data DIR --features squeezenet"), "{said}");
    let file = place.path("kept/squeezenet.safetensors");
    assert_eq!(kept("features squeezenet").1.trim(), file.display().to_string());
    let (_, list, said) = kept("features --json");
    let list: serde_json::Value = serde_json::from_str(&list).expect("one array");
    assert_eq!(list[0]["file"], file.display().to_string(), "{said}");
    let (code, _, said) = kept(&train);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_file_brings_its_own_net() {
    let place = Place::new();
    weights_of_a_net(&place, NetName::Lite0, "some.safetensors");
    let (code, said) =
        place.refused(&format!("train {SHORT} --features some.safetensors --net squeezenet"));
    assert!(code == 1 && said.contains("belong to the net lite0, not to squeezenet"), "{said}");
    let train = format!("train {SHORT} --features some.safetensors --epochs 1 --out run");
    place.stdout(&train);
    let config = std::fs::read_to_string(place.path("run/config.toml")).expect("written");
    assert!(config.contains("net = \"lite0\""), "{config}");
}

#[test]
fn what_is_no_file_of_features_is_refused_and_nothing_is_kept() {
    let place = Place::new();
    std::fs::write(place.path("nonsense"), "nonsense").expect("a file");
    let code = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.\x80\x02cos\nsystem\n";
    std::fs::write(place.path("code.pth"), code).expect("a file");
    std::fs::write(place.path("mine"), "mine").expect("a file");
    weights_of_a_net(&place, NetName::Squeezenet, "some.safetensors");
    for (arguments, says) in [
        (
            "squeezenet --from nonsense --out new",
            "nonsense: neither safetensors nor a file of PyTorch",
        ),
        ("squeezenet --from code.pth --out new", "code.pth: holds code: it calls for `os.system`"),
        ("squeezenet --from missing --out new", "missing: "),
        ("squeezenet --from some.safetensors --out mine", "mine: already exists"),
        (
            "tiny --from some.safetensors --out new",
            "the net tiny begins with no features; squeezenet and lite0 do",
        ),
    ] {
        let (code, said) = place.refused(&format!("features {arguments}"));
        assert!(code == 1 && said.contains(says), "{arguments}: {said}");
        assert!(!place.path("new").exists(), "{arguments}");
    }
    assert_eq!(std::fs::read(place.path("mine")).expect("there"), b"mine");
}
