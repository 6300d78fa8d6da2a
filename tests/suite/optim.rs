//! Golden trajectories of optimizers: every recorded weight and moment, through the public step.
//!
//! The references are float64. An f32 step rounds its weight once (half an ulp of the weight), and its step and moments
//! are exact to a few ulp. So after `t` steps a weight may differ by 4 ulp a step of the weight, or of the longest step
//! that the settings allow, whichever is larger. Moments are compared in their own ulps, as many.

use paso_adam::{Adam, AdamConfig, Decay, Largest, Rule};
use paso_tests::{json, number, numbers, root, shared};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Ulps that each step may add.
const ULPS_A_STEP: f64 = 4.0;

/// A recorded trajectory with the gradients that it was made from.
struct Case<'a> {
    case: &'a Value,
    sequence: &'a Value,
}

impl Case<'_> {
    fn id(&self) -> &str {
        self.case["id"].as_str().expect("an id")
    }

    fn hyper(&self, name: &str) -> f64 {
        number(&self.case["hyperparameters"][name])
    }

    fn flag(&self, name: &str) -> bool {
        self.case["hyperparameters"][name].as_bool().unwrap_or(false)
    }

    /// The rate of update number `t`, from 0.
    fn lr(&self, t: usize) -> f64 {
        if self.case["lr"].is_array() {
            number(&self.case["lr"][t])
        } else {
            number(&self.case["lr"])
        }
    }

    /// The settings at update number `t`, from 0: recorded runs may cycle beta1.
    fn config(&self, t: usize) -> AdamConfig {
        let betas = numbers(&self.case["hyperparameters"]["betas"]);
        let cycled = &self.case["hyperparameters"]["per_step_beta1"];
        let decay = self.hyper("weight_decay");
        let decoupled = self.flag("decoupled_weight_decay");
        AdamConfig {
            rule: if self.flag("amsgrad") { Rule::AmsGrad(Largest::Raw) } else { Rule::Adam },
            beta1: if cycled.is_array() { number(&cycled[t]) } else { betas[0] },
            beta2: betas[1],
            eps: self.hyper("eps"),
            decay: if decoupled { Decay::Decoupled(decay) } else { Decay::L2(decay) },
            maximize: self.flag("maximize"),
            ..AdamConfig::default()
        }
    }

    /// Slices of the weights with their share of the rate and their own hyper-parameters: the parameter groups.
    fn groups(&self) -> Vec<(std::ops::Range<usize>, f64, &Value)> {
        let n = self.sequence["initial"].as_array().expect("a list").len();
        let Some(groups) = self.case["param_groups"].as_array() else {
            return vec![(0..n, 1.0, &Value::Null)];
        };
        let mut starts = vec![0];
        for len in numbers(&self.case["splits"]) {
            starts.push(starts.last().expect("a start") + len as usize);
        }
        let mut parts = Vec::new();
        for group in groups {
            let scale = group.get("lr_scale").map_or(1.0, number);
            let own = &group["hyperparameters"];
            for tensor in numbers(&group["tensors"]) {
                let tensor = tensor as usize;
                parts.push((starts[tensor]..starts[tensor + 1], scale, own));
            }
        }
        parts
    }
}

