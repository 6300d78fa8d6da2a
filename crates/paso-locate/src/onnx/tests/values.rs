//! The exported graph computes what the tape computes.

use super::super::walk::export;
use super::interpreter::{Values, run};
use super::*;
use crate::image::{Image, Orientation};
use paso_tape::{Activation, BoxLoss, ClassLoss, Conv, CustomOp, Params, Pool, Tape, Var};

fn pattern(n: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7919 + i * i * 31) % 211) as f32 / 105.0 - 1.0).collect()
}

/// Gives the running statistics and the shifts of the norms values that a fresh net does not have.
fn disturb(params: &mut Params) {
    params.buffers_mut().iter_mut().enumerate().for_each(|(i, b)| *b += (i % 7) as f32 * 0.1);
    params
        .values_mut()
        .iter_mut()
        .enumerate()
        .for_each(|(i, v)| *v += (i % 5) as f32 * 0.02 - 0.04);
}

#[test]
fn every_net_gives_the_box_and_the_scores_of_locate() {
    for net in NetName::ALL {
        let mut model = model(net);
        disturb(&mut model.params);
        let rgb = (0..64 * 64 * 3_u32).map(|i| (i * 37 % 251).to_le_bytes()[0]).collect();
        let orientation = Orientation::from_exif(1).expect("upright");
        let image = Image { width: 64, height: 64, rgb, orientation };
        let wanted = answers(&mut model, &[image]);
        let file = ModelProto::decode(bytes(&model).as_slice()).expect("it is decoded");
        let input = &wanted[0];
        let pixels = Values::new(&input.shape, input.values.iter().copied().map(f64::from));
        let found = run(graph(&file), &[("image", pixels)]);
        for wanted in &wanted[1..] {
            let found = &found[&wanted.name];
            assert_eq!(found.shape, wanted.shape, "{net}: {}", wanted.name);
            close(&format!("{net}: {}", wanted.name), &found.data, &wanted.values);
        }
    }
}

fn close(what: &str, found: &[f64], wanted: &[f32]) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (i, (a, b)) in found.iter().zip(wanted).enumerate() {
        let b = f64::from(*b);
        assert!((a - b).abs() <= 2e-4 * (1.0 + b.abs()), "{what}: {a} instead of {b} at {i}");
    }
}

/// Records `net` on an input of this shape, and compares its export with the tape, for two images.
fn compare(
    what: &str,
    shape: [usize; 3],
    net: impl FnOnce(&mut Tape, &mut Params, Var) -> Var,
) -> GraphProto {
    let (mut tape, mut params) = (Tape::new(), Params::new(3));
    let x = tape.input(shape);
    let y = net(&mut tape, &mut params, x);
    tape.keep(y);
    disturb(&mut params);
    let pixels = pattern(2 * shape.iter().product::<usize>());
    tape.infer(&params, &[(x, &pixels)]);
    let [h, w, c] = tape.shape(y);
    let wanted = tape.value(y);

    let tensors = params.tensors().iter().chain(params.statistics());
    let mut graph = Graph::new(tensors.map(|t| t.name.as_str()));
    let row = shape[0] * shape[1] == 1;
    let input = if row { "x".into() } else { graph.transpose("map", "x", &[0, 3, 1, 2]) };
    let [output] = export(&mut graph, (&tape, &params), (x, input), [y])
        .unwrap_or_else(|e| panic!("{what}: {e}"));
    if h * w > 1 {
        graph.transpose("y", &output, &[0, 2, 3, 1]);
    } else {
        graph.node("Identity", "y", &[&output], vec![]);
    }
    let graph = graph.finish("test");
    let dims = if row { vec![2, shape[2]] } else { vec![2, shape[0], shape[1], shape[2]] };
    let input = Values::new(&dims, pixels.iter().copied().map(f64::from));
    let found = &run(&graph, &[("x", input)])["y"];
    let dims = if h * w > 1 { vec![2, h, w, c] } else { vec![2, c] };
    assert_eq!(found.shape, dims, "{what}");
    close(what, &found.data, &wanted);
    graph
}

