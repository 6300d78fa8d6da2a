//! Every op against numerical differences, on odd shapes.

use paso_tape::{Activation, BoxLoss, ClassLoss, Conv, Params, Pool, Tape, Var, check_gradient};

/// Smooth numbers between -1 and 1 that repeat late.
fn wave(len: usize, seed: f32) -> Vec<f32> {
    (0..len).map(|i| (f32::from(u16::try_from(i).unwrap()) * 0.7390851 + seed).sin()).collect()
}

const IMAGES: usize = 3;
const INPUT: [usize; 3] = [5, 7, 3];

/// Puts `op` between a convolution, so that gradients flow through it to parameters, and a loss.
#[track_caller]
fn check(what: &str, op: impl Fn(&mut Tape, &mut Params, Var) -> Var) {
    for parallel in [false, true] {
        let (mut tape, mut params) = (Tape::new(), Params::new(3));
        tape.set_parallel(parallel);
        let x = tape.input(INPUT);
        let h = tape.conv(&mut params, "first", x, Conv::new(3, 5, 3), true);
        let y = op(&mut tape, &mut params, h);
        let out = tape.linear(&mut params, "last", y, 2);
        let target = tape.input([1, 1, 2]);
        let loss = tape.mse(out, target);
        tape.set_loss(loss);
        let (images, targets) =
            (wave(IMAGES * INPUT.iter().product::<usize>(), 0.1), wave(IMAGES * 2, 0.5));
        let inputs: [(Var, &[f32]); 2] = [(x, &images), (target, &targets)];
        if let Err(error) = check_gradient(&mut tape, &mut params, &inputs, 1e-2) {
            panic!("{what}: {error}");
        }
    }
}

#[test]
fn convolutions() {
    check("nothing between", |_, _, x| x);
    for kernel in [1, 3, 5] {
        for stride in [1, 2] {
            check("dense", |t, p, x| {
                t.conv(p, "c", x, Conv { stride, ..Conv::new(5, 4, kernel) }, true)
            });
            check("depthwise", |t, p, x| {
                t.conv(p, "c", x, Conv { stride, ..Conv::depthwise(5, kernel) }, false)
            });
        }
    }
    check("valid padding", |t, p, x| {
        t.conv(p, "c", x, Conv { padding: 0, ..Conv::new(5, 4, 3) }, false)
    });
    check("two", |t, p, x| {
        let y = t.conv(p, "c1", x, Conv::new(5, 6, 3), false);
        t.conv(p, "c2", y, Conv { groups: 2, ..Conv::new(6, 4, 3) }, false)
    });
}

#[test]
fn normalization() {
    check("batch norm", |t, p, x| t.batch_norm(p, "n", x));
    check("twice, with a convolution between", |t, p, x| {
        let y = t.batch_norm(p, "n1", x);
        let y = t.conv(p, "c", y, Conv::new(5, 9, 3), false);
        t.batch_norm(p, "n2", y)
    });
    check("of a vector", |t, p, x| {
        let y = t.linear(p, "l", x, 4);
        t.batch_norm(p, "n", y)
    });
}

#[test]
fn activations() {
    // ReLU-like kinks are avoided by a shift that no step crosses; smooth ones need none.
    for f in [Activation::Sigmoid, Activation::Tanh, Activation::Silu, Activation::Softplus] {
        check("smooth", |t, _, x| t.activation(x, f));
    }
    for f in [
        Activation::Relu,
        Activation::Relu6,
        Activation::LeakyRelu(0.1),
        Activation::HardSwish,
        Activation::HardSigmoid,
    ] {
        check("with kinks, on one side of them", |t, _, x| {
            let y = t.sigmoid(x);
            t.activation(y, f)
        });
    }
}

#[test]
fn pooling() {
    check("average", |t, _, x| t.avg_pool(x, Pool { kernel: 3, stride: 2, padding: 1 }));
    check("global average", |t, _, x| t.global_avg_pool(x));
    check("max", |t, _, x| t.max_pool(x, Pool { kernel: 3, stride: 2, padding: 1 }));
    check("max 2", |t, _, x| t.max_pool(x, Pool::new(2)));
}

