//! Pascal VOC as tools write it, and what is refused.

use crate::testing::Folder;
use crate::{Format, LabeledImage, Labels, ProblemKind, ReadOptions, Report, convert};
use std::path::Path;

/// Images (40x20) and other files in a new folder.
fn folder(images: &[&str], files: &[(&str, &str)]) -> Folder {
    let folder = Folder::sized(images, [40, 20]);
    for (name, text) in files {
        folder.write(name, text);
    }
    folder
}

fn read(place: &Path) -> (Labels, Report) {
    let options = ReadOptions { format: Some(Format::Voc), ..ReadOptions::default() };
    Labels::read(place, &options).expect("there are labels")
}

/// A label with this inside of its object, over lines.
fn label(filename: &str, object: &str) -> String {
    format!(
        "<annotation>\n<filename>{filename}</filename>\n<size><width>40</width><height>20</height>\
         </size>\n<object>\n{object}\n</object>\n</annotation>\n"
    )
}

const NAME: &str = "<name>cat</name>";
const BOX: &str =
    "<bndbox><xmin>4</xmin><ymin>2</ymin><xmax>24</xmax><ymax>12</ymax></bndbox>";

/// The box of the one object of a label that must be good but for notes.
fn one_box(object: &str) -> [f64; 4] {
    let place = folder(&["a.png"], &[("a.xml", &label("a.png", object))]);
    let (labels, report) = read(place.path());
    assert!(report.refuse_malformed().is_ok(), "{object}: {report}");
    let [LabeledImage { objects, .. }] = &labels.images[..] else { panic!("{object}: {report}") };
    assert_eq!(objects.len(), 1, "{object}");
    objects[0].xyxy
}

/// What is malformed in a label file, as line and message.
fn malformed(text: &str) -> Vec<(Option<usize>, String)> {
    let place = folder(&["a.png"], &[("a.xml", text)]);
    let (_, report) = read(place.path());
    let bad = report.problems.into_iter().filter(|p| p.kind == ProblemKind::Malformed);
    bad.inspect(|p| assert!(p.file.ends_with("a.xml"), "{p}")).map(|p| (p.line, p.message)).collect()
}

#[test]
fn a_second_element_is_refused_by_its_line_wherever_it_stands() {
    let good = label("a.png", &format!("{NAME}\n{BOX}"));
    for (after, second, line) in [
        (BOX, BOX, 7),
        (NAME, "<name>dog</name>", 6),
        ("<xmin>4</xmin>", "<xmin>5</xmin>", 7),
        ("</filename>", "<filename>b.png</filename>", 3),
        ("</size>", "<size/>", 4),
        ("<width>40</width>", "<width>40</width>", 4),
        ("<height>20</height>", "\n\n<height>20</height>", 6),
    ] {
        let text = good.replacen(after, &format!("{after}\n{second}"), 1);
        let found = malformed(&text);
        assert_eq!(found.len(), 1, "{second}: {found:?}");
        let (at, message) = &found[0];
        assert!(message.contains("has a second <"), "{second}: {message}");
        assert_eq!(*at, Some(line), "{second}");
    }
    let nested = good.replace("<object>", "<annotation/>\n<object>");
    assert!(malformed(&nested)[0].1.contains("<annotation> inside of <annotation>"));
}

#[test]
fn every_object_that_is_wrong_is_named_by_its_line() {
    let bad = |from: &str, to: &str| label("a.png", &format!("{NAME}\n{BOX}").replace(from, to));
    for (text, line, says) in [
        (bad("<xmin>4", "<xmin>left"), 6, "<xmin> is \"left\", not a finite number"),
        (bad("<xmin>4", "<xmin>12,5"), 6, "write it with a decimal point: 12.5"),
        (bad("<ymax>12", "<ymax>NaN"), 6, "<ymax> is \"NaN\""),
        (bad("<ymax>12", "<ymax>1e999"), 6, "<ymax> is \"1e999\""),
        (bad("<ymax>12</ymax>", ""), 6, "<bndbox> has no <ymax>"),
        (bad(NAME, "<name/>"), 5, "<name> is empty"),
        (bad(NAME, ""), 4, "<object> has no <name>"),
        (bad(BOX, ""), 4, "<object> has no <bndbox>"),
        (bad(NAME, "<name><b>cat</b></name>"), 5, "<name> holds <b>"),
        (bad(BOX, "<polygon><x1>1</x1><y1>1</y1></polygon>"), 6, "<polygon> has 1 x and 1 y"),
    ] {
        let found = malformed(&text);
        assert!(found.len() == 1 && found[0].0 == Some(line), "{says}: {found:?}");
        assert!(found[0].1.contains(says), "{says}: {found:?}");
    }
    let two = label("a.png", BOX).replace("</annotation>", "<object/>\n</annotation>");
    assert_eq!(malformed(&two).len(), 2, "each for itself");
    let size = label("a.png", &format!("{NAME}{BOX}")).replace("<width>40", "<width>-3");
    assert_eq!(malformed(&size)[0].1, "<width> is \"-3\", not a whole number of pixels");
}

