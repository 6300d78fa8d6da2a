//! What is found and done once a folder was read: broken and equal images, near-duplicates, repairs,
//! conversions, the numbers.

mod support;

use paso_labels::image::{ImageLimits, decode};
use paso_labels::{
    Effect, Fingerprint, Format, Labels, PrintedImage, ProblemKind, ReadOptions, Repair, Report,
    Split, convert, inspect, near_duplicates, repair,
};
use std::path::{Path, PathBuf};
use support::write_text;

/// An image of 64x48 with structure, another one for every seed.
fn photo(seed: u32) -> image::RgbImage {
    let wave = |x: u32, y: u32| {
        let (x, y, s) = (f64::from(x), f64::from(y), f64::from(seed));
        let value = (x * (0.11 + 0.07 * s)).sin()
            + (y * (0.23 - 0.05 * s)).cos()
            + (x * y * 0.002 * s).sin();
        128.0 + 42.0 * value
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "2 to 254")]
    image::RgbImage::from_fn(64, 48, |x, y| image::Rgb([wave(x, y) as u8; 3]))
}

/// A folder with a table, and images of these names and seeds.
fn folder(images: &[(&str, u32)]) -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().expect("a temporary folder");
    let dir = place.path().join("set");
    let mut table = String::from("filename,class,xmin,ymin,xmax,ymax\n");
    for &(name, seed) in images {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
        photo(seed).save(path).expect("it is written");
        table += &format!("{name},cat,4,5,{},40\n", 20 + seed);
    }
    write_text(&dir, "labels.csv", &table);
    (place, dir)
}

fn read(dir: &Path) -> (Labels, Report) {
    Labels::read(dir, &ReadOptions::default()).expect("there are labels")
}

#[test]
fn broken_images_are_found_by_decoding_and_taken_out() {
    let (_place, dir) = folder(&[("a.jpg", 1), ("b.jpg", 2), ("c.png", 3), ("d.png", 4)]);
    for (name, at) in [("b.jpg", 0.8), ("d.png", 0.5)] {
        let mut bytes = std::fs::read(dir.join(name)).expect("it is there");
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place in it"
        )]
        let middle = (bytes.len() as f64 * at) as usize;
        bytes[middle..middle + 40].fill(0xAB);
        std::fs::write(dir.join(name), bytes).expect("it is written");
    }
    let (mut labels, report) = read(&dir);
    assert!(report.problems.is_empty() && labels.images.len() == 4, "headers are whole: {report}");
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let count = || {
        calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    };
    let found = inspect(&mut labels, &ImageLimits::default(), count);
    let broken: Vec<&str> =
        found.problems.iter().filter_map(|p| p.file.file_name()?.to_str()).collect();
    assert_eq!((broken, calls.into_inner()), (vec!["b.jpg", "d.png"], 4));
    assert!(found.problems.iter().all(|p| p.kind == ProblemKind::ImageUnreadable));
    let left: Vec<&str> = labels.images.iter().map(|i| &*i.name).collect();
    assert_eq!((left, found.prints.len()), (vec!["a.jpg", "c.png"], 2));
}

#[test]
fn an_image_saved_anew_in_another_split_looks_alike_and_others_do_not() {
    let images = [("train/a.png", 1), ("train/b.png", 2), ("val/a.jpg", 1), ("val/c.png", 3)];
    let (_place, dir) = folder(&images);
    let (mut labels, _) = read(&dir);
    let found = inspect(&mut labels, &ImageLimits::default(), || ());
    let prints = labels.images.iter().map(|i| {
        let path = dir.join(&i.name);
        (path.clone(), i.name.clone(), i.split.expect("by its folder"), found.prints[&path])
    });
    let prints: Vec<(PathBuf, String, Split, Fingerprint)> = prints.collect();
    let printed: Vec<PrintedImage<'_>> = prints
        .iter()
        .map(|(path, name, split, print)| PrintedImage { path, name, split: *split, print: *print })
        .collect();
    let near = near_duplicates(&printed);
    assert_eq!(near.len(), 1, "{near:?}");
    assert!(
        near[0].file.ends_with("val/a.jpg") && near[0].message.contains("train/a.png"),
        "{near:?}"
    );
    assert_eq!(near[0].kind.effect(), Effect::Noted);
}

#[test]
fn a_repaired_copy_leaves_out_copies_and_what_is_wrong_and_says_so() {
    let images = [("train/a.png", 1), ("train/b.png", 2), ("val/c.png", 3), ("val/d.png", 4)];
    let (place, dir) = folder(&images);
    std::fs::copy(dir.join("val/c.png"), dir.join("train/b.png")).expect("both are there");
    let table = std::fs::read_to_string(dir.join("labels.csv")).expect("it is text");
    write_text(&dir, "labels.csv", &(table + "train/a.png,dog,1,1,65,30\nval/d.png,cat,x,1,2,3\n"));
    let (labels, mut report) = read(&dir);
    report.problems.extend(labels.duplicates());
    let out = place.path().join("fixed");
    let done = repair(&dir, labels, &report, Format::Voc, &out).expect("it is repaired");
    let said: Vec<(usize, &str)> =
        done.iter().map(|Repair { count, what }| (*count, *what)).collect();
    assert_eq!(
        said,
        [
            (1, "malformed labels were left out, with their images"),
            (1, "boxes were cut at the edges of their images"),
            (1, "copies of images were left out"),
        ]
    );
    let (fixed, report) = read(&out);
    assert_eq!(report.problems, [], "{report}");
    let left: Vec<(&str, usize)> =
        fixed.images.iter().map(|i| (&*i.name, i.objects.len())).collect();
    assert_eq!(left, [("train/a.png", 2), ("val/c.png", 1)], "the copy to train on is left out");
    assert_eq!(fixed.images[0].objects[1].xyxy, [1.0, 1.0, 64.0, 30.0]);
}

