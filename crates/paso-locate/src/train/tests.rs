//! Batches, branches, checkpoints and refusals of a run.

use super::*;
use crate::augment::Augment;
use crate::checkpoint;
use crate::data::{PrepareOptions, Split};
use crate::demo::{self, DemoOptions};
use crate::{NetName, TrainConfig};

const CLASSES: usize = 4;

fn images(train: usize) -> Arc<Prepared> {
    let dataset = demo::dataset(&DemoOptions { train, val: 1, seed: 6 }).expect("scenes");
    let options = PrepareOptions { size: 32, ..PrepareOptions::default() };
    let images = Prepared::new(&dataset, &dataset.indices(Split::Train), &options);
    Arc::new(images.expect("images").0)
}

fn config() -> TrainConfig {
    let (net, size, batch, steps) = (NetName::Tiny, 32, 4, Some(12));
    TrainConfig { net, size, batch, steps, average: 0.9, ..TrainConfig::default() }
}

fn run(config: &TrainConfig, data: &Arc<Prepared>) -> Trainer {
    let classes = (0..CLASSES).map(|c| c.to_string()).collect();
    Trainer::new(config, classes, Arc::clone(data)).expect("settings")
}

fn bits(run: &Trainer) -> Vec<u32> {
    let params = &run.model.params;
    params.values().iter().chain(params.buffers()).map(|v| v.to_bits()).collect()
}

#[test]
fn batches_follow_the_order_and_reach_into_the_next_pass() {
    let data = images(6);
    let mut run = run(&TrainConfig { augment: Augment::none(), ..config() }, &data);
    let mut order = Order::new(run.model.config().seed, 6);
    for step in 0..6 {
        run.fill(step).expect("in memory");
        for k in 0..4 {
            let (sample, _) = order.at(4 * step + k as u64);
            assert_eq!(run.batch.samples[k], sample, "step {step}, place {k}");
            assert_eq!(run.batch.labels[k], data.labels()[sample]);
            assert_eq!(run.batch.boxes[4 * k..4 * k + 4], data.boxes()[sample].xyxy());
            assert_eq!(run.batch.classes[k], data.labels()[sample] as f32);
        }
    }
}

#[test]
fn a_batch_depends_on_its_step_and_not_on_the_ones_before() {
    let data = images(6);
    let (mut one, mut other) = (run(&config(), &data), run(&config(), &data));
    (0..4).for_each(|step| one.fill(step).expect("in memory"));
    other.fill(3).expect("in memory");
    assert!(one.batch.images == other.batch.images && one.batch.boxes == other.batch.boxes);
    other.fill(2).expect("in memory");
    assert!(one.batch.images != other.batch.images, "another step has other images");
}

#[test]
fn a_checkpoint_on_disk_goes_on_with_the_same_bits() {
    let data = images(6);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run.safetensors");
    let mut whole = run(&config(), &data);
    for _ in 0..3 {
        whole.step().expect("a step");
    }
    let (meta, tensors) = whole.checkpoint(Some((0.5, 1))).expect("in memory");
    checkpoint::save(&path, &meta, &tensors).expect("it is written");
    let (meta, tensors) = checkpoint::load(&path).expect("it is read");
    let mut resumed = Trainer::resume(&path, &meta, &tensors, Arc::clone(&data)).expect("it fits");
    assert_eq!((meta.step, meta.best, resumed.steps()), (3, Some((0.5, 1)), 3));
    for _ in 0..3 {
        assert_eq!(resumed.step().expect("a step"), whole.step().expect("a step"));
    }
    assert_eq!(bits(&resumed), bits(&whole));
    let average = |run: &Trainer| run.average.as_ref().expect("kept").weights.clone();
    assert_eq!(average(&resumed), average(&whole));
}

