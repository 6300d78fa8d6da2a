//! The right images are on the sheets, in the right order, with the right boxes.

use super::layout::{GAP, LETTERS, LINE};
use super::*;
use crate::data::{PrepareOptions, Split};
use crate::demo;
use crate::metrics::{Located, evaluate, ious};
use crate::{Model, NetName, Prediction};
use image::imageops;

fn scenes() -> (Dataset, Prepared) {
    let options = demo::DemoOptions { train: 12, val: 3, seed: 4 };
    let dataset = demo::dataset(&options).expect("scenes");
    let prepare = PrepareOptions { size: 32, ..PrepareOptions::default() };
    let indices = dataset.indices(Split::Train);
    let (images, _) = Prepared::new(&dataset, &indices, &prepare).expect("images");
    (dataset, images)
}

/// Every box right but those of images 3 (nothing overlaps) and 7 (half does).
fn found(images: &Prepared) -> Evaluation {
    let predictions: Vec<Prediction> = (0..images.len())
        .map(|i| {
            let truth = images.boxes()[i];
            let bbox = match i {
                3 => BBox::new(0.0, 0.0, 0.01, 0.01),
                7 => BBox { x_max: truth.x_min + truth.width() / 2.0, ..truth },
                _ => truth,
            };
            Prediction { bbox, class: images.labels()[i], score: 1.0 }
        })
        .collect();
    let located: Vec<Located> = predictions.iter().map(|&p| p.into()).collect();
    let truth: Vec<Located> = (0..images.len())
        .map(|i| Located { bbox: images.boxes()[i], class: images.labels()[i] })
        .collect();
    Evaluation {
        metrics: evaluate(&located, &truth),
        ious: ious(&located, &truth),
        loss: 0.0,
        predictions,
    }
}

#[test]
fn the_worst_image_is_the_first_tile() {
    let (dataset, images) = scenes();
    let mut said = found(&images);
    let sheet = worst(&dataset, &images, &said, &ImageLimits::default()).expect("scenes");
    let tile = |sheet: &RgbImage, n: u32| {
        let corner = [GAP + n * (SIDE + GAP), LINE + 2 * GAP];
        imageops::crop_imm(sheet, corner[0], corner[1], SIDE, SIDE).to_image()
    };
    let alone = |i: usize, said: &Evaluation| {
        let scene = &dataset.samples[images.samples()[i]].source;
        let image = read(scene, &ImageLimits::default()).expect("a scene");
        let boxes = [(images.boxes()[i], LABELED), (said.predictions[i].bbox, PREDICTED)];
        scaled(&image, &boxes)
    };
    assert!(tile(&sheet, 0) == alone(3, &said), "nothing overlaps");
    assert!(tile(&sheet, 1) == alone(7, &said), "half overlaps");
    // Of equal boxes, a wrong class is worse.
    said.predictions[5].class = (said.predictions[5].class + 1) % 4;
    let sheet = worst(&dataset, &images, &said, &ImageLimits::default()).expect("scenes");
    assert!(tile(&sheet, 2) == alone(5, &said), "the class is wrong");
}

#[test]
fn samples_show_what_the_trainer_is_fed() {
    let (dataset, images) = scenes();
    let config = TrainConfig { net: NetName::Tiny, size: 32, batch: 5, ..TrainConfig::default() };
    let sheet = first_batch(&config, &images, &dataset.classes).expect("scenes");
    assert_eq!(sheet.width(), GAP + 5 * (SIDE + GAP), "a tile an image of the batch");
    let other = TrainConfig { seed: 1, ..config.clone() };
    assert!(sheet != first_batch(&other, &images, &dataset.classes).expect("scenes"));
    let few = TrainConfig { batch: 1000, ..config };
    first_batch(&few, &images, &dataset.classes).expect("fewer images than a batch");
}

#[test]
fn what_the_net_sees_is_turned_back_to_bytes() {
    let (_, images) = scenes();
    let mut pixels = vec![0.0; 3 * 32 * 32];
    crate::augment::normalize_into(&images.image(0).expect("in memory"), &mut pixels);
    assert_eq!(as_seen(&pixels, 32).rgb, *images.image(0).expect("in memory"));
}

#[test]
fn a_sheet_of_an_untrained_net_on_one_image_is_as_wide_as_its_title() {
    let (dataset, _) = scenes();
    let prepare = PrepareOptions { size: 32, ..PrepareOptions::default() };
    let (one, _) = Prepared::new(&dataset, &[2], &prepare).expect("an image");
    let config = TrainConfig { net: NetName::Tiny, size: 32, ..TrainConfig::default() };
    let mut model = Model::new(&config, dataset.classes.clone()).expect("a net");
    let said = model.evaluate(&one).expect("in memory");
    let sheet = worst(&dataset, &one, &said, &ImageLimits::default()).expect("a scene");
    assert!(sheet.width() > SIDE + 3 * GAP, "{}", sheet.width());
}

#[test]
fn long_names_keep_their_end() {
    assert_eq!(shortened("a.jpg"), "a.jpg");
    let long = shortened(&format!("{}/end.jpg", "folder".repeat(9)));
    assert!(long.starts_with("..") && long.ends_with("/end.jpg"), "{long}");
    assert_eq!(long.len(), LETTERS);
}

/// Tiles of these heights, all as wide as a column.
fn tiles(heights: &[u32]) -> Vec<Tile> {
    let captions = || [(String::new(), PLAIN), (String::new(), DIM)];
    let tile = |&h: &u32| Tile { image: RgbImage::new(SIDE, h), captions: captions() };
    heights.iter().map(tile).collect()
}

#[test]
fn a_sheet_is_as_large_as_its_rows_and_never_narrower_than_its_title() {
    let top = LINE + 2 * GAP;
    let below = 2 * LINE + 2 + GAP;
    for (heights, columns, rows) in [
        (vec![100], 1, vec![100]),
        (vec![100, 20, 150], 3, vec![150]),
        (vec![90; 8], 8, vec![90]),
        ([vec![90; 8], vec![30]].concat(), 8, vec![90, 30]),
        (vec![200; SHOWN], 8, vec![200; 6]),
    ] {
        let drawn = sheet("", &tiles(&heights));
        let height = top + rows.iter().map(|row| row + below).sum::<u32>();
        assert_eq!(drawn.dimensions(), (GAP + columns * (SIDE + GAP), height), "{heights:?}");
    }
    let title = "t".repeat(300);
    let wide = sheet(&title, &tiles(&[10])).width();
    assert_eq!(wide, 300 * crate::draw::LETTER_WIDTH + 2 * GAP);
}

#[test]
fn a_tile_keeps_the_aspect_of_its_image() {
    let orientation = crate::image::Orientation::UPRIGHT;
    for ((width, height), size) in [
        ((400, 400), (200, 200)),
        ((400, 100), (200, 50)),
        ((30, 90), (67, 200)),
        ((1000, 1), (200, 1)),
    ] {
        let rgb = vec![90; 3 * (width * height) as usize];
        let image = Image { width, height, rgb, orientation };
        let tile = scaled(&image, &[(BBox::new(0.25, 0.25, 0.75, 0.75), LABELED)]);
        assert_eq!(tile.dimensions(), size, "{width}x{height}");
    }
}

#[test]
fn a_long_name_keeps_its_end_and_fits_the_column() {
    assert_eq!(shortened("cat.jpg"), "cat.jpg");
    let long = shortened(&format!("{}/cat-0001.jpg", "folder".repeat(20)));
    assert_eq!(long.chars().count(), LETTERS);
    assert!(long.starts_with("..") && long.ends_with("/cat-0001.jpg"), "{long}");
}
