//! Golden vectors: a whole training run of a small network, weights and running statistics included.

use paso_adam::{Adam, AdamConfig, WeightDecay};
use paso_tape::{Activation, Conv, Params, Pool, Tape, Var};
use paso_tests::{json, numbers, root, shared};
use serde_json::Value;

/// The net of a record, and which of its tensors is which of the library's.
struct Net {
    tape: Tape,
    params: Params,
    /// The inputs: images, and targets.
    image: Var,
    target: Var,
    loss: Var,
    /// `(ours, theirs)` for every trained tensor.
    trained: Vec<(String, String)>,
    /// `(ours, theirs)` for every running statistic.
    statistics: Vec<(String, String)>,
    /// Biases before a normalization: their gradient is 0 but for rounding.
    free: Vec<String>,
}

/// A whole number of the record.
#[track_caller]
fn count(value: &Value) -> usize {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no count")) as usize
}

/// Fails, by name, unless a setting has the only value that is offered here.
#[track_caller]
fn only(what: &str, value: &Value, offered: &Value) {
    assert!(value == offered, "{what} = {value} is not understood, only {offered}");
}

impl Net {
    /// Records the layers that the record lists, in order.
    fn new(case: &Value) -> Self {
        let (mut tape, mut params) = (Tape::new(), Params::new(0));
        let [_, channels, height, width] = [0, 1, 2, 3].map(|i| count(&case["batch"][i]));
        let image = tape.input([height, width, channels]);
        let (mut x, mut trained, mut statistics) = (image, Vec::new(), Vec::new());
        let (mut biases, mut free) = (Vec::new(), Vec::new());
        for layer in case["model"]["layers"].as_array().expect("layers") {
            let name = layer.as_str().expect("a name");
            let own = &case["model"][name];
            let pair = |list: &mut Vec<_>, ours: &str, theirs: &str| {
                list.push((format!("{name}.{ours}"), format!("{name}.{theirs}")));
            };
            match name.trim_end_matches(|c: char| c.is_ascii_digit()) {
                "conv" => {
                    let kernel = count(&own["kernel"]);
                    only("padding", &own["padding"], &(kernel / 2).into());
                    let conv = Conv {
                        stride: count(&own["stride"]),
                        ..Conv::new(count(&own["input"]), count(&own["output"]), kernel)
                    };
                    x = tape.conv(&mut params, name, x, conv, true);
                    pair(&mut trained, "weight", "weight");
                    pair(&mut trained, "bias", "bias");
                    biases = vec![format!("{name}.bias")];
                }
                "bn" => {
                    only("eps", &own["eps"], &1e-5.into());
                    only("momentum", &own["momentum"], &0.1.into());
                    x = tape.batch_norm(&mut params, name, x);
                    pair(&mut trained, "gamma", "weight");
                    pair(&mut trained, "beta", "bias");
                    pair(&mut statistics, "mean", "running_mean");
                    pair(&mut statistics, "var", "running_var");
                    free.append(&mut biases);
                }
                "relu" => x = tape.activation(x, Activation::Relu),
                "pool" => {
                    only("stride", &own["stride"], &own["kernel"]);
                    x = tape.max_pool(x, Pool::new(count(&own["kernel"])));
                }
                "gap" => x = tape.global_avg_pool(x),
                // A vector is flat here.
                "flatten" => {}
                "fc" => {
                    x = tape.linear(&mut params, name, x, count(&own["output"]));
                    pair(&mut trained, "weight", "weight");
                    pair(&mut trained, "bias", "bias");
                }
                _ => panic!("the layer {name} is not understood"),
            }
        }
        only("loss", &case["loss"]["name"], &"smooth_l1_loss".into());
        only("reduction", &case["loss"]["reduction"], &"mean".into());
        let target = tape.input([1, 1, tape.shape(x)[2]]);
        let loss = tape.smooth_l1(x, target, case["loss"]["beta"].as_f64().expect("beta") as f32);
        tape.set_loss(loss);
        for (ours_name, theirs) in &trained {
            let range = params.tensor(ours_name).unwrap().range.clone();
            let initial = ours(&case["initial"][theirs]);
            params.values_mut()[range].iter_mut().zip(initial).for_each(|(w, x)| *w = x as f32);
        }
        let known = case["initial"].as_object().expect("tensors").len();
        assert_eq!(trained.len(), known, "not every tensor of the record has a layer");
        Self { tape, params, image, target, loss, trained, statistics, free }
    }

    /// Largest difference, in units of the largest value of each tensor.
    #[track_caller]
    fn close(&self, what: &str, got: &[f32], want: &Value, bound: f64) {
        for (name, theirs) in &self.trained {
            let range = self.params.tensor(name).unwrap().range.clone();
            let want = ours(&want[theirs]);
            let scale = want.iter().fold(0.0_f64, |m, x| m.max(x.abs())).max(1e-3);
            for (i, (&got, want)) in got[range].iter().zip(&want).enumerate() {
                let error = (f64::from(got) - want).abs() / scale;
                // Adam makes steps of rounding errors all the same.
                let free = self.free.contains(name);
                assert!(error <= bound || free, "{what}: {name}[{i}] is {got} instead of {want}");
            }
        }
    }
}

