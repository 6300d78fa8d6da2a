//! Losses: values and gradients.

use super::*;
use paso_ops::{
    bce_with_logits, bce_with_logits_grad, cross_entropy, cross_entropy_grad, mse, mse_grad,
    smooth_l1, smooth_l1_grad,
};

/// What a batch's reduction multiplies the mean of all numbers with.
fn factor(case: &Value, count: usize) -> f32 {
    if case["params"]["reduction"] == "sum" { count as f32 } else { 1.0 }
}

#[test]
fn losses_on_numbers_agree() {
    for case in cases("loss.json").iter().filter(|case| case["op"] != "cross_entropy") {
        let (x, t) = (floats(&case["inputs"]["x"]), floats(&case["inputs"]["target"]));
        let factor = factor(case, x.len());
        let mut dx = vec![0.0; x.len()];
        let loss = match case["op"].as_str().unwrap() {
            "mse_loss" => {
                mse_grad(&x, &t, factor, &mut dx);
                mse(&x, &t)
            }
            "bce_with_logits" => {
                bce_with_logits_grad(&x, &t, factor, &mut dx);
                bce_with_logits(&x, &t)
            }
            // L1 is smooth L1 with a beta of 0.
            "l1_loss" | "smooth_l1_loss" => {
                let beta = case["params"]["beta"].as_f64().unwrap_or(0.0) as f32;
                smooth_l1_grad(&x, &t, beta, factor, &mut dx);
                smooth_l1(&x, &t, beta)
            }
            other => panic!("a loss of another kind: {other}"),
        };
        let isa = Isa::best();
        close(
            &case["id"],
            "loss",
            isa,
            &[loss * factor],
            &numbers(&case["float64"]["output"]["data"]),
            32.0,
        );
        close(&case["id"], "gradient", isa, &dx, &numbers(&case["float64"]["grad_x"]["data"]), 8.0);
    }
}

#[test]
fn cross_entropy_agrees() {
    for case in cases("loss.json").iter().filter(|case| case["op"] == "cross_entropy") {
        let (params, inputs) = (&case["params"], &case["inputs"]);
        let x = floats(&inputs["x"]);
        let classes = dims(&inputs["x"])[1];
        let targets = numbers(&inputs["target"]["data"]);
        let weights = inputs.get("class_weight").filter(|w| !w.is_null()).map(floats);
        let smoothing = number(&params["label_smoothing"]) as f32;
        let ignore = params["ignore_index"].as_f64();
        let counts = |t: f64| Some(t) != ignore && t >= 0.0;
        let weight = |t: f64| match &weights {
            _ if !counts(t) => 0.0,
            Some(w) => w[t as usize],
            None => 1.0,
        };
        // PyTorch's mean divides by the weights of the targets that count.
        let total: f32 = targets.iter().map(|&t| weight(t)).sum();
        let mut dx = vec![0.0; x.len()];
        let mut losses = Vec::new();
        for (i, &t) in targets.iter().enumerate() {
            let upstream = match params["reduction"].as_str().unwrap() {
                "mean" => 1.0 / total,
                "sum" => 1.0,
                _ => number(&case["grad_output"]["data"][i]) as f32,
            };
            if !counts(t) {
                losses.push(0.0);
                continue;
            }
            let row = i * classes..(i + 1) * classes;
            let (logits, class) = (&x[row.clone()], t as usize);
            let loss = cross_entropy(logits, class, smoothing, weights.as_deref());
            losses.push(if params["reduction"] == "mean" { loss / total } else { loss });
            cross_entropy_grad(
                logits,
                class,
                smoothing,
                weights.as_deref(),
                upstream,
                &mut dx[row],
            );
        }
        if params["reduction"] != "none" {
            losses = vec![losses.iter().sum()];
        }
        let isa = Isa::best();
        close(
            &case["id"],
            "loss",
            isa,
            &losses,
            &numbers(&case["float64"]["output"]["data"]),
            32.0,
        );
        close(
            &case["id"],
            "gradient",
            isa,
            &dx,
            &numbers(&case["float64"]["grad_x"]["data"]),
            16.0,
        );
    }
}
