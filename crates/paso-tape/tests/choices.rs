//! What the plan chooses must not change a bit: a depthwise convolution computed by the 1 x 1 one behind it (inference), and what a
//! normalization writes, recomputed on the backward pass rather than kept (training). Where a caller wants to see a
//! value, the plan cannot choose so: that is what the choice is compared with. And the gradient of a sum lies in one place
//! with those of its terms, which those of a weighted sum do not. Small images go through a convolution several at a time. The sums of a
//! normalization behind a pool are the only choice that rounds otherwise: from what the pool wrote, or from all that it read.

use paso_tape::{Conv, Params, Pool, Tape, Var};

const SHAPE: [usize; 3] = [13, 24, 16];

struct Net {
    tape: Tape,
    params: Params,
    image: Var,
    out: Var,
    /// Between a depthwise convolution and the 1 x 1 one.
    middles: Vec<Var>,
}

/// Two depthwise-separable blocks and a linear layer. With `keep`, what lies in their middles can be read.
fn net(keep: bool) -> Net {
    let (mut tape, mut params) = (Tape::new(), Params::new(7));
    let image = tape.input(SHAPE);
    let (mut x, mut middles) = (image, Vec::new());
    for (i, stride) in [1, 2].into_iter().enumerate() {
        let first = Conv { stride, ..Conv::depthwise(16, 3) };
        x = tape.conv(&mut params, &format!("first{i}"), x, first, i == 0);
        x = tape.batch_norm(&mut params, &format!("norm{i}"), x);
        x = tape.relu(x);
        middles.push(x);
        x = tape.conv(&mut params, &format!("second{i}"), x, Conv::new(16, 16, 1), true);
        x = tape.batch_norm(&mut params, &format!("norm{i} again"), x);
        x = tape.relu(x);
    }
    let out = tape.linear(&mut params, "out", x, 1);
    tape.set_loss(out);
    if keep {
        middles.iter().for_each(|&middle| tape.keep(middle));
    }
    Net { tape, params, image, out, middles }
}

fn images(count: u16) -> Vec<f32> {
    let len: usize = SHAPE.iter().product();
    (0..count)
        .flat_map(|n| (0_u16..).take(len).map(move |i| f32::from((i + n) % 97) / 48.0 - 1.0))
        .collect()
}

#[test]
fn one_pass_over_two_convolutions_has_the_bits_of_two() {
    let infer = |keep: bool| {
        let Net { mut tape, mut params, image, out, middles } = net(keep);
        let images = images(5);
        // Running statistics that are not those of the beginning.
        tape.forward(&mut params, &[(image, &images)]);
        tape.infer(&params, &[(image, &images)]);
        (tape.value(out), keep.then(|| tape.value(middles[1])))
    };
    let ((batched, _), (apart, middle)) = (infer(false), infer(true));
    assert_eq!(batched, apart);
    assert!(middle.is_some_and(|middle| middle.iter().any(|&x| x > 0.0)));
}

#[test]
fn what_is_recomputed_has_the_bits_of_what_was_kept() {
    // Chunks of one image, of several, and a last one that is smaller.
    for count in [1, 3, 19] {
        let step = |keep: bool| {
            let Net { mut tape, mut params, image, .. } = net(keep);
            let (images, mut grads) = (images(count), params.zero_grads());
            let losses = [0, 1].map(|_| {
                let loss = tape.forward(&mut params, &[(image, &images)]);
                tape.backward(&params, &mut grads);
                params.values_mut().iter_mut().zip(&grads).for_each(|(w, g)| *w -= 0.01 * g);
                loss
            });
            (losses, grads)
        };
        let (recompute_phase, kept) = (step(false), step(true));
        assert_eq!(recompute_phase, kept, "{count} images");
        assert!(kept.1.iter().filter(|&&g| g != 0.0).count() > kept.1.len() / 2);
    }
}

#[test]
fn the_gradient_of_a_sum_in_one_place_has_the_bits_of_copies() {
    // A shortcut with weights, one without, and a sum of sums.
    let step = |copies: bool| {
        let (mut tape, mut params) = (Tape::new(), Params::new(3));
        let image = tape.input(SHAPE);
        let add = |tape: &mut Tape, a: Var, b: Var| {
            if copies { tape.weighted_sum(&[(1.0, a), (1.0, b)]) } else { tape.add(a, b) }
        };
        let mut x = image;
        for i in 0..2 {
            let mut terms = [x; 3];
            for (j, term) in terms.iter_mut().enumerate().take(3 - i) {
                *term = tape.conv(
                    &mut params,
                    &format!("c{i}{j}"),
                    x,
                    Conv::new(16, 16, 2 * j % 4 + 1),
                    false,
                );
                if j < 2 {
                    *term = tape.batch_norm(&mut params, &format!("n{i}{j}"), *term);
                }
            }
            let pair = add(&mut tape, terms[0], terms[1]);
            let all = add(&mut tape, pair, terms[2]);
            x = tape.relu(all);
        }
        let out = tape.linear(&mut params, "out", x, 1);
        tape.set_loss(out);
        let mut grads = params.zero_grads();
        let loss = tape.forward(&mut params, &[(image, &images(11))]);
        tape.backward(&params, &mut grads);
        (loss, grads)
    };
    assert_eq!(step(false), step(true));
}

