//! Label files as people have them: other line ends, orders, delimiters, folders and names. All of
//! these are the same two images with one box each.

mod support;

use paso_labels::{Format, Labels, ProblemKind, ReadOptions, Report, Split};
use std::path::Path;
use support::write_text as write;

/// The images `a.png` and `b.png`, 40x20, in a folder below the data set's.
fn images(dir: &Path, folder: &str) {
    std::fs::create_dir_all(dir.join(folder)).expect("a folder");
    for (name, shade) in [("a.png", 40), ("b.png", 90)] {
        let image = image::RgbImage::from_pixel(40, 20, image::Rgb([shade; 3]));
        image.save(dir.join(folder).join(name)).expect("it is written");
    }
}

/// Reads a folder with images in `image_folder` and these other files.
fn read(image_folder: &str, files: &[(&str, &str)]) -> (Labels, Report) {
    let place = tempfile::tempdir().expect("a temporary folder");
    images(place.path(), image_folder);
    files.iter().for_each(|(name, text)| write(place.path(), name, text));
    Labels::read(place.path(), &ReadOptions::default()).expect("there are labels")
}

/// Class and box of `a` and `b`, after a check that nothing is wrong.
fn boxes(image_folder: &str, files: &[(&str, &str)]) -> Vec<(String, [f64; 4])> {
    let (labels, report) = read(image_folder, files);
    let wrong = report.problems.iter().filter(|p| p.kind != ProblemKind::Note);
    assert_eq!(wrong.count(), 0, "{files:?}\n{report}");
    let name = |class: usize| labels.classes[class].clone();
    let one = |i: &paso_labels::LabeledImage| {
        let [object] = i.objects[..] else { panic!("{}: {:?}", i.name, i.objects) };
        (name(object.class), object.xyxy)
    };
    labels.images.iter().map(one).collect()
}

fn expected() -> Vec<(String, [f64; 4])> {
    vec![("cat".into(), [4.0, 2.0, 24.0, 12.0]), ("dog".into(), [10.0, 5.0, 30.0, 15.0])]
}

#[test]
fn csv_is_read_with_every_delimiter_line_end_and_order_of_columns() {
    let plain = "filename,class,xmin,ymin,xmax,ymax\na.png,cat,4,2,24,12\nb.png,dog,10,5,30,15\n";
    let tables = [
        plain.to_owned(),
        plain.replace('\n', "\r\n"),
        plain.replace(',', ";"),
        plain.replace(',', "\t"),
        plain.replace(',', " , "),
        format!("\u{feff}{plain}"),
        plain.trim_end().to_owned(),
        plain.replace("filename,class,xmin", "FileName,Class,XMin"),
        plain.replace("filename", "image_path").replace("class", "label"),
        plain
            .replace("xmin", "x1")
            .replace("ymin", "y1")
            .replace("xmax", "x2")
            .replace("ymax", "y2"),
        plain.replace("a.png", "\"a.png\"").replace("b.png", "./b.png"),
        plain.replace("a.png", "a").replace("b.png", "b"),
        plain.replace("4,2,24,12", "4.0,2e0,24.000,12"),
        "ymax,xmax,ymin,xmin,class,file\n12,24,2,4,cat,a.png\n15,30,5,10,dog,b.png\n".into(),
        "a.png,4,2,24,12,cat\nb.png,10,5,30,15,dog\n".into(),
        "a.png,cat,4,2,24,12\nb.png,dog,10,5,30,15\n".into(),
        "a.png,40,20,cat,4,2,24,12\nb.png,40,20,dog,10,5,30,15\n".into(),
        "a.png,0,0,cat,4,2,24,12\nb.png,0,0,dog,10,5,30,15\n".into(),
        "id,filename,class,xmin,ymin,xmax,ymax,note\n\
         1,a.png,cat,4,2,24,12,\"x, y\"\n2,b.png,dog,10,5,30,15,\n"
            .into(),
    ];
    for table in &tables {
        assert_eq!(boxes("images", &[("labels.csv", table)]), expected(), "{table}");
    }
    // Next to the images, and one table for each of two folders.
    assert_eq!(boxes("", &[("labels.csv", plain)]), expected());
}

#[test]
fn csv_rows_of_one_image_are_its_objects_and_a_row_without_a_box_is_none() {
    let table = "filename,class,xmin,ymin,xmax,ymax\n\
                 a.png,cat,4,2,24,12\na.png,dog,1,1,2,2\nb.png,,,,,\n";
    let (labels, report) = read("", &[("labels.csv", table)]);
    let counts: Vec<usize> = labels.images.iter().map(|i| i.objects.len()).collect();
    assert_eq!((counts, report.problems.len()), (vec![2, 0], 0), "{report}");
}

