//! Parameters, lists of layers, and the recorded nodes as an exporter walks them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use paso_tape::{
    Activation, Conv, GradientError, Init, Kind, Op, Params, Pool, Sequential, Tape, Var,
    check_gradient,
};

fn panics<T>(f: impl FnOnce() -> T) -> bool {
    catch_unwind(AssertUnwindSafe(|| drop(f()))).is_err()
}

#[test]
fn a_name_is_taken_once_by_trained_values_and_statistics_together() {
    let mut params = Params::new(0);
    params.add("a", &[2, 3], Kind::Weight, Init::Constant(0.5));
    params.add_buffer("b", &[4], 1.0);
    for name in ["a", "b"] {
        assert!(panics(|| params.add(name, &[1], Kind::Bias, Init::Constant(0.0))), "{name}");
        assert!(panics(|| params.add_buffer(name, &[1], 0.0)), "{name}");
    }
    assert_eq!(params.values(), [0.5; 6], "what was refused added nothing");
    assert_eq!(params.buffers(), [1.0; 4]);
    assert_eq!((params.tensors().len(), params.statistics().len()), (1, 1));
    assert!(params.tensor("b").is_none(), "statistics are not trained");
    assert!(params.tensor("c").is_none() && params.tensor("").is_none());
}

#[test]
fn tensors_lie_one_after_the_other_without_gaps_and_are_found_by_name_and_by_id() {
    let mut params = Params::new(0);
    let shapes: [&[usize]; 5] = [&[2, 3], &[1], &[], &[4, 1, 2, 2], &[0]];
    let ids: Vec<_> = (0_u8..)
        .zip(shapes)
        .map(|(i, shape)| {
            let init = Init::Constant(i.into());
            (params.add(format!("t{i}"), shape, Kind::Norm, init), shape)
        })
        .collect();
    let mut end = 0;
    for ((id, shape), info) in ids.iter().zip(params.tensors()) {
        assert_eq!(info.range.start, end, "{}", info.name);
        end = info.range.end;
        assert_eq!(info.shape, *shape);
        assert_eq!(info.range.len(), shape.iter().product::<usize>(), "a scalar has one value");
        assert_eq!((id.range(), info.kind), (info.range.clone(), Some(Kind::Norm)));
        assert_eq!(params.tensor(&info.name), Some(info));
    }
    assert_eq!(end, params.values().len());
    assert_eq!(params.zero_grads(), vec![0.0; end]);
    assert_eq!(params.info(ids[3].0).name, "t3");
    let running = params.add_buffer("mean", &[3], 0.0);
    assert_eq!((params.buffer_info(running).name.as_str(), running.range()), ("mean", 0..3));
    assert_eq!(params.buffer_info(running).kind, None);
    let mut other = Params::new(0);
    let far = (0..9).map(|i| other.add(format!("x{i}"), &[7], Kind::Bias, Init::Constant(0.0)));
    let far = far.last().expect("nine tensors");
    assert!(panics(|| params.info(far).clone()), "a tensor of another model");
}

#[test]
fn free_names_count_from_one_and_are_not_confused_by_longer_numbers() {
    let mut params = Params::new(0);
    assert_eq!(params.free_name("conv"), "conv1");
    let add = |params: &mut Params, name: &str| {
        params.add(name, &[1], Kind::Weight, Init::Constant(0.0));
    };
    add(&mut params, "conv10.weight");
    assert_eq!(params.free_name("conv"), "conv1", "conv10 is not conv1");
    add(&mut params, "conv1.weight");
    params.add_buffer("conv2.mean", &[1], 0.0);
    assert_eq!(params.free_name("conv"), "conv3", "statistics take names too");
    add(&mut params, "conv3");
    assert_eq!(params.free_name("conv"), "conv3", "a tensor without a layer is no layer");
    assert_eq!(params.free_name("linear"), "linear1");
}

