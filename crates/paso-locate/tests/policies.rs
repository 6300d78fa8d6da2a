//! What a data set becomes where its folder leaves a choice: several objects, missing images,
//! splits, folds.

use paso_locate::Error;
use paso_locate::data::{
    Dataset, Effect, Format, LoadOptions, ProblemKind, ReadOptions, SeveralObjects, Split, convert,
};
use paso_locate::demo::{DemoOptions, write};
use std::path::{Path, PathBuf};

fn yolo(train: usize, val: usize) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("scenes");
    write(&DemoOptions { train, val, seed: 3 }, 24, Format::Yolo, &path).expect("it is written");
    (folder, path)
}

fn append(path: &Path, line: &str) {
    let mut text = std::fs::read_to_string(path).expect("it is text");
    text.push_str(line);
    std::fs::write(path, text).expect("it is written");
}

#[test]
fn an_image_with_two_objects_is_skipped_or_keeps_the_larger_or_is_refused() {
    let (_folder, path) = yolo(3, 2);
    append(&path.join("labels/scene-000001.txt"), "2 0.5 0.5 1 1\n");
    let load = |several_objects| {
        Dataset::load(&path, &LoadOptions { several_objects, ..LoadOptions::default() })
    };
    let (skipped, report) = load(SeveralObjects::Skip).expect("it is read");
    assert_eq!((skipped.samples.len(), report.counts()[&ProblemKind::SeveralObjects]), (4, 1));
    let (largest, _) = load(SeveralObjects::Largest).expect("it is read");
    let sample = largest.samples.iter().find(|s| s.name == "scene-000001.png").expect("kept");
    assert_eq!((largest.samples.len(), sample.bbox.area()), (5, 1.0));
    assert_eq!(largest.classes[sample.class], "star");
    let refused = load(SeveralObjects::Error).expect_err("two objects").to_string();
    assert!(refused.contains("has 2 objects"), "{refused}");
}

#[test]
fn images_without_an_object_missing_or_broken_are_left_out_and_named() {
    let (_folder, path) = yolo(6, 2);
    std::fs::write(path.join("labels/scene-000000.txt"), "").expect("it is written");
    std::fs::remove_file(path.join("images/scene-000001.png")).expect("it is removed");
    std::fs::write(path.join("images/scene-000002.png"), b"no image").expect("it is written");
    append(&path.join("labels/scene-000003.txt"), "0 7 7 0.1 0.1\n");
    let (dataset, report) = Dataset::load(&path, &LoadOptions::default()).expect("it is read");
    let counts = report.counts();
    for kind in [ProblemKind::NoObject, ProblemKind::ImageMissing, ProblemKind::ImageUnreadable] {
        assert_eq!((counts[&kind], kind.effect()), (1, Effect::LeftOut), "{kind}");
    }
    assert!(counts.contains_key(&ProblemKind::BadBox), "{report}");
    let names: Vec<&str> = dataset.samples.iter().map(|s| s.name.as_str()).collect();
    for gone in ["scene-000000.png", "scene-000001.png", "scene-000002.png"] {
        assert!(!names.contains(&gone), "{gone}");
    }
    let shown = report.to_string();
    assert!(shown.contains("scene-000001") && shown.contains("scene-000002"), "{shown}");
}

#[test]
fn the_same_image_in_two_splits_is_a_leak_and_in_one_a_duplicate() {
    let (_folder, path) = yolo(4, 2);
    let image = |i: usize| path.join(format!("images/scene-00000{i}.png"));
    std::fs::copy(image(0), image(1)).expect("both are for training");
    std::fs::copy(image(2), image(5)).expect("one is for validation");
    let (_, report) = Dataset::load(&path, &LoadOptions::default()).expect("it is read");
    let counts = report.counts();
    assert_eq!((counts[&ProblemKind::SplitLeak], counts[&ProblemKind::Duplicate]), (1, 1));
    let shown = report.to_string();
    assert!(shown.contains("THE SAME IMAGE IN TWO SPLITS: "), "{shown}");
    assert!(shown.contains("scene-000005.png in the val split"), "{shown}");
}

#[test]
fn a_set_without_splits_is_split_by_its_seed_with_the_share_that_was_asked_for() {
    let (_folder, path) = yolo(30, 10);
    for file in ["train.txt", "val.txt"] {
        std::fs::remove_file(path.join(file)).expect("it is removed");
    }
    std::fs::write(path.join("data.yaml"), "names: [cross, ring, star, triangle]\n")
        .expect("it is written");
    let load = |val_fraction, split_seed| {
        let options = LoadOptions { val_fraction, split_seed, ..LoadOptions::default() };
        Dataset::load(&path, &options).map(|(dataset, _)| dataset)
    };
    let (first, again) = (load(0.25, 0).expect("it is read"), load(0.25, 0).expect("it is read"));
    assert_eq!(first, again);
    let share = |dataset: &Dataset| dataset.indices(Split::Val).len();
    assert!((8..=12).contains(&share(&first)), "{} of 40", share(&first));
    assert!((16..=24).contains(&share(&load(0.5, 0).expect("it is read"))));
    assert_ne!(load(0.25, 1).expect("it is read"), first, "another seed, another split");
    for bad in [0.0, 1.0, -0.5, f64::NAN] {
        let refused = load(bad, 0).expect_err("no share").to_string();
        assert!(refused.contains("val_fraction is"), "{refused}");
    }
}

#[test]
fn folds_are_disjoint_cover_all_and_have_the_classes_of_the_whole() {
    let (_folder, path) = yolo(30, 10);
    let (whole, _) = Dataset::load(&path, &LoadOptions::default()).expect("it is read");
    let mut seen = Vec::new();
    for fold in 0..4 {
        let mut part = whole.clone();
        part.fold(fold, 4, 7).expect("a fold");
        assert_eq!((part.samples.len(), &part.classes), (40, &whole.classes));
        let val = part.indices(Split::Val);
        assert!((7..=13).contains(&val.len()), "fold {fold}: {}", val.len());
        seen.extend(val.into_iter().map(|i| part.samples[i].name.clone()));
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 40, "each sample is in one val split");
    for (fold, folds) in [(0, 1), (4, 4), (0, 41)] {
        let refused = whole.clone().fold(fold, folds, 0);
        assert!(matches!(refused, Err(Error::InvalidValue { .. })), "fold {fold} of {folds}");
    }
}

#[test]
fn a_folder_that_is_used_or_a_size_out_of_range_is_refused_and_nothing_is_written() {
    let (folder, path) = yolo(2, 1);
    let refused = convert(&path, &ReadOptions::default(), Format::Csv, &path);
    assert!(refused.expect_err("it is used").to_string().contains("inside of"));
    let out = folder.path().join("out");
    for size in [0, 7, 1025] {
        let options = DemoOptions { train: 1, val: 1, seed: 0 };
        let refused = write(&options, size, Format::Voc, &out).expect_err("a size out of range");
        assert!(refused.to_string().contains("8 to 1024"), "{refused}");
        assert!(!out.exists());
    }
}

#[test]
fn a_folder_that_is_no_data_set_is_refused_with_what_was_looked_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let refused = Dataset::load(folder.path(), &LoadOptions::default()).expect_err("empty");
    assert!(
        matches!(refused, Error::Labels(paso_locate::labels::Error::NotADataset { .. })),
        "{refused}"
    );
    let refused = Dataset::load(&folder.path().join("none"), &LoadOptions::default());
    assert!(refused.expect_err("no folder").to_string().contains("none"));
}
