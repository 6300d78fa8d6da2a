//! Whole folders, as tools write them and people leave them.

use std::path::Path;

use crate::testing::Folder;
use crate::{Format, Labels, ProblemKind, ReadOptions, Report, Split};

const A: &str = "0 0.35 0.35 0.5 0.5\n";
const B: &str = "1 0.5 0.5 0.5 0.5\n";
const YAML: &str = "names: [cat, dog]\n";

/// A new folder of these files, of which images are made 40x20, as it is read.
fn read(files: &[(&str, &str)]) -> (Labels, Report) {
    let is_image = |file: &&(&str, &str)| crate::folder::names::is_image(file.0);
    let images: Vec<&str> = files.iter().filter(is_image).map(|(name, _)| *name).collect();
    let folder = Folder::sized(&images, [40, 20]);
    for (name, text) in files.iter().filter(|file| !is_image(file)) {
        folder.write(name, text);
    }
    folder.read_as(Format::Yolo).expect("there are labels")
}

/// Name, class and box of each object, after a check that nothing is wrong.
fn boxes(files: &[(&str, &str)]) -> Vec<(String, String, [f64; 4], Option<Split>)> {
    let (labels, report) = read(files);
    let wrong = report.problems.iter().filter(|p| p.kind != ProblemKind::Note);
    assert_eq!(wrong.count(), 0, "{files:?}\n{report}");
    let object = |image: &crate::LabeledImage| {
        let [object] = image.objects[..] else { panic!("{}: {:?}", image.name, image.objects) };
        let name = crate::folder::base_name(&image.name).to_owned();
        (name, labels.classes[object.class].clone(), object.xyxy, image.split)
    };
    labels.images.iter().map(object).collect()
}

fn expected(splits: [Option<Split>; 2]) -> Vec<(String, String, [f64; 4], Option<Split>)> {
    vec![
        ("a.png".into(), "cat".into(), [4.0, 2.0, 24.0, 12.0], splits[0]),
        ("b.png".into(), "dog".into(), [10.0, 5.0, 30.0, 15.0], splits[1]),
    ]
}

/// The first problem of a kind.
fn problem(files: &[(&str, &str)], kind: ProblemKind) -> String {
    let (_, report) = read(files);
    let found = report.problems.iter().find(|p| p.kind == kind);
    let problem = found.unwrap_or_else(|| panic!("{files:?}\n{report}"));
    let file = problem.file.file_name().expect("a file").to_string_lossy().into_owned();
    format!("{file}, {:?}: {}", problem.line, problem.message)
}

#[test]
fn the_layouts_of_tools_are_read_without_a_split() {
    let labeled = |images: &str, labels: &str, others: &[(&str, &str)]| {
        let names = ["a", "b"].map(|n| (format!("{images}{n}.png"), format!("{labels}{n}")));
        let ending = if labels == "LABELS/" { ".TXT" } else { ".txt" };
        let texts = names.each_ref().map(|(_, label)| format!("{label}{ending}"));
        let mut files: Vec<(&str, &str)> = names.iter().map(|(image, _)| (&image[..], "")).collect();
        files.extend([(&texts[0][..], A), (&texts[1][..], B)]);
        files.extend(others);
        assert_eq!(boxes(&files), expected([None; 2]), "{files:?}");
    };
    let classes = "cat\ndog\n";
    labeled("images/", "labels/", &[("classes.txt", classes), ("notes.json", "{}")]);
    labeled("images/", "labels/", &[("labels/classes.txt", classes)]);
    labeled("Images/", "Labels/", &[("data.yml", YAML)]);
    labeled("images/", "LABELS/", &[("dataset.yaml", YAML)]);
    labeled("images/", "labels/", &[("config/my.yaml", YAML), ("hyp.yaml", "lr0: 0.01\n")]);
    labeled("", "", &[("classes.txt", classes), ("README.txt", "Some cats."), ("log.txt", "")]);
    labeled("photos/", "yolo/", &[("_darknet.labels", classes)]);
    labeled("images/", "labels/", &[("images/classes.txt", "cat\n"), ("classes.txt", classes)]);
    labeled("a/b/images/", "a/b/labels/", &[("a/b/data.yaml", YAML)]);
    labeled("images/", "labels/", &[("data.yaml", "names: cats.names\n"), ("cats.names", classes)]);
}

