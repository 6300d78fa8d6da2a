//! Convolutions one after the other: scratch memory, packed weights and outputs that hold what
//! others left behind, every number of channels up to two vectors, and special values on the
//! backward pass.

use super::{Conv, Epilogue, PackedConv, Separable, grouped};
use crate::test_support::{SPECIAL, assert_close, assert_panics, image, values};
use crate::{Image, ImageMut, Images, ImagesMut, Isa, Plane};

/// Output, gradient of the input and of the weights, each in memory that held NaN before.
fn run(isa: Isa, conv: &Conv, x: Plane, input: &[f32], packed: &mut PackedConv) -> [Vec<f32>; 3] {
    let dy = conv.output(x).with_halo(conv.grad_halo(x));
    let (weights, d_output) = (values(conv.weight_len(), 3), image(dy, 2));
    packed.pack(isa, conv, x, &weights);
    let y = conv.output(x);
    let (mut out, mut dw) = (vec![f32::NAN; y.len()], vec![0.0; weights.len()]);
    let to = ImagesMut::new(y, &mut out);
    conv.forward(isa, Images::new(x, input), packed, Epilogue::default(), to);
    packed.pack_backward(isa, conv, x, &weights);
    let mut dx: Vec<f32> = image(x, 1).iter().map(|x| x * f32::NAN).collect();
    conv.input_grad(isa, Images::new(dy, &d_output), packed, ImagesMut::new(x, &mut dx));
    conv.weight_grad(isa, Images::new(x, input), Images::new(dy, &d_output), &mut dw);
    let dx = x.runs().flat_map(|run| dx[run].to_vec()).collect();
    [out, dx, dw]
}

/// Both Winograd tiles, direct, strided, grouped, depthwise.
fn kinds() -> Vec<(Conv, Plane)> {
    [
        (Conv::new(16, 40, 3), (8, 12)),
        (Conv::new(40, 17, 3), (10, 8)),
        (Conv::new(64, 64, 3), (16, 16)),
        (Conv::new(3, 33, 3), (9, 17)),
        (Conv { stride: 2, ..Conv::new(9, 8, 3) }, (9, 8)),
        (Conv { groups: 2, ..Conv::new(4, 6, 3) }, (5, 5)),
        (Conv::depthwise(19, 3), (6, 9)),
        (Conv { stride: 2, ..Conv::depthwise(24, 3) }, (8, 6)),
        (Conv::depthwise(5, 5), (7, 7)),
    ]
    .into_iter()
    .map(|(conv, (h, w))| (conv, Plane::new(h, w, conv.in_channels).with_halo(conv.padding)))
    .collect()
}

#[test]
fn results_do_not_depend_on_what_ran_before_on_the_thread() {
    for isa in Isa::available() {
        // On a thread of its own, scratch memory is fresh.
        let fresh: Vec<_> = kinds()
            .into_iter()
            .map(|(conv, x)| {
                let alone = move || run(isa, &conv, x, &image(x, 1), &mut PackedConv::default());
                std::thread::spawn(alone).join().expect("a convolution that does not panic")
            })
            .collect();
        // Here it holds NaN of larger and of smaller convolutions, and one `PackedConv` serves all.
        let mut packed = PackedConv::default();
        for round in 0..2 {
            for ((conv, x), fresh) in kinds().iter().zip(&fresh) {
                let poison = vec![f32::NAN; x.len()];
                let poisoned = run(isa, conv, *x, &poison, &mut packed);
                assert!(poisoned[0].iter().any(|y| y.is_nan()), "{conv:?}: NaN reaches outputs");
                let got = run(isa, conv, *x, &image(*x, 1), &mut packed);
                assert_eq!(&got, fresh, "{conv:?} on {isa}, round {round}");
            }
        }
    }
}

#[test]
fn a_copy_of_packed_weights_is_independent_of_the_original() {
    let (isa, conv) = (Isa::best(), Conv::new(5, 9, 3));
    let x = Plane::new(4, 4, 5).with_halo(1);
    let (input, y) = (image(x, 1), conv.output(x));
    let forward = |packed: &PackedConv| {
        let mut out = vec![0.0; y.len()];
        let to = ImagesMut::new(y, &mut out);
        conv.forward(isa, Images::new(x, &input), packed, Epilogue::default(), to);
        out
    };
    let mut packed = PackedConv::default();
    packed.pack(isa, &conv, x, &values(conv.weight_len(), 1));
    let (copy, before) = (packed.clone(), forward(&packed));
    packed.pack(isa, &conv, x, &values(conv.weight_len(), 2));
    assert_ne!(forward(&packed), before, "other weights");
    assert_eq!(forward(&copy), before, "the copy kept the first ones");
}

