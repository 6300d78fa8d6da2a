//! CVAT as it exports, and what is refused.

use crate::testing::Folder;
use crate::{Format, Labels, ProblemKind, ReadOptions, Report, Split, convert};
use std::path::Path;

/// Images (40x20) and `annotations.xml` in a new folder.
fn folder(images: &[&str], xml: &str) -> Folder {
    let folder = Folder::sized(images, [40, 20]);
    folder.write("annotations.xml", xml);
    folder
}

fn read(place: &Path) -> (Labels, Report) {
    Labels::read(place, &ReadOptions::default()).expect("there are labels")
}

/// A file of one image with this inside, on a line of its own.
fn one(shapes: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<annotations>\n<version>1.1</version>\n\
         <meta><task><name>t</name><labels><label><name>cat</name></label></labels></task></meta>\n\
         <image id=\"0\" name=\"a.png\" width=\"40\" height=\"20\">\n{shapes}\n</image>\n\
         </annotations>\n"
    )
}

const BOX: &str = "<box label=\"cat\" source=\"manual\" occluded=\"0\" xtl=\"4.00\" ytl=\"2.00\" \
                   xbr=\"24.00\" ybr=\"12.00\" z_order=\"0\">\n<attribute name=\"age\">3</attribute>\
                   \n</box>";

#[test]
fn every_shape_with_an_area_counts_as_the_box_around_it() {
    let cuboid = "<cuboid label=\"cat\" xtl1=\"4\" ytl1=\"3\" xbl1=\"4\" ybl1=\"12\" xtr1=\"9\" \
                  ytr1=\"2\" xbr1=\"9\" ybr1=\"11\" xtl2=\"24\" ytl2=\"3\" xbl2=\"24\" ybl2=\"12\" \
                  xtr2=\"20\" ytr2=\"3\" xbr2=\"20\" ybr2=\"9\"/>";
    for shape in [
        BOX,
        "<box xbr=\"24\" ybr=\"12\" xtl=\" 4 \" ytl=\"2e0\" label=\"cat\"/>",
        "<polygon label=\"cat\" points=\"4.00,7.00;24.00,2.00;9.00,12.00\"/>",
        "<polygon label=\"cat\" points=\"4,7;24,2;9,12;\"/>",
        "<ellipse label=\"cat\" cx=\"14\" cy=\"7\" rx=\"10\" ry=\"5\"/>",
        "<mask label=\"cat\" rle=\"1, 2\" left=\"4\" top=\"2\" width=\"20\" height=\"10\"/>",
        cuboid,
    ] {
        let place = folder(&["images/a.png"], &one(shape));
        let (labels, report) = read(place.path());
        assert_eq!((report.format, report.problems.len()), (Format::Cvat, 0), "{shape}: {report}");
        assert_eq!(labels.classes, ["cat"]);
        assert_eq!(labels.images[0].objects[0].xyxy, [4.0, 2.0, 24.0, 12.0], "{shape}");
    }
    for (shape, xyxy) in [
        (BOX.replace(" z_order", " rotation=\"90\" z_order"), [9.0, -3.0, 19.0, 17.0]),
        ("<ellipse label=\"cat\" cx=\"14\" cy=\"9\" rx=\"8\" ry=\"5\" rotation=\"90\"/>".into(), [9.0, 1.0, 19.0, 17.0]),
    ] {
        let place = folder(&["images/a.png"], &one(&shape));
        let (labels, report) = read(place.path());
        // The turned box reaches out of its image, which shows where it is.
        let shown = format!("{report}");
        let found = labels.images.first().map(|image| image.objects[0].xyxy);
        assert!(found == Some(xyxy) || shown.contains("the box 9,-3 to 19,17"), "{shape}: {shown}");
        assert_eq!(shown.contains("has a turned <box>"), shape.starts_with("<box"), "{shown}");
    }
}

#[test]
fn shapes_without_an_area_are_passed_over_by_line() {
    for kind in ["points", "polyline", "tag", "skeleton"] {
        let shape = format!("{BOX}\n<{kind} label=\"nose\" points=\"1,2\"/>");
        let place = folder(&["images/a.png"], &one(&shape));
        let (labels, report) = read(place.path());
        assert_eq!(labels.images[0].objects.len(), 1);
        let problem = &report.problems[0];
        assert_eq!((problem.kind, problem.line), (ProblemKind::NoBox, Some(9)), "{problem}");
        assert!(problem.message.contains(&format!("<{kind}> (\"nose\") has no box")), "{problem}");
    }
}

#[test]
fn what_is_wrong_is_refused_by_line_and_attribute() {
    let image = "<image id=\"1\" name=\"b.png\"/>";
    let add = |image: &str| one(BOX).replace("</annotations>", &format!("{image}\n</annotations>"));
    let change = |from: &str, to: &str| one(BOX).replace(from, to);
    for (xml, line, says) in [
        (change(" xbr=\"24.00\"", ""), 6, "<box> of \"a.png\" has no xbr"),
        (change(" label=\"cat\"", ""), 6, "has no label"),
        (change("xbr=\"24.00\"", "xbr=\"nan\""), 6, "xbr of <box> is \"nan\", not a finite"),
        (change("xbr=\"24.00\"", "xbr=\"24,5\""), 6, "with a decimal point: 24.5"),
        (change("xbr=\"24.00\"", "xbr=\"24\" xbr=\"25\""), 6, "the attribute xbr twice"),
        (change("width=\"40\"", "width=\"wide\""), 5, "width is \"wide\""),
        (change(" name=\"a.png\"", ""), 5, "<image> has no name"),
        (change("a.png", "../../a.png"), 5, "name \"../../a.png\" leads out"),
        (one("<polygon label=\"c\" points=\"1,2;3\"/>"), 6, "a point is \"3\""),
        (one("<polygon label=\"c\" points=\"1,2;3,4\"/>"), 6, "has 2 points"),
        (one("<ellipse label=\"c\" cx=\"1e308\" cy=\"0\" rx=\"1e308\" ry=\"1\"/>"), 6, "larger than any"),
        (add(&image.replace("\"1\"", "\"0\"")), 10, "two images have the id 0, this one and that of line 5"),
        (add(&image.replace("b.png", "a.png")), 10, "two images have the name \"a.png\""),
        (add("<track id=\"0\" label=\"cat\"/>"), 10, "export it as \"CVAT for images 1.1\""),
        (one(BOX)[..200].into(), 5, "not well-formed XML"),
    ] {
        let place = folder(&["images/a.png", "images/b.png"], &xml);
        let (_, report) = read(place.path());
        let found = report.problems.iter().find(|p| p.kind == ProblemKind::Malformed);
        let problem = found.unwrap_or_else(|| panic!("{says}: {report}"));
        assert!(problem.message.contains(says), "{says}: {problem}");
        assert!(problem.file.ends_with("annotations.xml"), "{problem}");
        assert_eq!(problem.line, Some(line), "{says}: {problem}");
    }
}

