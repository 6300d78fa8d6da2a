//! Create ML as Apple documents it and as tools write it, and lists that are something else.

use crate::testing::{Folder, boxes, messages};
use crate::{Format, Labels, ProblemKind, Report, Split};

const GOOD: &str = r#"[
{"image": "a.png", "annotations": [
  {"label": "cat", "coordinates": {"x": 14, "y": 7, "width": 20, "height": 10}}]},
{"image": "b.png", "annotations": [
  {"label": "dog", "coordinates": {"x": 20.5, "y": 10, "width": 21, "height": 10}},
  {"label": "cat", "coordinates": {"x": 5, "y": 5, "width": 4, "height": 4}}]}
]"#;

fn read(json: &str) -> (Labels, Report) {
    let folder = Folder::new(&["a.png", "b.png"]);
    folder.write("_annotations.createml.json", json).read().expect(json)
}

fn expected() -> Vec<(String, String, [f64; 4])> {
    vec![
        ("a.png".into(), "cat".into(), [4.0, 2.0, 24.0, 12.0]),
        ("b.png".into(), "dog".into(), [10.0, 5.0, 31.0, 15.0]),
        ("b.png".into(), "cat".into(), [3.0, 3.0, 7.0, 7.0]),
    ]
}

#[test]
fn both_spellings_and_other_keys_are_read() {
    let apple = GOOD.replace("\"image\"", "\"imagefilename\"").replace("annotations", "annotation");
    for json in [
        GOOD.to_owned(),
        apple,
        GOOD.replace("\"image\"", "\"verified\": false, \"image\""),
        GOOD.replace("\"label\"", "\"uniqueIdentifier\": NaN, \"label\""),
        GOOD.replace(": 14", ": \"14.0\""),
        GOOD.replace("a.png", "a.PNG").replace("b.png", "C:\\\\x\\\\b.png"),
        format!("[{{\"image\": \"a.png\", \"x\": \"{}\", {}", "x".repeat(70_000), &GOOD[20..]),
    ] {
        let (labels, report) = read(&json);
        assert_eq!((boxes(&labels), report.format), (expected(), Format::CreateMl), "{json:.99}");
        assert_eq!(report.problems, [], "{json:.99}");
    }
}

#[test]
fn what_is_wrong_is_refused_by_image_number_and_line() {
    for (from, to, says) in [
        ("\"label\": \"cat\"", "\"name\": 1", "3: annotation 1 of a.png: label is missing; it must"),
        ("\"dog\"", "null", "5: annotation 1 of b.png: label is null; it must be the class"),
        (": 14", ": NaN", "3: annotation 1 of a.png: x is NaN; it must be a finite number"),
        (": 14", ": 1e999", "annotation 1 of a.png: x is 1e999; it must be a finite number"),
        ("\"width\": 4", "\"w\": 4", "6: annotation 2 of b.png: width is missing; it must be"),
        ("{\"x\": 14,", "[{\"x\": 14},{", "annotation 1 of a.png: coordinates is [{"),
        ("\"x\": 14", "\"x\": 14, \"x\": 15", "3: annotation 1 of a.png: \"x\" is there twice"),
        ("\"image\": \"a.png\"", "\"image\": null", "2: image 1 of the list: image is null; it must"),
        ("\"image\": \"a.png\"", "\"imagefilename\": 1, \"image\": 2", "has both `image` and `im"),
        ("\"a.png\"", "\"../a.png\"", "2: image 1 of the list: image \"../a.png\" leads out"),
        ("\"b.png\"", "\"a.png\"", "labels a.png, which _annotations.createml.json, line"),
        ("\n]", ",\n3]", "7: image 3 of the list: is 3; it must be an object"),
        ("\n]", "", "is not valid JSON at column"),
    ] {
        // The list in place of the object is closed, too.
        let json = GOOD.replacen(from, to, 1);
        let json = if to.starts_with("[{") { json.replacen("10}}", "10}]}", 1) } else { json };
        let found = messages(&read(&json).1, ProblemKind::Malformed);
        assert!(found.iter().any(|message| message.contains(says)), "{to}: {found:?}");
    }
}

#[test]
fn labels_of_whole_images_are_passed_over_and_images_without_any_are_kept() {
    let json = GOOD.replacen(", \"coordinates\": {\"x\": 14, \"y\": 7, \"width\": 20, \"height\": 10}", "", 1);
    let (labels, report) = read(&json);
    assert_eq!(boxes(&labels), expected()[1..]);
    let found = messages(&report, ProblemKind::NoBox);
    assert_eq!(found, ["3: annotation 1 of a.png has no coordinates; it is passed over"]);
    for empty in ["[]", "null"] {
        let json = format!("[{{\"image\": \"a.png\", \"annotations\": {empty}}}]");
        let (labels, report) = read(&json);
        assert_eq!((labels.images.len(), boxes(&labels)), (1, vec![]), "{report}");
    }
}

#[test]
fn a_box_that_cannot_be_is_named_by_its_number() {
    let (_, report) = read(&GOOD.replace("\"width\": 4", "\"width\": -4"));
    let problem = report.problems.iter().find(|p| p.kind == ProblemKind::BadBox).expect("one");
    let says = "line 6: annotation 2 of b.png: the box";
    assert!(problem.to_string().contains(says), "{problem}");
}

#[test]
fn splits_are_in_the_names_of_files() {
    let folder = Folder::new(&["train/a.png", "valid/b.png"]);
    let (first, second) = GOOD.split_once(",\n{\"image\": \"b").expect("two images");
    folder
        .write("train/_annotations.createml.json", format!("{first}]"))
        .write("valid/_annotations.createml.json", format!("[{{\"image\": \"b{second}"));
    let (labels, report) = folder.read().expect("it is read");
    assert_eq!(report.problems, [], "{report}");
    let splits: Vec<_> = labels.images.iter().map(|image| image.split).collect();
    assert_eq!(splits, [Some(Split::Train), Some(Split::Val)]);
}

#[test]
fn other_lists_are_not_taken_for_labels_and_are_explained() {
    for (json, says) in [
        ("[]", "no CreateML: its list has no `image`"),
        ("[{\"image\": \"a.png\", \"label\": \"cat\"}]", "no CreateML: its list has no `annotations`"),
        ("[{\"image\": \"a.png\", \"annotations\": [{\"label\": \"x\"}]}]", "have no `coordinates`"),
        ("[{\"data\": {\"image\": \"a.png\"}, \"annotations\": []}]", "its list has no `image`"),
        ("{\"image\": \"a.png\"}", "no CreateML: it is an object, not a list"),
    ] {
        let error = Folder::new(&["a.png"]).write("x.json", json).read().expect_err(json);
        assert!(error.to_string().contains(says), "{json}: {error}");
    }
}

#[test]
fn an_image_that_is_not_there_is_named_with_what_is() {
    let (labels, report) = read(&GOOD.replace("a.png", "a1.png"));
    assert_eq!(boxes(&labels), expected()[1..]);
    let found = messages(&report, ProblemKind::ImageMissing);
    assert!(found[0].starts_with("2: its image a1.png is not there"), "{found:?}");
}
