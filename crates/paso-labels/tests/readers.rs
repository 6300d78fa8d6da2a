//! Every reader names file, line and value of what is malformed, and none panics on any change of
//! its bytes.

mod support;

use paso_labels::{Format, Labels, ReadOptions};
use proptest::prelude::*;
use std::path::Path;
use support::scenes;

/// A label file of each format, below the data set's folder.
fn labels(format: Format) -> &'static str {
    match format {
        Format::Voc => "annotations/scene-000000.xml",
        Format::Coco => "annotations/instances_train.json",
        Format::Yolo => "labels/scene-000000.txt",
        Format::Csv => "labels.csv",
        Format::LabelMe => "images/scene-000000.json",
        Format::CreateMl => "images/_annotations.createml.json",
        Format::Cvat => "annotations.xml",
        Format::Vott => "images/vott-export.json",
        other => panic!("{other:?} is not tested here"),
    }
}

/// How many images can be used, or what the labels are refused for.
fn load(path: &Path) -> Result<usize, String> {
    let (labels, report) =
        Labels::read(path, &ReadOptions::default()).map_err(|e| e.to_string())?;
    report.refuse_malformed().map_err(|e| e.to_string())?;
    Ok(labels.images.len())
}

#[test]
fn what_was_written_is_read_in_every_format() {
    for format in Format::ALL {
        let (_folder, path) = scenes(format);
        assert_eq!(load(&path), Ok(5), "{format:?}");
        assert!(path.join(labels(format)).is_file(), "{format:?}");
    }
}

/// Loads a data set whose label file was changed by `change`, and checks the message.
fn refused(format: Format, change: impl Fn(&str) -> String, says: &[&str]) {
    let (_folder, path) = scenes(format);
    let file = path.join(labels(format));
    let text = std::fs::read_to_string(&file).expect("it is text");
    let changed = change(&text);
    assert_ne!(changed, text, "{format:?}: nothing was changed");
    std::fs::write(&file, changed).expect("it is written");
    let message = load(&path).expect_err("malformed labels are refused");
    let name = file.file_name().expect("a name").to_string_lossy().into_owned();
    for part in says.iter().copied().chain([&*name]) {
        assert!(message.contains(part), "{format:?}: {message:?} does not say {part:?}");
    }
}

/// The text between these two, replaced.
fn between(text: &str, from: &str, to: &str, new: &str) -> String {
    let start = text.find(from).expect("it is there") + from.len();
    let end = start + text[start..].find(to).expect("it ends");
    format!("{}{new}{}", &text[..start], &text[end..])
}

