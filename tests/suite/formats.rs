//! The same images in every label format are the same training set, bit for bit.

use std::path::Path;

use paso_locate::data::{
    Dataset, Format, LoadOptions, PrepareOptions, Prepared, ReadOptions, SeveralObjects, Split,
    convert,
};
use paso_locate::demo::{self, DemoOptions};
use paso_tests::shared;

/// Everything that training sees: classes, names, splits, boxes as bits, labels, pixels.
type Seen = (Vec<String>, Vec<(String, Split)>, Vec<[u32; 4]>, Vec<usize>, Vec<u8>);

fn seen(dir: &Path, format: Format, several_objects: SeveralObjects) -> Seen {
    let options = LoadOptions { several_objects, ..LoadOptions::default() };
    let (dataset, report) =
        Dataset::load(dir, &options).unwrap_or_else(|e| panic!("{format}: {e}"));
    assert_eq!(report.format, format, "{}", dir.display());
    let all: Vec<usize> = (0..dataset.samples.len()).collect();
    let options = PrepareOptions { size: 32, ..PrepareOptions::default() };
    let (prepared, problems) = Prepared::new(&dataset, &all, &options).expect("images");
    assert!(problems.is_empty(), "{format}: {problems:?}");
    let image = |i| prepared.image(i).expect("it is in memory").into_owned();
    let pixels = (0..prepared.len()).flat_map(image).collect();
    let boxes = prepared.boxes().iter().map(|b| b.xyxy().map(f32::to_bits)).collect();
    let names = dataset.samples.iter().map(|s| (s.name.clone(), s.split)).collect();
    (dataset.classes, names, boxes, prepared.labels().to_vec(), pixels)
}

/// Through all formats, each made from the one before, and back to the first of them.
fn all_the_same(dir: &Path, format: Format) {
    let place = tempfile::tempdir().expect("a temporary folder");
    for several in [SeveralObjects::Skip, SeveralObjects::Largest] {
        let first = seen(dir, format, several);
        let mut from = dir.to_owned();
        for (step, to) in Format::ALL.into_iter().chain([Format::ALL[0]]).enumerate() {
            let out = place.path().join(format!("{several:?}-{step}"));
            convert(&from, &ReadOptions::default(), to, &out).expect("it is converted");
            assert!(seen(&out, to, several) == first, "{} as {to}, {several:?}", dir.display());
            from = out;
        }
    }
}

#[test]
fn the_demo_is_the_same_in_every_format() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let options = DemoOptions { train: 12, val: 5, seed: 4 };
    let mut all = Vec::new();
    for format in Format::ALL {
        let dir = place.path().join(format.to_string());
        demo::write(&options, 48, format, &dir).expect("scenes are written");
        all.push(seen(&dir, format, SeveralObjects::Skip));
    }
    assert!(all.iter().all(|other| *other == all[0]), "one of the formats differs");
    all_the_same(&place.path().join("YOLO"), Format::Yolo);
}

#[test]
fn real_sets_are_the_same_in_every_format() {
    for (part, format) in [
        ("data/boards", Format::Voc),
        ("data/originals/constructed", Format::Voc),
        ("data/caltech2-coco", Format::Coco),
        ("data/fruit-yolo", Format::Yolo),
        ("data/caltech2-csv", Format::Csv),
    ] {
        let Some(dir) = shared(part) else { return };
        all_the_same(&dir, format);
    }
}

/// Two sets that come as CSV as well as XML.
#[test]
fn csv_and_xml_of_one_data_set_have_the_same_labels() {
    for part in ["data/raccoon", "data/cats"] {
        let Some(dir) = shared(part) else { return };
        let load = |format| {
            let options = LoadOptions {
                read: ReadOptions { format: Some(format), ..ReadOptions::default() },
                ..LoadOptions::default()
            };
            Dataset::load(&dir, &options).expect("it is read").0
        };
        assert_eq!(load(Format::Voc), load(Format::Csv), "{part}");
    }
}

#[test]
fn folds_hold_every_sample_once_and_every_class_evenly() {
    let options = DemoOptions { train: 50, val: 10, seed: 0 };
    let demo = demo::dataset(&options).expect("a demo");
    let mut times = std::collections::BTreeMap::new();
    for fold in 0..5 {
        let mut cut = demo.clone();
        cut.fold(fold, 5, 7).expect("a fold");
        let val = cut.indices(Split::Val);
        assert_eq!(val.len(), 12);
        for class in 0..4 {
            let all = demo.samples.iter().filter(|s| s.class == class).count();
            let here = val.iter().filter(|&&i| cut.samples[i].class == class).count();
            assert!(here.abs_diff(all / 5) <= 1, "fold {fold}, class {class}: {here} of {all}");
        }
        val.iter().for_each(|&i| *times.entry(cut.samples[i].name.clone()).or_insert(0) += 1);
    }
    assert!(times.len() == 60 && times.values().all(|&n| n == 1), "{times:?}");
    let (mut a, mut b) = (demo.clone(), demo.clone());
    a.fold(0, 5, 7).expect("a fold");
    b.fold(0, 5, 8).expect("a fold");
    assert_ne!(a, b, "another seed cuts otherwise");
    assert!(a.fold(5, 5, 0).is_err() && a.fold(0, 1, 0).is_err());
}

#[test]
fn a_folder_with_something_in_it_is_not_touched() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let (dir, out) = (place.path().join("scenes"), place.path().join("out"));
    demo::write_voc(&DemoOptions { train: 3, val: 1, seed: 0 }, 16, &dir).expect("scenes");
    std::fs::create_dir(&out).expect("a folder");
    std::fs::write(out.join("mine.txt"), "mine").expect("a file");
    let error = convert(&dir, &ReadOptions::default(), Format::Csv, &out).expect_err("not empty");
    assert!(error.to_string().contains("empty or not there yet"), "{error}");
    assert_eq!(std::fs::read_dir(&out).expect("a folder").count(), 1);
    assert_eq!(std::fs::read_dir(place.path()).expect("a folder").count(), 2, "nothing temporary");
}
