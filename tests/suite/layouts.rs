//! Folders as labeling tools and people leave them: read with the boxes that they mean, or refused
//! or reported in words that say what and where it is, and what to do.

use std::collections::BTreeMap;
use std::path::Path;

use paso_labels::{Effect, ImageSource, Labels, ReadOptions};
use paso_locate::data::{Dataset, LoadOptions};
use paso_tests::{json, shared};

use crate::bad_input::read;

/// What must happen to a folder that is not in TRUTH.json.
enum Must {
    /// The set is refused, and the message has all of these words.
    Refuse(&'static [&'static str]),
    /// It is used, and some problems have all of these words.
    Say(&'static [&'static str]),
    /// It is used or refused, and the words are said.
    Name(&'static [&'static str]),
}

const CASES: [(&str, Must); 28] = [
    ("09b-yaml-nc-mismatch", Must::Say(&["data.yaml", "nc", "3", "2"])),
    ("10c-yaml-null-true", Must::Say(&[])),
    ("15-coco-no-bbox", Must::Say(&["annotations.json", "annotation id"])),
    ("15c-coco-polygons-only", Must::Say(&["annotations.json", "polygon"])),
    ("15d-coco-bbox-strings", Must::Say(&[])),
    ("17c-coco-caption-mixed", Must::Say(&["annotations.json", "annotation id"])),
    ("22b-voc-two-bndbox", Must::Refuse(&[".xml", "line", "<bndbox>"])),
    ("22d-voc-two-names", Must::Refuse(&[".xml", "line", "<name>"])),
    ("24c-voc-wrong-filename-other-picture", Must::Refuse(&[".xml", "s00.png", "<filename>"])),
    ("24f-voc-class-case", Must::Say(&["case", "Disc", "disc"])),
    ("26-csv-normalized", Must::Refuse(&["pixel", "share", "--box-units share"])),
    ("26d-csv-headerless-xywh", Must::Refuse(&["labels.csv", "width", "--box-format xywh"])),
    ("26h-coco-xyxy", Must::Refuse(&["annotations.json", "right", "--box-format xyxy"])),
    ("26j-csv-headerless-x1x2y1y2", Must::Refuse(&["labels.csv", "--box-format xxyy"])),
    ("27g-csv-duplicate-header-col", Must::Refuse(&["labels.csv", "line 1", "class"])),
    ("31-tiff-yolo", Must::Say(&[])),
    ("31f-tiff-all", Must::Say(&[])),
    ("33b-coco-base-names-only", Must::Refuse(&["annotations.json", "ids 0 and 1", "000.png"])),
    ("34-jpg-and-png-one-label", Must::Refuse(&["s03.txt", "s03.jpg", "s03.png"])),
    ("45e-one-image", Must::Name(&["1 square", "--folds", "--val-share"])),
    ("45h-every-image-its-own-class", Must::Name(&["--folds", "--val-share"])),
    ("45k-val-class-not-in-train", Must::Say(&["val split", "none in the train split"])),
    ("46e-yaml-jinja-dup-key", Must::Refuse(&["data.yaml", "line", "names"])),
    ("47d-jpeg-corrupt-middle", Must::Say(&[".jpg"])),
    ("48d-zip-instead", Must::Name(&["ds.zip", "unpack"])),
    ("60-csv-crlf-line-numbers", Must::Refuse(&["labels.csv", "line 7"])),
    ("60c-csv-cr-line-numbers", Must::Refuse(&["labels.csv", "line 7"])),
    ("46c-yaml-windows-paths", Must::Say(&[])),
];

/// Everything that is said of a folder on the way to training, and whether it was refused.
fn said(dir: &Path) -> (bool, String) {
    let splits = Dataset::load(dir, &LoadOptions::default()).map(|(dataset, _)| {
        let warnings = paso_labels::split_warnings(dir, dataset.classes_and_splits());
        warnings.iter().map(|p| format!("{p}\n")).collect::<String>()
    });
    match read(dir) {
        Ok((_, problems)) => {
            let problems: String = problems.iter().map(|p| format!("{p}\n")).collect();
            (false, problems + &splits.unwrap_or_default())
        }
        Err(error) => (true, format!("{error}\n{}", splits.unwrap_or_default())),
    }
}

#[test]
fn every_folder_that_can_be_read_gives_the_boxes_that_it_means() {
    let Some(dir) = shared("data/layouts") else { return };
    let truth = json(&dir.join("TRUTH.json"));
    let mut wrong = Vec::new();
    for (id, boxes) in truth.as_object().expect("folders") {
        let mut wanted: BTreeMap<String, (String, [f64; 4])> = BTreeMap::new();
        for row in boxes.as_array().expect("rows") {
            let text = |i: usize| row[i].as_str().expect("text").to_owned();
            let number = |i: usize| row[i].as_f64().expect("a number");
            wanted.insert(text(0), (text(1), [2, 3, 4, 5].map(number)));
        }
        match Labels::read(&dir.join(id), &ReadOptions::default()) {
            Err(error) => wrong.push(format!("{id}: {error}")),
            Ok((labels, report)) => {
                let refused =
                    report.problems.iter().filter(|p| p.kind.effect() != Effect::Noted).count();
                let same = labels.images.len() == wanted.len()
                    && labels.images.iter().all(|image| {
                        let Some((class, xyxy)) = wanted.get(&image.name) else { return false };
                        let [object] = image.objects[..] else { return false };
                        let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1.0;
                        labels.classes[object.class] == *class
                            && object.xyxy.iter().zip(xyxy).all(near)
                            && matches!(image.source, ImageSource::File(_))
                    });
                if !same || refused > 0 {
                    let names: Vec<&str> = labels.images.iter().map(|i| &*i.name).collect();
                    wrong.push(format!("{id}: {names:?}\n{report}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_other_folder_says_what_it_has_and_what_to_do() {
    let Some(dir) = shared("data/layouts") else { return };
    let mut wrong = Vec::new();
    for (id, must) in &CASES {
        let mut path = dir.join(id);
        if id.contains("zip") {
            path.push("ds.zip");
        }
        let (refused, text) = said(&path);
        let (words, refusal) = match must {
            Must::Refuse(words) => (words, Some(true)),
            Must::Say(words) => (words, Some(false)),
            Must::Name(words) => (words, None),
        };
        let missing: Vec<&&str> = words.iter().filter(|word| !text.contains(**word)).collect();
        if !missing.is_empty() || refusal.is_some_and(|refusal| refusal != refused) {
            wrong.push(format!("{id}: refused {refused}, not said {missing:?}\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_folder_has_its_case() {
    let Some(dir) = shared("data/layouts") else { return };
    let truth = json(&dir.join("TRUTH.json"));
    for entry in std::fs::read_dir(&dir).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        let known = truth.get(&name).is_some() || CASES.iter().any(|(id, _)| *id == name);
        assert!(known || !entry.path().is_dir(), "{name} has no case");
    }
}
