//! `VoTT`'s export and its files of assets; regions of every type; JSON of other tools.

use crate::testing::{Folder, boxes, messages};
use crate::{Format, Labels, ProblemKind, Report};

/// An asset with these regions.
fn asset(name: &str, regions: &str) -> String {
    format!(
        "{{\"asset\": {{\"format\": \"png\", \"id\": \"5\", \"name\": \"{name}\", \
         \"path\": \"file:/home/x/{name}\", \"size\": {{\"width\": 40, \"height\": 30}}, \
         \"state\": 2, \"type\": 1}},\n\"regions\": [{regions}], \"version\": \"2.1.0\"}}"
    )
}

fn region(kind: &str, tags: &str) -> String {
    format!(
        "\n{{\"id\": \"kA\", \"type\": \"{kind}\", \"tags\": {tags}, \"boundingBox\": \
         {{\"height\": 10, \"width\": 20.5, \"left\": 4, \"top\": 2}}, \"points\": \
         [{{\"x\": 5, \"y\": 2}}, {{\"x\": 24.5, \"y\": 3}}, {{\"x\": 9, \"y\": 12}}]}}"
    )
}

fn export(assets: &[String]) -> String {
    let assets: Vec<String> =
        (0..).zip(assets).map(|(id, asset)| format!("\"{id:032x}\": {asset}")).collect();
    format!(
        "{{\"name\": \"x\", \"tags\": [{{\"name\": \"cat\"}}], \"assets\": {{{}}}}}",
        assets.join(",\n")
    )
}

fn read(json: &str) -> (Labels, Report) {
    Folder::new(&["a b.png"]).write("x-export.json", json).read().expect(json)
}

fn one(region: &str) -> (Labels, Report) {
    read(&export(&[asset("a%20b.png", region)]))
}

const BOX: [f64; 4] = [4.0, 2.0, 24.5, 12.0];

#[test]
fn rectangles_and_polygons_are_boxes_of_their_tags() {
    for (kind, expected) in
        [("RECTANGLE", BOX), ("SQUARE", BOX), ("rectangle", BOX), ("POLYGON", [5.0, 2.0, 24.5, 12.0])]
    {
        let (labels, report) = one(&region(kind, "[\"cat\"]"));
        assert_eq!(boxes(&labels), [("a b.png".into(), "cat".into(), expected)], "{kind}");
        assert_eq!((report.format, &report.problems[..]), (Format::Vott, &[][..]), "{kind}");
    }
    let untyped = region("RECTANGLE", "[\"cat\"]").replace("\"type\": \"RECTANGLE\", ", "");
    assert_eq!(one(&untyped).0.images[0].objects[0].xyxy, BOX);
    let unsized_ = export(&[asset("a%20b.png", "")]).replace("\"width\": 40", "\"width\": null");
    assert_eq!(read(&unsized_).0.images[0].objects, []);
    let unnamed = export(&[asset("a%20b.png", "")]).replace("\"name\": \"a%20b.png\",", "");
    assert_eq!(read(&unnamed).0.images.len(), 1, "the path names the image, too");
}

#[test]
fn several_tags_are_an_object_each_and_none_is_refused() {
    let (labels, report) = one(&region("RECTANGLE", "[\"cat\", \"striped\", \"cat\"]"));
    let classes: Vec<String> = boxes(&labels).into_iter().map(|(_, class, _)| class).collect();
    assert_eq!(classes, ["cat", "striped"]);
    let notes = messages(&report, ProblemKind::Note);
    assert_eq!(notes, ["3: region kA of a b.png has 2 tags; it is an object of each"]);
    for (tags, says) in [
        ("[]", "3: a b.png: region kA: has no tag; tag it, or remove it"),
        ("null", "region kA: tags is null; it must be a list of class names"),
        ("[\"cat\", null]", "region kA: a tag is null; it must be the name of a class"),
        ("\"cat\"", "region kA: tags is \"cat\"; it must be a list of class names"),
    ] {
        let found = messages(&one(&region("RECTANGLE", tags)).1, ProblemKind::Malformed);
        assert!(found.len() == 1 && found[0].contains(says), "{tags}: {found:?}");
    }
}

#[test]
fn points_and_lines_are_named_and_passed_over() {
    for kind in ["POINT", "POLYLINE"] {
        let (labels, report) = one(&region(kind, "[\"cat\"]"));
        assert_eq!((labels.images.len(), boxes(&labels)), (1, vec![]));
        let found = messages(&report, ProblemKind::NoBox);
        let says = format!("3: region kA of a b.png is a {kind}, which has no box; it is passed over");
        assert_eq!(found, [says]);
    }
}

