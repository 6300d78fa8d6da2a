//! Hundreds of random small graphs: what the plan makes of them (fusion, shared buffers, chunks of
//! the batch) against an interpreter in f64 that does one op after the other, image by image, with
//! plain loops. Gradients are compared with central differences of the interpreter.

mod interpreter;

use interpreter::{Graph, Step, loss};
use paso_tape::{Activation, Conv, Params, Pool, Tape, Var};
use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

/// A graph of `steps` ops over images of this shape.
fn random_graph(rng: &mut ChaCha8Rng) -> Graph {
    let shape = [rng.random_range(3..13), rng.random_range(3..13), rng.random_range(1..5)];
    let mut graph = Graph::new(shape);
    for _ in 0..rng.random_range(3..12) {
        let count = graph.shapes.len();
        // Mostly the newest node: chains are what gets fused.
        let x = if rng.random_bool(0.7) { count - 1 } else { rng.random_range(0..count) };
        let [h, w, c] = graph.shapes[x];
        let step = match rng.random_range(0..12) {
            0..3 => {
                let kernel = *[1, 3].choose(rng).expect("not empty");
                let groups = if rng.random_bool(0.2) { c } else { 1 };
                let out = if groups > 1 { c } else { rng.random_range(1..40) };
                let stride = if h.min(w) > 3 && rng.random_bool(0.3) { 2 } else { 1 };
                let extra_padding = usize::from(stride == 2 && rng.random_bool(0.5));
                let bias = rng.random_bool(0.5);
                let conv = Conv { groups, stride, extra_padding, ..Conv::new(c, out, kernel) };
                Step::Conv(x, conv, bias)
            }
            3..6 => Step::BatchNorm(x),
            6..8 => Step::Relu(x),
            8 if h.min(w) >= 2 => Step::MaxPool(x),
            9 if h.min(w) >= 2 => Step::AvgPool(x),
            10 => match (0..count).find(|&y| y != x && graph.shapes[y] == graph.shapes[x]) {
                Some(y) => Step::Add(x, y),
                None => Step::Sigmoid(x),
            },
            11 if c > 1 => Step::SliceChannels(x, rng.random_range(1..c)),
            _ => match (0..count).find(|&y| graph.shapes[y][..2] == [h, w]) {
                Some(y) => Step::Concat(x, y),
                None => Step::Sigmoid(x),
            },
        };
        graph.push(step);
    }
    graph
}

/// Records the graph, then a linear layer to one number and its squared error. With `keep`, every
/// value can be read.
fn record(graph: &Graph, tape: &mut Tape, params: &mut Params, keep: bool) -> [Var; 3] {
    let image = tape.input(graph.shapes[0]);
    let mut nodes = vec![image];
    for (i, step) in graph.steps.iter().enumerate() {
        let name = format!("n{i}");
        nodes.push(match *step {
            Step::Conv(x, conv, bias) => tape.conv(params, &name, nodes[x], conv, bias),
            Step::BatchNorm(x) => tape.batch_norm(params, &name, nodes[x]),
            Step::Relu(x) => tape.relu(nodes[x]),
            Step::Sigmoid(x) => tape.activation(nodes[x], Activation::Sigmoid),
            Step::MaxPool(x) => tape.max_pool(nodes[x], Pool::new(2)),
            Step::AvgPool(x) => tape.avg_pool(nodes[x], Pool::new(2)),
            Step::Add(x, y) => tape.add(nodes[x], nodes[y]),
            Step::Concat(x, y) => tape.concat(&[nodes[x], nodes[y]]),
            Step::SliceChannels(x, n) => tape.slice_channels(nodes[x], 0..n),
        });
    }
    if keep {
        nodes.iter().for_each(|&node| tape.keep(node));
    }
    let out = tape.linear(params, "out", *nodes.last().expect("a node"), 1);
    let target = tape.input([1, 1, 1]);
    let loss = tape.mse(out, target);
    tape.set_loss(loss);
    [image, target, loss]
}

fn numbers(rng: &mut ChaCha8Rng, n: usize) -> Vec<f32> {
    (0..n).map(|_| rng.random_range(-1.0_f32..1.0)).collect()
}

#[test]
fn the_plan_agrees_with_an_interpreter() {
    let mut largest_error = 0.0_f64;
    for seed in 0..300 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let graph = random_graph(&mut rng);
        let (mut tape, mut params) = (Tape::new(), Params::new(seed));
        let [image, target, loss_of] = record(&graph, &mut tape, &mut params, false);
        let batch = rng.random_range(2..11);
        let images = numbers(&mut rng, batch * graph.shapes[0].iter().product::<usize>());
        let targets = numbers(&mut rng, batch);
        // Away from the starting values, at which many gradients are alike.
        for value in params.values_mut() {
            *value += rng.random_range(-0.2_f32..0.2);
        }

        let weights = params.clone();
        let wide = |values: &[f32]| values.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
        let (inputs, wanted) = (wide(&images), wide(&targets));
        let reference = |params: &[f64]| loss(&graph, &weights, params, &inputs, &wanted);
        let mut values = wide(params.values());
        let want = reference(&values);

        let mut grads = params.zero_grads();
        let got = f64::from(tape.forward(&mut params, &[(image, &images), (target, &targets)]));
        tape.backward(&params, &mut grads);
        assert!(
            (got - want).abs() <= 1e-4 * want.abs().max(1.0),
            "seed {seed}: {got}, {want}\n{graph:?}"
        );

        let largest = grads.iter().fold(1e-3_f64, |max, g| max.max(f64::from(g.abs())));
        for _ in 0..12 {
            let i = rng.random_range(0..values.len());
            let here = values[i];
            let mut at = |shift: f64| {
                values[i] = here + shift;
                reference(&values)
            };
            // Two widths: where they disagree, a kink of a ReLU or a pool lies between.
            let [near, far] = [1e-6, 3e-6].map(|h| (at(h) - at(-h)) / (2.0 * h));
            values[i] = here;
            if (near - far).abs() > 1e-5 * largest {
                continue;
            }
            let error = (f64::from(grads[i]) - near).abs() / largest;
            largest_error = largest_error.max(error);
            assert!(
                error < 1e-4,
                "seed {seed}, parameter {i}: {} instead of {near} (largest {largest})\n{graph:?}",
                grads[i]
            );
        }

        // Inference fuses batch norms and ReLUs into convolutions, but not where every value is
        // kept.
        let (mut plain, mut same) = (Tape::new(), Params::new(seed));
        record(&graph, &mut plain, &mut same, true);
        for tape in [&mut tape, &mut plain] {
            tape.infer(&params, &[(image, &images), (target, &targets)]);
        }
        for (folded, plain) in tape.value(loss_of).iter().zip(plain.value(loss_of)) {
            let error = (folded - plain).abs() / plain.abs().max(1.0);
            assert!(error < 1e-4, "seed {seed}: {folded} instead of {plain}\n{graph:?}");
        }

        // The same bits from two threads, and once more from the plan that is there now.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads");
        let (mut again, mut params) = (grads.clone(), weights.clone());
        tape.set_parallel(true);
        pool.install(|| {
            tape.forward(&mut params, &[(image, &images), (target, &targets)]);
            tape.backward(&params, &mut again);
        });
        assert!(grads.iter().zip(&again).all(|(a, b)| a.to_bits() == b.to_bits()), "seed {seed}");
    }
    eprintln!("largest error of a gradient: {largest_error:.1e} of its net's largest");
}