#[test]
fn a_table_of_something_else_is_passed_over_and_said_so() {
    let table = "filename,class,xmin,ymin,xmax,ymax\na.png,cat,4,2,24,12\nb.png,dog,10,5,30,15\n";
    let other = "city,population\nParis,2100000\n";
    let (labels, report) = read("", &[("labels.csv", table), ("cities.csv", other)]);
    assert_eq!(labels.images.len(), 2);
    let note = &report.problems[0];
    assert!(note.file.ends_with("cities.csv") && note.message.contains("passed over"), "{note}");
}

const YAML: &str = "names: [cat, dog]\n";
const YOLO_A: &str = "0 0.35 0.35 0.5 0.5\n";
const YOLO_B: &str = "1 0.5 0.5 0.5 0.5\n";

#[test]
fn yolo_is_read_with_every_form_of_names_and_lines() {
    for names in [
        YAML,
        "names:\n  - cat\n  - dog\n",
        "names:\n  0: cat\n  1: dog\n",
        "names: {0: cat, 1: dog}\nnc: 2\n",
        "path: ../datasets/x\ntrain: images\nval: images\nnames: ['cat', \"dog\"]\n",
        "# a comment\nnc: 2\nnames: [cat, dog]\ndownload: |\n  some\n  script\n",
    ] {
        let files = [("data.yaml", names), ("labels/a.txt", YOLO_A), ("labels/b.txt", YOLO_B)];
        assert_eq!(boxes("images", &files), expected(), "{names}");
    }
    for a in [
        YOLO_A.replace('\n', "\r\n"),
        YOLO_A.replace(' ', "\t"),
        format!("\n  {YOLO_A}\n\n"),
        format!("\u{feff}{YOLO_A}"),
        "0 3.5e-1 .35 0.50 5E-1".into(),
        // A polygon, whose box is the same one.
        "0 0.1 0.1 0.6 0.1 0.6 0.6 0.1 0.6".into(),
        "0 0.1 0.3 0.3 0.1 0.6 0.6".into(),
    ] {
        let files = [("data.yaml", YAML), ("labels/a.txt", &a), ("labels/b.txt", YOLO_B)];
        assert_eq!(boxes("images", &files), expected(), "{a:?}");
    }
}

#[test]
fn yolo_labels_lie_in_labels_or_next_to_the_image() {
    for (images, labels) in [
        ("images", "labels"),
        ("images/train", "labels/train"),
        ("train/images", "train/labels"),
        ("photos", "photos"),
        ("", ""),
    ] {
        let at = |name: &str| format!("{labels}/{name}").trim_start_matches('/').to_owned();
        let files = [("data.yaml", YAML), (&at("a.txt"), YOLO_A), (&at("b.txt"), YOLO_B)];
        assert_eq!(boxes(images, &files), expected(), "{images} {labels}");
    }
    let files = [("classes.txt", "cat\ndog\n\n"), ("a.txt", YOLO_A), ("b.txt", YOLO_B)];
    assert_eq!(boxes("", &files), expected(), "names in classes.txt");
    let numbers = boxes("images", &[("labels/a.txt", YOLO_A), ("labels/b.txt", YOLO_B)]);
    assert_eq!((numbers[0].0.as_str(), numbers[1].0.as_str()), ("0", "1"), "no names at all");
}

#[test]
fn yolo_names_that_cannot_be_are_refused_by_file() {
    for (yaml, says) in [
        ("names: []\n", "names no class"),
        ("names: [cat, cat]\n", "two classes have the name \"cat\""),
        ("names: [cat, '']\n", "class 1 has no name"),
        ("names: {0: cat, 2: dog}\n", "names class 2, but not class 1"),
        ("names: 7\n", "is not what a data.yaml is"),
        ("names: [cat, dog\n", "is not what a data.yaml is"),
        ("train: nowhere\nnames: [cat, dog]\n", "train is \"nowhere\""),
    ] {
        let files = [("data.yaml", yaml), ("labels/a.txt", YOLO_A), ("labels/b.txt", YOLO_B)];
        let (_, report) = read("images", &files);
        let found = report.problems.iter().find(|p| p.kind == ProblemKind::Malformed);
        let problem = found.unwrap_or_else(|| panic!("{yaml}: {report}"));
        assert!(problem.file.ends_with("data.yaml") && problem.message.contains(says), "{problem}");
    }
}

fn voc(file: &str, class: &str, [x0, y0, x1, y1]: [u32; 4]) -> String {
    format!(
        "<annotation><folder>x</folder><filename>{file}</filename><path>C:\\x\\{file}</path>\
         <size><width>40</width><height>20</height><depth>3</depth></size>\
         <object><name>{class}</name><pose>Left</pose><bndbox><xmin>{x0}</xmin><ymin>{y0}</ymin>\
         <xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox></object></annotation>"
    )
}

