//! Mistakes get one sentence that says what to do, exit code 2 for usage and 1 for the rest, and
//! touch nothing.

use crate::{Place, TRAIN, bytes};

#[test]
fn wrong_use_is_2_and_names_the_argument() {
    let place = Place::new();
    for (arguments, word) in [
        ("train", "--data"),
        ("train --data scenes --lr fast", "fast"),
        ("train --data scenes --lr=-1", "above 0"),
        ("train --data scenes --threads 0", "--threads"),
        ("train --data scenes --net huge", "medium, squeezenet or lite0"),
        ("settle --data scenes --budget soon", "--budget"),
        ("settle --data scenes --arm linear", "NAME=SPEC"),
        ("train --data scenes --resume", "--out"),
        ("train --data scenes --folds 3", "--fold"),
        ("train --data scenes --folds 1 --fold 1", "--folds"),
        ("train --data scenes --cache much", "512MiB"),
        ("nothing", "nothing"),
    ] {
        let (code, said) = place.refused(arguments);
        assert!(code == 2 && said.contains(word), "paso {arguments}: {code} {said}");
    }
}

#[test]
fn what_cannot_be_done_is_1_and_says_why() {
    let place = Place::new();
    std::fs::create_dir(place.path("empty")).expect("a folder");
    std::fs::write(place.path("bad.toml"), "lr = 'fast'\n").expect("a file");
    std::fs::write(place.path("unknown.toml"), "learning = 1\n").expect("a file");
    for (arguments, word) in [
        ("train --data nowhere", "nowhere"),
        ("train --data empty", "no labels found"),
        ("train --data scenes --size 33", "size is 33"),
        ("train --data scenes --epochs 0", "epochs is 0"),
        ("train --data scenes --schedule cosine(", "column"),
        ("train --data scenes --config bad.toml", "bad.toml"),
        ("train --data scenes --config unknown.toml", "learning"),
        ("train --data scenes --folds 3 --fold 4", "from 1 to 3"),
        ("train --data scenes --folds 27 --fold 4", "folds is 27"),
        ("eval nowhere --data scenes", "nowhere"),
        ("predict scenes scenes/images", "scenes"),
        ("schedule linear(1->-2,5) --steps 3 --csv", "-2"),
    ] {
        let (code, said) = place.refused(arguments);
        assert!(code == 1 && said.contains(word), "paso {arguments}: {code} {said}");
        assert!(said.trim_end().lines().any(|line| line.starts_with("error: ")), "{said}");
    }
}

#[test]
fn a_run_is_never_written_over_and_never_goes_on_with_other_settings() {
    let place = Place::new();
    let short = TRAIN.replace("--epochs 12", "--epochs 2");
    place.stdout(&format!("{short} --out run"));
    let before = bytes(&place.path("run/last.safetensors"));
    for (arguments, word) in [
        (format!("{short} --out run"), "--resume"),
        (format!("{short} --out run --resume --lr 0.5"), "only --epochs and --patience may change"),
        (format!("{short} --out run --resume --seed 7"), "only --epochs and --patience may change"),
        (
            "train --data demo --net tiny --size 32 --batch 4 --epochs 3 --out run --resume".into(),
            "other images",
        ),
        (format!("{short} --out nothing-here --resume"), "nothing-here"),
    ] {
        let (code, said) = place.refused(&arguments);
        assert!(code == 1 && said.contains(word), "paso {arguments}: {code} {said}");
    }
    assert!(bytes(&place.path("run/last.safetensors")) == before, "the checkpoint is untouched");
}