#[test]
fn what_is_wrong_is_refused_by_region_line_and_value() {
    let good = region("RECTANGLE", "[\"cat\"]");
    for (region, says) in [
        (good.replace("RECTANGLE", "ELLIPSE"), "3: a b.png: region kA: type is \"ELLIPSE\"; it must"),
        (good.replace("\"RECTANGLE\"", "7"), "region kA: type is 7; it must be a text such as"),
        (good.replace("\"left\": 4", "\"left\": NaN"), "region kA: left is NaN; it must be a finite"),
        (good.replace("\"left\": 4, ", ""), "region kA: left is missing; it must be a finite number"),
        (good.replace("\"left\": 4", "\"left\": 4, \"left\": 5"), "\"left\" is there twice"),
        (good.replace("boundingBox", "box"), "region kA: boundingBox is missing; it must be an obj"),
        (good.replace("\"id\": \"kA\",", "").replace("20.5", "[]"), "region 1: width is []; it must"),
        (region("POLYGON", "[\"cat\"]").replace("\"x\": 9", "\"x\": NaN"), "point 3 is {\"x\": NaN"),
        (region("POLYGON", "[\"cat\"]").replace(", {\"x\": 9, \"y\": 12}", ""), "has 2 points; a p"),
        (region("POLYGON", "[\"cat\"]").replace("points", "x"), "points is missing; it must be a l"),
        ("\n7".into(), "3: a b.png: is 7; it must be an object"),
    ] {
        let found = messages(&one(&region).1, ProblemKind::Malformed);
        assert!(found.len() == 1 && found[0].contains(says), "{says}: {found:?}");
    }
    let good = export(&[asset("a%20b.png", "")]);
    for (from, to, says) in [
        ("\"name\": \"a%20b.png\", \"path\"", "\"x\"", "name is missing; it must be the image's name"),
        ("a%20b.png", "../a b.png", "asset 00000000000000000000000000000000: name \"../a b.png\" leads"),
        ("\"regions\": []", "\"regions\": 3", "regions is 3; it must be a list"),
        ("{\"width\": 40, ", "[{\"width\": 40}], \"x\": {", "size: is [{\"width\": 40}]; it must be"),
        ("40", "40.5", "width is 40.5; it must be a whole number of pixels"),
        ("\"version\": \"2.1.0\"}}}", "\"version\": ", "it ends in the middle"),
    ] {
        assert!(good.contains(from), "{from}");
        let found = messages(&read(&good.replacen(from, to, 1)).1, ProblemKind::Malformed);
        assert!(found.len() == 1 && found[0].contains(says), "{says}: {found:?}");
    }
}

#[test]
fn files_of_assets_are_read_where_there_is_no_export() {
    let cat = region("RECTANGLE", "[\"cat\"]");
    let folder = Folder::new(&["a b.png", "c.png"]);
    folder
        .write("1-asset.json", asset("a%20b.png", &cat))
        .write("2-asset.json", asset("c.png", ""));
    let (labels, report) = folder.read().expect("it is read");
    assert_eq!(report.problems, [], "{report}");
    assert_eq!((labels.images.len(), boxes(&labels).len()), (2, 1));
    // Both, as the tool leaves them: the images are not labeled twice.
    let whole = export(&[asset("a%20b.png", &cat), asset("c.png", &cat)]);
    folder.write("vott-json-export/x-export.json", whole);
    let (labels, report) = folder.read().expect("it is read");
    assert_eq!(report.problems, [], "{report}");
    assert_eq!((labels.images.len(), boxes(&labels).len()), (2, 2));
    assert_eq!(report.evidence[0].files, 1);
}

#[test]
fn an_export_that_begins_with_many_tags_is_known() {
    let tags = "{\"name\": \"cat\"},".repeat(5000);
    let json = export(&[asset("a%20b.png", &region("RECTANGLE", "[\"cat\"]"))]);
    let (labels, _) = read(&json.replace("\"tags\": [{", &format!("\"tags\": [{tags}{{")));
    assert_eq!(boxes(&labels).len(), 1);
}

#[test]
fn other_json_is_not_taken_for_labels_and_is_explained() {
    for (json, says) in [
        ("{\"frames\": {}, \"inputTags\": \"cat\"}", "no VoTT: it is of VoTT 1; open it in VoTT 2"),
        ("{\"assets\": {\"1\": {\"name\": \"a.png\"}}}", "no VoTT: its `assets` have no `regions`"),
        ("{\"assets\": [\"x\"]}", "no VoTT: its `assets` have no `regions`"),
        ("{\"asset\": {\"name\": \"a.png\"}}", "no VoTT: it has no `regions`"),
        ("{\"name\": \"x\"}", "no VoTT: it has no `assets`"),
        ("[]", "no VoTT: it has no `assets`"),
    ] {
        let error = Folder::new(&["a.png"]).write("x.json", json).read().expect_err(json);
        assert!(error.to_string().contains(says), "{json}: {error}");
    }
}