#[test]
fn voc_is_read_with_every_order_space_and_size() {
    let (a, b) = (voc("a.png", "cat", [4, 2, 24, 12]), voc("b.png", "dog", [10, 5, 30, 15]));
    for a in [
        a.clone(),
        format!("\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<!-- c -->\r\n{a}"),
        a.replace("><", ">\n\t<"),
        a.replace("<xmin>4</xmin>", "<xmin> 4.0 </xmin>"),
        a.replace("<name>cat</name>", "<name>\n  cat </name>"),
        a.replace("<width>40</width>", "<width>0</width>"),
        a.replace("<filename>a.png</filename>", ""),
        a.replace("<filename>a.png</filename>", "<filename>a</filename>"),
        a.replace("<filename>a.png</filename>", "<filename>renamed.jpg</filename>"),
        a.replace("<xmin>4</xmin><ymin>2</ymin>", "<ymin>2</ymin><xmin>4</xmin>"),
        a.replace("<name>cat</name>", "<name><![CDATA[cat]]></name>"),
    ] {
        let files = [("annotations/a.xml", &a[..]), ("annotations/b.xml", &b)];
        assert_eq!(boxes("images", &files), expected(), "{a}");
    }
    for (images, labels) in [("JPEGImages", "Annotations"), ("", ""), ("x/y", "x/y")] {
        let at = |name: &str| format!("{labels}/{name}").trim_start_matches('/').to_owned();
        let files = [(&at("a.xml")[..], &a[..]), (&at("b.xml"), &b)];
        assert_eq!(boxes(images, &files), expected(), "{images}");
    }
}

fn coco() -> String {
    r#"{"info": {"year": 2024}, "licenses": [],
"images": [{"id": 7, "file_name": "a.png", "width": 40, "height": 20},
           {"id": -3, "file_name": "b.png", "width": 40, "height": 20, "license": 1}],
"annotations": [
  {"id": 1, "image_id": 7, "category_id": 90, "bbox": [4, 2, 20, 10], "iscrowd": 0, "area": 200},
  {"id": 2, "image_id": -3, "category_id": 5, "bbox": [10.0, 5, 20, 10.0], "segmentation": []}],
"categories": [{"id": 5, "name": "dog", "supercategory": "x"}, {"id": 90, "name": "cat"}]}"#
        .into()
}

#[test]
fn coco_is_read_with_any_ids_keys_and_places() {
    for json in [
        coco(),
        coco().replace("\"iscrowd\": 0", "\"iscrowd\": false"),
        coco().replace(", \"width\": 40, \"height\": 20", ""),
        coco().replace("\"width\": 40", "\"width\": 0"),
        coco().replace('\n', "\r\n"),
        format!("\u{feff}{}", coco()),
    ] {
        for name in ["annotations/instances_default.json", "_annotations.coco.json", "x.json"] {
            assert_eq!(boxes("images", &[(name, &json)]), expected(), "{name} {json}");
        }
    }
}

#[test]
fn coco_crowds_are_passed_over_and_what_refers_to_nothing_is_refused() {
    let crowd = coco().replace("\"iscrowd\": 0", "\"iscrowd\": 1");
    let (labels, report) = read("images", &[("x.json", &crowd)]);
    assert_eq!(labels.images[0].objects, []);
    assert!(report.problems[0].message.contains("1 crowd regions"), "{report}");
    for (from, to, says) in [
        ("\"image_id\": 7", "\"image_id\": 8", "image_id 8 is no image's id"),
        ("\"category_id\": 5", "\"category_id\": 6", "category_id 6 is no category's id"),
        ("\"id\": 2,", "\"id\": 1,", "two annotations have the id 1"),
        ("\"id\": -3", "\"id\": 7", "two images have the id 7"),
        ("\"id\": 90,", "\"id\": 5,", "two categories have the id 5"),
        ("\"dog\"", "\"cat\"", "\"cat\""),
        ("[4, 2, 20, 10]", "[4, 2, 20]", "annotation id 1: bbox is [4, 2, 20]; it must be"),
        ("[4, 2, 20, 10]", "[4, NaN, 20, 10]", "annotation id 1: bbox is"),
        ("[4, 2, 20, 10]", "[4, \"two\", 20, 10]", "annotation id 1: bbox is"),
        ("[4, 2, 20, 10]", "null", "annotation id 1"),
        ("\"b.png\"", "\"a.png\"", "labels a.png, which x.json labels as well"),
    ] {
        let (_, report) = read("", &[("x.json", &coco().replacen(from, to, 1))]);
        let found = report.problems.iter().any(|p| p.message.contains(says));
        assert!(found, "{to}: {report}");
    }
}

