//! `paso train --optimizer` and `--average`: every way that a study may settle on is trained,
//! continued, evaluated, predicted with and exported with the weights that it means to use.

use crate::{Place, bytes};

const SHORT: &str = "train --data scenes --net tiny --size 32 --batch 4 --epochs 3 --json";

const WAYS: [(&str, &str); 4] = [
    ("adamw", "--optimizer adamw"),
    ("decay", "--optimizer adamw-constant-decay"),
    ("free", "--optimizer schedule-free"),
    ("average", "--average 0.9 --schedule constant"),
];

#[test]
fn what_a_run_reports_is_what_its_checkpoint_gives_however_it_was_trained() {
    let place = Place::new();
    let image = std::fs::read_dir(place.path("scenes/images")).expect("images").next();
    let image = image.expect("one").expect("one").file_name().into_string().expect("a name");
    let mut nets = Vec::new();
    for (out, way) in WAYS {
        let lines = place.json(&format!("{SHORT} {way} --out {out}"));
        let (epochs, done) = (&lines[..3], &lines[3]);
        for (checkpoint, iou) in [
            (out.to_owned(), &done["best_mean_iou"]),
            (format!("{out}/last.safetensors"), &epochs[2]["mean_iou"]),
        ] {
            let found = place.json(&format!("eval {checkpoint} --data scenes --json"));
            assert_eq!(&found[0]["mean_iou"], iou, "{checkpoint}");
        }
        place.stdout(&format!("export {out}/last.safetensors --onnx {out}.onnx"));
        nets.push(bytes(&place.path(&format!("{out}.onnx"))));
        let found = place.json(&format!("predict {out} scenes/images/{image} --json"));
        assert_eq!(found.len(), 1);
    }
    assert!((0..4).all(|i| (0..i).all(|j| nets[i] != nets[j])), "each is a net of its own");
}

#[test]
fn settings_name_the_optimizer_and_a_run_goes_on_with_its_own() {
    let place = Place::new();
    let printed = |way: &str| place.stdout(&format!("{SHORT} {way} --print-config"));
    assert!(!printed("").contains("optimizer"), "the default is left out");
    let free = printed("--optimizer schedule-free");
    assert!(free.contains("optimizer = \"schedule-free\"") && free.contains("\"constant\""));
    assert!(printed("--average 0.9").contains("average = 0.9"));
    std::fs::write(place.path("free.toml"), &free).expect("a file");
    assert_eq!(place.stdout("train --data scenes --config free.toml --print-config"), free);

    place.stdout(&format!("{SHORT} --config free.toml --out run"));
    let longer = "train --data scenes --epochs 4 --out run --resume";
    for other in ["--optimizer adamw", "--average 0.9"] {
        let (code, said) = place.refused(&format!("{longer} {other}"));
        assert!(code == 1 && said.contains("only --epochs and --patience may change"), "{said}");
        assert!(said.contains("optimizer = \"schedule-free\""), "{said}");
    }
    place.stdout(longer);
    let (code, said) = place.refused(&format!("{SHORT} --config free.toml --average 0.9"));
    assert!(code == 1 && said.contains("average is 0.9; it must be 0 (none)"), "{said}");
}
