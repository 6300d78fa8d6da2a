//! Every convolution path against the six loops in `f64`, at every instruction set of this machine.

use super::winograd_tile::WinogradTile;
use super::{Conv, Epilogue, FusedActivation, PackedConv, Separable, grouped};
use crate::test_support::{
    SPECIAL, assert_close, assert_panics, for_each_value, image, values as paint,
};
use crate::{Activation, Image, ImageMut, Images, ImagesMut, Isa, Plane};

/// A few ulp times the length of the sum, which was made in `f64`: inputs and weights are below 1,
/// so a sum of n terms is below n.
#[track_caller]
fn close(what: &str, conv: &Conv, isa: Isa, terms: usize, got: &[f32], want: &[f64]) {
    let bound = 4.0 * f64::from(f32::EPSILON) * f64::from(u16::try_from(terms).unwrap());
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!(
            (f64::from(*got) - want).abs() <= bound,
            "{what} of {conv:?} on {isa}: at {i} {got} instead of {want}"
        );
    }
}

fn check(conv: Conv, height: usize, width: usize) {
    check_images(conv, 1 + height % 2, height, width);
}

fn check_images(conv: Conv, count: usize, height: usize, width: usize) {
    let x = Plane::new(height, width, conv.in_channels).with_halo(conv.end_padding() + height % 2);
    let y = conv.output(x).with_halo(conv.grad_halo(x));
    let images = |plane: Plane, seed| -> Vec<f32> {
        (0..count).flat_map(|i| image(plane, seed + 5 * i)).collect()
    };
    let (input, output_grad) = (images(x, 1), images(y, 2));
    let (input, output_grad) = (Images::new(x, &input), Images::new(y, &output_grad));
    let (weights, bias) = (paint(conv.weight_len(), 3), paint(conv.out_channels, 4));
    let epilogue = Epilogue { bias: Some(&bias), ..Epilogue::default() };
    let (mut want, mut want_dx) = (vec![0.0; count * y.len()], vec![0.0; count * x.len()]);
    let mut want_dw: Vec<_> = paint(conv.weight_len(), 5).into_iter().map(f64::from).collect();
    for (i, (x, dy)) in input.iter().zip(output_grad.iter()).enumerate() {
        let (from, to) = (i * x.data.len(), i * dy.data.len());
        for row in 0..y.height {
            for (at, o) in y.row(row).zip((0..conv.out_channels).cycle()) {
                want[to + at] = f64::from(bias[o]);
            }
        }
        grouped::for_each_product(&conv, x.plane, y, |out, at, weight| {
            let [x, dy, w] = [x.data[at], dy.data[out], weights[weight]].map(f64::from);
            want[to + out] += x * w;
            want_dx[from + at] += dy * w;
            want_dw[weight] += x * dy;
        });
    }

    for isa in Isa::available() {
        let mut packed = PackedConv::default();
        packed.pack(isa, &conv, x, &weights);
        let terms = conv.kernel * conv.kernel * conv.in_channels.max(conv.out_channels);

        let mut got = vec![0.0; count * y.len()];
        conv.forward(isa, input, &packed, epilogue, ImagesMut::new(y, &mut got));
        close("forward", &conv, isa, terms, &got, &want);

        for of in [Activation::Relu, Activation::Relu6] {
            let activation = FusedActivation::of(of).expect("a kernel can apply it");
            let (mut active, epilogue) =
                (vec![0.0; got.len()], Epilogue { activation, ..epilogue });
            conv.forward(isa, input, &packed, epilogue, ImagesMut::new(y, &mut active));
            for (y, got) in got.iter().zip(&active) {
                assert_eq!(of.value(*y), *got, "{of:?} behind {conv:?} on {isa}");
            }
        }

        // What was there before must not matter, and the halo must stay as it was.
        let mut got: Vec<f32> =
            input.data.iter().map(|&x| if x == 0.0 { 0.0 } else { f32::NAN }).collect();
        packed.pack_backward(isa, &conv, x, &weights);
        conv.input_grad(isa, output_grad, &packed, ImagesMut::new(x, &mut got));
        close("input gradient", &conv, isa, terms, &got, &want_dx);

        let mut got = paint(conv.weight_len(), 5);
        conv.weight_grad(isa, input, output_grad, &mut got);
        close("weight gradient", &conv, isa, count * y.pixels(), &got, &want_dw);
    }
}

/// Channels around one and two vectors of 4, 8 and 16 lanes.
const CHANNELS: [usize; 12] = [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 24, 33];

