//! What holds for every format of the list, and for a format that somebody forgets to add to it.

use super::Format;
use crate::data::{Dataset, LoadOptions};
use crate::demo::{DemoOptions, write};
use std::path::Path;

/// Scenes in a format, in a folder that lives as long as the first value.
fn scenes(format: Format) -> (tempfile::TempDir, std::path::PathBuf) {
    let place = tempfile::tempdir().expect("a temporary folder");
    let dir = place.path().join("scenes");
    write(&DemoOptions { train: 3, val: 2, seed: 5 }, 24, format, &dir).expect("it is written");
    (place, dir)
}

#[test]
fn every_file_of_a_format_has_its_line_in_the_list() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/data/formats");
    for entry in std::fs::read_dir(folder).expect("the folder of the formats") {
        let path = entry.expect("a file").path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        let is_format = path.is_file() && !["mod", "tests"].contains(&name);
        let listed = Format::ALL.iter().any(|format| format.name() == name);
        assert!(!is_format || listed, "{name}.rs has no line in formats/mod.rs");
    }
}

#[test]
fn a_name_is_read_and_written_alike_everywhere() {
    for format in Format::ALL {
        assert_eq!(format.name().parse::<Format>().expect("a name"), format);
        let json = serde_json::to_string(&format).expect("JSON");
        assert_eq!(json, format!("\"{}\"", format.name()));
        assert_eq!(serde_json::from_str::<Format>(&json).expect("a name"), format);
    }
    let message = "VOC".parse::<Format>().expect_err("names are lowercase").to_string();
    assert_eq!(message, "format is VOC; it must be voc, coco, yolo, csv or labelme");
}

#[test]
fn every_format_is_detected_in_what_it_wrote_and_no_other_is() {
    for format in Format::ALL {
        let (_place, dir) = scenes(format);
        let (_, report) = Dataset::load(&dir, &LoadOptions::default()).expect("it is read");
        assert_eq!(report.format, format);
        assert_eq!(report.problems, [], "{format}: another format was found, or a problem");
    }
}

#[test]
fn a_folder_without_labels_names_what_was_looked_for() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let load = Dataset::load(place.path(), &LoadOptions::default());
    let message = load.expect_err("there is nothing").to_string();
    let wanted = "no labels found; looked for Pascal VOC (*.xml with <annotation>), COCO (*.json \
                  with images and annotations), YOLO (labels/*.txt, data.yaml), CSV (*.csv with a \
                  row an object), LabelMe (*.json with shapes and imagePath)";
    assert!(message.ends_with(wanted), "{message}");
}

#[test]
fn the_documents_list_every_format() {
    let readme = include_str!("../../../README.md");
    let page = include_str!("../../../../../docs/your-data.md");
    for format in Format::ALL {
        assert!(page.contains(&format!("| `{}` |", format.name())), "docs/your-data.md: {format}");
        assert!(readme.contains(&format.to_string()), "README.md does not name {format}");
    }
}
