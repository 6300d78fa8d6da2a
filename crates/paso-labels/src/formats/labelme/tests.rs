//! Shapes become boxes; everything that is not what it should be is named by file and shape.

use crate::testing::{Folder, boxes, messages};
use crate::{Format, Labels, ProblemKind, Report};

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

/// What is read of two images with labels, of which the first is `text`.
fn read(text: &str) -> (Labels, Report) {
    let whole = file(&shape("rectangle", "[[1, 2], [3, 4]]"));
    let folder = Folder::new(&["a.png", "b.png"]);
    folder.write("b.json", whole.replace("a.png", "b.png")).write("a.json", text);
    folder.read().expect(text)
}

/// The box of `a.png` in pixels, rounded to a thousandth.
fn box_of(text: &str) -> [f64; 4] {
    let (labels, report) = read(text);
    assert_eq!((report.format, &report.problems[..]), (Format::LabelMe, &[][..]), "{text:.300}");
    let [(name, _, xyxy), _] = &boxes(&labels)[..] else { panic!("two boxes: {text:.300}") };
    assert_eq!(name, "a.png");
    xyxy.map(|v| (v * 1000.0).round() / 1000.0)
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
        let (labels, report) = read(&text);
        assert_eq!(boxes(&labels).len(), 2, "{kind}");
        let problem = report.problems.iter().find(|p| p.kind == ProblemKind::NoBox);
        let problem = problem.unwrap_or_else(|| panic!("{kind}: {report}"));
        assert!(problem.file.ends_with("a.json"), "{problem}");
        let says = format!("shape 2 (\"cat\") is of type {kind:?}, which has no box; it is passed");
        assert!(problem.message.contains(&says), "{problem}");
    }
    // Nothing but a point: an image without an object.
    let (labels, _) = read(&file(&shape("point", "[[1, 1]]")));
    assert_eq!((labels.images.len(), boxes(&labels).len()), (2, 1));
}

#[test]
fn what_is_malformed_is_refused_by_shape_field_and_value() {
    let good = file(&shape("rectangle", "[[5, 6], [20, 25]]"));
    let points = |points: &str| file(&shape("rectangle", points));
    for (text, says) in [
        (points("[[5, NaN], [20, 25]]"), "1: shape 1: point 1 is [5, NaN]; it must be [x, y], two"),
        (points("[[5, -Infinity], [20, 25]]"), "shape 1: point 1 is [5, -Infinity]; it must be"),
        (points("[[5, 1e999], [20, 25]]"), "shape 1: point 1 is [5, 1e999]; it must be [x, y], two"),
        (points("[[5, null], [20, 25]]"), "shape 1: point 1 is [5, null]; it must be [x, y], two"),
        (points("[[5, 6], [20]]"), "shape 1: point 2 is [20]; it must be [x, y]"),
        (points("[[5, 6], [20, 25, 1]]"), "shape 1: point 2 is [20, 25, 1]; it must be [x, y]"),
        (points("[5, 6, 20, 25]"), "shape 1: point 1 is 5; it must be [x, y]"),
        (points("{}"), "shape 1: points is {}; it must be a list of [x, y]"),
        (points("null"), "shape 1: points is null; it must be a list of [x, y]"),
        (points("[[5, 6]]"), "shape 1: has 1 points; a rectangle has 2"),
        (points("[]"), "shape 1: has 0 points; a rectangle has 2"),
        (file(&shape("polygon", "[[1, 2], [3, 4]]")), "shape 1: has 2 points; a polygon has 3"),
        (file(&shape("circle", "[[1, 2]]")), "shape 1: has 1 points; a circle has 2"),
        (file(&shape("circle", "[[1e308, 2], [-1e308, 3]]")), "larger than any image"),
        (good.replace("\"cat\"", "7"), "shape 1: label is 7; it must be the class, a text"),
        (good.replace("\"cat\"", "\" \""), "shape 1: label is \" \"; it must be the class"),
        (good.replace("\"label\"", "\"name\""), "shape 1: label is missing"),
        (good.replace("\"rectangle\"", "3"), "shape 1: shape_type is 3; it must be a text"),
        (good.replace("\"label\"", "\"label\": \"x\", \"label\""), "1: shape 1: \"label\" is there twice"),
        (good.replace(": 40", ": \"x\""), "2: imageWidth is \"x\"; it must be a whole number"),
        (good.replace(": 30", ": 30.5"), "2: imageHeight is 30.5; it must be a whole number"),
        (good.replace("\"a.png\"", "[]"), "2: imagePath is []; it must be the image's path, a text"),
        (good.replace("\"a.png\"", "\"a.png\", \"imagePath\": \"b.png\""), "\"imagePath\" is there twice"),
        (good.replace("imagePath", "file"), "imagePath is missing"),
        (good.replace("a.png", "../a.png"), "2: imagePath \"../a.png\" leads out"),
        (good.replace("\"shapes\"", "\"forms\""), "shapes is missing; it must be a list"),
        (good.replace("\"flags\": {}}", "\"flags\": {}"), "is not valid JSON at column"),
        (good[..good.len() - 1].into(), "it ends in the middle"),
    ] {
        let (labels, report) = read(&text);
        let found = messages(&report, ProblemKind::Malformed);
        assert!(found.len() == 1 && found[0].contains(says), "{text}\n{found:?}");
        let problem = report.problems.iter().find(|p| p.kind == ProblemKind::Malformed);
        assert!(problem.is_some_and(|p| p.file.ends_with("a.json")), "{report}");
        assert!(boxes(&labels).iter().any(|(name, ..)| name == "b.png"), "the other is read");
    }
}

