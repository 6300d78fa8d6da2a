//! Folders in the layouts of labeling tools: each is the same four images with one box each, and is
//! read without a word about what to change.

mod support;

use paso_labels::{Effect, Format, Labels, ReadOptions};
use std::path::Path;
use support::write_text;

/// A name from the name of an image.
type Naming<'a> = &'a dyn Fn(&str) -> String;

/// A row from name, class and corners.
type Row<'a> = &'a dyn Fn(&str, &str, [f64; 4]) -> String;

/// Name, class, and left, top, right, bottom in an image of 64x48.
const IMAGES: [(&str, &str, [f64; 4]); 4] = [
    ("s0", "square", [33.0, 14.0, 51.0, 34.0]),
    ("s1", "disc", [8.0, 6.0, 32.0, 30.0]),
    ("s2", "square", [20.0, 12.0, 44.0, 36.0]),
    ("s3", "disc", [40.0, 18.0, 56.0, 30.0]),
];

/// A folder that is made by `make`, which gets it with its images at the names that `image` gives.
fn read(image: impl Fn(&str) -> String, make: impl Fn(&Path)) -> (Labels, paso_labels::Report) {
    let place = tempfile::tempdir().expect("a temporary folder");
    for (shade, (name, ..)) in (0_u8..).zip(IMAGES) {
        let path = place.path().join(image(name));
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
        let pixels = image::GrayImage::from_pixel(64, 48, image::Luma([50 * shade]));
        let format = image::ImageFormat::Png;
        pixels.save_with_format(path, format).expect("it is written");
    }
    make(place.path());
    Labels::read(place.path(), &ReadOptions::default()).unwrap_or_else(|e| panic!("{e}"))
}

/// Checks that everything is read as it is meant.
#[track_caller]
fn meant(image: impl Fn(&str) -> String, make: impl Fn(&Path), format: Format) {
    let (labels, report) = read(image, make);
    assert_eq!(report.format, format, "{report}");
    assert!(report.problems.iter().all(|p| p.kind.effect() == Effect::Noted), "{report}");
    let mut found: Vec<(String, [f64; 4])> = labels
        .images
        .iter()
        .map(|i| (labels.classes[i.objects[0].class].clone(), i.objects[0].xyxy))
        .collect();
    found.sort_by(|a, b| a.1[0].total_cmp(&b.1[0]));
    let mut wanted = IMAGES.map(|(_, class, xyxy)| (class.to_owned(), xyxy));
    wanted.sort_by(|a, b| a.1[0].total_cmp(&b.1[0]));
    assert_eq!(found.len(), 4, "{report}");
    for (found, wanted) in found.iter().zip(&wanted) {
        let near = found.1.iter().zip(wanted.1).all(|(a, b)| (a - b).abs() < 0.01);
        assert!(found.0 == wanted.0 && near, "{found:?} is not {wanted:?}\n{report}");
    }
}

fn rows(head: &str, row: impl Fn(&str, &str, [f64; 4]) -> String) -> String {
    let rows = IMAGES.iter().map(|(name, class, xyxy)| row(name, class, *xyxy) + "\n");
    format!("{head}\n{}", rows.collect::<String>())
}

fn voc(name: &str, class: &str, [x0, y0, x1, y1]: [f64; 4]) -> String {
    format!(
        "<annotation><filename>{name}.png</filename><object><name>{class}</name><bndbox>\
         <xmin>{x0}</xmin><ymin>{y0}</ymin><xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox></object>\
         </annotation>"
    )
}

fn yolo(class: &str, [x0, y0, x1, y1]: [f64; 4]) -> String {
    let (x, y) = ((x0 + x1) / 128.0, (y0 + y1) / 96.0);
    format!("{} {x} {y} {} {}\r\n", u8::from(class == "disc"), (x1 - x0) / 64.0, (y1 - y0) / 48.0)
}