#[test]
fn voc_labels_are_refused_by_field() {
    let field = |field: &'static str, new: &'static str| {
        move |text: &str| between(text, &format!("<{field}>"), &format!("</{field}>"), new)
    };
    refused(Format::Voc, field("xmin", "left"), &["<xmin>", "\"left\"", "finite number"]);
    refused(Format::Voc, field("ymax", "NaN"), &["<ymax>", "\"NaN\"", "finite number"]);
    refused(Format::Voc, field("name", " "), &["<name> is empty"]);
    refused(Format::Voc, field("width", "-3"), &["<width>", "\"-3\"", "whole number"]);
    refused(Format::Voc, field("filename", "../../x.png"), &["<filename>"]);
    refused(Format::Voc, |text| text.replace("bndbox", "box"), &["<object> has no <bndbox>"]);
    refused(Format::Voc, |text| text[..text.len() / 2].into(), &["not well-formed XML"]);
    refused(Format::Voc, |text| format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{text}"), &["DTD"]);
}

#[test]
fn yolo_labels_are_refused_by_line_and_field() {
    let with = |line: &'static str| move |text: &str| format!("{text}\n{line}\n");
    refused(Format::Yolo, with("0 0.5 half 0.1 0.1"), &["line 3", "y is \"half\""]);
    refused(Format::Yolo, with("0 inf 0.5 0.1 0.1"), &["line 3", "x is \"inf\""]);
    refused(Format::Yolo, with("cross 0.5 0.5 0.1 0.1"), &["class \"cross\" is no number"]);
    refused(Format::Yolo, with("4 0.5 0.5 0.1 0.1"), &["class 4 is not in data.yaml", "0 to 3"]);
    refused(Format::Yolo, with("-1 0.5 0.5 0.1 0.1"), &["class \"-1\" is no number"]);
    refused(Format::Yolo, with("0 0.5 0.5 0.1"), &["has 4 fields"]);
    refused(Format::Yolo, with("0 0.1 0.1 0.2 0.2 0.3 0.3 0.4"), &["has 8 fields"]);
}

#[test]
fn csv_rows_are_refused_by_line_and_column() {
    let with = |row: &'static str| move |text: &str| format!("{text}{row}\n");
    let row = "scene-000001.png,24,24,ring,1,one,9,9";
    refused(Format::Csv, with(row), &["line 7", "\"one\", not a finite number"]);
    refused(Format::Csv, with("scene-000001.png,24,24,ring,1,1"), &["line 7", "has 6 fields"]);
    refused(Format::Csv, with(",24,24,ring,1,1,9,9"), &["line 7", "names no file"]);
    refused(Format::Csv, with("scene-000001.png,24,24,,1,1,9,9"), &["line 7", "has no class"]);
    refused(Format::Csv, with("scene-000001.png,25,24,ring,1,1,9,9"), &["line 7", "another size"]);
    refused(Format::Csv, with("../../passwd,24,24,ring,1,1,9,9"), &["line 7", "leads out"]);
}

#[test]
fn coco_files_are_refused_by_id() {
    let first = |key: &'static str, new: &'static str| {
        move |text: &str| between(text, &format!("\"{key}\":"), ",", new)
    };
    refused(
        Format::Coco,
        |text| text[..text.len() - 9].into(),
        &["is not valid JSON", "ends in the middle"],
    );
    refused(Format::Coco, first("image_id", "999"), &["image_id 999 is no image's id"]);
    refused(Format::Coco, first("category_id", "77"), &["77"]);
    refused(Format::Coco, first("file_name", "\"../../x.png\""), &["file_name", "leads out"]);
}

#[test]
fn labelme_files_are_refused_by_field_and_shape() {
    let of = |key: &'static str, new: &'static str| {
        move |text: &str| between(text, &format!("\"{key}\": "), "\n", new)
    };
    refused(Format::LabelMe, of("label", "5,"), &["shape 1: label is 5", "the class"]);
    refused(Format::LabelMe, of("imageWidth", "2.5,"), &["imageWidth is 2.5", "whole number"]);
    refused(Format::LabelMe, of("imagePath", "\"../../x.png\","), &["imagePath", "leads out"]);
    refused(
        Format::LabelMe,
        of("shapes", "7, \"old\": ["),
        &["line 7", "shapes is 7; it must be a list"],
    );
    refused(
        Format::LabelMe,
        |text| text[..text.len() - 9].into(),
        &["is not valid JSON", "ends in the middle"],
    );
}

#[test]
fn a_label_file_that_is_no_text_is_refused_by_its_byte() {
    for format in [Format::Voc, Format::Yolo, Format::LabelMe] {
        let (_folder, path) = scenes(format);
        let file = path.join(labels(format));
        let mut bytes = std::fs::read(&file).expect("it is there");
        bytes[2] = 0xff;
        std::fs::write(&file, bytes).expect("it is written");
        let message = load(&path).expect_err("not UTF-8");
        assert!(message.contains("is not UTF-8 (byte 2)"), "{format:?}: {message}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Some bytes are overwritten, and the file is cut: an error or a data set, never a panic.
    #[test]
    fn no_change_of_the_bytes_panics(
        which in 0..Format::ALL.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        kept in any::<prop::sample::Index>(),
    ) {
        let format = Format::ALL[which];
        let (_folder, path) = scenes(format);
        let file = path.join(labels(format));
        let mut bytes = std::fs::read(&file).expect("it is there");
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(kept.index(2 * bytes.len()));
        std::fs::write(&file, bytes).expect("it is written");
        if let Err(message) = load(&path) {
            prop_assert!(!message.is_empty());
        }
    }
}