#[test]
fn nothing_is_repaired_where_boxes_are_in_another_form_or_nothing_is_left() {
    let (place, dir) = folder(&[("a.png", 1), ("b.png", 2), ("c.png", 3)]);
    let out = place.path().join("fixed");
    let rows = |row: &dyn Fn(&str) -> String| ["a.png", "b.png", "c.png"].map(row).join("\n");
    write_text(&dir, "labels.csv", &rows(&|name| format!("{name},40,30,20,15,cat")));
    let (labels, report) = read(&dir);
    let error = repair(&dir, labels, &report, Format::Csv, &out).expect_err("another form");
    assert!(error.to_string().contains("--box-format xywh"), "{error}");
    write_text(&dir, "labels.csv", &rows(&|name| format!("gone-{name},4,3,20,15,cat")));
    let (labels, report) = read(&dir);
    let error = repair(&dir, labels, &report, Format::Csv, &out).expect_err("no image");
    assert!(error.to_string().contains("no image can be used"), "{error}");
    assert!(!out.exists());
    let error = convert(&dir, &ReadOptions::default(), Format::Coco, &out).expect_err("no image");
    assert!(error.to_string().contains("no image can be used") && !out.exists(), "{error}");
}

#[test]
fn the_numbers_are_those_of_the_images_and_objects() {
    let (_place, dir) = folder(&[("train/a.png", 0), ("train/b.png", 12), ("val/c.png", 24)]);
    let table = std::fs::read_to_string(dir.join("labels.csv")).expect("it is text");
    write_text(&dir, "labels.csv", &(table + "val/c.png,dog,0,0,64,48\n"));
    let summary = read(&dir).0.summary();
    assert_eq!((summary.usable_images, summary.objects), (3, 4));
    assert_eq!(summary.images_per_split, [("train".into(), 2), ("val".into(), 1)].into());
    assert_eq!(summary.objects_per_class, [("cat".into(), 3), ("dog".into(), 1)].into());
    assert_eq!(summary.objects_per_class_and_split["dog"], [("val".into(), 1)].into());
    assert_eq!(summary.images_by_objects, [(1, 2), (2, 1)].into());
    let width = summary.box_width.expect("boxes");
    assert_eq!((width.min, width.median, width.max), (0.25, 0.625, 1.0));
    assert_eq!(summary.box_area.expect("boxes").max, 1.0);
    assert_eq!(summary.height.expect("images").median, 48.0);
    let json = serde_json::to_value(&summary).expect("JSON");
    assert_eq!(json["objects_per_class"]["cat"], 3);
}

#[test]
fn an_image_that_is_read_again_is_the_image_that_was_read() {
    let (_place, dir) = folder(&[("a.jpg", 5)]);
    let limits = ImageLimits::default();
    let first = decode(&dir.join("a.jpg"), &limits).expect("it is whole");
    let again = paso_labels::image::decode_again(&dir.join("a.jpg"), &limits).expect("it is whole");
    assert_eq!(first, again);
}

#[test]
fn an_image_with_a_refused_annotation_is_left_out_wherever_that_stands() {
    let head = "filename,width,height,class,xmin,ymin,xmax,ymax";
    let good = "a.png,64,48,cat,4,5,20,40";
    for bad in ["a.png,wide,48,dog,1,2,30,40", "a.png,64,48,dog,1,2,x,40", "a.png,64,48,,1,2,30,40"]
    {
        for rows in [[good, bad], [bad, good]] {
            let (_place, dir) = folder(&[("a.png", 1), ("b.png", 2)]);
            let table = [head, rows[0], rows[1], "b.png,64,48,cat,4,5,20,40\n"].join("\n");
            write_text(&dir, "labels.csv", &table);
            let (labels, report) = read(&dir);
            let left: Vec<&str> = labels.images.iter().map(|i| &*i.name).collect();
            assert_eq!(left, ["b.png"], "{rows:?} {report}");
        }
    }
    let coco = |annotations: &str| {
        format!(
            "{{\"images\": [{{\"id\": 1, \"file_name\": \"a.png\"}}, {{\"id\": 2, \"file_name\": \
             \"b.png\"}}], \"categories\": [{{\"id\": 1, \"name\": \"cat\"}}], \"annotations\": [\
             {{\"id\": 1, \"image_id\": 2, \"category_id\": 1, \"bbox\": [1, 2, 30, 40]}}, {annotations}]}}"
        )
    };
    for bad in [
        "{\"id\": 1, \"image_id\": 1, \"category_id\": 1, \"bbox\": [1, 2, 30, 40]}",
        "{\"id\": [], \"image_id\": 1, \"category_id\": 1, \"bbox\": [1, 2, 30, 40]}",
        "{\"id\": 2, \"image_id\": 1, \"category_id\": 9, \"bbox\": [1, 2, 30, 40]}",
        "{\"id\": 2, \"image_id\": 1, \"category_id\": 1, \"bbox\": [1, 2, 30]}",
    ] {
        let (_place, dir) = folder(&[("a.png", 1), ("b.png", 2)]);
        std::fs::remove_file(dir.join("labels.csv")).expect("it is there");
        write_text(&dir, "labels.json", &coco(bad));
        let (labels, report) = read(&dir);
        let left: Vec<&str> = labels.images.iter().map(|i| &*i.name).collect();
        assert_eq!(left, ["b.png"], "{bad} {report}");
        assert!(report.refuse_malformed().is_err(), "{report}");
    }
}