#[test]
fn moving_and_adding() {
    check("residual", |t, p, x| {
        let y = t.conv(p, "c", x, Conv::new(5, 5, 3), false);
        t.add(x, y)
    });
    check("the same twice", |t, _, x| t.add(x, x));
    check("product", |t, _, x| t.mul(x, x));
    check("squeeze and excitation", |t, p, x| {
        let squeezed = t.global_avg_pool(x);
        let excited = t.linear(p, "excite", squeezed, 5);
        let scale = t.sigmoid(excited);
        t.scale_channels(x, scale)
    });
    check("concat", |t, p, x| {
        let a = t.conv(p, "a", x, Conv::new(5, 2, 1), false);
        let b = t.conv(p, "b", x, Conv::new(5, 3, 3), false);
        t.concat(&[a, x, b])
    });
    check("slice_channels", |t, p, x| {
        let y = t.slice_channels(x, 1..4);
        t.conv(p, "c", y, Conv::new(3, 2, 3), false)
    });
    check("reshape", |t, p, x| {
        let y = t.reshape(x, [7, 5, 5]);
        t.conv(p, "c", y, Conv::new(5, 2, 3), false)
    });
    check("weighted sum", |t, _, x| {
        let y = t.sigmoid(x);
        t.weighted_sum(&[(0.5, x), (-2.0, y)])
    });
}

/// A loss right on the output of a linear layer.
#[track_caller]
fn check_loss(targets: &[f32], loss: impl Fn(&mut Tape, Var, Var) -> Var) {
    let (mut tape, mut params) = (Tape::new(), Params::new(5));
    let x = tape.input([1, 1, 6]);
    let target = tape.input([1, 1, targets.len() / IMAGES]);
    let y = tape.linear(&mut params, "l", x, 4);
    let loss = loss(&mut tape, y, target);
    tape.set_loss(loss);
    let images = wave(IMAGES * 6, 0.3);
    check_gradient(&mut tape, &mut params, &[(x, &images), (target, targets)], 1e-2).unwrap();
}

#[test]
fn losses() {
    let targets = wave(IMAGES * 4, 1.0);
    let shares: Vec<f32> = targets.iter().map(|t| 0.5 + 0.5 * t).collect();
    check_loss(&targets, |t, x, y| t.smooth_l1(x, y, 1.0));
    check_loss(&targets, |t, x, y| t.smooth_l1(x, y, 0.1));
    check_loss(&targets, |t, x, y| t.mse(x, y));
    check_loss(&shares, |t, x, y| t.bce_with_logits(x, y));
    let weights = Some(vec![0.5, 1.0, 2.0, 1.5]);
    for settings in [ClassLoss::default(), ClassLoss { smoothing: 0.1, weights }] {
        check_loss(&[3.0, 0.0, 2.0], |t, x, y| t.cross_entropy(x, y, settings.clone()));
    }
    let boxes = [0.2, 0.3, 0.6, 0.7, 0.1, 0.1, 0.45, 0.8, 0.5, 0.4, 0.9, 0.95];
    for kind in [BoxLoss::Giou, BoxLoss::Diou] {
        check_loss(&boxes, |t, x, y| {
            let center = t.sigmoid(x);
            let cxcywh_to_xyxy = t.cxcywh_to_xyxy(center);
            t.box_loss(kind, cxcywh_to_xyxy, y)
        });
    }
}

#[test]
fn a_wrong_gradient_is_found() {
    let (mut tape, mut params) = (Tape::new(), Params::new(5));
    let x = tape.input([1, 1, 2]);
    let y = tape.linear(&mut params, "l", x, 1);
    // The kink of |y| at its tip: the difference sees both sides, the gradient one.
    let loss = tape.relu(y);
    tape.set_loss(loss);
    params.values_mut().fill(0.0);
    let error = check_gradient(&mut tape, &mut params, &[(x, &[1.0, 2.0])], 1e-2).unwrap_err();
    assert_eq!((error.tensor.as_str(), error.index, error.analytic), ("l.weight", 0, 0.0));
}