#[test]
fn a_seed_means_the_same_values_everywhere_and_a_copy_goes_on_as_the_original() {
    let fill = |params: &mut Params, name: &str| {
        params.add(name, &[50], Kind::Weight, Init::KaimingNormal { fan_in: 8 });
        params.add(format!("{name}, uniform"), &[50], Kind::Bias, Init::Uniform(0.25));
    };
    let (mut a, mut b, mut c) = (Params::new(3), Params::new(3), Params::new(4));
    [&mut a, &mut b, &mut c].into_iter().for_each(|params| fill(params, "first"));
    assert_eq!(a.values(), b.values());
    assert_ne!(a.values(), c.values());
    let mut copy = a.clone();
    [&mut a, &mut copy].into_iter().for_each(|params| fill(params, "second"));
    assert_eq!(a.values(), copy.values());
    assert_ne!(a.values()[..100], a.values()[100..], "the generator moves on");
    // Constants draw nothing, so they can be added anywhere.
    let mut d = Params::new(3);
    d.add("constant", &[9], Kind::Norm, Init::Constant(1.0));
    fill(&mut d, "first");
    assert_eq!(d.values()[9..], b.values()[..]);
}

#[test]
fn initial_values_have_the_variance_and_the_bounds_that_were_asked_for() {
    for fan_in in [1, 27, 512] {
        let mut params = Params::new(1);
        params.add("w", &[40_000], Kind::Weight, Init::KaimingNormal { fan_in });
        let values = params.values().iter().map(|&w| f64::from(w));
        let (sum, square) = values.fold((0.0, 0.0), |(s, q), w| (s + w, q + w * w));
        let (mean, var) = (sum / 40_000.0, square / 40_000.0);
        let want = 2.0 / f64::from(u32::try_from(fan_in).expect("small"));
        assert!(mean.abs() < 4.0 * (want / 40_000.0).sqrt(), "fan in {fan_in}: mean {mean}");
        // The standard error of a variance of 40000 normal values is 0.7 %.
        assert!((var / want - 1.0).abs() < 0.03, "fan in {fan_in}: variance {var}, not {want}");
    }
    let mut params = Params::new(1);
    params.add("u", &[10_000], Kind::Weight, Init::Uniform(0.5));
    let (low, high) =
        params.values().iter().fold((0.0_f32, 0.0_f32), |(a, b), &w| (a.min(w), b.max(w)));
    assert!((-0.5..-0.499).contains(&low) && (0.499..=0.5).contains(&high), "{low}..{high}");
    let mean = params.values().iter().sum::<f32>() / 10_000.0;
    assert!(mean.abs() < 0.012, "{mean}");
}

fn record(net: &Sequential, shape: [usize; 3]) -> (Tape, Params, Var) {
    let (mut tape, mut params) = (Tape::new(), Params::new(0));
    let x = tape.input(shape);
    let y = net.record(&mut tape, &mut params, x);
    (tape, params, y)
}

#[test]
fn every_layer_of_a_list_records_its_operation_with_its_shape_and_parameters() {
    let layers = Sequential::new;
    for (net, ops, shape, names) in [
        (layers().conv(5, 3), "conv", [8, 6, 5], "conv1.weight"),
        (layers().conv(5, 1), "conv", [8, 6, 5], "conv1.weight"),
        (layers().conv_stride(5, 3, 2), "conv", [4, 3, 5], "conv1.weight"),
        (layers().conv_bias(5, 5), "conv", [8, 6, 5], "conv1.weight conv1.bias"),
        (layers().depthwise(3, 2), "conv", [4, 3, 4], "conv1.weight"),
        (layers().batch_norm(), "batch_norm", [8, 6, 4], "norm1.gamma norm1.beta"),
        (layers().relu(), "activation", [8, 6, 4], ""),
        (layers().activation(Activation::Tanh), "activation", [8, 6, 4], ""),
        (layers().dropout(0.5), "dropout", [8, 6, 4], ""),
        (layers().max_pool(2), "max_pool", [4, 3, 4], ""),
        (layers().avg_pool(3), "avg_pool", [2, 2, 4], ""),
        (layers().global_avg_pool(), "global_avg_pool", [1, 1, 4], ""),
        (layers().linear(7), "reshape conv", [1, 1, 7], "linear1.weight linear1.bias"),
        (layers().residual(layers().relu(), layers()), "activation add", [8, 6, 4], ""),
        (layers(), "", [8, 6, 4], ""),
    ] {
        let (tape, params, y) = record(&net, [8, 6, 4]);
        let recorded: Vec<&str> = tape.nodes().skip(1).map(|(_, node)| node.op().name()).collect();
        assert_eq!(recorded.join(" "), ops, "{net:?}");
        assert_eq!(tape.shape(y), shape, "{net:?}");
        let tensors: Vec<&str> = params.tensors().iter().map(|t| t.name.as_str()).collect();
        assert_eq!(tensors.join(" "), names, "{net:?}");
    }
}