#[test]
fn boxes_over_the_edge_are_cut_and_those_beyond_are_left_out() {
    for (bbox, kind) in [
        ("4,2,41,12", Some(ProblemKind::BoxClamped)),
        ("-1,-1,24,12", Some(ProblemKind::BoxClamped)),
        ("4,2,42,12", Some(ProblemKind::BadBox)),
        ("4,2,4,12", Some(ProblemKind::BadBox)),
        ("24,2,4,12", Some(ProblemKind::BadBox)),
        ("50,2,60,12", Some(ProblemKind::BadBox)),
        ("40,2,41,12", Some(ProblemKind::BadBox)),
        ("0,0,40,20", None),
    ] {
        let table = format!("a.png,{bbox},cat\nb.png,10,5,30,15,dog\n");
        let (labels, report) = read("", &[("labels.csv", &table)]);
        let found: Vec<ProblemKind> = report.problems.iter().map(|p| p.kind).collect();
        assert_eq!(found, Vec::from_iter(kind), "{bbox}");
        let used = kind != Some(ProblemKind::BadBox);
        assert_eq!(labels.images.len(), 1 + usize::from(used), "{bbox}");
        for [x0, y0, x1, y1] in labels.images.iter().flat_map(|i| &i.objects).map(|o| o.xyxy) {
            assert!(0.0 <= x0 && x0 < x1 && x1 <= 40.0 && 0.0 <= y0 && y0 < y1 && y1 <= 20.0);
        }
    }
}

#[test]
fn the_same_box_twice_is_one_object() {
    let table = "a.png,4,2,24,12,cat\na.png,4,2,24,12,cat\nb.png,10,5,30,15,dog\n";
    let (labels, report) = read("", &[("labels.csv", table)]);
    assert!(labels.images.iter().all(|image| image.objects.len() == 1));
    assert!(report.problems.iter().any(|p| p.message.contains("counts once")), "{report}");
}

#[test]
fn split_files_name_images_with_or_without_folder_and_ending() {
    let table = "a.png,4,2,24,12,cat\nb.png,10,5,30,15,dog\n";
    for (folder, train, val) in [
        ("", "a.png", "b.png"),
        ("", "./images/a.png", "images/b.png"),
        ("ImageSets/Main/", "a", "b"),
        ("splits/", "images/a", "b"),
        ("", "a.png\n\n", "\r\nb.png\r\n"),
    ] {
        let (train_file, val_file) = (format!("{folder}train.txt"), format!("{folder}val.txt"));
        let files = [("labels.csv", table), (&train_file, train), (&val_file, val)];
        let (labels, report) = read("images", &files);
        let splits: Vec<Option<Split>> = labels.images.iter().map(|i| i.split).collect();
        assert_eq!(splits, [Some(Split::Train), Some(Split::Val)], "{train} {report}");
        assert!(labels.listed);
    }
}

#[test]
fn split_files_that_contradict_the_labels_or_each_other_are_reported_by_line() {
    let table = "a.png,4,2,24,12,cat\nb.png,10,5,30,15,dog\n";
    for (train, val, kind, says) in [
        (
            "a.png\nghost.png",
            "b.png",
            ProblemKind::ListedNotLabeled,
            "train.txt, line 2: no labeled",
        ),
        (
            "a.png",
            "b.png\na.png",
            ProblemKind::Malformed,
            "val.txt, line 2: \"a.png\" is in the tra",
        ),
        (
            "a.png",
            "",
            ProblemKind::InNoSplit,
            "labels.csv, line 2: is labeled, but its image is in",
        ),
    ] {
        let files = [("labels.csv", table), ("train.txt", train), ("val.txt", val)];
        let (_, report) = read("images", &files);
        let problem = report.problems.iter().find(|p| p.kind == kind).expect(says);
        assert!(problem.to_string().contains(says), "{problem}");
    }
}

#[test]
fn a_format_that_was_asked_for_is_read_even_where_another_is_found_first() {
    let place = tempfile::tempdir().expect("a temporary folder");
    images(place.path(), "");
    write(place.path(), "labels.csv", "a.png,4,2,24,12,cat\nb.png,10,5,30,15,dog\n");
    write(place.path(), "a.xml", &voc("a.png", "bird", [4, 2, 24, 12]));
    let read = |format| {
        let options = ReadOptions { format, ..ReadOptions::default() };
        Labels::read(place.path(), &options).expect("labels")
    };
    // The table has two usable images, the XML file is for one.
    let (found, report) = read(None);
    assert_eq!((found.classes.len(), report.format), (2, Format::Csv));
    let both = "holds Pascal VOC labels too (a.xml, 1 usable images); the CSV ones are read \
                (labels.csv, 2); --format chooses";
    assert!(report.problems.iter().any(|p| p.message == both), "{report}");
    let (asked, report) = read(Some(Format::Voc));
    assert_eq!((asked.classes, report.format), (vec!["bird".to_owned()], Format::Voc));
}