#[test]
fn parts_have_boxes_of_their_own_and_outlines_count_where_there_is_no_other() {
    let part = "<part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>";
    let corners = [4.0, 2.0, 24.0, 12.0];
    for object in [
        format!("{part}{NAME}{BOX}{part}"),
        format!("{NAME}{BOX}<polygon><x1>1</x1></polygon>"),
        format!(
            "{NAME}<polygon><x1>4</x1><y1>7</y1><x2>24</x2><y2>2</y2><x3>9</x3><y3>12</y3></polygon>"
        ),
        format!(
            "{NAME}<deleted>0</deleted><polygon><username>me</username><pt><x>4</x><y>2</y></pt>\
             <pt><x>24</x><y>2</y></pt><pt><x>9</x><y>12</y></pt></polygon>"
        ),
        format!(
            "{NAME}<robndbox><cx>14</cx><cy>7</cy><w>20</w><h>10</h><angle>0</angle></robndbox>"
        ),
        BOX.replace("bndbox", "BndBox") + "<Name>cat</Name>",
        format!("{NAME}{}", BOX.replace("4</xmin>", " 4.0<!-- px --> </xmin>")),
        format!("{NAME}{}", BOX.replace("<xmin>4", "<xmin unit='px'>04")),
    ] {
        assert_eq!(one_box(&object), corners, "{object}");
    }
    let rotated = "<robndbox><cx>14</cx><cy>9</cy><w>10</w><h>4</h><angle>1.5707963267948966</angle>\
                   </robndbox>";
    assert_eq!(one_box(&format!("{NAME}{rotated}")), [12.0, 4.0, 16.0, 14.0]);
    let degrees = label("a.png", &format!("{NAME}{}", rotated.replace("1.57", "90.")));
    assert!(malformed(&degrees)[0].1.contains("must be in radians"));
    let deleted = label("a.png", &format!("{NAME}{BOX}<deleted>1</deleted>"));
    let place = folder(&["a.png"], &[("a.xml", &deleted)]);
    assert_eq!(read(place.path()).0.images[0].objects, []);
}

#[test]
fn outlines_are_noted_once_for_all_files() {
    let outline = "<polygon><x1>4</x1><y1>7</y1><x2>24</x2><y2>2</y2><x3>9</x3><y3>12</y3></polygon>";
    let text = |file| label(file, &format!("{NAME}{outline}"));
    let place = folder(&["a.png", "b.png"], &[("a.xml", &text("a.png")), ("b.xml", &text("b.png"))]);
    let (_, report) = read(place.path());
    assert_eq!(report.problems.len(), 1, "{report}");
    assert!(report.problems[0].message.contains("here and for 1 other objects"), "{report}");
}

/// The image that a label is read for, or why it is refused.
fn image_of(images: &[&str], name: &str, filename: &str) -> Result<String, String> {
    let place = folder(images, &[(name, &label(filename, &format!("{NAME}{BOX}")))]);
    let (labels, report) = read(place.path());
    report.refuse_malformed().map_err(|e| e.to_string())?;
    Ok(labels.images.first().map_or_else(|| report.to_string(), |image| image.name.clone()))
}

#[test]
fn the_image_is_that_of_filename_or_of_the_label_files_own_name() {
    for (images, name, filename, found) in [
        (&["images/a.png"][..], "annotations/a.xml", "a.png", "a.png"),
        (&["images/a.png"], "annotations/a.xml", "D:\\data\\images\\a.png", "a.png"),
        (&["images/a.png"], "annotations/a.xml", "A.PNG", "a.png"),
        (&["images/a.png"], "annotations/a.xml", "a.jpg", "a.png"),
        (&["images/a.png"], "annotations/a.xml", "a", "a.png"),
        (&["images/a.png"], "annotations/a.xml", "gone.png", "a.png"),
        (&["images/a.png"], "annotations/a.xml", "", "a.png"),
        (&["images/a.png"], "annotations/x.xml", "a.png", "a.png"),
        (&["images/a.png", "images/a.jpg"], "annotations/a.xml", "a.jpg", "a.jpg"),
        (&["c/a1.png", "d/1.png"], "c/1.xml", "a1.png", "c/a1.png"),
        (&["images/cats/a.png"], "annotations/a.xml", "a.png", "cats/a.png"),
    ] {
        assert_eq!(image_of(images, name, filename).as_deref(), Ok(found), "{name} {filename}");
    }
    let folders = ["x/a.png", "y/a.png"];
    let text = label("a.png", &format!("{NAME}{BOX}"));
    let text = text.replace("<filename>", "<folder>y</folder><filename>");
    let place = folder(&folders, &[("labels/l.xml", &text)]);
    assert_eq!(read(place.path()).0.images[0].name, "y/a.png");
}