#[test]
fn sums_from_what_a_pool_wrote_are_those_from_what_it_read() {
    // With `keep`, normalization and pool are apart. Where `gamma` is small next to `beta`, the output does not tell the input.
    for (gamma, beta) in [(1.0, 0.0), (-0.5, 0.7), (0.0, 0.3), (1e-3, 0.5)] {
        let step = |keep: bool| {
            let (mut tape, mut params) = (Tape::new(), Params::new(5));
            let image = tape.input(SHAPE);
            let mut x = image;
            for i in 0..2 {
                x = tape.conv(&mut params, &format!("conv{i}"), x, Conv::new(16, 16, 3), false);
                x = tape.batch_norm(&mut params, &format!("norm{i}"), x);
                if keep {
                    tape.keep(x);
                }
                x = tape.relu(x);
                x = tape.max_pool(x, Pool::new(2));
            }
            let out = tape.linear(&mut params, "out", x, 1);
            tape.set_loss(out);
            for tensor in params.tensors().to_vec() {
                let values = &mut params.values_mut()[tensor.range];
                match tensor.name.rsplit('.').next() {
                    Some("gamma") => values.fill(gamma),
                    Some("beta") => values.fill(beta),
                    _ => {}
                }
            }
            let mut grads = params.zero_grads();
            tape.forward(&mut params, &[(image, &images(11))]);
            tape.backward(&params, &mut grads);
            grads
        };
        let (from_output, apart) = (step(false), step(true));
        let largest = apart.iter().fold(0.0_f32, |most, g| most.max(g.abs()));
        assert!(largest > 0.0);
        for (a, b) in from_output.iter().zip(&apart) {
            assert!((a - b).abs() <= 1e-4 * b.abs() + 1e-5 * largest, "{gamma}, {beta}: {a}, {b}");
        }
    }
}

#[test]
fn images_that_go_together_are_what_each_is_alone() {
    // Without a normalization, an image's outputs and gradients do not depend on the others. Batches of few images have
    // chunks of one image; those of 19 and of 40 have chunks of two, three and more, which are not always a multiple of the preferred batch.
    let net = || {
        let (mut tape, mut params) = (Tape::new(), Params::new(11));
        let image = tape.input([8, 12, 16]);
        let mut x = image;
        for i in 0..2 {
            let first = tape.conv(&mut params, &format!("a{i}"), x, Conv::new(16, 20, 3), true);
            let first = tape.relu(first);
            let second =
                tape.conv(&mut params, &format!("b{i}"), first, Conv::new(20, 16, 3), false);
            // Two gradients arrive at `x`, one after the other.
            x = tape.add(x, second);
        }
        let out = tape.linear(&mut params, "out", x, 1);
        tape.set_loss(out);
        (tape, params, image, out)
    };
    let len = 8 * 12 * 16;
    for count in [1_u16, 3, 19, 40] {
        let numbers: Vec<f32> = (0..len * usize::from(count))
            .map(|i| f32::from(u8::try_from(i * 31 % 211).expect("small")) / 105.0 - 1.0)
            .collect();
        let (mut tape, mut params, image, out) = net();
        let mut batched = params.zero_grads();
        tape.forward(&mut params, &[(image, &numbers)]);
        tape.backward(&params, &mut batched);
        let mut outputs = tape.value(out);
        tape.infer(&params, &[(image, &numbers)]);
        assert_eq!(tape.value(out), outputs);

        let (mut alone, mut mean) = (params.zero_grads(), vec![0.0; batched.len()]);
        for one in numbers.chunks_exact(len) {
            tape.forward(&mut params, &[(image, one)]);
            tape.backward(&params, &mut alone);
            assert_eq!(tape.value(out), [outputs.remove(0)], "{count} images");
            mean.iter_mut().zip(&alone).for_each(|(m, g)| *m += f64::from(*g) / f64::from(count));
        }
        let largest = mean.iter().fold(0.0_f64, |most, g| most.max(g.abs()));
        for (a, b) in batched.iter().zip(&mean) {
            assert!((f64::from(*a) - b).abs() <= 1e-5 * largest, "{count} images: {a}, {b}");
        }
    }
}
