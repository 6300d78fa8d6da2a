//! What a step must not do: allocate, depend on the number of threads, or forget who made a NaN.

use paso_tape::{ClassLoss, Params, Sequential, Tape, Var};

struct Net {
    tape: Tape,
    params: Params,
    images: Var,
    boxes: Var,
    class: Var,
}

fn net() -> Net {
    let (mut tape, mut params) = (Tape::new(), Params::new(11));
    let images = tape.input([12, 12, 3]);
    let body = Sequential::new()
        .conv(8, 3)
        .batch_norm()
        .relu()
        .max_pool(2)
        .residual(
            Sequential::new().conv(8, 3).batch_norm().relu().depthwise(3, 1).batch_norm(),
            Sequential::new(),
        )
        .relu()
        .conv_stride(16, 3, 2)
        .batch_norm()
        .relu()
        .global_avg_pool()
        .linear(7);
    let output = body.record(&mut tape, &mut params, images);
    let (cxcywh_to_xyxy, logits) =
        (tape.slice_channels(output, 0..4), tape.slice_channels(output, 4..7));
    let (boxes, class) = (tape.input([1, 1, 4]), tape.input([1, 1, 1]));
    let a = tape.smooth_l1(cxcywh_to_xyxy, boxes, 1.0);
    let b = tape.cross_entropy(logits, class, ClassLoss::default());
    let loss = tape.weighted_sum(&[(1.0, a), (1.0, b)]);
    tape.set_loss(loss);
    Net { tape, params, images, boxes, class }
}

struct Batch {
    images: Vec<f32>,
    boxes: Vec<f32>,
    class: Vec<f32>,
}

fn batch(n: usize) -> Batch {
    let number = |i: usize, p: f32| (f32::from(u16::try_from(i % 60_000).unwrap()) * p).sin();
    Batch {
        images: (0..n * 432).map(|i| number(i, 0.37)).collect(),
        boxes: (0..n * 4).map(|i| number(i, 0.91)).collect(),
        class: (0..n).map(|i| f32::from(u8::try_from(i % 3).unwrap())).collect(),
    }
}

impl Net {
    fn step(&mut self, batch: &Batch, grads: &mut [f32]) -> f32 {
        let inputs = [
            (self.images, &batch.images[..]),
            (self.boxes, &batch.boxes),
            (self.class, &batch.class),
        ];
        let loss = self.tape.forward(&mut self.params, &inputs);
        self.tape.backward(&self.params, grads);
        self.params.values_mut().iter_mut().zip(&*grads).for_each(|(w, g)| *w -= 0.05 * g);
        loss
    }
}

#[test]
fn a_steady_step_allocates_nothing() {
    let mut net = net();
    let (large, small) = (batch(19), batch(5));
    let mut grads = net.params.zero_grads();
    net.step(&large, &mut grads);
    net.tape.infer(&net.params, &[(net.images, &large.images)]);
    let counted = allocation_counter::measure(|| {
        for batch in [&large, &small, &large] {
            net.step(batch, &mut grads);
            net.tape.infer(&net.params, &[(net.images, &batch.images)]);
        }
    });
    assert_eq!(counted.count_total, 0);
    // The counter counts.
    let one = allocation_counter::measure(|| drop(std::hint::black_box(vec![1_u8])));
    assert_eq!(one.count_total, 1);
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let run = |threads: Option<usize>| {
        let mut net = net();
        let mut grads = net.params.zero_grads();
        let mut steps = || {
            net.tape.set_parallel(threads.is_some());
            let losses: Vec<f32> =
                [19, 5, 32, 1, 19].iter().map(|&n| net.step(&batch(n), &mut grads)).collect();
            let inputs = batch(7);
            net.tape.infer(&net.params, &[(net.images, &inputs.images)]);
            losses
        };
        let losses = match threads {
            Some(n) => {
                rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(steps)
            }
            None => steps(),
        };
        assert!(losses.iter().all(|loss| loss.is_finite()), "{losses:?}");
        (bits(&losses), bits(net.params.values()), bits(net.params.buffers()))
    };
    let serial = run(None);
    for threads in [1, 2, 3, 8] {
        assert_eq!(run(Some(threads)), serial, "{threads} threads");
    }
}

#[test]
fn a_smaller_batch_forgets_the_larger_one() {
    let gradient = |sizes: &[usize]| {
        let mut net = net();
        let weights = net.params.values().to_vec();
        let mut grads = net.params.zero_grads();
        for &n in sizes {
            net.params.values_mut().copy_from_slice(&weights);
            net.step(&batch(n), &mut grads);
        }
        bits(&grads)
    };
    for n in [1, 5, 12, 16] {
        assert_eq!(gradient(&[32, n]), gradient(&[n]), "{n} images after 32");
    }
}

#[test]
fn training_lowers_the_loss() {
    let mut net = net();
    let mut grads = net.params.zero_grads();
    let batch = batch(24);
    let first = net.step(&batch, &mut grads);
    let last = (0..400).map(|_| net.step(&batch, &mut grads)).last().unwrap();
    assert!(last < 0.8 * first, "{first} to {last}");
}

#[test]
fn a_batch_is_the_mean_of_its_images_in_inference() {
    let mut net = net();
    let batch = batch(9);
    let mut grads = net.params.zero_grads();
    net.step(&batch, &mut grads);
    let inputs =
        [(net.images, &batch.images[..]), (net.boxes, &batch.boxes), (net.class, &batch.class)];
    net.tape.infer(&net.params, &inputs);
    let loss = net.tape.loss().unwrap();
    let each = net.tape.value(loss);
    assert_eq!(each.len(), 9);
    for (i, each) in each.iter().enumerate() {
        let inputs = [
            (net.images, &batch.images[i * 432..(i + 1) * 432]),
            (net.boxes, &batch.boxes[i * 4..(i + 1) * 4]),
            (net.class, &batch.class[i..=i]),
        ];
        net.tape.infer(&net.params, &inputs);
        assert_eq!(net.tape.mean(loss).to_bits(), each.to_bits(), "image {i}");
    }
}