#[test]
fn a_residual_of_nothing_doubles_and_two_recordings_share_no_parameters() {
    let nothing = Sequential::new().residual(Sequential::new(), Sequential::new());
    let (mut tape, params, y) = record(&nothing, [1, 1, 3]);
    let x = tape.nodes().next().expect("the input").0;
    tape.infer(&params, &[(x, &[1.0, -2.0, 0.5])]);
    assert_eq!(tape.value(y), [2.0, -4.0, 1.0]);

    let net = Sequential::new().conv(4, 3).batch_norm().relu().linear(2);
    let (mut tape, mut params) = (Tape::new(), Params::new(0));
    let x = tape.input([4, 4, 3]);
    let outputs = [0, 1].map(|_| net.record(&mut tape, &mut params, x));
    let names: Vec<&str> = params.tensors().iter().map(|t| t.name.as_str()).collect();
    assert!(names.contains(&"conv1.weight") && names.contains(&"conv2.weight"), "{names:?}");
    assert!(names.contains(&"linear1.bias") && names.contains(&"linear2.bias"), "{names:?}");
    tape.infer(&params, &[(x, &[0.5; 48])]);
    assert_ne!(tape.value(outputs[0]), tape.value(outputs[1]), "other initial weights");
    // A layer that does not fit says so.
    assert!(panics(|| record(&Sequential::new().max_pool(9), [8, 8, 1])));
    let uneven = Sequential::new().residual(Sequential::new().conv(5, 3), Sequential::new());
    assert!(panics(|| record(&uneven, [8, 8, 4])));
}

#[test]
fn nodes_are_visited_inputs_first_with_what_was_recorded() {
    let net = Sequential::new()
        .conv_bias(4, 3)
        .batch_norm()
        .relu()
        .residual(Sequential::new().depthwise(3, 1), Sequential::new())
        .max_pool(2)
        .linear(3);
    let (mut tape, params, y) = record(&net, [8, 8, 3]);
    tape.set_name(y, "scores");
    assert_eq!(tape.name(y), "scores");
    let order: Vec<Var> = tape.nodes().map(|(x, _)| x).collect();
    assert_eq!(order.len(), tape.nodes().len());
    assert!(
        order.is_sorted() && tape.nodes().rev().map(|(x, _)| x).eq(order.iter().rev().copied())
    );
    for (x, node) in tape.nodes() {
        assert!(node.op().inputs().iter().all(|input| *input < x), "{}", node.name());
        assert_eq!((tape.shape(x), tape.name(x)), (node.shape(), node.name()));
        match node.op() {
            Op::Conv(op) => {
                let weight = params.info(op.weight);
                assert_eq!(weight.range.len(), op.conv.weight_len(), "{}", weight.name);
                let bias = op.bias.map(|bias| params.info(bias).shape[0]);
                assert!(bias.is_none_or(|len| len == op.conv.out_channels), "{}", node.name());
            }
            Op::BatchNorm(op) => {
                for (name, id) in [("norm1.mean", op.mean), ("norm1.var", op.var)] {
                    assert_eq!(params.buffer_info(id).name, name);
                }
                assert_eq!((op.momentum, op.eps), (0.1, 1e-5));
            }
            Op::MaxPool(op) => assert_eq!(op.pool, Pool::new(2)),
            Op::Activation(op) => assert_eq!(op.activation, Activation::Relu),
            _ => {}
        }
    }
    let last = tape.nodes().next_back().expect("nodes");
    assert_eq!((last.0, last.1.name()), (y, "scores"));
}

