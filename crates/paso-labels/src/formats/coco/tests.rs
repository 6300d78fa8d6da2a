//! COCO as tools and people leave it: odd ids, missing boxes, names twice, results for labels.

use crate::testing::{Folder, boxes, messages};
use crate::{Effect, Labels, ProblemKind, Report, Split};

/// Two images, an object each.
const GOOD: &str = r#"{
"images": [
  {"id": 1, "file_name": "a.png", "width": 40, "height": 30},
  {"id": 2, "file_name": "b.png", "width": 40, "height": 30}],
"annotations": [
  {"id": 7, "image_id": 1, "category_id": 3, "bbox": [4, 2, 20, 10], "iscrowd": 0, "area": 200},
  {"id": 8, "image_id": 2, "category_id": 4, "bbox": [10, 5, 20, 10], "iscrowd": 0}],
"categories": [{"id": 3, "name": "cat"}, {"id": 4, "name": "dog"}]}"#;

const A: [f64; 4] = [4.0, 2.0, 24.0, 12.0];
const B: [f64; 4] = [10.0, 5.0, 30.0, 15.0];

fn read(json: &str) -> (Labels, Report) {
    Folder::new(&["a.png", "b.png"]).write("labels.json", json).read().expect(json)
}

/// What is read of the good file after replacements.
fn with(replaced: &[(&str, &str)]) -> (Labels, Report) {
    let text = replaced.iter().fold(GOOD.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    });
    read(&text)
}

fn malformed(replaced: &[(&str, &str)]) -> Vec<String> {
    messages(&with(replaced).1, ProblemKind::Malformed)
}

fn expected() -> Vec<(String, String, [f64; 4])> {
    vec![("a.png".into(), "cat".into(), A), ("b.png".into(), "dog".into(), B)]
}

#[test]
fn what_does_not_matter_changes_nothing() {
    for replaced in [
        &[][..],
        &[("\"id\": 1,", "\"id\": \"1\","), ("\"image_id\": 1", "\"image_id\": 1.0")],
        &[("\"id\": 3", "\"id\": \"3\""), ("\"category_id\": 3", "\"category_id\": 3.0")],
        &[("\"id\": 1,", "\"id\": \"x y\","), ("\"image_id\": 1", "\"image_id\": \"x y\"")],
        &[("40", "null"), ("30", "null")],
        &[("40", "40.0"), ("30", "\"30\"")],
        &[("40", "0"), ("30", "-1")],
        &[(", \"width\": 40, \"height\": 30", "")],
        &[("200", "NaN")],
        &[("200", "1e999"), ("\"id\": 4,", "\"x\": [[[{}]]], \"id\": 4,")],
        &[("[4, 2, 20, 10]", "[\"4\", \"2.0\", 2e1, 10.0]")],
        &[("\"iscrowd\": 0", "\"iscrowd\": false"), ("\"iscrowd\": 0", "\"iscrowd\": \"0\"")],
        &[("\"iscrowd\": 0", "\"iscrowd\": null"), ("\"iscrowd\": 0", "\"segmentation\": \"\"")],
        &[("\"id\": 7,", ""), ("\"id\": 8,", "\"id\": null,")],
        &[("\"a.png\"", "\"images\\\\a.png\""), ("\"b.png\"", "\"/data/upload/1/b.png\"")],
        &[("\"a.png\"", "null, \"path\": \"/srv/a.png\"")],
        &[("\"file_name\": \"b.png\"", "\"coco_url\": \"http://x.org/val/b.png\"")],
        &[("\"categories\": [", "\"categories\": [{\"id\": 0, \"name\": null},")],
        &[("{\"id\": 4, \"name\": \"dog\"}", "{\"id\": 4, \"name\": \"dog\"}, {\"id\": 9, \"name\": \"cat\"}")],
        &[("{\"id\": 4, \"name\": \"dog\"}", "{\"id\": 4, \"name\": \"dog\"}, {\"id\": 4, \"name\": \"dog\"}")],
        &[("{\n\"images\"", "{\"info\": {\"images\": []}, \"images\"")],
    ] {
        let (labels, report) = with(replaced);
        assert_eq!(boxes(&labels), expected(), "{replaced:?}");
        assert_eq!(report.problems, [], "{replaced:?}");
    }
}

