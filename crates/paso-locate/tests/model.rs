//! A net as its users see it: predictions, evaluations, files.

use paso_locate::checkpoint;
use paso_locate::data::{PrepareOptions, Prepared, Split};
use paso_locate::demo::{DemoOptions, dataset};
use paso_locate::image::{Image, Orientation};
use paso_locate::metrics::{Located, best_constant_box, evaluate, mean_iou};
use paso_locate::{BBox, Model, NetName, TrainConfig, Trainer, onnx, weights};
use proptest::prelude::*;
use std::sync::Arc;

const SIDE: usize = 32;

fn images() -> (Prepared, Vec<String>) {
    let demo = dataset(&DemoOptions { train: 9, val: 1, seed: 8 }).expect("scenes");
    let options = PrepareOptions { size: SIDE, ..PrepareOptions::default() };
    let images = Prepared::new(&demo, &demo.indices(Split::Train), &options).expect("images");
    (images.0, demo.classes)
}

fn config() -> TrainConfig {
    TrainConfig { net: NetName::Tiny, size: 32, batch: 3, steps: Some(6), ..TrainConfig::default() }
}

#[test]
fn an_image_alone_is_located_as_it_is_among_others() {
    let (images, classes) = images();
    let mut model = Model::new(&config(), classes).expect("settings");
    let batch = model.predict(&images).expect("in memory");
    for (i, predicted) in batch.iter().enumerate() {
        let rgb = images.image(i).expect("in memory").into_owned();
        let orientation = Orientation::from_exif(1).expect("upright");
        let image = Image { width: 32, height: 32, rgb, orientation };
        assert_eq!(model.locate(&image), *predicted, "image {i}");
        assert!(predicted.bbox.is_valid() && predicted.class < 4);
        assert!((0.25..=1.0).contains(&predicted.score), "{predicted:?}");
        let [x0, y0, x1, y1] = predicted.stored_pixels(&image);
        assert!(0.0 <= x0 && x0 < x1 && x1 <= 32.0 && 0.0 <= y0 && y0 < y1 && y1 <= 32.0);
    }
}

#[test]
fn an_evaluation_is_that_of_its_predictions() {
    let (images, classes) = images();
    let mut model = Model::new(&config(), classes).expect("settings");
    let evaluation = model.evaluate(&images).expect("in memory");
    assert_eq!(evaluation.predictions, model.predict(&images).expect("in memory"));
    for (i, iou) in evaluation.ious.iter().enumerate() {
        assert_eq!(*iou, evaluation.predictions[i].bbox.iou(&images.boxes()[i]), "image {i}");
    }
    let mean = evaluation.ious.iter().sum::<f64>() / 9.0;
    assert!((evaluation.metrics.mean_iou - mean).abs() < 1e-12);
    assert!(evaluation.loss.is_finite() && evaluation.loss > 0.0);
}

#[test]
fn a_trained_net_comes_back_from_its_checkpoint_and_not_from_other_files() {
    let (images, classes) = images();
    let mut run = Trainer::new(&config(), classes, Arc::new(images.clone())).expect("settings");
    for _ in 0..6 {
        run.step().expect("a step");
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    let (meta, tensors) = run.checkpoint(None).expect("in memory");
    checkpoint::save(&path("run.safetensors"), &meta, &tensors).expect("it is written");
    let mut loaded = Model::load(&path("run.safetensors")).expect("it is read");
    assert_eq!(loaded.classes(), run.model().classes());
    assert_eq!(loaded.evaluate(&images).expect("images"), run.evaluate(&images).expect("images"));
    assert_eq!(onnx::encode(&loaded).expect("nets"), onnx::encode(run.model()).expect("nets"));

    weights::save(&path("weights.safetensors"), &loaded).expect("it is written");
    std::fs::write(path("net.onnx"), onnx::encode(&loaded).expect("nets")).expect("written");
    for other in ["weights.safetensors", "net.onnx", "none.safetensors"] {
        let refused = Model::load(&path(other)).expect_err("no checkpoint").to_string();
        assert!(refused.contains(other), "{refused}");
    }
    let missing = &tensors[..tensors.len() - 1];
    checkpoint::save(&path("less.safetensors"), &meta, &tensors[1..]).expect("it is written");
    let refused = Model::load(&path("less.safetensors")).expect_err("a tensor less").to_string();
    assert!(refused.contains(&format!("tensor {} is missing", tensors[0].name)), "{refused}");
    // The net would be whole without the last moment, but the file is not what was written.
    checkpoint::save(&path("moments.safetensors"), &meta, missing).expect("it is written");
    let refused = Model::load(&path("moments.safetensors")).expect_err("a moment less").to_string();
    let last = &tensors[tensors.len() - 1].name;
    assert!(refused.contains(&format!("tensor {last} is missing")), "{refused}");
}

#[test]
#[should_panic(expected = "images of 32x32 for a net of 48x48")]
fn images_of_another_size_than_the_net_s_panic() {
    let (images, classes) = images();
    let config = TrainConfig { size: 48, ..config() };
    let mut model = Model::new(&config, classes).expect("settings");
    drop(model.predict(&images));
}

fn any_box() -> impl Strategy<Value = BBox> {
    (0.0..0.9_f32, 0.0..0.9_f32, 0.01..0.5_f32, 0.01..0.5_f32)
        .prop_map(|(x, y, w, h)| BBox::new(x, y, (x + w).min(1.0), (y + h).min(1.0)))
}

fn any_located() -> impl Strategy<Value = Located> {
    (any_box(), 0..3_usize).prop_map(|(bbox, class)| Located { bbox, class })
}

proptest! {
    #[test]
    fn overlap_is_symmetric_and_one_only_for_the_same_box(a in any_box(), b in any_box()) {
        prop_assert_eq!(a.iou(&b), b.iou(&a));
        prop_assert!((0.0..=1.0).contains(&a.iou(&b)));
        prop_assert!((a.iou(&a) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn metrics_are_ordered_by_their_thresholds_and_do_not_see_the_order_of_images(
        pairs in prop::collection::vec((any_located(), any_located()), 1..20),
    ) {
        let (found, truth): (Vec<Located>, Vec<Located>) = pairs.iter().copied().unzip();
        let metrics = evaluate(&found, &truth);
        prop_assert!(metrics.iou75 <= metrics.iou50);
        prop_assert!(metrics.iou50_95 <= metrics.iou50);
        prop_assert!(metrics.top1_localization <= metrics.class_accuracy.min(metrics.iou50));
        let (found, truth): (Vec<Located>, Vec<Located>) = pairs.iter().rev().copied().unzip();
        let reversed = evaluate(&found, &truth);
        prop_assert!((reversed.mean_iou - metrics.mean_iou).abs() < 1e-12);
        prop_assert!((reversed.center_error - metrics.center_error).abs() < 1e-12);
        let perfect = evaluate(&truth, &truth);
        prop_assert_eq!((perfect.iou75, perfect.class_accuracy, perfect.center_error), (1.0, 1.0, 0.0));
    }

    #[test]
    fn the_best_constant_box_scores_what_it_says_and_as_much_as_all_of_the_image(
        boxes in prop::collection::vec(any_box(), 1..8),
    ) {
        let (best, score) = best_constant_box(&boxes);
        prop_assert!((mean_iou(&best, &boxes) - score).abs() < 1e-9);
        prop_assert!(score >= mean_iou(&BBox::FULL, &boxes) - 1e-3, "{}", score);
    }
}
