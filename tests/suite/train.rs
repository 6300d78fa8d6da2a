//! Golden vectors: a whole training run of a small network, weights and running statistics included.

use paso_adam::{Adam, AdamConfig, WeightDecay};
use paso_tape::{Params, Sequential, Tape, Var};
use paso_tests::{json, numbers, root, shared};
use serde_json::Value;

/// `(ours, theirs)` for every trained tensor.
const NAMES: [(&str, &str); 10] = [
    ("conv1.weight", "conv1.weight"),
    ("conv1.bias", "conv1.bias"),
    ("norm1.gamma", "bn1.weight"),
    ("norm1.beta", "bn1.bias"),
    ("conv2.weight", "conv2.weight"),
    ("conv2.bias", "conv2.bias"),
    ("norm2.gamma", "bn2.weight"),
    ("norm2.beta", "bn2.bias"),
    ("linear1.weight", "fc.weight"),
    ("linear1.bias", "fc.bias"),
];

/// A tensor in our order: images and filters with channels last, matrices as `[in, out]`.
fn ours(tensor: &Value) -> Vec<f64> {
    let (data, shape) = (numbers(&tensor["data"]), numbers(&tensor["shape"]));
    let shape: Vec<usize> = shape.iter().map(|&n| n as usize).collect();
    match shape[..] {
        [o, i] => (0..i)
            .flat_map(|i_| (0..o).map(move |o_| (o_, i_)))
            .map(|(o_, i_)| data[o_ * i + i_])
            .collect(),
        [o, i, h, w] => (0..h * w * i * o)
            .map(|at| {
                let (co, ci, kx, ky) = (at % o, at / o % i, at / o / i % w, at / o / i / w);
                data[((co * i + ci) * h + ky) * w + kx]
            })
            .collect(),
        _ => data,
    }
}

fn images(tensor: &Value) -> Vec<f32> {
    let (data, shape) = (numbers(&tensor["data"]), numbers(&tensor["shape"]));
    let [n, c, h, w] = [0, 1, 2, 3].map(|i| shape[i] as usize);
    let at = |i: usize| {
        let (ch, x, y, image) = (i % c, i / c % w, i / c / w % h, i / c / w / h);
        data[((image * c + ch) * h + y) * w + x] as f32
    };
    (0..n * c * h * w).map(at).collect()
}

/// Largest difference, in units of the largest number of each tensor.
#[track_caller]
fn close(what: &str, params: &Params, got: &[f32], want: &Value, bound: f64) {
    for (ours_name, theirs) in NAMES {
        let range = params.tensor(ours_name).unwrap().range.clone();
        let want = ours(&want[theirs]);
        let scale = want.iter().fold(0.0_f64, |m, x| m.max(x.abs())).max(1e-3);
        for (i, (&got, want)) in got[range].iter().zip(&want).enumerate() {
            let error = (f64::from(got) - want).abs() / scale;
            // The gradient of a bias before a normalization is 0 but for rounding; Adam makes steps of it all the same.
            let free = ours_name == "conv1.bias" || ours_name == "conv2.bias";
            assert!(error <= bound || free, "{what}: {ours_name}[{i}] is {got} instead of {want}");
        }
    }
}

fn run(case: &Value, parallel: bool) {
    let (mut tape, mut params) = (Tape::new(), Params::new(0));
    tape.set_parallel(parallel);
    let x = tape.input([16, 16, 3]);
    let target = tape.input([1, 1, 4]);
    let body = Sequential::new().conv_bias(8, 3).batch_norm().relu().max_pool(2);
    let body = body.conv_bias(16, 3).batch_norm().relu().global_avg_pool().linear(4);
    let output = body.record(&mut tape, &mut params, x);
    let loss = tape.smooth_l1(output, target, 1.0);
    tape.set_loss(loss);
    for (ours_name, theirs) in NAMES {
        let range = params.tensor(ours_name).unwrap().range.clone();
        let initial = ours(&case["initial"][theirs]);
        params.values_mut()[range].iter_mut().zip(initial).for_each(|(w, x)| *w = x as f32);
    }

    let reference = &case["float64"];
    let config = AdamConfig { decay: WeightDecay::Decoupled(0.01), ..AdamConfig::default() };
    let adam = Adam::new(config).unwrap();
    let mut grads = params.zero_grads();
    let (mut m, mut v) = (params.zero_grads(), params.zero_grads());
    let batch = |t: usize| {
        let targets: Vec<f32> =
            numbers(&case["targets"][t]["data"]).iter().map(|&x| x as f32).collect();
        (images(&case["inputs"][t]), targets)
    };
    let steps = case["inputs"].as_array().unwrap().len();
    for t in 0..steps {
        let (images, targets) = batch(t);
        let inputs: [(Var, &[f32]); 2] = [(x, &images), (target, &targets)];
        let got = f64::from(tape.forward(&mut params, &inputs));
        let want = reference["loss"][t].as_f64().unwrap();
        // f32 against f64: rounding at first, then what Adam makes of it.
        let bound = if t == 0 { 1e-6 } else { 2e-4 };
        assert!(
            (got - want).abs() <= bound * want.abs().max(1.0),
            "loss of step {t}: {got} instead of {want}"
        );
        tape.backward(&params, &mut grads);
        if t == 0 {
            close("first gradient", &params, &grads, &reference["grad_step_0"], 2e-5);
        }
        adam.step(t as u64 + 1, 0.01, params.values_mut(), &grads, &mut m, &mut v);
        if t == 0 {
            close(
                "weights after one step",
                &params,
                params.values(),
                &reference["weights_after_step_1"],
                1e-3,
            );
        }
    }
    let Some(last) = reference.get("final_weights") else { return };
    close("final weights", &params, params.values(), last, 1e-2);
    for (name, theirs) in [("norm1.mean", "bn1.running_mean"), ("norm2.var", "bn2.running_var")] {
        let range = params.statistics().iter().find(|t| t.name == name).unwrap().range.clone();
        let want = numbers(&reference["final_buffers"][theirs]["data"]);
        for (got, want) in params.buffers()[range].iter().zip(want) {
            let same = (f64::from(*got) - want).abs() <= 2e-2 * want.abs().max(1.0);
            // A mean before normalization takes up what its free bias does.
            assert!(same || name.ends_with("mean"), "{name}: {got} instead of {want}");
        }
    }
    let (images, targets) = batch(0);
    tape.infer(&params, &[(x, &images), (target, &targets)]);
    let (got, want) =
        (f64::from(tape.mean(loss)), reference["eval_loss_on_batch_0"].as_f64().unwrap());
    assert!(
        (got - want).abs() <= 1e-3 * want.abs().max(1.0),
        "loss in inference: {got} instead of {want}"
    );
}

#[test]
fn a_training_run_agrees() {
    let own = root().join("tests/vectors/train/cnn.json");
    let all = shared("vectors").map(|folder| folder.join("train/cnn.json"));
    for path in [Some(own), all].into_iter().flatten() {
        for case in json(&path)["cases"].as_array().unwrap() {
            run(case, false);
            run(case, true);
        }
    }
}