#[test]
fn every_channel_count_around_the_lanes() {
    for c in CHANNELS {
        check(Conv::new(3, c, 3), 5, 6);
        check(Conv::new(c, 5, 3), 6, 5);
        check(Conv::new(c, 6, 1), 4, 7);
        check(Conv::depthwise(c, 3), 6, 7);
    }
}

#[test]
fn colors_in_rows_longer_than_a_tile() {
    for c in [1, 4, 8, 9, 16, 17, 24, 33, 40] {
        for (height, width) in [(5, 33), (3, 40), (7, 71)] {
            for stride in [1, 2] {
                check(Conv { stride, ..Conv::new(3, c, 3) }, height, width);
            }
        }
    }
}

#[test]
fn every_kernel_stride_and_padding() {
    for kernel in [1, 2, 3, 5] {
        for stride in [1, 2, 3] {
            for padding in 0..kernel {
                for (height, width) in [(7, 9), (8, 6)] {
                    check(Conv { stride, padding, ..Conv::new(4, 6, kernel) }, height, width);
                    check(Conv { stride, padding, ..Conv::depthwise(9, kernel) }, height, width);
                    check(
                        Conv { stride, padding, groups: 2, ..Conv::new(4, 6, kernel) },
                        height,
                        width,
                    );
                }
            }
        }
    }
}

#[test]
fn more_padding_at_the_end_than_at_the_start() {
    for (kernel, padding) in [(3, 0), (5, 1)] {
        for stride in [1, 2] {
            for extra_padding in [1, 2] {
                let more = |conv| Conv { stride, padding, extra_padding, ..conv };
                for (height, width) in [(7, 9), (8, 6), (12, 18)] {
                    check(more(Conv::new(4, 6, kernel)), height, width);
                    check(more(Conv::new(16, 16, kernel)), height, width);
                    check(more(Conv::depthwise(17, kernel)), height, width);
                    check(Conv { groups: 2, ..more(Conv::new(4, 6, kernel)) }, height, width);
                }
            }
        }
    }
}

#[test]
fn winograds_way_wherever_it_is_taken() {
    let sizes = [(8, 8), (10, 12), (22, 6), (16, 16), (12, 24), (18, 22)];
    for (from, to) in [(16, 16), (17, 40), (32, 32), (33, 32), (32, 47), (48, 64), (70, 33)] {
        // Larger images have more tiles, not other ones, so two pairs of channels are enough:
        // emulators are slow.
        let sizes = if from <= 17 { &sizes[..] } else { &sizes[..3] };
        for &(height, width) in sizes {
            for padding in 0..3 {
                let conv = Conv { padding, ..Conv::new(from, to, 3) };
                let x = Plane::new(height, width, from);
                let y = conv.output(x);
                let tile = |y: Plane| {
                    let four = y.height % 4 + y.width % 4 == 0 && y.pixels() >= 64;
                    let two = (y.pixels() >= 64).then_some(WinogradTile::F2x2);
                    if four { Some(WinogradTile::F4x4) } else { two }
                };
                assert_eq!(conv.tile(x), tile(y), "{conv:?}");
                assert_eq!(conv.tile_weights(y), tile(y), "{conv:?}");
                assert_eq!(conv.tile_backward(x), tile(x), "{conv:?}");
                check_images(conv, 1 + (from + padding) % 3, height, width);
            }
        }
    }
    // More tiles than are transformed at a time.
    check(Conv::new(128, 96, 3), 16, 18);
    check(Conv::new(96, 128, 3), 32, 20);
}

