//! Somebody who knows the field, but not this project, finds the file for a change by searching for the field's own
//! word.
//!
//! The search is the plain one of an editor or a code host: files that are called by the word come first (a folder by its
//! `mod.rs`), then those whose path has it, then those that have it most often, in any case and with `_`, `-` or a space
//! between its parts. Tests are left out. The file that answers the question has to be among the first three.

use paso_tests::root;
use std::path::Path;

/// A question of a new maintainer, the word to search for, and the file that answers it.
const QUESTIONS: [(&str, &str, &str); 28] = [
    ("Where is batch norm fused into the convolution?", "fusion", "paso-tape/src/plan/fusion.rs"),
    ("Which file decides what is recomputed?", "recompute", "paso-tape/src/plan/recompute.rs"),
    ("Which values share memory?", "liveness", "paso-tape/src/plan/liveness.rs"),
    ("Where is the gradient clipped by its norm?", "clip norm", "paso-adam/src/clip_norm.rs"),
    ("Where does weight decay act?", "weight decay", "paso-adam/src/weight_decay.rs"),
    ("Where is the bias correction?", "bias correction", "paso-adam/src/rules/bias_correction.rs"),
    ("Where is AMSGrad?", "amsgrad", "paso-adam/src/rules/amsgrad.rs"),
    ("Where are denormals flushed?", "denormal", "paso-adam/src/pass.rs"),
    ("Where is the instruction set chosen?", "instruction set", "paso-isa/src/lib.rs"),
    ("Where is Winograd's convolution?", "winograd", "paso-ops/src/conv/winograd/mod.rs"),
    ("Where are depthwise convolutions?", "depthwise", "paso-ops/src/conv/depthwise/mod.rs"),
    ("Where is max pooling?", "max pool", "paso-ops/src/pool/max.rs"),
    ("Where is GIoU computed?", "giou", "paso-ops/src/loss/boxes.rs"),
    ("Where is dropout?", "dropout", "paso-ops/src/dropout.rs"),
    ("Where is the cosine schedule?", "cosine", "paso-schedule/src/curves/cosine.rs"),
    ("Where is the plateau schedule?", "plateau", "paso-schedule/src/plateau.rs"),
    ("Where is the learning-rate range test?", "range test", "paso-study/src/range_test/mod.rs"),
    ("Where is the sign-flip test?", "sign flip", "paso-study/src/sequential/boundary.rs"),
    (
        "Where is the confidence interval?",
        "confidence interval",
        "paso-study/src/sequential/interval.rs",
    ),
    ("Where is the sequential test?", "sequential test", "paso-study/src/sequential/mod.rs"),
    ("Where is successive halving?", "successive halving", "paso-study/src/race.rs"),
    ("Where is a verdict confirmed?", "confirmation", "paso-study/src/comparison.rs"),
    ("Where are images augmented?", "augment", "paso-locate/src/augment/mod.rs"),
    ("Where is a pickle read?", "pickle", "paso-pth/src/pickle.rs"),
    ("Where is COCO read?", "coco", "paso-labels/src/formats/coco.rs"),
    ("Where is the ONNX form of an operation?", "onnx", "paso-locate/src/onnx/walk.rs"),
    ("Where are checkpoints written?", "checkpoint", "paso-locate/src/checkpoint.rs"),
    ("Where are the weights averaged?", "average", "paso-locate/src/train/average.rs"),
];

/// Every source file of the crates, but for tests.
fn sources(folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"))
    {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            if !["tests", "target", "examples"].contains(&name.as_str()) {
                sources(&path, files);
            }
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let place = path.strip_prefix(root().join("crates")).expect("within").to_owned();
            let text = std::fs::read_to_string(&path).expect("text");
            files.push((place.to_string_lossy().replace('\\', "/"), text));
        }
    }
}

/// Lowercase, without what separates the parts of a name.
fn plain(text: &str) -> String {
    text.to_lowercase().replace(['_', '-', ' '], "")
}

#[test]
fn a_search_for_the_field_s_word_leads_to_the_file() {
    let mut files = Vec::new();
    sources(&root().join("crates"), &mut files);
    let files: Vec<_> = files.iter().map(|(path, text)| (path, plain(path), plain(text))).collect();
    let mut lost = Vec::new();
    for (question, word, answer) in QUESTIONS {
        let word = plain(word);
        let mut hits: Vec<_> = files
            .iter()
            .map(|(path, plain_path, text)| {
                let name = plain_path.trim_end_matches(".rs").trim_end_matches("/mod");
                let is_called = name.rsplit('/').next() == Some(word.as_str());
                let rank = u8::from(plain_path.contains(&word)) + u8::from(is_called);
                ((rank, text.matches(&word).count()), path.as_str())
            })
            .filter(|((rank, count), _)| *rank > 0 || *count > 0)
            .collect();
        hits.sort_by(|a, b| b.cmp(a));
        let first: Vec<&str> = hits.iter().take(3).map(|(_, path)| *path).collect();
        eprintln!("{question} `{word}` -> {}", first.join(", "));
        if !first.contains(&answer) {
            lost.push(format!("{question} A search for `{word}` shows {first:?}, not {answer}"));
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}
