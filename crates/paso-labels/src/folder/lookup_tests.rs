//! What a name in a label file may mean, and what it never means.

use super::*;

/// The files of a folder, and what is found in it.
fn with<T>(names: &[&str], test: impl Fn(&ImageIndex<'_>) -> T) -> T {
    let place = tempfile::tempdir().expect("a temporary folder");
    for name in names {
        let path = place.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
        std::fs::write(path, "").expect("it is written");
    }
    let files = Files::scan(place.path(), &mut Vec::new()).expect("a folder");
    test(&ImageIndex::new(&files))
}

fn find(names: &[&str], label: &str, stated: &str) -> Result<Option<String>, String> {
    with(names, |index| index.find(label, stated).map(|place| place.exists.then_some(place.path)))
}

fn found(names: &[&str], label: &str, stated: &str) -> String {
    let place = find(names, label, stated).unwrap_or_else(|e| panic!("{stated}: {e}"));
    place.unwrap_or_else(|| panic!("{stated} is not found in {names:?}"))
}

#[test]
fn a_name_is_found_where_people_keep_images() {
    for (image, label) in [
        ("a.jpg", "a.xml"),
        ("images/a.jpg", "a.xml"),
        ("JPEGImages/a.jpg", "Annotations/a.xml"),
        ("Images/a.jpg", "Annotations/a.xml"),
        ("images/x/a.jpg", "labels/x/a.txt"),
        ("train/images/a.jpg", "train/labels/a.txt"),
        ("images/default/a.jpg", "annotations/instances_default.json"),
        ("deep/in/some/folder/a.jpg", "labels.csv"),
    ] {
        for stated in ["a.jpg", "./a.jpg", "a", "A.JPG", "a.png", "some/where/a.jpg"] {
            assert_eq!(found(&[image, "images/b.jpg"], label, stated), image, "{stated}");
        }
    }
}

#[test]
fn names_of_other_computers_count_by_their_tail() {
    let images = ["images/cats/a b.jpg", "images/dogs/a b.jpg"];
    for stated in [
        "/home/me/set/cats/a b.jpg",
        "C:\\sets\\cats\\a b.jpg",
        "\\\\server\\share\\cats\\a b.jpg",
        "file:///home/me/cats/a%20b.jpg",
        "https://example.org/sets/cats/a%20b.jpg?token=1#x",
        "s3://bucket/cats/a b.jpg",
        "/data/local-files/?d=sets%2Fcats%2Fa%20b.jpg",
        "cats\\a b.jpg",
        "cats/a%20b.jpg",
        "Cats/A B.JPG",
    ] {
        assert_eq!(found(&images, "labels.csv", stated), images[0], "{stated}");
    }
}

#[test]
fn a_name_composed_or_decomposed_is_the_same_name() {
    let (composed, decomposed) = ("caf\u{e9}.png", "cafe\u{301}.png");
    assert_eq!(found(&[decomposed], "x.csv", composed), decomposed);
    assert_eq!(found(&[composed], "x.csv", decomposed), composed);
    assert_eq!(found(&[composed], "x.csv", "caf%C3%A9.png"), composed);
    assert_eq!(found(&["a?d=b.png"], "x.csv", "a?d=b.png"), "a?d=b.png", "no Label Studio");
    assert_eq!(found(&["50%25.png", "50%.png"], "x.csv", "50%25.png"), "50%25.png", "as it is");
}

#[test]
fn the_exact_name_comes_before_every_other() {
    let names = ["images/a.jpg", "images/a.png", "images/A.jpg", "other/a.jpg"];
    assert_eq!(found(&names, "x.csv", "a.jpg"), "images/a.jpg");
    assert_eq!(found(&names, "x.csv", "a.png"), "images/a.png");
    assert_eq!(found(&names, "x.csv", "A.jpg"), "images/A.jpg");
    assert_eq!(found(&names, "other/x.csv", "a.jpg"), "other/a.jpg", "next to its label");
}

#[test]
fn two_that_fit_equally_well_are_refused_by_name() {
    for (names, stated) in [
        (["images/a.jpg", "images/a.png"], "a"),
        (["images/a.jpg", "images/a.png"], "a.tif"),
        (["x/a.jpg", "y/a.jpg"], "a.jpg"),
        (["x/a.jpg", "y/a.jpg"], "/home/z/a.jpg"),
        (["x/A.jpg", "x/a.JPG"], "x/a.jpg"),
    ] {
        let message = find(&names, "labels.csv", stated).expect_err("two fit");
        assert!(names.iter().all(|name| message.contains(name)), "{message}");
    }
}

#[test]
fn the_folder_of_the_label_decides_between_equal_names() {
    let names = ["pics/train/a.jpg", "pics/val/a.jpg"];
    assert_eq!(found(&names, "boxes/train/a.xml", "a.jpg"), names[0]);
    assert_eq!(found(&names, "boxes/val/a.xml", "a.jpg"), names[1]);
}

#[test]
fn an_image_of_another_split_is_not_taken() {
    let names = ["val2017/a.jpg"];
    assert_eq!(find(&names, "annotations/instances_train2017.json", "a.jpg"), Ok(None));
    assert_eq!(found(&names, "annotations/instances_val2017.json", "a.jpg"), names[0]);
    assert_eq!(find(&names, "labels.csv", "train/a.jpg"), Ok(None));
}

#[test]
fn names_that_lead_out_are_refused_and_those_that_come_back_are_not() {
    for bad in ["../x.jpg", "a/../../x.jpg", "/home/../x.jpg", "..\\x.jpg", "a\0.jpg", "..%2Fx.jpg"]
    {
        let message = find(&["x.jpg"], "labels.csv", bad).expect_err(bad);
        assert!(message.contains("leads out of the data set's folder"), "{message}");
    }
    assert_eq!(found(&["images/x.jpg"], "labels/a.json", "../images/x.jpg"), "images/x.jpg");
    assert_eq!(found(&["images/x.jpg"], "labels/a.json", "..\\images\\x.jpg"), "images/x.jpg");
    assert_eq!(found(&["a..x.jpg"], "labels.csv", "a..x.jpg"), "a..x.jpg");
}

#[test]
fn what_is_not_there_says_what_is() {
    let hint = |names: &[&str], stated: &str| {
        with(names, |index| index.find("x.csv", stated).expect("no error").hint)
    };
    assert_eq!(hint(&["a.psd"], "a.jpg").as_deref(), Some("a.psd is there"));
    let near = hint(&["cat-0001.jpg", "dog-0001.jpg"], "cat-01.jpg");
    assert_eq!(near.as_deref(), Some("the most similar name is cat-0001.jpg"));
    let near = hint(&["frame-12.jpg", "frame-2.jpg", "frame-30.jpg"], "frame-1.jpg");
    assert_eq!(near.as_deref(), Some("the most similar name is frame-12.jpg"));
    let near = hint(&["frame-12.jpg", "frame-30.jpg"], "FRAME-9.png");
    assert_eq!(near.as_deref(), Some("the most similar name is frame-12.jpg"));
    assert_eq!(hint(&["a.jpg", "zebra.jpg"], "zeal.jpg"), None, "two characters");
    assert_eq!(hint(&["b.jpg"], "a.jpg"), None);
}

#[test]
fn missing_images_are_looked_up_without_a_look_at_all_files() {
    let names: Vec<String> = (0..4_000).map(|i| format!("frame-{i:06}.jpg")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    with(&names, |index| {
        let start = std::time::Instant::now();
        for i in 0..20_000 {
            let place = index.find("x.csv", &format!("frame-x{i}.jpg")).expect("no error");
            assert_eq!(place.hint.as_deref(), Some("the most similar name is frame-000000.jpg"));
        }
        // With a look at all files, this takes minutes.
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    });
}