/// How much coarser than the direct sum the 4 x 4 tiles round: behind a `ReLU`, where inputs do not
/// cancel, over 64 channels.
#[test]
fn large_tiles_round_about_twice_as_coarsely() {
    let conv = Conv::new(64, 64, 3);
    let x = Plane::new(16, 16, 64).with_halo(1);
    let y = conv.output(x);
    assert_eq!(conv.tile(x), Some(WinogradTile::F4x4));
    let mut state = 1_u32;
    let mut draw = || {
        // The sum of four uniform numbers, near enough to a normal one.
        let mut uniform = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1 << 24) - 0.5
        };
        #[expect(clippy::cast_possible_truncation, reason = "drawn in f64, kept in f32")]
        let value = (uniform() + uniform() + uniform() + uniform()) as f32;
        value
    };
    let mut input = vec![0.0; x.len()];
    for row in 0..x.height {
        input[x.row(row)].iter_mut().for_each(|x| *x = draw().max(0.0));
    }
    let weights: Vec<f32> = (0..conv.weight_len()).map(|_| draw()).collect();
    let mut want = vec![0.0; y.len()];
    grouped::for_each_product(&conv, x, y, |out, at, weight| {
        want[out] += f64::from(input[at]) * f64::from(weights[weight]);
    });
    let error = |got: &[f32]| {
        let squares = got.iter().zip(&want).map(|(got, want)| (f64::from(*got) - want).powi(2));
        squares.sum::<f64>().sqrt()
    };
    let mut direct = vec![0.0; y.len()];
    let (input, epilogue) = (Images::new(x, &input), Epilogue::default());
    let image = Image::new(x, input.data);
    grouped::forward(&conv, image, &weights, epilogue, ImageMut::new(y, &mut direct));
    for isa in Isa::available() {
        let mut packed = PackedConv::default();
        packed.pack(isa, &conv, x, &weights);
        let mut tiles = vec![0.0; y.len()];
        conv.forward(isa, input, &packed, epilogue, ImagesMut::new(y, &mut tiles));
        let coarser = error(&tiles) / error(&direct);
        assert!(
            (0.5..2.5).contains(&coarser),
            "{isa}: {coarser} times the error of the direct sum"
        );
    }
}

#[test]
fn a_pair_in_one_pass_has_the_bits_of_two() {
    // Rows that fill the memory between evenly and not, one and many of them, channels around the
    // lanes.
    let sizes =
        [(13, 40, 33, 20), (64, 64, 16, 32), (5, 8, 9, 17), (2, 300, 15, 3), (9, 9, 64, 64)];
    for (height, width, channels, to) in sizes {
        for stride in [1, 2] {
            let first = Conv { stride, ..Conv::depthwise(channels, 3) };
            let second = Conv::new(channels, to, 1);
            let x = Plane::new(height, width, channels).with_halo(1);
            let middle = first.output(x);
            let Some(pair) = Separable::new(first, second, x) else {
                assert!(middle.width < 8, "{first:?}");
                continue;
            };
            let y = second.output(middle).with_halo(1);
            let (input, bias) = (image(x, 1), paint(channels.max(to), 2));
            let weights = [paint(first.weight_len(), 3), paint(second.weight_len(), 4)];
            let epilogue =
                |n| Epilogue { bias: Some(&bias[..n]), activation: FusedActivation::Relu };
            for isa in Isa::available() {
                let mut packed = [PackedConv::default(), PackedConv::default()];
                packed[0].pack(isa, &first, x, &weights[0]);
                packed[1].pack(isa, &second, middle, &weights[1]);
                let (mut between, mut want) = (vec![0.0; middle.len()], vec![0.0; y.len()]);
                let out = ImagesMut::new(middle, &mut between);
                first.forward(isa, Images::new(x, &input), &packed[0], epilogue(channels), out);
                let out = ImagesMut::new(y, &mut want);
                second.forward(isa, Images::new(middle, &between), &packed[1], epilogue(to), out);

                let (mut rows, mut got) = (vec![f32::NAN; pair.scratch_len()], vec![0.0; y.len()]);
                let layers = [(&packed[0], epilogue(channels)), (&packed[1], epilogue(to))];
                let out = ImageMut::new(y, &mut got);
                pair.forward(isa, Image::new(x, &input), layers, &mut rows, out);
                assert_eq!(got, want, "{first:?}, {second:?} on {isa}");
            }
        }
    }
}

#[test]
fn a_pair_that_does_not_pay_is_none() {
    let x = Plane::new(16, 16, 256).with_halo(1);
    let depthwise = Conv::depthwise(256, 3);
    assert_eq!(Separable::new(depthwise, Conv::new(256, 256, 1), x), None, "weights to read again");
    assert_eq!(Separable::new(depthwise, Conv::new(256, 8, 3), x), None, "not 1 x 1");
    assert_eq!(Separable::new(Conv::new(256, 256, 3), Conv::new(256, 8, 1), x), None);
}

#[test]
fn every_small_image() {
    for height in 1..4 {
        for width in 1..10 {
            check(Conv::new(5, 17, 3), height, width);
            check(Conv { stride: 2, ..Conv::new(3, 8, 3) }, height, width);
            check(Conv { stride: 2, padding: 0, ..Conv::new(3, 8, 1) }, height, width);
        }
    }
}