#[test]
fn a_linear_layer_reads_an_image_row_by_row_with_channels_fastest() {
    let (mut tape, mut params) = (Tape::new(), Params::new(0));
    let x = tape.input([2, 2, 3]);
    let y = tape.linear(&mut params, "l", x, 1);
    // Weight i picks element i: powers of two show which ones were read.
    let weights: Vec<f32> = (0..12_u8).map(|i| f32::from(i) + 1.0).collect();
    params.values_mut()[..12].copy_from_slice(&weights);
    params.values_mut()[12] = 0.25;
    for i in 0..12 {
        let mut image = [0.0; 12];
        image[i] = 2.0;
        tape.infer(&params, &[(x, &image)]);
        assert_eq!(tape.value(y), [2.0 * weights[i] + 0.25], "element {i}");
    }
}

#[test]
fn dropout_before_a_convolution_reaches_every_row() {
    // The convolution wants a halo around what dropout writes, and dropout reads an image without
    // one.
    let (mut tape, mut params) = (Tape::new(), Params::new(2));
    let x = tape.input([6, 6, 2]);
    let a = tape.conv(&mut params, "a", x, Conv::new(2, 3, 1), true);
    let a = tape.sigmoid(a);
    let b = tape.dropout(a, 0.25);
    let c = tape.conv(&mut params, "c", b, Conv::new(3, 2, 3), true);
    let out = tape.linear(&mut params, "out", c, 1);
    tape.set_loss(out);
    tape.keep(a);
    tape.keep(b);
    let image: Vec<f32> = (0..72_u8).map(|i| f32::from(i % 13) / 6.0 - 1.0).collect();
    tape.infer(&params, &[(x, &image)]);
    assert_eq!(tape.value(a), tape.value(b), "inference drops nothing");
    tape.forward(&mut params, &[(x, &image)]);
    let (a, b) = (tape.value(a), tape.value(b));
    for (row, (a, b)) in a.chunks(18).zip(b.chunks(18)).enumerate() {
        let kept = a.iter().zip(b).filter(|(a, b)| (**b - **a / 0.75).abs() < 1e-6).count();
        let dropped = b.iter().filter(|b| **b == 0.0).count();
        assert_eq!(kept + dropped, 18, "row {row}");
        assert!(kept > 5, "row {row}: {kept} of 18 kept");
    }
    check_gradient(&mut tape, &mut params, &[(x, &image)], 1e-2).expect("the same mask backward");
}

#[test]
fn a_gradient_check_leaves_the_model_as_it_was_and_says_what_differs() {
    let (mut tape, mut params) = (Tape::new(), Params::new(1));
    let x = tape.input([4, 4, 2]);
    let net = Sequential::new().conv_bias(3, 3).batch_norm().activation(Activation::Tanh).linear(1);
    let y = net.record(&mut tape, &mut params, x);
    tape.set_loss(y);
    let (values, buffers) = (params.values().to_vec(), params.buffers().to_vec());
    let images: Vec<f32> = (0..96_u8).map(|i| f32::from(i % 17) / 8.0 - 1.0).collect();
    check_gradient(&mut tape, &mut params, &[(x, &images)], 1e-2).expect("a smooth net");
    assert_eq!((params.values(), params.buffers()), (&values[..], &buffers[..]));
    let error = GradientError { tensor: "a".into(), index: 2, analytic: 0.5, numeric: 0.25 };
    let text = "the gradient of a[2] is 0.5, a small change of it says 0.25";
    assert_eq!(error.to_string(), text);
}

#[test]
fn the_first_value_that_is_not_finite_is_found_in_statistics_inputs_and_nodes() {
    let (mut tape, mut params) = (Tape::new(), Params::new(1));
    let x = tape.input([1, 1, 2]);
    let h = tape.linear(&mut params, "h", x, 3);
    let n = tape.batch_norm(&mut params, "norm", h);
    let big = tape.weighted_sum(&[(3e38, n), (3e38, n)]);
    tape.set_name(big, "big");
    let find = |params: &Params, data: &[f32]| tape.first_non_finite(params, &[(x, data)]);
    assert_eq!(find(&params, &[0.0, 1.0, 2.0, -3.0]).as_deref(), Some("big"));
    assert_eq!(find(&params, &[0.0, f32::INFINITY, 2.0, -3.0]).as_deref(), Some("input0"));
    params.buffers_mut()[4] = f32::NAN;
    assert_eq!(find(&params, &[0.0, 1.0, 2.0, -3.0]).as_deref(), Some("norm.var"));
}