/// Forward pass and both gradients against the plain loops in `f64`.
#[track_caller]
fn check(conv: Conv, height: usize, width: usize, isa: Isa) {
    let x = Plane::new(height, width, conv.in_channels).with_halo(conv.padding);
    let dy = conv.output(x).with_halo(conv.grad_halo(x));
    let (input, d_output, weights) = (image(x, 1), image(dy, 2), values(conv.weight_len(), 3));
    let (mut y, mut dx) = (vec![0.0; dy.len()], vec![0.0; x.len()]);
    let mut dw = vec![0.0; weights.len()];
    grouped::for_each_product(&conv, x, dy, |out, at, w| {
        y[out] += f64::from(input[at]) * f64::from(weights[w]);
        dx[at] += f64::from(d_output[out]) * f64::from(weights[w]);
        dw[w] += f64::from(input[at]) * f64::from(d_output[out]);
    });
    let inner = |plane: Plane, data: &[f64]| -> Vec<f64> {
        plane.runs().flat_map(|run| data[run].to_vec()).collect()
    };
    let [got_y, got_dx, got_dw] = run(isa, &conv, x, &input, &mut PackedConv::default());
    let terms = conv.kernel * conv.kernel * conv.in_channels.max(conv.out_channels);
    let bound = |terms: usize| 5e-7 * f64::from(u32::try_from(terms).expect("few terms"));
    assert_close(&format!("{conv:?} on {isa}"), &got_y, &inner(dy, &y), bound(terms));
    assert_close(&format!("dx of {conv:?} on {isa}"), &got_dx, &inner(x, &dx), bound(terms));
    assert_close(&format!("dw of {conv:?} on {isa}"), &got_dw, &dw, bound(dy.pixels()));
}

#[test]
fn every_number_of_channels_up_to_two_vectors_on_either_side() {
    for isa in Isa::available() {
        for channels in 1..=33 {
            check(Conv::new(channels, 3, 1), 3, 5, isa);
            check(Conv::new(2, channels, 1), 5, 3, isa);
            check(Conv::new(channels, 2, 3), 3, 4, isa);
            check(Conv::new(3, channels, 3), 4, 17, isa);
            check(Conv { stride: 2, ..Conv::new(3, channels, 3) }, 5, 35, isa);
            check(Conv { stride: 2, ..Conv::new(channels, 5, 1) }, 5, 4, isa);
            check(Conv::depthwise(channels, 3), 3, 5, isa);
            check(Conv { stride: 2, ..Conv::depthwise(channels, 3) }, 4, 6, isa);
            check(Conv { stride: 2, padding: 0, ..Conv::depthwise(channels, 3) }, 5, 7, isa);
            check(Conv::depthwise(channels, 5), 5, 6, isa);
        }
    }
}

#[test]
fn every_number_of_pixels_around_the_register_tiles() {
    for isa in Isa::available() {
        for width in 1..=33 {
            check(Conv::new(4, 9, 1), 1, width, isa);
            check(Conv::new(3, 7, 3), 1, width, isa);
            check(Conv::new(3, 20, 3), 2, width, isa);
            check(Conv { stride: 2, ..Conv::new(3, 17, 3) }, 3, width, isa);
            check(Conv::depthwise(9, 3), 2, width, isa);
        }
    }
}

#[test]
fn winograd_takes_every_number_of_channels_from_16_to_two_vectors_and_one() {
    for isa in Isa::available() {
        for channels in 16..=33 {
            check(Conv::new(16, channels, 3), 8, 8, isa);
            check(Conv::new(channels, 16, 3), 6, 12, isa);
        }
    }
}