fn coco(file_name: impl Fn(&str) -> String) -> String {
    let images = (0..).zip(IMAGES).map(|(id, (name, ..))| {
        format!(
            "{{\"id\": {id}, \"file_name\": \"{}\", \"width\": 64, \"height\": 48}}",
            file_name(name)
        )
    });
    let annotations = (0..).zip(IMAGES).map(|(id, (_, class, [x0, y0, x1, y1]))| {
        let category = if class == "disc" { 7 } else { 3 };
        format!(
            "{{\"id\": {id}, \"image_id\": {id}, \"category_id\": {category}, \
             \"bbox\": [{x0}, {y0}, {}, {}]}}",
            x1 - x0,
            y1 - y0
        )
    });
    let join = |parts: Vec<String>| parts.join(", ");
    format!(
        "{{\"images\": [{}], \"annotations\": [{}], \"categories\": \
         [{{\"id\": 3, \"name\": \"square\"}}, {{\"id\": 7, \"name\": \"disc\"}}]}}",
        join(images.collect()),
        join(annotations.collect())
    )
}

#[test]
fn tables_of_tools_are_read_by_their_headers() {
    let plain = |name: &str| format!("{name}.png");
    let tables: [(&str, Row<'_>); 6] = [
        ("filename,width,height,class,xmin,ymin,xmax,ymax", &|n, c, [a, b, x, y]| {
            format!("{n}.png,64,48,{c},{a},{b},{x},{y}")
        }),
        ("\"image\",\"xmin\",\"ymin\",\"xmax\",\"ymax\",\"label\"", &|n, c, [a, b, x, y]| {
            format!("\"{n}.png\",{a}.0,{b},{x},{y},\"{c}\"")
        }),
        (
            "label_name,bbox_x,bbox_y,bbox_width,bbox_height,image_name,image_width,image_height",
            &|n, c, [a, b, x, y]| format!("{c},{a},{b},{},{},{n}.png,64,48", x - a, y - b),
        ),
        (
            "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded",
            &|n, c, [a, b, x, y]| {
                format!("{n},xclick,{c},1,{},{},{},{},0", a / 64.0, x / 64.0, b / 48.0, y / 48.0)
            },
        ),
        ("filename;class;xmin;ymin;xmax;ymax", &|n, c, [a, b, x, y]| {
            format!("{n}.png;{c};{a},001;{b},0;{x},0;{y},0")
        }),
        ("path\tlabel\tx1\ty1\tx2\ty2", &|n, c, [a, b, x, y]| {
            format!("C:\\set\\images\\{n}.png\t{c}\t{a}\t{b}\t{x}\t{y}")
        }),
    ];
    for (head, row) in tables {
        meant(plain, |dir| write_text(dir, "labels.csv", &rows(head, row)), Format::Csv);
    }
}

#[test]
fn voc_folders_lie_anywhere_and_in_any_case() {
    let layouts: [(Naming<'_>, Naming<'_>); 5] = [
        (&|n| format!("my set/images/{n}.png"), &|n| format!("my set/annotations/{n}.xml")),
        (&|n| format!("IMAGES/{}.PNG", n.to_uppercase()), &|n| {
            format!("ANNOTATIONS/{}.XML", n.to_uppercase())
        }),
        (&|n| format!("JPEGImages/{n}.png"), &|n| format!("Annotations/{n}.xml")),
        (&|n| format!("{n}.png"), &|n| format!("{n}.xml")),
        (&|n| format!("train/{n}.png"), &|n| format!("train/{n}.xml")),
    ];
    for (image, label) in layouts {
        let make = |dir: &Path| {
            for (name, class, xyxy) in IMAGES {
                write_text(dir, &label(name), &voc(name, class, xyxy));
            }
        };
        meant(image, make, Format::Voc);
    }
}

#[test]
fn coco_names_are_links_uploads_and_paths() {
    let names: [(Naming<'_>, Naming<'_>, &str); 6] = [
        (
            &|n| format!("{n}.png"),
            &|n| format!("https://example.org/up/3/{n}.png?t=1"),
            "result.json",
        ),
        (
            &|n| format!("images/3f-{n}.png"),
            &|n| format!("/data/upload/3/3f-{n}.png"),
            "result.json",
        ),
        (&|n| format!("images/{n}.png"), &|n| format!("images\\\\{n}.png"), "labels.json"),
        (
            &|n| format!("images/default/{n}.png"),
            &|n| format!("{n}.png"),
            "annotations/instances_default.json",
        ),
        (&|n| format!("train/{n}.png"), &|n| format!("{n}.png"), "train/_annotations.coco.json"),
        (
            &|n| format!("train2017/{n}.png"),
            &|n| format!("{n}.png"),
            "annotations/instances_train2017.json",
        ),
    ];
    for (image, file_name, json) in names {
        meant(image, |dir| write_text(dir, json, &coco(file_name)), Format::Coco);
    }
}

#[test]
fn yolo_folders_have_their_names_in_any_usual_file() {
    let yaml =
        "path: /content/drive/set\ntrain: /content/drive/set/images\nnames: [square, disc]\n";
    let layouts: [(&str, &str, &str, &str); 6] = [
        ("images", "labels", "data.yaml", yaml),
        (
            "a/set/images/train",
            "a/set/labels/train",
            "a/set/data.yaml",
            "names: {0: square, 1: disc}\n",
        ),
        ("images", "labels", "classes.txt", "square\ndisc\n"),
        ("images", "labels", "labels/classes.txt", "square\r\ndisc\r\n"),
        ("obj_train_data", "obj_train_data", "obj.names", "square\ndisc\n"),
        ("train/images", "train/labels", "dataset.yml", "nc: 2\nnames:\n- square\n- disc\n"),
    ];
    for (images, labels, file, names) in layouts {
        let make = |dir: &Path| {
            write_text(dir, file, names);
            write_text(dir, "notes.json", "{\"categories\": [], \"info\": {\"year\": 2026}}");
            for (name, class, xyxy) in IMAGES {
                write_text(dir, &format!("{labels}/{name}.txt"), &yolo(class, xyxy));
            }
        };
        meant(|n| format!("{images}/{n}.png"), make, Format::Yolo);
    }
}

#[test]
fn the_format_with_the_most_images_is_read_and_the_others_are_named() {
    let make = |voc_images: usize| {
        move |dir: &Path| {
            write_text(dir, "all.json", &coco(|n| format!("{n}.png")));
            for (name, class, xyxy) in IMAGES.into_iter().take(voc_images) {
                write_text(dir, &format!("{name}.xml"), &voc(name, class, xyxy));
            }
        }
    };
    for (voc_images, format) in [(1, Format::Coco), (3, Format::Coco), (4, Format::Voc)] {
        let (_, report) = read(|n| format!("{n}.png"), make(voc_images));
        assert_eq!((report.format, report.evidence.len()), (format, 2), "{voc_images}: {report}");
        assert!(report.problems.iter().any(|p| p.message.contains("--format chooses")), "{report}");
    }
    // Labels that are malformed and more are not silently passed over.
    let broken = |dir: &Path| {
        write_text(dir, "s0.xml", &voc("s0", "square", [1.0, 2.0, 30.0, 40.0]));
        write_text(dir, "all.json", &coco(|n| format!("{n}.png"))[..300]);
    };
    let (_, report) = read(|n| format!("{n}.png"), broken);
    let said = report.problems.iter().any(|p| p.message.contains("malformed"));
    assert!(report.refuse_malformed().is_err() || said, "{report}");
}

#[test]
fn what_is_no_label_is_named_with_what_it_lacks() {
    for (file, text, says) in [
        ("s0.txt", "a photo of a cat\n", "s0.txt: no YOLO"),
        ("icon.xml", "<svg/>", "icon.xml: no Pascal VOC"),
        ("package.json", "{\"name\": \"x\"}", "package.json: no COCO"),
        ("cities.csv", "city,population\nParis,2\n", "cities.csv: no CSV"),
        ("empty.xml", "", "empty.xml: no Pascal VOC"),
        ("labels.xlsx", "PK", "labels.xlsx: is a spreadsheet; save it as CSV"),
    ] {
        let place = tempfile::tempdir().expect("a temporary folder");
        write_text(place.path(), file, text);
        std::fs::write(place.path().join("s0.png"), support::png(9)).expect("it is written");
        let error = Labels::read(place.path(), &ReadOptions::default()).expect_err("no labels");
        let said = error.to_string();
        assert!(said.contains("no labels found") && said.contains(says), "{says}: {said}");
    }
}