#[test]
fn a_checkpoint_of_other_images_or_with_a_tensor_less_is_refused() {
    let data = images(6);
    let (meta, mut tensors) = run(&config(), &data).checkpoint(None).expect("in memory");
    let path = Path::new("run.safetensors");
    let refused = Trainer::resume(path, &meta, &tensors, images(5)).expect_err("other images");
    assert!(refused.to_string().contains("trained on other images"), "{refused}");
    let average = tensors.iter().position(|t| t.name == "trained.conv1.weight").expect("there");
    let removed = tensors.remove(average);
    let refused = Trainer::resume(path, &meta, &tensors, Arc::clone(&data)).expect_err("one less");
    assert!(refused.to_string().contains("tensor trained.conv1.weight is missing"), "{refused}");
    tensors.push(removed);
    let moment = tensors.iter().position(|t| t.name == "exp_avg.head.bias").expect("there");
    tensors[moment].shape.push(1);
    let refused = Trainer::resume(path, &meta, &tensors, data).expect_err("another shape");
    assert!(refused.to_string().contains("exp_avg.head.bias has shape"), "{refused}");
}

#[test]
fn a_branch_has_the_same_bits_until_its_seed_differs() {
    let data = images(6);
    let mut one = run(&config(), &data);
    one.step().expect("a step");
    let (mut same, mut other) = (one.branch(0).expect("one"), one.branch(1).expect("one"));
    assert_eq!(bits(&same), bits(&one));
    for run in [&mut one, &mut same, &mut other] {
        run.step().expect("a step");
    }
    assert_eq!(bits(&same), bits(&one));
    assert_ne!(bits(&other), bits(&one));
}

#[test]
fn a_loss_that_is_not_finite_names_the_layer_and_changes_no_weight() {
    let data = images(6);
    let mut run = run(&config(), &data);
    let weight = run.model.params.tensor("conv3.weight").expect("there").range.start;
    run.model.params.values_mut()[weight] = f32::NAN;
    let before: Vec<u32> = run.model.params.values().iter().map(|v| v.to_bits()).collect();
    let error = run.step_at_rate(0.5).expect_err("diverged").to_string();
    assert!(error.contains("step 0 (rate 5e-1): conv3.weight is not finite"), "{error}");
    let after: Vec<u32> = run.model.params.values().iter().map(|v| v.to_bits()).collect();
    assert_eq!((run.steps(), after), (0, before));
    let error = run.check_finite(1.0).expect_err("the weight").to_string();
    assert!(error.contains("conv3.weight"), "{error}");
}

#[test]
fn features_are_for_the_net_that_has_a_body() {
    let mut run = run(&config(), &images(6));
    let refused = run.load_features(Path::new("x.safetensors")).expect_err("no body");
    assert!(
        refused.to_string().contains("squeezenet or lite0, to take features from a file"),
        "{refused}"
    );
}

#[test]
fn images_of_another_size_are_refused() {
    let config = TrainConfig { size: 64, ..config() };
    let refused = Trainer::new(&config, vec!["a".into()], images(2)).expect_err("32 pixels");
    assert!(refused.to_string().contains("size is 64"), "{refused}");
}

#[test]
fn a_gradient_whose_square_is_infinite_is_named_by_its_tensor_and_one_below_is_not() {
    // The bound is the largest norm whose square is an f32.
    #[expect(clippy::cast_possible_truncation, reason = "what a moment takes in")]
    let square = |norm: f64| norm as f32 * norm as f32;
    assert!(square(LARGEST_NORM).is_finite() && square(LARGEST_NORM * 1.000_001).is_infinite());
    let data = images(6);
    let mut run = run(&config(), &data);
    run.fill(0).expect("in memory");
    let range = run.model.params.tensor("head.bias").expect("there").range.clone();
    for (value, place) in [
        (1e20, "the gradient's square of head.bias"),
        (f32::NAN, "the gradient of head.bias"),
        (1e19, "the loss"),
    ] {
        run.gradient.fill(0.5);
        run.gradient[range.start] = value;
        let said = run.diverged(0, 1e-3).to_string();
        assert!(said.contains(&format!("{place} is not finite")), "{said}");
    }
}