#[test]
fn every_activation_has_its_form() {
    for activation in [
        Activation::Relu,
        Activation::Relu6,
        Activation::LeakyRelu(0.2),
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::Silu,
        Activation::HardSigmoid,
        Activation::HardSwish,
        Activation::Softplus,
    ] {
        let scaled = |tape: &mut Tape, x: Var| {
            let x = tape.weighted_sum(&[(6.0, x)]);
            tape.activation(x, activation)
        };
        compare(&format!("{activation:?}"), [3, 4, 2], |tape, _, x| scaled(tape, x));
        compare(&format!("{activation:?} of a row"), [1, 1, 5], |tape, _, x| scaled(tape, x));
    }
}

#[test]
fn convolutions_have_stride_padding_groups_and_bias() {
    let convs = [
        Conv::new(4, 6, 3),
        Conv { stride: 2, ..Conv::new(4, 6, 3) },
        Conv { stride: 2, padding: 0, ..Conv::new(4, 2, 3) },
        Conv { padding: 2, ..Conv::new(4, 3, 3) },
        Conv { stride: 2, padding: 0, extra_padding: 1, ..Conv::new(4, 3, 3) },
        Conv { stride: 2, padding: 1, extra_padding: 1, ..Conv::depthwise(4, 5) },
        Conv::depthwise(4, 3),
        Conv { groups: 2, ..Conv::new(4, 6, 3) },
        // One output pixel.
        Conv { padding: 0, ..Conv::new(4, 3, 5) },
    ];
    for conv in convs {
        for bias in [false, true] {
            let what = format!("{conv:?}, bias {bias}");
            compare(&what, [5, 5, 4], |tape, params, x| tape.conv(params, "c", x, conv, bias));
        }
    }
    // A 3x3 kernel on one pixel: the input is a row and has to become a map.
    compare("one pixel", [1, 1, 4], |tape, params, x| {
        tape.conv(params, "c", x, Conv::new(4, 3, 3), true)
    });
}

#[test]
fn pools_have_stride_and_padding_and_their_mean_counts_it() {
    let pools = [
        Pool::new(2),
        Pool { kernel: 3, stride: 2, padding: 1 },
        Pool { kernel: 3, stride: 1, padding: 0 },
    ];
    for pool in pools {
        compare(&format!("max {pool:?}"), [6, 5, 3], |tape, _, x| tape.max_pool(x, pool));
        compare(&format!("mean {pool:?}"), [6, 5, 3], |tape, _, x| tape.avg_pool(x, pool));
    }
    compare("a pool to one pixel", [2, 2, 3], |tape, _, x| tape.max_pool(x, Pool::new(2)));
    compare("the mean of all", [3, 4, 3], |tape, params, x| {
        let mean = tape.global_avg_pool(x);
        let norm = tape.batch_norm(params, "n", mean);
        tape.linear(params, "l", norm, 4)
    });
}

#[test]
fn elements_keep_their_order_through_every_reshape() {
    let shapes = [[3, 4, 2], [4, 3, 2], [2, 2, 6], [1, 1, 24], [24, 1, 1]];
    for from in shapes {
        for to in shapes {
            compare(&format!("{from:?} to {to:?}"), from, |tape, _, x| tape.reshape(x, to));
        }
    }
    compare("flattened", [3, 4, 2], |tape, params, x| tape.linear(params, "l", x, 5));
}

#[test]
fn channels_are_cut_joined_added_multiplied_and_dropped_by_none() {
    for shape in [[3, 2, 6], [1, 1, 6]] {
        compare(&format!("{shape:?}"), shape, |tape, _, x| {
            let (a, b) = (tape.slice_channels(x, 1..3), tape.slice_channels(x, 4..6));
            let (sum, product) = (tape.add(a, b), tape.mul(a, b));
            let weighted = tape.weighted_sum(&[(0.5, sum), (-2.0, product), (1.0, a)]);
            let dropped = tape.dropout(weighted, 0.5);
            tape.concat(&[dropped, a, x])
        });
        compare(&format!("boxes of {shape:?}"), shape, |tape, _, x| {
            let x = tape.slice_channels(x, 2..6);
            tape.cxcywh_to_xyxy(x)
        });
    }
}