#[test]
fn a_filename_that_names_another_image_is_refused_with_both() {
    let images = ["images/s00.png", "images/s02.png"];
    for filename in ["s00.png", "s00", "S00.JPG", "C:\\x\\s00.png"] {
        let message = image_of(&images, "annotations/s02.xml", filename).expect_err("two images");
        for part in ["<filename> is", "s00.png", "images/s02.png", "rename the label file", "s02.xml, line 2: ", "s02.xml"] {
            assert!(message.contains(part), "{message}");
        }
    }
    let message = image_of(&images, "annotations/a.xml", "../../s00.png").expect_err("it leads out");
    assert!(message.contains("<filename> \"../../s00.png\" leads out"), "{message}");
    let message = image_of(&["x/a.png", "y/a.png"], "l/b.xml", "a.png").expect_err("two fit");
    assert!(message.contains("may be x/a.png or y/a.png"), "{message}");
}

#[test]
fn sizes_that_say_nothing_are_no_sizes() {
    let good = label("a.png", &format!("{NAME}{BOX}"));
    for size in [
        "<size/>",
        "",
        "<size><width>0</width><height>0</height></size>",
        "<size><width>40</width><height>0</height></size>",
        "<size><width>40</width></size>",
        "<size><width>40.0</width><height> 20.00 </height></size>",
        "<size><width/><height/></size>",
    ] {
        let text = good.replace("<size><width>40</width><height>20</height></size>", size);
        let place = folder(&["a.png"], &[("a.xml", &text)]);
        let (labels, report) = read(place.path());
        assert!(labels.images.len() == 1 && report.problems.is_empty(), "{size}: {report}");
    }
}

#[test]
fn other_xml_is_passed_over_and_a_damaged_label_is_not() {
    let good = label("a.png", &format!("{NAME}{BOX}"));
    let long = format!("<?xml version='1.0'?><!-- {} -->{good}", "x".repeat(100_000));
    let place = folder(&["a.png"], &[("a.xml", &long), ("x.xml", "<svg/>"), ("e.xml", "")]);
    let (labels, report) = read(place.path());
    assert_eq!((labels.images.len(), report.evidence[0].files), (1, 1), "{report}");
    for (damaged, says) in [
        (good.replace("<annotation>", "<ann\u{1}otation>"), "not well-formed XML"),
        (good.replacen('<', "", 1), "not well-formed XML"),
        (good[..good.len() / 2].to_owned(), "not well-formed XML"),
        (format!("<!DOCTYPE x [<!ENTITY e \"e\">]>{good}"), "document type (DTD)"),
        (good.replace(NAME, "<name>&e;&e;</name>"), "no entity"),
    ] {
        assert!(malformed(&damaged)[0].1.contains(says), "{damaged}");
    }
}

#[test]
fn unusual_names_come_back_from_a_conversion_and_impossible_ones_are_refused() {
    let classes = [" cat ", "a&b<c>\"d'", "]]>", "two\nlines", "100 %\\,;"];
    let objects: Vec<String> = classes
        .iter()
        .zip(0..)
        .map(|(class, x)| {
            let class = crate::xml::escaped(class).expect("XML");
            format!("<name>{class}</name>{}", BOX.replace("<xmin>4", &format!("<xmin>{x}.3")))
        })
        .collect();
    let text = label("x.png", &objects.join("</object><object>"));
    let place = folder(&["images/ a& %20;.png"], &[("annotations/ a& %20;.xml", &text)]);
    let out = place.path().with_extension("out");
    convert(place.path(), &ReadOptions::default(), Format::Voc, &out).expect("it is converted");
    let (before, after) = (read(place.path()).0, read(&out).0);
    std::fs::remove_dir_all(&out).expect("it is removed");
    assert_eq!(before.classes, classes);
    assert_eq!((&before.classes, &before.images[0].name), (&after.classes, &after.images[0].name));
    assert_eq!(before.images[0].objects, after.images[0].objects);

    let mut labels = before;
    labels.classes[0] = "a\u{1}".into();
    let message = crate::write(&labels, Format::Voc, &out).expect_err("not in XML").to_string();
    assert!(message.contains("U+0001, which XML cannot hold"), "{message}");
    assert!(!out.exists());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    /// Pieces of labels in any order inside of a root: an error or labels, never a panic.
    #[test]
    fn no_label_panics(pieces in proptest::collection::vec(0..PIECES.len(), 0..30)) {
        let inner: String = pieces.iter().map(|&piece| PIECES[piece]).collect();
        let place = folder(&[], &[("a.xml", &format!("<annotation>{inner}</annotation>"))]);
        let (labels, _) = read(place.path());
        proptest::prop_assert!(labels.images.is_empty());
    }
}

const PIECES: [&str; 20] = [
    "<object>", "</object>", "<object/>", "<name>cat</name>", "<name/>", "<bndbox>", "</bndbox>", BOX,
    "<xmin>1</xmin>", "<xmax>1e308</xmax>", "<filename>a.png</filename>", "<size>", "</size>",
    "<width>4</width>", "<polygon>", "</polygon>", "<x1>1</x1>", "<pt><x>1</x><y>2</y></pt>",
    "<robndbox><cx>1</cx><cy>1</cy><w>1e308</w><h>1e308</h><angle>1</angle></robndbox>", "<annotation/>",
];