#[test]
fn a_nan_reaches_its_neighbors_and_no_others() {
    let conv = Conv::new(2, 9, 3);
    let plane = Plane::new(5, 5, 2).with_halo(1);
    let mut input = image(plane, 1);
    input[plane.row(0).start] = f32::NAN;
    let y = conv.output(plane);
    for isa in Isa::available() {
        let mut packed = PackedConv::default();
        packed.pack(isa, &conv, plane, &paint(conv.weight_len(), 2));
        let mut output = vec![0.0; y.len()];
        let epilogue = Epilogue { bias: None, activation: FusedActivation::Relu };
        let out = ImagesMut::new(y, &mut output);
        conv.forward(isa, Images::new(plane, &input), &packed, epilogue, out);
        for (i, value) in output.iter().enumerate() {
            let (row, column) = (i / 9 / 5, i / 9 % 5);
            assert_eq!(value.is_nan(), row < 2 && column < 2, "{isa}: row {row}, column {column}");
        }
    }
}

#[test]
fn a_nan_in_a_tile_stays_in_the_tile() {
    let conv = Conv::new(16, 16, 3);
    let plane = Plane::new(16, 16, 16).with_halo(1);
    assert_eq!(conv.tile(plane), Some(WinogradTile::F4x4));
    let mut input = image(plane, 1);
    // Pixel 5, 6: inside of one tile's inputs alone, that of the outputs 4 to 7.
    input[plane.row(5).start + 6 * 16 + 3] = f32::NAN;
    let y = conv.output(plane);
    for isa in Isa::available() {
        let mut packed = PackedConv::default();
        packed.pack(isa, &conv, plane, &paint(conv.weight_len(), 2));
        let mut output = vec![0.0; y.len()];
        let out = ImagesMut::new(y, &mut output);
        conv.forward(isa, Images::new(plane, &input), &packed, Epilogue::default(), out);
        for (i, value) in output.iter().enumerate() {
            let (row, column) = (i / 16 / 16, i / 16 % 16);
            let sees = (4..7).contains(&row) && (5..8).contains(&column);
            let tile = (4..8).contains(&row) && (4..8).contains(&column);
            assert!(value.is_nan() || !sees, "{isa}: row {row}, column {column} sees a NaN");
            assert!(!value.is_nan() || tile, "{isa}: row {row}, column {column} is a NaN");
        }
    }
}

#[test]
#[should_panic(expected = "the input needs a halo of 1, it has 0")]
fn a_missing_halo_is_named() {
    let conv = Conv::new(1, 1, 3);
    let plane = Plane::new(2, 2, 1);
    let mut packed = PackedConv::default();
    packed.pack(Isa::best(), &conv, plane, &[0.0; 9]);
    conv.forward(
        Isa::best(),
        Images::new(plane, &[0.0; 4]),
        &packed,
        Epilogue::default(),
        ImagesMut::new(plane, &mut [0.0; 4]),
    );
}

#[test]
fn special_values_reach_the_outputs_that_see_them_as_in_the_plain_loops() {
    // Direct, depthwise and grouped kernels; Winograd spreads them over tiles, see above.
    let convs = [Conv::new(3, 17, 3), Conv { stride: 2, ..Conv::new(5, 9, 3) }, Conv::new(7, 8, 1)];
    let depthwise = [Conv::depthwise(9, 3), Conv { stride: 2, ..Conv::depthwise(17, 3) }];
    let grouped = Conv { groups: 2, ..Conv::new(4, 6, 3) };
    for conv in convs.into_iter().chain(depthwise).chain([grouped, Conv::depthwise(5, 5)]) {
        let x = Plane::new(6, 7, conv.in_channels).with_halo(conv.padding);
        let y = conv.output(x);
        let weights = paint(conv.weight_len(), 3);
        for special in SPECIAL {
            let mut input = image(x, 1);
            input[x.row(2).start + 3 * x.channels] = special;
            let mut want = vec![0.0_f64; y.len()];
            grouped::for_each_product(&conv, x, y, |out, at, weight| {
                want[out] += f64::from(input[at]) * f64::from(weights[weight]);
            });
            for isa in Isa::available() {
                let mut packed = PackedConv::default();
                packed.pack(isa, &conv, x, &weights);
                let mut got = vec![0.0; y.len()];
                let out = ImagesMut::new(y, &mut got);
                conv.forward(isa, Images::new(x, &input), &packed, Epilogue::default(), out);
                assert_close(&format!("{special} in {conv:?} on {isa}"), &got, &want, 1e-4);
            }
        }
    }
}

