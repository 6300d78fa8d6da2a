//! Shapes become boxes; everything that is not what it should be is named by file and shape.

use super::*;
use crate::{Labels, Dataset, LoadOptions, Report, SeveralObjects};
use std::path::Path;

/// A label of `a.png`, 40x30, with these shapes.
fn file(shapes: &str) -> String {
    format!(
        r#"{{"version": "5.5.0", "flags": {{}}, "shapes": [{shapes}],
"imagePath": "a.png", "imageData": null, "imageHeight": 30, "imageWidth": 40}}"#
    )
}

fn shape(kind: &str, points: &str) -> String {
    format!(r#"{{"label": "cat", "points": {points}, "shape_type": "{kind}", "flags": {{}}}}"#)
}

fn write(dir: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
    std::fs::write(path, bytes).expect("it is written");
}

fn image(dir: &Path, name: &str) {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
    image::RgbImage::new(40, 30).save(path).expect("it is written");
}

/// Loads two images with labels, of which the second is `text`.
fn load(text: &str) -> Result<(Dataset, Report), Error> {
    let place = tempfile::tempdir().expect("a temporary folder");
    image(place.path(), "a.png");
    image(place.path(), "b.png");
    let whole = file(&shape("rectangle", "[[1, 2], [3, 4]]"));
    write(place.path(), "b.json", whole.replace("a.png", "b.png"));
    write(place.path(), "a.json", text);
    let options = LoadOptions { several_objects: SeveralObjects::Error, ..LoadOptions::default() };
    Dataset::load(place.path(), &options)
}

/// The box of `a.png` in pixels, rounded to a thousandth.
fn box_of(text: &str) -> [f64; 4] {
    let (dataset, report) = load(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    assert_eq!(report.format, Format::LabelMe);
    let sample = dataset.samples.iter().find(|s| s.name == "a.png").expect("it is used");
    sample.bbox.to_pixels(40, 30).map(|v| (v * 1000.0).round() / 1000.0)
}

#[test]
fn shapes_count_as_the_box_around_them() {
    for (kind, points, expected) in [
        ("rectangle", "[[5, 6], [20, 25]]", [5.0, 6.0, 20.0, 25.0]),
        ("rectangle", "[[20, 25], [5, 6]]", [5.0, 6.0, 20.0, 25.0]),
        ("rectangle", "[[20, 6], [5, 25]]", [5.0, 6.0, 20.0, 25.0]),
        ("rectangle", "[[5, 6], [20, 6], [20, 25], [5, 25]]", [5.0, 6.0, 20.0, 25.0]),
        ("polygon", "[[9, 5.5], [12, 20], [3, 7]]", [3.0, 5.5, 12.0, 20.0]),
        ("circle", "[[20, 15], [23, 19]]", [15.0, 10.0, 25.0, 20.0]),
    ] {
        assert_eq!(box_of(&file(&shape(kind, points))), expected, "{kind} {points}");
    }
    // Before version 3 there were polygons only; the key came later.
    let old = shape("polygon", "[[9, 5.5], [12, 20], [3, 7]]");
    let old = old.replace(r#", "shape_type": "polygon""#, "");
    assert_eq!(box_of(&file(&old)), [3.0, 5.5, 12.0, 20.0]);
}

#[test]
fn points_lines_and_unknown_shapes_are_reported_by_file_and_shape() {
    let good = shape("rectangle", "[[5, 6], [20, 25]]");
    for kind in ["point", "line", "linestrip", "points", "mask", "blob"] {
        let text = file(&format!("{good}, {}", shape(kind, "[[1, 1]]")));
        let (dataset, report) = load(&text).expect("the rectangle is used");
        assert_eq!(dataset.samples.len(), 2, "{kind}");
        let problem = report.problems.iter().find(|p| p.message.contains("passed over"));
        let problem = problem.unwrap_or_else(|| panic!("{kind}: {report}"));
        assert!(problem.file.ends_with("a.json"), "{problem}");
        let says = format!("shape 2 (\"cat\") is of type {kind:?}");
        assert!(problem.message.contains(&says), "{problem}");
    }
    // Nothing but a point: an image without an object.
    let (dataset, report) = load(&file(&shape("point", "[[1, 1]]"))).expect("b is used");
    assert_eq!(dataset.samples.len(), 1);
    assert_eq!(report.counts()[&ProblemKind::NoObject], 1);
}

#[test]
fn what_is_malformed_is_refused_by_file_and_field() {
    let good = file(&shape("rectangle", "[[5, 6], [20, 25]]"));
    let points = |points: &str| file(&shape("rectangle", points));
    for (text, says) in [
        (points("[[5, NaN], [20, 25]]"), "NaN is no number; it must be finite"),
        (points("[[5, -Infinity], [20, 25]]"), "Infinity is no number; it must be finite"),
        (points("[[5, 1e999], [20, 25]]"), "out of range"),
        (points("[[5, null], [20, 25]]"), "shape 1: point 1 is [5,null]; it must be [x, y], two"),
        (points("[[5, 6], [20, \"25\"]]"), "shape 1: point 2 is [20,\"25\"]; it must be [x, y]"),
        (points("[[5, 6], [20]]"), "shape 1: point 2 is [20]; it must be [x, y]"),
        (points("[5, 6, 20, 25]"), "shape 1: point 1 is 5; it must be [x, y]"),
        (points("{}"), "shape 1: points is {}; it must be a list of [x, y]"),
        (points("null"), "shape 1: points is missing; it must be a list of [x, y]"),
        (points("[[5, 6]]"), "shape 1: has 1 points; a rectangle has 2"),
        (points("[]"), "shape 1: has 0 points; a rectangle has 2"),
        (file(&shape("polygon", "[[1, 2], [3, 4]]")), "shape 1: has 2 points; a polygon has 3"),
        (file(&shape("circle", "[[1, 2]]")), "shape 1: has 1 points; a circle has 2"),
        (file(&shape("circle", "[[1e308, 2], [-1e308, 3]]")), "larger than any image"),
        (good.replace("\"cat\"", "7"), "shape 1: label is 7; it must be the class, a string"),
        (good.replace("\"cat\"", "\" \""), "shape 1: label is \" \"; it must be the class"),
        (good.replace("\"label\"", "\"name\""), "shape 1: label is missing"),
        (good.replace("\"rectangle\"", "3"), "shape 1: shape_type is 3; it must be a string"),
        (good.replace("\"imageWidth\": 40", "\"x\": 1"), "imageWidth is missing; it must be a"),
        (good.replace(": 40", ": \"40\""), "imageWidth is \"40\"; it must be a whole number"),
        (good.replace(": 30", ": 30.5"), "imageHeight is 30.5; it must be a whole number"),
        (good.replace(": 30", ": 0"), "imageHeight is 0; it must be a whole number of pixels"),
        (good.replace("\"a.png\"", "[]"), "imagePath is []; it must be the image's path, a string"),
        (good.replace("imagePath", "file"), "imagePath is missing"),
        (good.replace("a.png", "../a.png"), "imagePath \"../a.png\" leads out"),
        (good.replace("a.png", "/etc/a.png"), "imagePath \"/etc/a.png\" leads out"),
        (good.replace("a.png", "C:\\\\a.png"), "imagePath \"C:/a.png\" leads out"),
        (good.replace("\"shapes\"", "\"forms\""), "missing field `shapes`"),
        (good.replace("\"flags\": {}}", "\"flags\": {}"), "is not what LabelMe labels are"),
        (good[..good.len() - 1].into(), "EOF"),
    ] {
        let error = load(&text).expect_err(&text).to_string();
        assert!(error.contains("a.json") && error.contains(says), "{text}\n{error}");
    }
}

#[test]
fn a_box_that_cannot_be_is_named_by_its_shape() {
    let two = format!(
        "{}, {}",
        shape("rectangle", "[[5, 6], [20, 25]]"),
        shape("polygon", "[[1, 1], [5, 1], [9, 1]]")
    );
    let (_, report) = load(&file(&two)).expect("b is used");
    let problem = report.problems.iter().find(|p| p.kind == ProblemKind::BadBox).expect("a line");
    assert!(problem.to_string().contains("a.json: shape 2 of a.png: the box"), "{problem}");
}

#[test]
fn other_json_is_not_taken_for_labels() {
    let coco = r#"{"images": [{"id": 1, "file_name": "a.png", "imageWidth": 4}],
        "annotations": [], "categories": [{"id": 1, "name": "shapes"}]}"#;
    for other in [
        coco,
        r#"{"name": "site", "version": "1.0.0", "scripts": {"imagePath": "x"}}"#,
        r#"{"note": "all \"shapes\": of \"imagePath\": and \"points\" were checked"}"#,
        r#"{"shapes": ["round", "square"]}"#,
        r#"[{"imagePath": "a.png", "shapes": []}]"#,
        r#"{"a": {"shapes": [{"points": []}], "imagePath": "a.png"}}"#,
        "",
        "{",
        "\"imagePath\": 3",
        "imagePath",
    ] {
        assert!(!looks_like_labels(other), "{other}");
    }
    let good = file(&shape("rectangle", "[[5, 6], [20, 25]]"));
    assert!(looks_like_labels(&good) && looks_like_labels(&good[..70 + good.find("cat").unwrap_or(0)]));
    // In a folder of labels, it stays unread.
    let place = tempfile::tempdir().expect("a temporary folder");
    image(place.path(), "a.png");
    write(place.path(), "a.json", &good);
    write(place.path(), "package.json", r#"{"name": "x", "version": "1"}"#);
    write(place.path(), "notes.json", "not even JSON");
    let options = LoadOptions { format: Some(Format::LabelMe), ..LoadOptions::default() };
    let (labels, report) = Labels::read(place.path(), &options).expect("it is read");
    assert_eq!((labels.images.len(), report.problems), (1, vec![]));
}

#[test]
fn the_image_s_bytes_are_skipped_wherever_they_stand() {
    let data = "A".repeat(200_000);
    let first = format!(r#"{{"imageData": "{data}", "#);
    let text = file(&shape("rectangle", "[[5, 6], [20, 25]]"));
    let moved = text.replace("\"imageData\": null,", "").replacen('{', &first, 1);
    assert!(looks_like_labels(&moved[..1 << 16]), "the beginning is enough");
    assert_eq!(box_of(&moved), [5.0, 6.0, 20.0, 25.0]);
    // Outlines longer than what detection looks at, and then everything else.
    let outline: Vec<String> = (0..9000).map(|i| format!("[{}, {}.5]", i % 30, i % 20)).collect();
    let long = file(&shape("polygon", &format!("[{}]", outline.join(", "))));
    assert!(long.len() > 1 << 16);
    assert_eq!(box_of(&long), [0.0, 0.5, 29.0, 19.5]);
}

#[test]
fn an_image_is_found_relative_to_its_label_or_by_the_label_s_name() {
    let text = file(&shape("rectangle", "[[5, 6], [20, 25]]"));
    for (image_file, label, path) in [
        ("a.png", "a.json", "a.png"),
        ("a.png", "a.json", "./a.png"),
        ("images/a.png", "labels/a.json", "..\\\\images\\\\a.png"),
        ("photos/x/a.png", "labels/x/a.json", "../../photos/x/a.png"),
        ("images/a.png", "labels/a.json", "a.png"),
        ("renamed.png", "renamed.json", "a.png"),
    ] {
        let place = tempfile::tempdir().expect("a temporary folder");
        image(place.path(), image_file);
        write(place.path(), label, text.replace("a.png", path));
        let loaded = Labels::read(place.path(), &LoadOptions::default());
        let (labels, report) = loaded.unwrap_or_else(|e| panic!("{path}: {e}"));
        assert_eq!((labels.images.len(), report.problems), (1, vec![]), "{path}");
    }
}

#[test]
fn a_label_for_an_image_of_another_size_is_left_out() {
    let text = file(&shape("rectangle", "[[5, 6], [20, 25]]")).replace(": 40", ": 41");
    let (dataset, report) = load(&text).expect("b is used");
    assert_eq!(dataset.samples.len(), 1);
    assert_eq!(report.counts()[&ProblemKind::SizeMismatch], 1);
}