#[test]
fn encodings_and_line_ends_do_not_matter_and_lines_are_those_of_an_editor() {
    let utf16: Vec<u8> = format!("\u{feff}{GOOD}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let folder = Folder::new(&["a.png", "b.png"]);
    assert_eq!(boxes(&folder.write("x.JSON", utf16).read().expect("it is read").0), expected());
    let bad = GOOD.replace("\"image_id\": 2", "\"image_id\": 3");
    for text in [bad.replace('\n', "\r\n"), bad.replace('\n', "\r"), format!("\u{feff}{bad}")] {
        let found = messages(&read(&text).1, ProblemKind::Malformed);
        assert_eq!(found, ["7: annotation id 8: image_id 3 is no image's id"]);
    }
    // On one line, lines say nothing.
    let found = messages(&read(&bad.replace('\n', " ")).1, ProblemKind::Malformed);
    assert_eq!(found, ["annotation id 8: image_id 3 is no image's id"]);
}

#[test]
fn what_is_wrong_is_refused_by_id_line_and_value() {
    for (from, to, says) in [
        ("\"image_id\": 1", "\"image_id\": 999", "6: annotation id 7: image_id 999 is no image's id"),
        ("\"image_id\": 1", "\"image\": 1", "6: annotation id 7: image_id is missing; it must be an"),
        ("\"image_id\": 2", "\"image_id\": [2]", "7: annotation id 8: image_id is [2]; it must be an"),
        ("\"category_id\": 4", "\"category_id\": 5", "7: annotation id 8: category_id 5 is no cat"),
        ("\"category_id\": 4", "\"category_id\": null", "annotation id 8: category_id is null; it"),
        ("[4, 2, 20, 10]", "[4, 2, 20]", "6: annotation id 7: bbox is [4, 2, 20]; it must be [x, y"),
        ("[4, 2, 20, 10]", "[4, 2, 20, 10, 0.5]", "bbox is [4, 2, 20, 10, 0.5]; it must be [x, y"),
        ("[4, 2, 20, 10]", "[4, NaN, 20, 10]", "bbox is [4, NaN, 20, 10]; it must be [x, y, width"),
        ("[4, 2, 20, 10]", "[4, null, 20, 10]", "bbox is [4, null, 20, 10]; it must be"),
        ("[4, 2, 20, 10]", "[4, 1e999, 20, 10]", "bbox is [4, 1e999, 20, 10]; it must be"),
        ("[4, 2, 20, 10]", "\"4 2 20 10\"", "bbox is \"4 2 20 10\"; it must be"),
        ("[4, 2, 20, 10]", "[4, 2, 20, 10], \"bbox\": [1, 1, 2, 2]", "6: annotation 1 of the list: \"bbox\" is there twice"),
        ("\"id\": 8", "\"id\": 7", "7: annotation id 7: two annotations have the id 7; number them"),
        ("\"id\": 8", "\"id\": \"7\"", "two annotations have the id 7"),
        ("\"id\": 8", "\"id\": NaN", "7: annotation 2 of the list: id is NaN; it must be a number"),
        ("\"id\": 2,", "\"id\": 1,", "4: two images have the id 1 (\"a.png\" and \"b.png\")"),
        ("\"id\": 2,", "\"id\": \"1\",", "two images have the id 1, written 1 and \"1\" (\"a.png\""),
        ("\"id\": 2,", "\"id\": null,", "4: image 2 of the list: id is null; it must be a number or"),
        ("\"b.png\"", "\"\"", "4: image id 2: file_name is \"\"; it must be the image's path"),
        ("\"file_name\": \"b.png\"", "\"name\": \"b\"", "image id 2: file_name is missing; it must"),
        ("\"b.png\"", "\"../../b.png\"", "image id 2: file_name \"../../b.png\" leads out"),
        ("\"b.png\"", "\"a.png\"", "4: image ids 1 and 2 have the same file_name \"a.png\"; give"),
        ("\"b.png\"", "\"./a.png\"", "4: image ids 1 and 2 both mean a.png"),
        ("\"width\": 40", "\"width\": NaN", "3: image id 1: width is NaN; it must be a whole number"),
        ("\"id\": 4, \"n", "\"id\": 3, \"n", "two categories have the id 3 (\"cat\" and \"dog\")"),
        ("\"dog\"", "null", "8: annotation id 8: category id 4: name is null; it must be the class"),
        ("\"dog\"", "NaN", "category id 4: name is NaN; it must be the class's name"),
        ("{\"id\": 4, \"name\": \"dog\"}", "4", "8: category 2 of the list: is 4; it must be an object"),
        ("\"iscrowd\": 0", "\"iscrowd\": 2", "annotation id 7: iscrowd is 2; it must be 0 or 1"),
        ("\"iscrowd\": 0", "\"iscrowd\": NaN", "annotation id 7: iscrowd is NaN; it must be 0 or 1"),
        ("\"categories\": [{", "\"categories\": {\"x\": [{", "is not valid JSON"),
    ] {
        let found = malformed(&[(from, to)]);
        assert!(found.iter().any(|message| message.contains(says)), "{to}: {found:?}");
    }
    // The others of the file are still read.
    let (labels, report) = with(&[("[4, 2, 20, 10]", "[4, 2, 20]")]);
    assert_eq!(boxes(&labels), expected()[1..]);
    assert!(report.refuse_malformed().is_err());
}

#[test]
fn an_annotation_without_a_box_is_named_and_passed_over() {
    for (instead, says) in [
        ("\"x\": 3", "6: annotation id 7 has no bbox and no polygon; it is passed over"),
        ("\"bbox\": null", "annotation id 7 has no bbox and no polygon"),
        ("\"bbox\": []", "annotation id 7 has no bbox and no polygon"),
        ("\"bbox\": [], \"segmentation\": [[]]", "annotation id 7 has no bbox and no polygon"),
        ("\"caption\": \"a cat\"", "annotation id 7 has no bbox, only a caption"),
        ("\"keypoints\": [1, 2, 2]", "annotation id 7 has no bbox, only keypoints"),
        ("\"segmentation\": {\"counts\": \"x\", \"size\": [1, 2]}", "no bbox, only a mask (RLE)"),
    ] {
        let (labels, report) = with(&[("\"bbox\": [4, 2, 20, 10]", instead)]);
        let found = messages(&report, ProblemKind::NoBox);
        assert!(found.len() == 1 && found[0].contains(says), "{instead}: {found:?}");
        assert_eq!(boxes(&labels), expected()[1..], "{instead}");
        assert!(report.problems.iter().all(|p| p.kind.effect() != Effect::Refused));
    }
    // It needs no category either.
    let caption = "\"image_id\": 1, \"caption\": \"a cat\"}, {\"image_id\": 1, \"category_id\": 3";
    let (labels, report) = with(&[("\"image_id\": 1, \"category_id\": 3", caption)]);
    assert_eq!(boxes(&labels), expected());
    assert_eq!(messages(&report, ProblemKind::NoBox).len(), 1);
    let (_, report) = with(&[("\"id\": 7,", ""), ("\"bbox\"", "\"box\"")]);
    let found = messages(&report, ProblemKind::NoBox);
    assert!(found[0].contains("annotation 1 of the list has no bbox"), "{found:?}");
}

#[test]
fn a_polygon_without_a_box_counts_as_the_box_around_it() {
    let bbox = "\"bbox\": [4, 2, 20, 10]";
    for polygons in [
        "[[4, 2, 24, 2, 24, 12]]",
        "[[4, 2, 24, 2, \"5\", 3.5], [5, 5, 6, 6, 7, 12]]",
        "[4, 2, 24, 2, 24, 12]",
        "[[], [4, 2, 24, 2, 24, 12]]",
    ] {
        let (labels, report) = with(&[(bbox, &format!("\"segmentation\": {polygons}"))]);
        assert_eq!(boxes(&labels), expected(), "{polygons}");
        let notes = messages(&report, ProblemKind::Note);
        assert!(notes[0].contains("1 annotations have a polygon and no bbox, annotation id 7"));
    }
    for polygons in [
        "[[4, 2, 24, 2, 24]]",
        "[[4, 2, 24, 2]]",
        "[[4, 2, 24, 2, NaN, 3]]",
        "[4, 2, [24, 2, 24, 12, 3, 3]]",
        "\"4 2\"",
        "[{}]",
    ] {
        let found = malformed(&[(bbox, &format!("\"segmentation\": {polygons}"))]);
        let says = format!("6: annotation id 7: segmentation is {polygons}; it must be polygons");
        assert!(found[0].contains(&says), "{found:?}");
    }
    // A stated box counts even where a polygon is broken: it is not read.
    let both = "\"bbox\": [4, 2, 20, 10], \"segmentation\": [[1, NaN]]";
    assert_eq!(boxes(&with(&[(bbox, both)]).0), expected());
}

#[test]
fn crowds_are_counted() {
    for crowd in ["1", "true", "1.0", "\"1\"", "\"True\""] {
        let (labels, report) = with(&[("\"iscrowd\": 0", &format!("\"iscrowd\": {crowd}"))]);
        assert_eq!(boxes(&labels), expected()[1..], "{crowd}");
        let notes = messages(&report, ProblemKind::Note);
        assert_eq!(notes, ["1 crowd regions (iscrowd 1) are passed over: they hold no one object"]);
    }
}

#[test]
fn categories_are_what_annotations_make_of_them() {
    // Two that are used have one name.
    let (labels, report) = with(&[("\"dog\"", "\"cat\"")]);
    assert_eq!(labels.classes, ["cat"]);
    let warnings = messages(&report, ProblemKind::Warning);
    assert!(warnings[0].contains("categories 3 and 4 are used and have the same name \"cat\""));
    // None are listed.
    for list in [", \"x\": 1}", ", \"categories\": null}", ", \"categories\": []}"] {
        let cut = GOOD.find(",\n\"categories\"").expect("it is there");
        let (labels, report) = read(&format!("{}{list}", &GOOD[..cut]));
        assert_eq!(labels.classes, ["3", "4"], "{list}");
        let notes = messages(&report, ProblemKind::Note);
        assert_eq!(notes, ["has no categories; classes are called by their category_id"]);
    }
    // Names are as they are written.
    for (written, name) in
        [("true", "true"), ("010", ""), ("10", "10"), ("\" a,\\n'\\\"\\\\\"", " a,\n'\"\\")]
    {
        let (labels, report) = with(&[("\"dog\"", written)]);
        if name.is_empty() {
            assert!(report.refuse_malformed().is_err(), "{written} is no JSON");
        } else {
            assert_eq!(labels.classes, ["cat", name], "{written}");
        }
    }
}

#[test]
fn an_image_that_is_listed_twice_alike_counts_once() {
    let twice = "{\"id\": 2.0, \"file_name\": \"b.png\"}, {\"id\": 2,";
    let (labels, report) = with(&[("{\"id\": 2,", twice)]);
    assert_eq!(boxes(&labels), expected());
    let notes = messages(&report, ProblemKind::Note);
    assert_eq!(notes, ["4: image id 2 is listed twice; it counts once"]);
}

#[test]
fn annotations_of_an_image_that_is_refused_are_not_refused_as_well() {
    let found = malformed(&[("\"a.png\"", "null")]);
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn base_names_that_fit_two_images_name_the_ids_that_share_them() {
    let folder = Folder::new(&["images/a/1.png", "images/b/1.png"]);
    folder.write("x.json", GOOD.replace("a.png", "1.png").replace("b.png", "1.png"));
    let (_, report) = folder.read().expect("it is read");
    let found = messages(&report, ProblemKind::Malformed);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("image ids 1 and 2 have the same file_name \"1.png\""), "{found:?}");
}

#[test]
fn a_split_has_a_file_and_captions_next_to_it_are_not_read() {
    let folder = Folder::new(&["train2017/a.png", "val2017/a.png", "val2017/b.png"]);
    let captions = r#"{"images": [{"id": 1, "file_name": "a.png"}],
        "annotations": [{"id": 1, "image_id": 1, "caption": "x"}]}"#;
    let one = r#"{"images": [{"id": 1, "file_name": "a.png"}], "annotations":
        [{"id": 1, "image_id": 1, "category_id": 3, "bbox": [4, 2, 20, 10]}],
        "categories": [{"id": 3, "name": "cat"}]}"#;
    folder
        .write("annotations/instances_train2017.json", one)
        .write("annotations/captions_train2017.json", captions)
        .write("annotations/person_keypoints_val2017.json", captions)
        .write("annotations/instances_val2017.json", GOOD);
    let (labels, report) = folder.read().expect("it is read");
    assert_eq!(report.problems, [], "{report}");
    let splits: Vec<_> = labels.images.iter().map(|i| (i.name.as_str(), i.split)).collect();
    let val = Some(Split::Val);
    assert_eq!(
        splits,
        [("train2017/a.png", Some(Split::Train)), ("val2017/a.png", val), ("val2017/b.png", val)]
    );
    // Roboflow's layout, and the same image in two files.
    let folder = Folder::new(&["train/a.png", "train/b.png"]);
    folder.write("train/_annotations.coco.json", GOOD).write("train/copy.json", GOOD);
    let (_, report) = folder.read().expect("it is read");
    let found = messages(&report, ProblemKind::Malformed);
    assert!(found[0].contains("labels as well; remove one of them"), "{found:?}");
}