#[test]
fn the_first_nan_is_named() {
    let mut net = net();
    let batch = batch(4);
    let inputs =
        [(net.images, &batch.images[..]), (net.boxes, &batch.boxes), (net.class, &batch.class)];
    assert_eq!(net.tape.first_non_finite(&net.params, &inputs), None);
    let range = net.params.tensor("conv2.weight").unwrap().range.clone();
    net.params.values_mut()[range.start] = f32::NAN;
    assert_eq!(net.tape.first_non_finite(&net.params, &inputs).as_deref(), Some("conv2.weight"));
    net.params.values_mut()[range.clone()].fill(3e38);
    assert_eq!(net.tape.first_non_finite(&net.params, &inputs).as_deref(), Some("conv2"));
}

#[test]
#[should_panic(expected = "backward was already called")]
fn a_forward_pass_has_one_backward_pass() {
    let (mut net, batch) = (net(), batch(2));
    let mut grads = net.params.zero_grads();
    net.step(&batch, &mut grads);
    net.tape.backward(&net.params, &mut grads);
}

#[test]
#[should_panic(expected = "5 elements are not a whole number of images of 432")]
fn a_wrong_length_is_named() {
    let mut net = net();
    net.tape.infer(&net.params, &[(net.images, &[0.0; 5])]);
}

#[test]
fn dropout_follows_the_step_and_not_the_threads_and_rests_in_inference() {
    let record = |parallel: bool| {
        let (mut tape, mut params) = (Tape::new(), Params::new(5));
        tape.set_parallel(parallel);
        let x = tape.input([1, 1, 40]);
        let dropped = tape.dropout(x, 0.5);
        let out = tape.linear(&mut params, "out", dropped, 1);
        tape.set_loss(out);
        (tape, params, x, dropped)
    };
    let images: Vec<f32> = (0..40 * 9).map(|i| i as f32 + 1.0).collect();
    let (mut tape, mut params, x, dropped) = record(false);
    let mut step = |tape: &mut Tape| {
        tape.forward(&mut params, &[(x, &images)]);
        tape.value(dropped)
    };
    let (first, second) = (step(&mut tape), step(&mut tape));
    assert_ne!(first, second, "every step drops others");
    assert!(first.iter().zip(&images).all(|(y, x)| *y == 0.0 || *y == 2.0 * x));
    tape.set_step(1);
    assert_eq!(step(&mut tape), second, "a resumed run drops what it would have dropped");

    let (mut other, ..) = record(true);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads");
    assert_eq!(pool.install(|| step(&mut other)), first, "on two threads");
    tape.infer(&params, &[(x, &images)]);
    assert_eq!(tape.value(dropped), images, "inference drops nothing");
}

#[test]
fn gradients_stop_at_a_frozen_node_and_are_the_same_beyond() {
    let (mut tape, mut params) = (Tape::new(), Params::new(7));
    let image = tape.input([6, 6, 2]);
    let body = Sequential::new().conv_bias(4, 3).relu().record(&mut tape, &mut params, image);
    let length = params.values().len();
    let out = Sequential::new().conv_bias(3, 3).global_avg_pool().linear(1);
    let out = out.record(&mut tape, &mut params, body);
    tape.set_loss(out);
    let images: Vec<f32> = (0..72 * 3).map(|i| ((i * 29) % 17) as f32 / 8.0 - 1.0).collect();
    let mut gradient = |tape: &mut Tape| {
        let mut grads = params.zero_grads();
        tape.forward(&mut params, &[(image, &images)]);
        tape.backward(&params, &mut grads);
        grads
    };
    let free = gradient(&mut tape);
    tape.set_frozen(body, true);
    let frozen = gradient(&mut tape);
    assert!(free[..length].iter().any(|g| *g != 0.0) && frozen[..length].iter().all(|g| *g == 0.0));
    assert_eq!(free[length..], frozen[length..]);
    tape.set_frozen(body, false);
    assert_eq!(gradient(&mut tape), free);
}

#[test]
fn every_image_layer_and_step_drops_other_elements() {
    let (mut tape, mut params) = (Tape::new(), Params::new(0));
    let x = tape.input([1, 1, 64]);
    let layers = [tape.dropout(x, 0.5), tape.dropout(x, 0.5)];
    let ones = vec![1.0; 12 * 64];
    let mut masks = Vec::new();
    for _ in 0..4 {
        tape.forward(&mut params, &[(x, &ones)]);
        for layer in layers {
            masks.extend(tape.value(layer).chunks(64).map(bits));
        }
    }
    let all = masks.len();
    masks.sort_unstable();
    masks.dedup();
    assert_eq!((masks.len(), all), (all, 4 * 2 * 12), "96 masks of 64 elements, all different");
}

#[test]
fn an_image_keeps_its_mask_whatever_the_size_of_the_batch() {
    let masks = |count: usize| {
        let (mut tape, mut params) = (Tape::new(), Params::new(0));
        let x = tape.input([1, 1, 32]);
        let y = tape.dropout(x, 0.5);
        tape.forward(&mut params, &[(x, &vec![1.0; count * 32])]);
        tape.value(y)
    };
    let largest = masks(40);
    for count in [1, 2, 7, 8, 9, 16, 33] {
        assert_eq!(masks(count), largest[..count * 32], "{count} images");
    }
}