#[test]
fn a_bad_shape_leaves_its_image_out_and_each_one_is_named() {
    let good = shape("rectangle", "[[5, 6], [20, 25]]");
    let text = file(&format!("{},\n 3,\n {good}", shape("circle", "[[1, 2]]")));
    let (labels, report) = read(&text);
    assert_eq!(boxes(&labels).len(), 1, "the other label's");
    let found = messages(&report, ProblemKind::Malformed);
    assert_eq!(found[1], "2: shape 2: is 3; it must be an object");
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn what_does_not_matter_changes_nothing() {
    let good = file(&shape("rectangle", "[[5, 6], [20, 25]]"));
    for text in [
        good.replace(": 40", ": null").replace(": 30", ": 0"),
        good.replace(": 40", ": \"40\"").replace(": 30", ": 30.0"),
        good.replace("\"imageWidth\": 40", "\"x\": NaN"),
        good.replace("[20, 25]", "[\"20\", 25]"),
        good.replace("\"a.png\"", "\"/etc/a.png\""),
        good.replace("\"a.png\"", "\"C:\\\\x\\\\a.png\""),
        good.replace("\"version\": \"5.5.0\"", "\"group_id\": NaN, \"flags2\": {\"a\": 1, \"a\": 2}"),
    ] {
        assert_eq!(box_of(&text), [5.0, 6.0, 20.0, 25.0], "{text}");
    }
}

#[test]
fn a_box_that_cannot_be_is_named_by_its_shape() {
    let two = format!(
        "{}, {}",
        shape("rectangle", "[[5, 6], [20, 25]]"),
        shape("polygon", "[[1, 1], [5, 1], [9, 1]]")
    );
    let (_, report) = read(&file(&two));
    let problem = report.problems.iter().find(|p| p.kind == ProblemKind::BadBox).expect("a line");
    assert!(problem.to_string().contains("a.json, line 1: shape 2 of a.png: the box"), "{problem}");
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
        r#"{"imagePath": "a.png"}"#,
        "",
        "{",
        "\"imagePath\": 3",
        "imagePath",
    ] {
        let folder = Folder::new(&["a.png"]);
        let error = folder.write("x.json", other).read_as(Format::LabelMe).expect_err(other);
        assert!(error.to_string().contains("x.json: no LabelMe: "), "{other}: {error}");
    }
    // In a folder of labels, it stays unread.
    let good = file(&shape("rectangle", "[[5, 6], [20, 25]]"));
    let folder = Folder::new(&["a.png"]);
    folder
        .write("a.json", &good)
        .write("package.json", r#"{"name": "x", "version": "1"}"#)
        .write("notes.json", "not even JSON");
    let (labels, report) = folder.read().expect("it is read");
    assert_eq!((labels.images.len(), report.problems), (1, vec![]));
}

#[test]
fn the_image_s_bytes_are_skipped_wherever_they_stand() {
    let data = "A".repeat(200_000);
    let first = format!(r#"{{"imageData": "{data}", "#);
    let text = file(&shape("rectangle", "[[5, 6], [20, 25]]"));
    let moved = text.replace("\"imageData\": null,", "").replacen('{', &first, 1);
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
    for (image, label, path) in [
        ("a.png", "a.json", "a.png"),
        ("a.png", "a.json", "./a.png"),
        ("images/a.png", "labels/a.json", "..\\\\images\\\\a.png"),
        ("photos/x/a.png", "labels/x/a.json", "../../photos/x/a.png"),
        ("images/a.png", "labels/a.json", "a.png"),
        ("renamed.png", "renamed.json", "a.png"),
    ] {
        let folder = Folder::new(&[image]);
        let (labels, report) = folder.write(label, text.replace("a.png", path)).read().expect(path);
        assert_eq!((labels.images.len(), report.problems), (1, vec![]), "{path}");
    }
}

#[test]
fn a_label_for_an_image_of_another_size_is_left_out() {
    let (labels, report) =
        read(&file(&shape("rectangle", "[[5, 6], [20, 25]]")).replace(": 40", ": 41"));
    assert_eq!(labels.images.len(), 1);
    assert_eq!(report.counts()[&ProblemKind::SizeMismatch], 1);
}