/// The optimizer of the record, and its learning rate.
fn optimizer(case: &Value) -> (Adam, f64) {
    let own = &case["optimizer"];
    let number = |name: &str| own[name].as_f64().unwrap_or_else(|| panic!("no {name} in {own}"));
    for name in own.as_object().expect("settings").keys() {
        let known = ["name", "lr", "betas", "eps", "weight_decay"].contains(&name.as_str());
        assert!(known, "optimizer.{name} is not understood");
    }
    let decay = match own["name"].as_str() {
        Some("AdamW") => WeightDecay::Decoupled(number("weight_decay")),
        Some("Adam") => WeightDecay::L2(number("weight_decay")),
        other => panic!("the optimizer {other:?} is not understood"),
    };
    let betas = numbers(&own["betas"]);
    let (beta1, beta2, eps) = (betas[0], betas[1], number("eps"));
    let config = AdamConfig { beta1, beta2, eps, decay, ..AdamConfig::default() };
    (Adam::new(config).expect("settings"), number("lr"))
}

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

fn run(case: &Value, parallel: bool) {
    let mut net = Net::new(case);
    net.tape.set_parallel(parallel);
    let reference = &case["float64"];
    let (adam, lr) = optimizer(case);
    let mut grads = net.params.zero_grads();
    let (mut m, mut v) = (net.params.zero_grads(), net.params.zero_grads());
    let batch = |t: usize| {
        let targets: Vec<f32> =
            numbers(&case["targets"][t]["data"]).iter().map(|&x| x as f32).collect();
        (images(&case["inputs"][t]), targets)
    };
    let steps = count(&case["steps"]);
    assert_eq!(case["inputs"].as_array().map(Vec::len), Some(steps), "a batch a step");
    for t in 0..steps {
        let (images, targets) = batch(t);
        let inputs: [(Var, &[f32]); 2] = [(net.image, &images), (net.target, &targets)];
        let got = f64::from(net.tape.forward(&mut net.params, &inputs));
        let want = reference["loss"][t].as_f64().unwrap();
        // f32 against f64: rounding at first, then what Adam makes of it.
        let bound = if t == 0 { 1e-6 } else { 2e-4 };
        assert!(
            (got - want).abs() <= bound * want.abs().max(1.0),
            "loss of step {t}: {got} instead of {want}"
        );
        net.tape.backward(&net.params, &mut grads);
        if t == 0 {
            net.close("first gradient", &grads, &reference["grad_step_0"], 2e-5);
        }
        adam.step(t as u64 + 1, lr, net.params.values_mut(), &grads, &mut m, &mut v);
        if t == 0 {
            let want = &reference["weights_after_step_1"];
            net.close("weights after one step", net.params.values(), want, 1e-3);
        }
    }
    let Some(last) = reference.get("final_weights") else { return };
    net.close("final weights", net.params.values(), last, 1e-2);
    for (name, theirs) in &net.statistics {
        let statistics = net.params.statistics();
        let range = statistics.iter().find(|t| t.name == *name).unwrap().range.clone();
        let want = numbers(&reference["final_buffers"][theirs]["data"]);
        for (got, want) in net.params.buffers()[range].iter().zip(want) {
            let same = (f64::from(*got) - want).abs() <= 2e-2 * want.abs().max(1.0);
            // A mean before normalization takes up what its free bias does.
            assert!(same || name.ends_with("mean"), "{name}: {got} instead of {want}");
        }
    }
    let (images, targets) = batch(0);
    net.tape.infer(&net.params, &[(net.image, &images), (net.target, &targets)]);
    let got = f64::from(net.tape.mean(net.loss));
    let want = reference["eval_loss_on_batch_0"].as_f64().unwrap();
    assert!(
        (got - want).abs() <= 1e-3 * want.abs().max(1.0),
        "loss in inference: {got} instead of {want}"
    );
}

#[test]
fn a_training_record_that_is_not_understood_fails_by_name() {
    let record = json(&root().join("tests/vectors/train/cnn.json"))["cases"][0].clone();
    for (path, value, said) in [
        ("/model/layers/2", Value::from("gelu1"), "the layer gelu1 is not understood"),
        ("/model/bn1/eps", 1e-3.into(), "eps = 0.001 is not understood"),
        ("/optimizer/name", "SGD".into(), "the optimizer Some(\"SGD\") is not understood"),
        ("/loss/name", "l1_loss".into(), "loss = \"l1_loss\" is not understood"),
    ] {
        let mut record = record.clone();
        *record.pointer_mut(path).expect("a field") = value;
        let panic = std::panic::catch_unwind(|| run(&record, false)).expect_err(path);
        let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        assert!(text.contains(said), "{text}");
    }
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