#[test]
fn special_values_reach_the_gradients_that_see_them() {
    let convs = [
        Conv::new(3, 17, 3),
        Conv { stride: 2, ..Conv::new(5, 9, 3) },
        Conv::depthwise(9, 3),
        Conv { groups: 2, ..Conv::new(4, 6, 3) },
    ];
    for conv in convs {
        let x = Plane::new(6, 7, conv.in_channels).with_halo(conv.padding);
        let dy = conv.output(x).with_halo(conv.grad_halo(x));
        let (input, weights) = (image(x, 1), values(conv.weight_len(), 3));
        for special in SPECIAL {
            let mut d_output = image(dy, 2);
            d_output[dy.row(1).start + dy.channels] = special;
            let (mut want_dx, mut want_dw) = (vec![0.0; x.len()], vec![0.0; weights.len()]);
            grouped::for_each_product(&conv, x, dy, |out, at, w| {
                want_dx[at] += f64::from(d_output[out]) * f64::from(weights[w]);
                want_dw[w] += f64::from(d_output[out]) * f64::from(input[at]);
            });
            for isa in Isa::available() {
                let what = format!("{special} in the gradient of {conv:?} on {isa}");
                let mut packed = PackedConv::default();
                packed.pack_backward(isa, &conv, x, &weights);
                let (mut dx, mut dw) = (vec![0.0; x.len()], vec![0.0; weights.len()]);
                let from = Images::new(dy, &d_output);
                conv.input_grad(isa, from, &packed, ImagesMut::new(x, &mut dx));
                assert_close(&what, &dx, &want_dx, 1e-4);
                conv.weight_grad(isa, Images::new(x, &input), from, &mut dw);
                for (got, want) in dw.iter().zip(&want_dw) {
                    // Where a sum has an infinity of either sign, the order decides between it and
                    // NaN.
                    let finite = want.is_finite();
                    let close = !finite || (f64::from(*got) - want).abs() < 1e-4;
                    assert!(close && got.is_finite() == finite, "{what}: {got}, not {want}");
                }
            }
        }
    }
}

#[test]
fn denormal_weights_and_inputs_are_computed_and_not_flushed() {
    // 1e-40 * 2^20 is a normal number that a flush of the input would turn into zero.
    let conv = Conv { padding: 0, ..Conv::new(1, 9, 1) };
    let x = Plane::new(1, 4, 1);
    for isa in Isa::available() {
        let mut packed = PackedConv::default();
        packed.pack(isa, &conv, x, &[1e-40; 9]);
        let mut y = vec![0.0; 36];
        let to = ImagesMut::new(conv.output(x), &mut y);
        let million = [1_048_576.0; 4];
        conv.forward(isa, Images::new(x, &million), &packed, Epilogue::default(), to);
        let want = 1e-40_f32 * 1_048_576.0;
        assert!(want > 0.0 && y.iter().all(|&y| y == want), "{isa}: {y:?}, not {want}");
    }
}

#[test]
fn a_wider_halo_than_the_padding_changes_nothing() {
    for isa in Isa::available() {
        for (conv, x) in kinds() {
            let (narrow, wide) = (x, x.with_halo(x.halo + 2));
            let [a, b] = [narrow, wide]
                .map(|x| run(isa, &conv, x, &image(x, 1), &mut PackedConv::default()));
            assert_eq!(a, b, "{conv:?} on {isa}");
        }
    }
}

#[test]
fn a_separable_pair_names_what_does_not_fit() {
    let (isa, x) = (Isa::best(), Plane::new(16, 16, 16).with_halo(1));
    let (first, second) = (Conv::depthwise(16, 3), Conv::new(16, 8, 1));
    let pair = Separable::new(first, second, x).expect("small weights");
    assert!(pair.scratch_len() > 0 && pair.scratch_len() <= first.output(x).len());
    let mut packed = [PackedConv::default(), PackedConv::default()];
    packed[0].pack(isa, &first, x, &values(first.weight_len(), 1));
    packed[1].pack(isa, &second, first.output(x), &values(second.weight_len(), 2));
    let y = second.output(first.output(x));
    let forward = |packed: [&PackedConv; 2], from: Plane, to: Plane| {
        let (input, mut out) = (image(from, 1), vec![0.0; to.len()]);
        let layers = packed.map(|packed| (packed, Epilogue::default()));
        let mut rows = vec![0.0; pair.scratch_len()];
        let out = ImageMut::new(to, &mut out);
        pair.forward(isa, Image::new(from, &input), layers, &mut rows, out);
    };
    let [a, b] = [&packed[0], &packed[1]];
    forward([a, b], x, y);
    assert_panics(&["packed for something else"], || forward([b, a], x, y));
    assert_panics(&["halo of 1, it has 0"], || forward([a, b], x.with_halo(0), y));
    assert_panics(&["15x16x16"], || forward([a, b], Plane { height: 15, ..x }, y));
    assert_panics(&["16x16x9"], || forward([a, b], x, Plane { channels: 9, ..y }));
    assert_panics(&["16 channels", "needs 8"], || {
        let _ = Separable::new(Conv::depthwise(8, 3), Conv::new(8, 8, 1), x);
    });
}