#[test]
fn dropout() {
    check("dropout", |t, _, x| t.dropout(x, 0.4));
    check("dropout behind a norm and a ReLU", |t, p, x| {
        let y = t.batch_norm(p, "n", x);
        let y = t.relu(y);
        t.dropout(y, 0.3)
    });
}

/// An operation between two 3 x 3 convolutions, each with a gradient that goes on: its input and
/// output and both of their gradients lie in halos, of different widths. A 5 x 5 convolution reads
/// the input as well.
#[track_caller]
fn check_in_halos(what: &str, op: impl Fn(&mut Tape, &mut Params, Var) -> Var) {
    let (mut tape, mut params) = (Tape::new(), Params::new(3));
    let x = tape.input([4, 5, 2]);
    let before = tape.conv(&mut params, "before", x, Conv::new(2, 2, 1), false);
    let h = tape.conv(&mut params, "h", before, Conv::new(2, 4, 3), true);
    let wide = tape.conv(&mut params, "wide", h, Conv::new(4, 1, 5), false);
    let y = op(&mut tape, &mut params, h);
    let channels = tape.shape(y)[2];
    let behind = tape.conv(&mut params, "behind", y, Conv::new(channels, 2, 3), false);
    let ends = [tape.global_avg_pool(wide), tape.global_avg_pool(behind)];
    let ends = tape.concat(&ends);
    let ends = tape.activation(ends, Activation::Tanh);
    let out = tape.linear(&mut params, "out", ends, 1);
    tape.set_loss(out);
    let images = wave(IMAGES * 40, 0.7);
    if let Err(error) = check_gradient(&mut tape, &mut params, &[(x, &images)], 1e-2) {
        panic!("{what}: {error}");
    }
}

#[test]
fn every_operation_finds_its_pixels_in_halos_of_any_width() {
    check_in_halos("nothing", |_, _, x| x);
    check_in_halos("activation", |t, _, x| t.activation(x, Activation::Silu));
    check_in_halos("sigmoid", |t, _, x| t.sigmoid(x));
    check_in_halos("norm", |t, p, x| t.batch_norm(p, "n", x));
    check_in_halos("dropout", |t, _, x| t.dropout(x, 0.3));
    check_in_halos("add", |t, _, x| t.add(x, x));
    check_in_halos("add of two", |t, p, x| {
        let y = t.conv(p, "c", x, Conv::new(4, 4, 3), false);
        t.add(x, y)
    });
    check_in_halos("mul", |t, _, x| t.mul(x, x));
    check_in_halos("weighted sum", |t, _, x| t.weighted_sum(&[(0.5, x), (2.0, x)]));
    check_in_halos("max pool", |t, _, x| t.max_pool(x, Pool::new(2)));
    check_in_halos("average pool", |t, _, x| t.avg_pool(x, Pool::new(2)));
    check_in_halos("global average", |t, _, x| t.global_avg_pool(x));
    check_in_halos("concat", |t, _, x| t.concat(&[x, x]));
    check_in_halos("slice", |t, _, x| t.slice_channels(x, 1..3));
    check_in_halos("reshape", |t, _, x| t.reshape(x, [5, 4, 4]));
    check_in_halos("reshape of rows", |t, _, x| t.reshape(x, [2, 5, 8]));
    check_in_halos("boxes", |t, _, x| t.cxcywh_to_xyxy(x));
    check_in_halos("depthwise", |t, p, x| t.conv(p, "c", x, Conv::depthwise(4, 3), true));
    check_in_halos("linear", |t, p, x| t.linear(p, "l", x, 3));
    check_in_halos("linear and dropout", |t, p, x| {
        let y = t.linear(p, "l", x, 5);
        t.dropout(y, 0.4)
    });
}