#[test]
fn other_json_is_not_taken_for_labels_and_is_explained() {
    let long = format!("{{\"info\": \"{}\", {}", "x".repeat(70_000), &GOOD[1..]);
    assert_eq!(boxes(&read(&long).0), expected(), "keys behind the first 64 KiB");
    for (json, says) in [
        ("{\"categories\": [{\"id\": 0, \"name\": \"cat\"}]}", "no lists `images` and `annotations`"),
        ("{\"images\": [], \"categories\": []}", "no COCO: it has no list `annotations`"),
        ("{\"images\": \"see below\", \"annotations\": []}", "no COCO: it has no list `images`"),
        ("{\"annotations\": [", "it has no list `images`, and it ends in the middle"),
        ("[{\"image_id\": 1, \"bbox\": [1, 2, 3, 4], \"score\": 0.5}]", "a list of detections"),
        ("[{\"data\": {\"image\": \"a.png\"}, \"annotations\": []}]", "it is Label Studio's own JSON"),
        ("{\"_via_settings\": {}, \"_via_img_metadata\": {}}", "it is a project of VIA (VGG"),
        ("\"images annotations\"", "no COCO: it does not begin with { or ["),
        ("", "no COCO: it does not begin with { or ["),
    ] {
        let error = Folder::new(&["a.png"]).write("x.json", json).read().expect_err(json);
        assert!(error.to_string().contains(says), "{json}: {error}");
    }
    for cut in (60..GOOD.len() - 1).step_by(7) {
        let folder = Folder::new(&["a.png", "b.png"]);
        let Ok((_, report)) = folder.write("x.json", &GOOD[..cut]).read() else { continue };
        let found = messages(&report, ProblemKind::Malformed);
        assert!(found[0].contains("it ends in the middle"), "{cut}: {found:?}");
    }
}

