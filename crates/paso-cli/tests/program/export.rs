//! What `paso export` leaves, and that it never takes a run's checkpoints away.

use crate::{Place, bytes};

const SHORT: &str =
    "train --data scenes --net tiny --size 32 --batch 4 --epochs 1 --json --out run";

#[test]
fn a_run_is_exported_whole_and_alike_each_time() {
    let place = Place::new();
    place.stdout(SHORT);
    let image = std::fs::read_dir(place.path("scenes/images")).expect("images").next();
    let image = image.expect("one").expect("one").file_name().into_string().expect("a name");
    let export = format!(
        "export run --onnx net.onnx --safetensors net.safetensors --check scenes/images/{image}"
    );
    assert_eq!(place.stdout(&export), "", "files are the answer");
    let files = ["net.onnx", "net.safetensors", "net.onnx.check.safetensors"];
    let first = files.map(|file| bytes(&place.path(file)));
    place.stdout(&export);
    assert!(first == files.map(|file| bytes(&place.path(file))), "the same files");
    let by_file = "export run/best.safetensors --onnx again.onnx";
    place.stdout(by_file);
    assert!(bytes(&place.path("again.onnx")) == first[0], "a checkpoint file does as well");

    std::fs::write(place.path("notes.txt"), "mine").expect("a file");
    for file in ["run/best.safetensors", "notes.txt", "scenes"] {
        let before = place.path(file).is_file().then(|| bytes(&place.path(file)));
        for form in ["--safetensors", "--onnx"] {
            let (code, said) = place.refused(&format!("export run {form} {file}"));
            assert!(code == 1 && said.contains("choose another name"), "{said}");
        }
        let after = place.path(file).is_file().then(|| bytes(&place.path(file)));
        assert!(before == after, "{file} is untouched");
    }
    let (code, said) = place.refused("export run --onnx none/net.onnx");
    assert!(code == 1 && said.contains("net.onnx"), "{said}");
    let (code, said) = place.refused("predict net.safetensors scenes/images/x.png");
    assert!(code == 1 && said.contains("not a checkpoint of paso"), "{said}");
}

#[test]
fn it_wants_a_form_and_a_run() {
    let place = Place::new();
    let (code, said) = place.refused("export run");
    assert!(code == 2 && said.contains("--onnx") && said.contains("--safetensors"), "{said}");
    let (code, said) = place.refused("export run --safetensors x --check a.png");
    assert!(code == 2 && said.contains("--onnx"), "{said}");
    let (code, said) = place.refused("export run --onnx x.onnx");
    assert!(code == 1 && said.contains("no such checkpoint"), "{said}");
}