/// Runs a case and returns its largest difference in units of what is allowed, 1 being the limit.
fn worst(case: &Case<'_>) -> f64 {
    let to_f32 = |value: &Value| numbers(value).into_iter().map(|x| x as f32).collect::<Vec<_>>();
    let mut w = to_f32(&case.sequence["initial"]);
    let mut moments = vec![vec![0.0; w.len()]; 3];
    let config = case.config(0);
    let longest = (1.0 - config.beta1)
        / ((1.0 - config.beta2) * (1.0 - (config.beta1 * config.beta1 / config.beta2).min(0.999)))
            .sqrt();
    let (groups, steps) = (case.groups(), case.case["num_steps"].as_u64().expect("steps") as usize);
    let (mut worst, mut rate) = (0.0_f64, 0.0_f64);
    let mut compare = |what: &str, t: usize, ours: &[f32], theirs: &Value, floor: f64| {
        for (i, (&a, b)) in ours.iter().zip(numbers(theirs)).enumerate() {
            let allowed = ULPS_A_STEP * f64::from(f32::EPSILON) * t as f64 * (b.abs() + floor);
            // What is denormal for f32 may be zero.
            let difference = (f64::from(a) - b).abs() - f64::from(f32::MIN_POSITIVE);
            assert!(
                difference <= allowed,
                "{} step {t}: {what}[{i}] is {a:e}, not {b:e}",
                case.id()
            );
            worst = worst.max(difference / allowed);
        }
    };
    for t in 0..steps {
        let g = to_f32(&case.sequence["grads"][t]);
        let lr = case.lr(t);
        rate = rate.max(lr);
        for (part, scale, own) in &groups {
            let mut config = case.config(t);
            if let Some(decay) = own.get("weight_decay") {
                config.decay = Decay::Decoupled(number(decay));
            }
            config.eps = own.get("eps").map_or(config.eps, number);
            let adam = Adam::new(config).expect("settings in range");
            let mut moments: Vec<_> = moments.iter_mut().map(|m| &mut m[part.clone()]).collect();
            let used = &mut moments[..adam.moments().len()];
            adam.step_with(t as u64 + 1, lr * scale, &mut w[part.clone()], &g[part.clone()], used);
        }
        if let Some(theirs) = case.case["params_at"].get((t + 1).to_string()) {
            compare("weight", t + 1, &w, theirs, rate * longest.max(1.0));
        }
    }
    let state = &case.case["state_at_end"];
    // A mean of gradients with both signs cancels; its ulp is that of the largest gradient seen.
    let largest = |i: usize| {
        let all = case.sequence["grads"].as_array().expect("gradients").iter();
        all.map(|g| number(&g[i]).abs()).fold(0.0, f64::max)
    };
    let floor: f64 = (0..w.len()).map(largest).fold(0.0, f64::max);
    if !state["exp_avg"].is_null() && config.decay_is_decoupled() {
        compare("exp_avg", steps, &moments[0], &state["exp_avg"], floor);
        compare("exp_avg_sq", steps, &moments[1], &state["exp_avg_sq"], 0.0);
        if !state["max_exp_avg_sq"].is_null() {
            compare("max_exp_avg_sq", steps, &moments[2], &state["max_exp_avg_sq"], 0.0);
        }
    }
    worst
}

trait DecayIsDecoupled {
    /// With L2 the moments depend on the weights, whose error they take over.
    fn decay_is_decoupled(&self) -> bool;
}

impl DecayIsDecoupled for AdamConfig {
    fn decay_is_decoupled(&self) -> bool {
        !matches!(self.decay, Decay::L2(value) if value > 0.0)
    }
}

/// Every float64 case of these files; says how many were compared.
fn all(folder: &Path, files: &[&str]) -> usize {
    let mut sequences: BTreeMap<String, Value> = BTreeMap::new();
    let mut count = 0;
    for file in files {
        let recorded = json(&folder.join(file));
        let mut worst_of_file = 0.0_f64;
        for case in recorded["cases"].as_array().expect("cases") {
            if case["dtype"] != "float64" {
                continue;
            }
            let name = case["sequence"].as_str().expect("a name").to_owned();
            let sequence = sequences
                .entry(name.clone())
                .or_insert_with(|| json(&folder.join(format!("{name}.json"))));
            worst_of_file = worst_of_file.max(worst(&Case { case, sequence }));
            count += 1;
        }
        eprintln!("{file}: {worst_of_file:.2} of what is allowed");
    }
    count
}

#[test]
fn adam_and_adamw_follow_pytorch() {
    let Some(folder) = shared("vectors/optim") else { return };
    assert_eq!(all(&folder, &["torch_adam.json", "torch_adamw.json"]), 24);
}

#[test]
fn the_trajectories_recorded_here_are_followed() {
    assert!(all(&root().join("tests/vectors/optim"), &["torch_adam.json"]) > 0, "there are some");
}
