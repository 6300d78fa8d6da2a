//! Operations between values: activations, sums, pools, moves, convolutions, norms and those that a
//! user wrote.

use paso_tape::{Activation, Conv, CustomOp, Pool, Tape, Var};

use crate::harness::{BATCH, Harness, assert_near, check, sigmoid, slopes, wave};

fn each(f: impl Fn(f64) -> f64) -> impl Fn(&[f64]) -> Vec<f64> {
    move |x| x.iter().map(|&x| f(x)).collect()
}

#[test]
fn activations_are_their_formulas() {
    let shape = [2, 3, 5];
    let hard = |x: f64| (x / 6.0 + 0.5).clamp(0.0, 1.0);
    check("ReLU", shape, |t, x| t.relu(x), each(|x| x.max(0.0)));
    check("sigmoid", shape, |t, x| t.sigmoid(x), each(sigmoid));
    for (activation, f) in [
        (Activation::LeakyRelu(0.125), (|x: f64| x.max(0.125 * x)) as fn(f64) -> f64),
        (Activation::Relu6, |x| x.clamp(0.0, 6.0)),
        (Activation::Tanh, f64::tanh),
        (Activation::Silu, |x| x * sigmoid(x)),
        (Activation::Softplus, |x| (1.0 + x.exp()).ln()),
    ] {
        check(&format!("{activation:?}"), shape, |t, x| t.activation(x, activation), each(f));
    }
    check("hard sigmoid", shape, |t, x| t.activation(x, Activation::HardSigmoid), each(hard));
    let swish = each(move |x| x * hard(x));
    check("hard swish", shape, |t, x| t.activation(x, Activation::HardSwish), swish);
}

#[test]
fn sums_and_products_are_their_formulas_also_of_a_value_with_itself() {
    let shape = [3, 2, 3];
    check("x + x", shape, |t, x| t.add(x, x), each(|x| x + x));
    check("x * x", shape, |t, x| t.mul(x, x), each(|x| x * x));
    let cube = |t: &mut Tape, x: Var| {
        let square = t.mul(x, x);
        t.mul(square, x)
    };
    check("x * x * x", shape, cube, each(|x| x.powi(3)));
    let sum = |t: &mut Tape, x: Var| {
        let y = t.activation(x, Activation::Tanh);
        t.weighted_sum(&[(0.5, x), (-3.0, y), (0.25, x), (0.0, y)])
    };
    check("weighted sum", shape, sum, each(|x| 0.75 * x - 3.0 * x.tanh()));
    let chain = |t: &mut Tape, x: Var| {
        let (a, b) = (t.sigmoid(x), t.activation(x, Activation::Tanh));
        let inner = t.add(a, b);
        t.add(inner, x)
    };
    check("sum of sums", shape, chain, each(|x| sigmoid(x) + x.tanh() + x));
}

/// Calls `f` for each element of an output: image, row, column, channel.
fn build(shape: [usize; 3], f: impl Fn(usize, usize, usize, usize) -> f64) -> Vec<f64> {
    let [height, width, channels] = shape;
    let mut out = Vec::with_capacity(BATCH * height * width * channels);
    for n in 0..BATCH {
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            out.extend((0..channels).map(|c| f(n, y, x, c)));
        }
    }
    out
}

fn at([h, w, c]: [usize; 3], x: &[f64], place: [usize; 4]) -> f64 {
    let [n, row, column, channel] = place;
    x[((n * h + row) * w + column) * c + channel]
}