#[test]
fn splits_are_what_data_yaml_or_obj_data_say() {
    let both = expected([Some(Split::Train), Some(Split::Val)]);
    let roboflow = "train: ../train/images\nval: ../valid/images\ntest: ../test/images\nnc: 2\n\
                    names: ['cat', 'dog']\nroboflow:\n  version: 1\n";
    let windows = "path: D:\\me\\set\ntrain: train\\images\nval: valid\\images\nnames: [cat, dog]\n";
    let absolute = "train: /content/set/train/images\nvalid: /content/set/valid/images\nnames: [cat, dog]";
    for yaml in [roboflow, windows, absolute] {
        let files = [
            ("train/images/a.png", ""),
            ("train/labels/a.txt", A),
            ("valid/images/b.png", ""),
            ("valid/labels/b.txt", B),
            ("data.yaml", yaml),
        ];
        assert_eq!(boxes(&files), both, "{yaml}");
    }
    let files = [
        ("obj_data/a.png", ""),
        ("obj_data/a.txt", A),
        ("obj_data/b.png", ""),
        ("obj_data/b.txt", B),
        ("obj.names", "cat\ndog\n"),
        ("lists/one.txt", "data/obj_data/a.png\n"),
        ("lists/two.txt", "data/obj_data/b.png\n"),
        ("obj.data", "classes= 2\ntrain  = data/lists/one.txt\nvalid = data/lists/two.txt\nnames = data/obj.names\nbackup = backup/\n"),
    ];
    assert_eq!(boxes(&files), both, "Darknet");
    let mut cvat = files;
    cvat[5].0 = "train.txt";
    cvat[6].0 = "val.txt";
    cvat[7].1 = "classes = 2\ntrain = data/train.txt\nvalid = data/val.txt\nnames = data/obj.names\n";
    assert_eq!(boxes(&cvat), both, "CVAT: lists at the top, with paths of elsewhere");
}

/// Two labeled images with this `data.yaml`, and these lines for the second.
fn with<'a>(yaml: &'a str, b: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("images/a.png", ""),
        ("images/b.png", ""),
        ("labels/a.txt", A),
        ("labels/b.txt", b),
        ("data.yaml", yaml),
    ]
}

#[test]
fn what_data_yaml_cannot_mean_is_refused_by_file_and_line() {
    for (yaml, says) in [
        ("names: [cat, dog]\nnames: [dog, cat]\n", "data.yaml, Some(2): has the key \"names\" twice, in lines 1 and 2"),
        ("names: [cat, dog]\nval: images\nvalid: labels\n", "data.yaml, Some(3): has the key \"val\" twice"),
        ("names: [cat, dog]\ntrain: nowhere\n", "data.yaml, Some(2): train is \"nowhere\", and the folder holds no"),
        ("names: {{ classes }}\n", "data.yaml, Some(1): has a placeholder of a template"),
        ("names: &n [cat, dog]\nval: *n\n", "data.yaml, Some(2): val is an alias of a list"),
        ("names: [cat, dog]\nkpt_shape: 17\n", "data.yaml, Some(2): kpt_shape is \"17\""),
        ("- names: [cat]\nnames: x\n", "data.yaml, Some(2): is not what a data.yaml is"),
        ("names: [cat]\n", "b.txt, Some(1): class 1 is not in data.yaml, which names 1 (0 to 0)"),
        ("nc: 1\n", "b.txt, Some(1): class 1 is not in data.yaml"),
    ] {
        let message = problem(&with(yaml, B), ProblemKind::Malformed);
        assert!(message.contains(says), "{yaml}: {message}");
    }
    let message = problem(&with("nc: 3\nnames: [cat, dog]", B), ProblemKind::Warning);
    assert!(message.contains("Some(1): nc is 3, but names has 2"), "{message}");
    let numbers = boxes(&with("nc: 2\n", B));
    assert_eq!((&numbers[0].1[..], &numbers[1].1[..]), ("0", "1"));
}