#[test]
fn channels_are_scaled_in_maps_and_in_rows() {
    for shape in [[3, 2, 4], [1, 1, 4]] {
        compare(&format!("scaled channels of {shape:?}"), shape, |tape, _, x| {
            let mean = tape.global_avg_pool(x);
            let scale = tape.sigmoid(mean);
            tape.scale_channels(x, scale)
        });
    }
}

#[test]
fn only_what_the_output_needs_is_written_and_a_shared_weight_once() {
    let graph = compare("a loss is left out", [1, 1, 4], |tape, params, x| {
        let target = tape.input([1, 1, 4]);
        tape.mse(x, target);
        tape.linear(params, "unused", x, 3);
        tape.linear(params, "used", x, 2)
    });
    let names: Vec<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["used.bias", "used.weight"]);
}

#[test]
fn nodes_of_one_name_get_names_of_their_own() {
    let graph = compare("twice the same name", [1, 1, 4], |tape, params, x| {
        let x = tape.linear(params, "l.weight", x, 4);
        let a = tape.relu(x);
        let b = tape.sigmoid(x);
        tape.set_name(a, "l.weight.weight");
        tape.set_name(b, "l.weight.weight");
        tape.add(a, b)
    });
    let mut outputs: Vec<&String> = graph.node.iter().flat_map(|n| &n.output).collect();
    outputs.extend(graph.initializer.iter().map(|t| &t.name));
    let count = outputs.len();
    outputs.sort();
    outputs.dedup();
    assert_eq!(outputs.len(), count, "{outputs:?}");
}

#[test]
fn what_has_no_form_is_refused_by_its_name() {
    #[derive(Debug)]
    struct Square;
    impl CustomOp for Square {
        fn name(&self) -> &str {
            "square"
        }
        fn shape(&self, inputs: &[[usize; 3]]) -> [usize; 3] {
            inputs[0]
        }
        fn forward(&self, inputs: &[&[f32]], output: &mut [f32]) {
            output.iter_mut().zip(inputs[0]).for_each(|(y, x)| *y = x * x);
        }
        fn backward(&self, _: usize, _: &[&[f32]], _: &[f32], _: &[f32], d_input: &mut [f32]) {
            d_input.fill(0.0);
        }
    }

    type Record = fn(&mut Tape, Var) -> Var;
    let nets: [(&str, Record); 7] = [
        ("square", |tape, x| tape.custom(Square, &[x])),
        ("mse", |tape, x| tape.mse(x, x)),
        ("smooth_l1", |tape, x| tape.smooth_l1(x, x, 1.0)),
        ("bce_with_logits", |tape, x| tape.bce_with_logits(x, x)),
        ("box_loss", |tape, x| tape.box_loss(BoxLoss::Giou, x, x)),
        ("cross_entropy", |tape, x| {
            let class = tape.slice_channels(x, 0..1);
            tape.cross_entropy(x, class, ClassLoss::default())
        }),
        ("input", |tape, x| {
            let other = tape.input([1, 1, 4]);
            tape.add(x, other)
        }),
    ];
    for (operation, record) in nets {
        let (mut tape, params) = (Tape::new(), Params::new(0));
        let x = tape.input([1, 1, 4]);
        let y = record(&mut tape, x);
        let mut graph = Graph::new([]);
        let refused = export(&mut graph, (&tape, &params), (x, "x".into()), [y]);
        let message = refused.expect_err(operation).to_string();
        let wanted = format!("the operation `{operation}` cannot be exported to ONNX");
        assert!(message.contains(&wanted), "{message}");
    }
}