#[test]
fn files_of_other_tools_next_to_labels_change_nothing() {
    let folder = Folder::new(&["a.png", "b.png"]);
    folder
        .write("labels.json", GOOD)
        .write("results.json", "[{\"image_id\": 1, \"bbox\": [1, 2, 3, 4], \"score\": 0.5}]")
        .write("notes.json", "{\"categories\": [{\"id\": 1, \"name\": \"x\"}]}")
        .write("package.json", "{\"name\": \"images\", \"scripts\": {\"annotations\": []}}")
        .write("broken.json", "{\"images\": ")
        .write("empty.json", "");
    let (labels, report) = folder.read().expect("it is read");
    assert_eq!((boxes(&labels), &report.problems[..]), (expected(), &[][..]), "{report}");
    assert_eq!((report.evidence.len(), report.evidence[0].files), (1, 1));
}

#[test]
fn ids_and_categories_are_those_of_their_file() {
    // A file an image, as some tools export it; ids begin at 1 in each.
    let one = |image: &str, class: &str| {
        format!(
            "{{\"images\": [{{\"id\": 1, \"file_name\": \"{image}\"}}], \"annotations\": [{{\"id\": 1, \
             \"image_id\": 1, \"category_id\": 1, \"bbox\": [4, 2, 20, 10]}}], \
             \"categories\": [{{\"id\": 1, \"name\": \"{class}\"}}]}}"
        )
    };
    let folder = Folder::new(&["images/a.png", "images/b.png"]);
    folder.write("json/a.json", one("a.png", "cat")).write("json/b.json", one("b.png", "dog"));
    let (labels, report) = folder.read().expect("it is read");
    let expected = vec![("a.png".into(), "cat".into(), A), ("b.png".into(), "dog".into(), A)];
    assert_eq!((boxes(&labels), &report.problems[..]), (expected, &[][..]), "{report}");
}

#[test]
fn a_key_that_decides_is_refused_if_it_is_there_twice() {
    for (from, to, says) in [
        ("\"annotations\": [", "\"images\": [], \"annotations\": [", "5: \"images\" is there twice (f"),
        ("\"id\": 4,", "\"id\": 4, \"name\": \"cat\",", "\"name\" is there twice"),
        ("\"id\": 2,", "\"id\": 2, \"id\": 3,", "4: image 2 of the list: \"id\" is there twice"),
    ] {
        let found = malformed(&[(from, to)]);
        assert!(found.iter().any(|message| message.contains(says)), "{to}: {found:?}");
    }
}
