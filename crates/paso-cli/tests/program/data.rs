//! `paso data`: the one screen, the sheet, the repaired copy, and the switches that say how boxes are
//! written.

use crate::{Place, bytes};
use std::path::Path;

/// Images of 40x30 pixels and a table without a header in a new folder.
fn table(place: &Place, name: &str, rows: &[&str]) {
    let dir = place.path(name);
    std::fs::create_dir(&dir).expect("a folder");
    for (i, row) in (0_u8..).zip(rows) {
        let file = row.split(',').next().expect("a name");
        let image = image::RgbImage::from_fn(40, 30, |x, y| {
            image::Rgb([
                u8::try_from(6 * x).expect("small"),
                u8::try_from(8 * y).expect("small"),
                20 * i,
            ])
        });
        image.save(dir.join(file)).expect("it is written");
    }
    std::fs::write(dir.join("labels.csv"), rows.join("\n") + "\n").expect("it is written");
}

fn files(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn one_screen_shows_evidence_classes_problems_and_the_way_out() {
    let place = Place::new();
    table(&place, "photos", &["a.png,4,2,24,12,cat", "b.png,10,5,41,15,dog", "c.png,1,1,9,9,Cat"]);
    std::fs::remove_file(place.path("photos/c.png")).expect("it is there");
    let said = place.stdout("data photos");
    for part in [
        "photos: CSV, 3 labeled images, 2 usable, 2 objects",
        "found: CSV in 1 file, such as labels.csv",
        "image missing: 1, left out",
        "labels.csv, line 3: its image c.png is not there",
        "-> add the images, or remove their labels",
        "box cut at the image's edge: 1",
        "warning: ",
        "--val-share",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let longest = said.lines().filter(|line| !line.contains("labels.csv")).count();
    assert!(longest < 40, "one screen: {said}");
}

#[test]
fn boxes_in_another_form_are_refused_and_read_with_the_switch_that_is_named() {
    let place = Place::new();
    let rows = [
        "a.png,20,10,18,12,cat",
        "b.png,25,5,14,20,cat",
        "c.png,30,20,9,9,dog",
        "d.png,22,3,16,8,dog",
    ];
    table(&place, "photos", &rows);
    for command in ["data photos", "train --data photos --epochs 1", "settle --data photos"] {
        let (code, said) = place.refused(command);
        assert_eq!(code, 1, "{command}: {said}");
    }
    let (_, said) = place.refused("train --data photos --epochs 1 --out run");
    assert!(said.contains("--box-format xywh"), "{said}");
    assert!(!place.path("run").exists(), "nothing was begun");
    let found = place.json("data photos --box-format xywh --json");
    assert_eq!(found[0]["usable_images"], 4);
    let train =
        "train --data photos --box-format xywh --net tiny --size 32 --epochs 1 --out run --json";
    place.stdout(train);
    for name in ["labels.png", "samples.png"] {
        image::load_from_memory(&bytes(&place.path("run").join(name))).expect("an image");
    }
}

#[test]
fn a_sheet_is_a_new_file_outside_of_the_data() {
    let place = Place::new();
    place.stdout("data scenes --sheet labels.png");
    let sheet = image::load_from_memory(&bytes(&place.path("labels.png"))).expect("an image");
    assert!(sheet.width() > 1_600 && sheet.height() > 800, "26 scenes of 200 pixels");
    let before = bytes(&place.path("labels.png"));
    let (code, said) = place.refused("data scenes --sheet labels.png");
    assert!(code == 1 && said.contains("already exists; refusing to overwrite"), "{said}");
    assert!(bytes(&place.path("labels.png")) == before, "it stays");
    for inside in ["scenes/labels.png", "scenes/images/labels.png", "scenes/../scenes/x.png"] {
        let (code, said) = place.refused(&format!("data scenes --sheet {inside}"));
        assert!(code == 1 && said.contains("is inside of the data"), "{said}");
    }
}

#[test]
fn a_repaired_copy_has_nothing_wrong_and_the_folder_stays_as_it_is() {
    let place = Place::new();
    let rows = [
        "a.png,4,2,24,12,cat",
        "b.png,10,5,41,15,dog",
        "c.png,30,5,10,15,dog",
        "d.png,4,2,x,12,cat",
        "e.png,4,2,24,12,cat",
        "f.png,5,2,24,12,cat",
    ];
    table(&place, "photos", &rows);
    std::fs::write(place.path("photos/e.png"), "no image").expect("it is written");
    let before = files(&place.path("photos"));
    let (code, said) = place.refused("data photos");
    assert!(code == 1 && said.contains("training refuses this folder"), "{said}");
    place.stdout("data photos --fix fixed");
    let found = place.json("data fixed --json");
    let problems = found[0]["report"]["problems"].as_array().expect("a list");
    let left: Vec<_> = problems.iter().filter(|p| p["kind"] != "warning").collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(
        (&found[0]["usable_images"], &found[0]["report"]["format"]),
        (&3.into(), &"csv".into())
    );
    place.stdout("data photos --fix fixed-coco --convert coco");
    assert_eq!(place.json("data fixed-coco --json")[0]["report"]["format"], "coco");
    assert_eq!(files(&place.path("photos")), before);
    for out in ["fixed", "photos/fixed", "photos"] {
        let (code, said) = place.refused(&format!("data photos --fix {out}"));
        let why = said.contains("empty or not there yet") || said.contains("is inside of");
        assert!(code == 1 && why, "{said}");
    }
}

#[test]
fn an_image_beyond_the_limit_names_the_flag_that_raises_it() {
    let place = Place::new();
    table(&place, "photos", &["a.png,4,2,24,12,cat", "b.png,10,5,31,15,dog"]);
    let large = image::GrayImage::new(1500, 1000);
    large.save(place.path("photos/b.png")).expect("it is written");
    let said = place.stdout("data photos --max-megapixels 1");
    assert!(said.contains("1500x1000") && said.contains("--max-megapixels raises it"), "{said}");
    assert_eq!(place.json("data photos --json")[0]["usable_images"], 2);
}