#[test]
fn pools_are_their_formulas_with_overlap_padding_and_remainders() {
    for pool in [
        Pool::new(2),
        Pool::new(3),
        Pool { kernel: 3, stride: 2, padding: 1 },
        Pool { kernel: 2, stride: 1, padding: 1 },
    ] {
        let shape = [5, 4, 3];
        let side = |n: usize| (n + 2 * pool.padding - pool.kernel) / pool.stride + 1;
        let out = [side(5), side(4), 3];
        let window = move |x: &[f64], [n, row, column, c]: [usize; 4]| -> Vec<f64> {
            let mut values = Vec::new();
            for (ky, kx) in (0..pool.kernel).flat_map(|y| (0..pool.kernel).map(move |x| (y, x))) {
                let (y, x_) = (row * pool.stride + ky, column * pool.stride + kx);
                let inside = |i: usize, n: usize| i >= pool.padding && i < n + pool.padding;
                if inside(y, 5) && inside(x_, 4) {
                    values.push(at(shape, x, [n, y - pool.padding, x_ - pool.padding, c]));
                }
            }
            values
        };
        let what = format!("{pool:?}");
        let area = (pool.kernel * pool.kernel) as f64;
        check(
            &format!("max {what}"),
            shape,
            |t, x| t.max_pool(x, pool),
            |x| build(out, |n, y, x_, c| window(x, [n, y, x_, c]).into_iter().fold(-9.0, f64::max)),
        );
        check(
            &format!("mean {what}"),
            shape,
            |t, x| t.avg_pool(x, pool),
            |x| build(out, |n, y, x_, c| window(x, [n, y, x_, c]).iter().sum::<f64>() / area),
        );
    }
    let shape = [3, 5, 2];
    check(
        "global mean",
        shape,
        |t, x| t.global_avg_pool(x),
        |x| {
            build([1, 1, 2], |n, _, _, c| {
                (0..15).map(|i| at(shape, x, [n, i / 5, i % 5, c])).sum::<f64>() / 15.0
            })
        },
    );
}

#[test]
fn operations_that_move_elements_move_each_gradient_back_to_where_its_element_was() {
    let shape = [3, 2, 4];
    let concat = |t: &mut Tape, x: Var| {
        let part = t.slice_channels(x, 1..3);
        t.concat(&[x, part, x])
    };
    check("concat", shape, concat, |x| {
        let source = [0, 1, 2, 3, 1, 2, 0, 1, 2, 3];
        build([3, 2, 10], |n, row, column, c| at(shape, x, [n, row, column, source[c]]))
    });
    check(
        "slice",
        shape,
        |t, x| t.slice_channels(x, 2..4),
        |x| build([3, 2, 2], |n, row, column, c| at(shape, x, [n, row, column, c + 2])),
    );
    check("reshape", shape, |t, x| t.reshape(x, [2, 6, 2]), <[f64]>::to_vec);
    check("flatten", shape, |t, x| t.flatten(x), <[f64]>::to_vec);
    check(
        "boxes",
        shape,
        |t, x| t.cxcywh_to_xyxy(x),
        |x| {
            let boxes = x.chunks(4).flat_map(|b| {
                let (w, h) = (b[2] / 2.0, b[3] / 2.0);
                [b[0] - w, b[1] - h, b[0] + w, b[1] + h]
            });
            boxes.collect()
        },
    );
}

#[test]
fn a_convolution_between_halos_of_other_operations_is_its_formula() {
    // Weights of 1 and padding: the sum over a 3 x 3 neighborhood.
    let shape = [4, 5, 2];
    let mut harness = Harness::new(shape);
    let conv = Conv::new(2, 1, 3);
    let name = "box";
    let y = harness.tape.conv(&mut harness.params, name, harness.h, conv, false);
    let range = harness.params.tensor("box.weight").expect("weights").range.clone();
    harness.params.values_mut()[range].fill(1.0);
    harness.tape.keep(y);
    let square = harness.tape.mul(y, y);
    let flat = harness.tape.flatten(square);
    let target = harness.tape.input([1, 1, 20]);
    let loss = harness.tape.mse(flat, target);
    let targets = wave(BATCH * 20, 0.4);
    let (h, grads, value) = harness.run(&[(target, &targets)], loss);
    let formula = |x: &[f64]| {
        build([4, 5, 1], |n, row, column, _| {
            let mut sum = 0.0;
            for y in row.saturating_sub(1)..(row + 2).min(4) {
                for x_ in column.saturating_sub(1)..(column + 2).min(5) {
                    sum += at(shape, x, [n, y, x_, 0]) + at(shape, x, [n, y, x_, 1]);
                }
            }
            sum
        })
    };
    let loss = |h: &[f64]| {
        let errors =
            formula(h).into_iter().zip(&targets).map(|(y, &t)| (y * y - f64::from(t)).powi(2));
        errors.sum::<f64>() / (BATCH * 20) as f64
    };
    assert_near("box filter", &[value], &[loss(&h)], 3e-6);
    assert_near("gradient of a box filter", &grads, &slopes(&h, loss), 3e-5);
}