#[test]
fn a_subset_is_a_split_and_the_folder_of_its_images() {
    let image = |task: u8, subset: &str| {
        format!(
            "<image id=\"0\" task_id=\"{task}\" subset=\"{subset}\" name=\"a.png\" width=\"40\" \
             height=\"20\">{BOX}</image>"
        )
    };
    let all = [image(1, "Train"), image(2, "Validation"), image(3, "Test")].concat();
    let xml = format!("<annotations>{all}</annotations>");
    let images = ["images/Train/a.png", "images/Validation/a.png", "images/Test/a.png"];
    let (labels, report) = read(folder(&images, &xml).path());
    let splits: Vec<_> = labels.images.iter().map(|i| (i.name.as_str(), i.split)).collect();
    let expected =
        [("Test/a.png", Split::Test), ("Train/a.png", Split::Train), ("Validation/a.png", Split::Val)];
    assert_eq!(splits, expected.map(|(name, split)| (name, Some(split))), "{report}");
    let xml = format!("<annotations>{}</annotations>", image(1, "Validation"));
    let (labels, _) = read(folder(&["images/a.png"], &xml).path());
    assert_eq!(labels.images[0].split, Some(Split::Val), "images in one folder");
}

#[test]
fn other_files_are_not_claimed() {
    for (xml, says) in [
        ("<annotation/>", "its root is <annotation>, not <annotations>"),
        ("<annotations><meta/></annotations>", "its <annotations> hold no <image>"),
        ("", "it has no <annotations>"),
    ] {
        let place = folder(&["a.png"], xml);
        let options = ReadOptions { format: Some(Format::Cvat), ..ReadOptions::default() };
        let message = Labels::read(place.path(), &options).expect_err(xml).to_string();
        assert!(message.contains(says), "{message}");
    }
    let meta = "<meta>".to_owned() + &"<label><name>x</name></label>".repeat(5000) + "</meta>";
    let long = one(BOX).replace("<version>", &(meta + "<version>"));
    assert_eq!(read(folder(&["images/a.png"], &long).path()).0.images.len(), 1);
}

#[test]
fn unusual_names_come_back_from_a_conversion() {
    let classes = [" cat ", "a&b<c>\"d'", "]]>", "two\nlines\t", "100 %\\,;"];
    let boxes: String = classes
        .iter()
        .zip(0..)
        .map(|(class, x)| {
            let class = crate::xml::escaped(class).expect("XML");
            BOX.replace("\"cat\"", &format!("\"{class}\"")).replace("4.00", &format!("{x}.3"))
        })
        .collect();
    let place = folder(&["images/ a&%20.png"], &one(&boxes).replace("a.png", " a&amp;%20.png"));
    let out = place.path().with_extension("out");
    convert(place.path(), &ReadOptions::default(), Format::Cvat, &out).expect("it is converted");
    let (before, after) = (read(place.path()).0, read(&out).0);
    std::fs::remove_dir_all(&out).expect("it is removed");
    assert_eq!(before.classes, classes);
    assert_eq!((&before.classes, &before.images[0].name), (&after.classes, &after.images[0].name));
    assert_eq!(before.images[0].objects, after.images[0].objects);
    let mut labels = before;
    labels.classes[0] = "a\u{1}".into();
    let message = crate::write(&labels, Format::Cvat, &out).expect_err("not in XML").to_string();
    assert!(message.contains("U+0001, which XML cannot hold"), "{message}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    /// Pieces of labels in any order inside of an image: an error or labels, never a panic.
    #[test]
    fn no_file_panics(pieces in proptest::collection::vec(0..PIECES.len(), 0..20)) {
        let inner: String = pieces.iter().map(|&piece| PIECES[piece]).collect();
        let (labels, _) = read(folder(&[], &one(&inner)).path());
        proptest::prop_assert!(labels.images.is_empty());
    }
}

const PIECES: [&str; 14] = [
    BOX, "<box/>", "<box label='a' xtl='1e308' ytl='0' xbr='-1e308' ybr='1' rotation='45'/>",
    "<polygon label='a' points='1,1;1e308,2;3,-1e308'/>", "<polygon label='a' points=';;;'/>",
    "<mask label='a' left='1e308' top='0' width='1e308' height='1'/>", "<cuboid label='a' xtl1='1'/>",
    "<ellipse label='a' cx='1' cy='1' rx='nan' ry='1'/>", "</image><image name='a.png'>", "<tag/>",
    "</image><image id='0' name=''>", "</image><image name='../x' width='-1'>", "<skeleton>", "text &amp; ",
];