#[test]
fn two_lists_of_names_must_agree() {
    let lists = |one: &str, two: &str| {
        let mut files = with("nc: 2\n", B);
        files.pop();
        files.extend([("images/classes.txt", one), ("labels/classes.txt", two)]);
        let (labels, report) = read(&files);
        (labels.classes, report.refuse_malformed().map_err(|e| e.to_string()))
    };
    let (classes, refused) = lists("cat\ndog\nbird\n", "cat\ndog\n");
    assert!(classes == ["cat", "dog", "bird"] && refused.is_ok(), "one begins the other");
    let message = lists("cat\ndog\n", "dog\ncat\n").1.expect_err("they differ");
    assert!(message.contains("labels/classes.txt: names other classes than images/classes.txt"), "{message}");
    let mut files = with(YAML, B);
    files.push(("classes.txt", "dog\ncat\n"));
    let message = problem(&files, ProblemKind::Warning);
    assert!(message.starts_with("classes.txt, None: names other classes than data.yaml"), "{message}");
    files[5] = ("other.yaml", "names: [dog, cat]");
    let message = problem(&files, ProblemKind::Malformed);
    assert!(message.contains("remove one of them"), "{message}");
}

#[test]
fn lines_with_keypoints_are_boxes_where_kpt_shape_says_so_and_refused_where_not() {
    let a = "0 0.35 0.35 0.5 0.5 0.35 0.35 2 0.4 0.3 1 0 0 0\n";
    let b = "1 0.5 0.5 0.5 0.5 0.45 0.5 2 0.6 0.6 2 0.3 0.3 0\n";
    let files = |yaml| {
        let mut files = with(yaml, b);
        files[2].1 = a;
        files
    };
    assert_eq!(boxes(&files("names: [cat, dog]\nkpt_shape: [3, 3]\n")), expected([None; 2]));
    let message = problem(&files(YAML), ProblemKind::Malformed);
    assert!(message.contains("a.txt, Some(1)") && message.contains("add kpt_shape: [3, 3]"), "{message}");
    let message = problem(&files("names: [cat, dog]\nkpt_shape: [4, 3]\n"), ProblemKind::Malformed);
    assert!(message.contains("with kpt_shape [4, 3] a line has 17"), "{message}");
}

#[test]
fn outlines_are_noted_once_and_their_box_is_taken() {
    let outline = "1 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75\n";
    assert_eq!(boxes(&with(YAML, outline)), expected([None; 2]));
    let message = problem(&with(YAML, outline), ProblemKind::Note);
    assert!(message.starts_with("b.txt, Some(1): is an outline and no box, as 1 objects"), "{message}");
}

#[test]
fn an_empty_file_is_an_image_without_an_object() {
    let (labels, report) = read(&with(YAML, " \r\n"));
    assert_eq!(labels.images[1].objects, []);
    assert_eq!(report.problems, [], "{report}");
}

#[test]
fn a_label_for_two_images_is_refused_with_both() {
    let mut files = with(YAML, B);
    files.push(("images/b.jpg", ""));
    let message = problem(&files, ProblemKind::Malformed);
    assert!(message.starts_with("b.txt, None") && message.contains("images/b.jpg or images/b.png"), "{message}");
}

#[test]
fn a_label_without_its_image_and_an_image_without_its_label_are_reported() {
    let mut files = with(YAML, B);
    files[1].0 = "images/c.png";
    let message = problem(&files, ProblemKind::ImageMissing);
    assert!(message.starts_with("b.txt, None: its image b is not there"), "{message}");
    assert!(problem(&files, ProblemKind::NoLabel).starts_with("c.png"));
    // a.1 is not a.
    files[1].0 = "images/b.png";
    files.push(("labels/a.1.txt", A));
    let message = problem(&files, ProblemKind::ImageMissing);
    assert!(message.starts_with("a.1.txt, None: its image a.1 is not there"), "{message}");
}

#[test]
fn images_called_like_lists_are_images() {
    let files = [
        ("images/train.png", ""),
        ("images/classes.png", ""),
        ("labels/train.txt", A),
        ("labels/classes.txt", B),
        ("data.yaml", YAML),
    ];
    let found = boxes(&files);
    let names: Vec<(&str, &str)> = found.iter().map(|b| (&b.0[..], &b.1[..])).collect();
    assert_eq!(names, [("classes.png", "dog"), ("train.png", "cat")]);
}

#[test]
fn captions_next_to_images_are_no_labels() {
    let files = [("a.png", ""), ("a.txt", "a photo of a cat on a red mat")];
    let place = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        std::fs::write(place.path().join(name), text).expect("it is written");
    }
    let error = Labels::read(Path::new(place.path()), &ReadOptions::default()).expect_err("none");
    assert!(error.to_string().contains("a.txt: no YOLO: its first line is not class x y"), "{error}");
}