/// `a * b + exp(a)`, whose gradient uses inputs and output.
#[derive(Debug)]
struct MulExp;

impl CustomOp for MulExp {
    fn name(&self) -> &str {
        "mul_exp"
    }

    fn shape(&self, inputs: &[[usize; 3]]) -> [usize; 3] {
        inputs[0]
    }

    fn forward(&self, inputs: &[&[f32]], output: &mut [f32]) {
        let pairs = inputs[0].iter().zip(inputs[1]);
        output.iter_mut().zip(pairs).for_each(|(y, (a, b))| *y = a * b + a.exp());
    }

    fn backward(
        &self,
        which: usize,
        inputs: &[&[f32]],
        output: &[f32],
        d_output: &[f32],
        d_input: &mut [f32],
    ) {
        for (i, dx) in d_input.iter_mut().enumerate() {
            let (a, b) = (inputs[0][i], inputs[1][i]);
            // exp(a) = y - a b
            let slope = if which == 0 { b + output[i] - a * b } else { a };
            *dx = slope * d_output[i];
        }
    }
}

#[test]
fn a_custom_operation_sees_dense_images_of_all_its_inputs_and_its_output() {
    let record = |t: &mut Tape, x: Var| {
        let b = t.activation(x, Activation::Tanh);
        t.custom(MulExp, &[x, b])
    };
    check("custom", [3, 2, 3], record, each(|x| x * x.tanh() + x.exp()));
    check("custom of a vector", [1, 1, 5], record, each(|x| x * x.tanh() + x.exp()));
    let twice = |t: &mut Tape, x: Var| t.custom(MulExp, &[x, x]);
    check("custom of one value twice", [3, 2, 3], twice, each(|x| x * x + x.exp()));
}

#[test]
fn a_batch_norm_of_a_vector_is_its_formula_over_the_batch() {
    let mut harness = Harness::new([1, 1, 5]);
    let y = harness.tape.batch_norm(&mut harness.params, "norm", harness.h);
    let target = harness.tape.input([1, 1, 5]);
    let product = harness.tape.mul(y, harness.h);
    let loss = harness.tape.mse(product, target);
    let targets = wave(BATCH * 5, 0.9);
    let (h, grads, value) = harness.run(&[(target, &targets)], loss);
    let formula = |h: &[f64]| -> f64 {
        let column = |c: usize| h.iter().skip(c).step_by(5);
        let squares = h.iter().enumerate().map(|(i, x)| {
            let mean = column(i % 5).sum::<f64>() / BATCH as f64;
            let var = column(i % 5).map(|x| (x - mean).powi(2)).sum::<f64>() / BATCH as f64;
            ((x - mean) / (var + 1e-5).sqrt() * x - f64::from(targets[i])).powi(2)
        });
        squares.sum::<f64>() / (BATCH * 5) as f64
    };
    assert_near("batch norm", &[value], &[formula(&h)], 1e-5);
    assert_near("gradient of batch norm", &grads, &slopes(&h, formula), 1e-4);
    // Momentum 0.1 from 0 and 1, with the unbiased variance.
    let column = |c: usize| h.iter().skip(c).step_by(5);
    let (mean, var) = harness.params.buffers().split_at(5);
    for c in 0..5 {
        let m = column(c).sum::<f64>() / 3.0;
        let v = column(c).map(|x| (x - m).powi(2)).sum::<f64>() / 2.0;
        assert_near("running", &[mean[c], var[c]], &[0.1 * m, 0.9 + 0.1 * v], 1e-5);
    }
}