#[test]
fn weights_packed_again_replace_those_before_and_packed_for_something_else_are_refused() {
    let (conv, other) = (Conv::new(16, 16, 3), Conv::new(16, 8, 3));
    let x = Plane::new(8, 8, 16).with_halo(1);
    let input = image(x, 1);
    for isa in Isa::available() {
        let run = |packed: &PackedConv| {
            let mut y = vec![0.0; conv.output(x).len()];
            let out = ImagesMut::new(conv.output(x), &mut y);
            conv.forward(isa, Images::new(x, &input), packed, Epilogue::default(), out);
            y
        };
        let mut fresh = PackedConv::default();
        fresh.pack(isa, &conv, x, &paint(conv.weight_len(), 2));
        let mut reused = PackedConv::default();
        assert_panics(&["packed for something else"], || drop(run(&reused)));
        reused.pack(isa, &other, x, &paint(other.weight_len(), 9));
        assert_panics(&["packed for something else"], || drop(run(&reused)));
        reused.pack_backward(isa, &conv, x, &paint(conv.weight_len(), 7));
        assert_panics(&["packed for something else"], || drop(run(&reused)));
        reused.pack(isa, &conv, x, &paint(conv.weight_len(), 2));
        assert_eq!(run(&reused), run(&fresh), "{isa}");
        // Another size needs other tiles.
        reused.pack(isa, &conv, Plane::new(3, 3, 16), &paint(conv.weight_len(), 2));
        assert_panics(&["packed for something else"], || drop(run(&reused)));
    }
    assert_panics(&["[3, 3, 16, 16] has 2304 weights, not 5"], || {
        PackedConv::default().pack(Isa::best(), &conv, x, &[0.0; 5]);
    });
}

#[test]
fn shapes_that_do_not_fit_are_named() {
    let (isa, conv) = (Isa::best(), Conv::new(2, 3, 3));
    let x = Plane::new(4, 5, 2).with_halo(1);
    let (input, weights) = (image(x, 1), paint(conv.weight_len(), 2));
    let mut packed = PackedConv::default();
    packed.pack(isa, &conv, x, &weights);
    let wrong = Plane::new(5, 4, 3);
    let mut y = vec![0.0; 2 * wrong.len()];
    assert_panics(&["5x4x3", "4x5x3"], || {
        let y = ImagesMut::new(wrong, &mut y[..wrong.len()]);
        conv.forward(isa, Images::new(x, &input), &packed, Epilogue::default(), y);
    });
    assert_panics(&["1 images", "not 2"], || {
        let y = ImagesMut::new(conv.output(x), &mut y);
        conv.forward(isa, Images::new(x, &input), &packed, Epilogue::default(), y);
    });
    let dy = conv.output(x);
    let zeros = vec![0.0; dy.len()];
    assert_panics(&["halo of 1, it has 0"], || {
        let dx = &mut input.clone();
        conv.input_grad(isa, Images::new(dy, &zeros), &packed, ImagesMut::new(x, dx));
    });
    assert_panics(&["54"], || {
        conv.weight_grad(isa, Images::new(x, &input), Images::new(dy, &zeros), &mut [0.0; 53]);
    });
    assert_panics(&["3 channels", "of 2"], || {
        crate::bias_grad(isa, Image::new(dy, &zeros), &mut [0.0; 2]);
    });
    for (bad, part) in [
        (Conv { kernel: 0, ..conv }, "at least 1"),
        (Conv { stride: 0, ..conv }, "at least 1"),
        (Conv { groups: 2, ..conv }, "groups must divide"),
        (Conv { in_channels: 7, ..conv }, "2 channels"),
        (Conv { kernel: 9, ..conv }, "4x5 is too small"),
    ] {
        assert_panics(&[part], || {
            let _ = bad.output(x);
        });
    }
}

#[test]
fn the_gradient_of_a_bias_adds_the_sum_over_pixels() {
    for &channels in &crate::test_support::CHANNELS {
        let plane = Plane::new(5, 7, channels).with_halo(channels % 3);
        let dy = image(plane, 1);
        let mut want = vec![2.0_f64; channels];
        for_each_value(plane, |i, c| want[c] += f64::from(dy[i]));
        for isa in Isa::available() {
            let mut got = vec![2.0; channels];
            crate::bias_grad(isa, Image::new(plane, &dy), &mut got);
            assert_close(&format!("{channels} channels on {isa}"), &got, &want, 1e-4);
        }
    }
}
