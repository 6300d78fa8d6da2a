//! Running a case twice: by the formulas in f64, and by the step in f32.

#![expect(
    clippy::cast_possible_truncation,
    reason = "recorded whole numbers, and rounding to f32 on purpose"
)]

use super::Case;
use paso_adam::reference::Textbook;
use paso_adam::{
    Adam, AdamConfig, AdamGroup, Clip, ClipNorm, Gradient, Param, ParamMut, Rule, StepOptions,
    WeightDecay,
};
use paso_tests::{json, number, numbers};
use std::path::Path;

/// The gradients that a case was run on.
pub(super) struct Sequence {
    initial: Vec<f64>,
    gradients: Vec<Vec<f64>>,
}

impl Sequence {
    pub(super) fn read(folder: &Path, name: &str) -> Self {
        let file = json(&folder.join(format!("{name}.json")));
        let gradients = file["grads"].as_array().expect("grads").iter().map(numbers).collect();
        Self { initial: numbers(&file["initial"]), gradients }
    }
}

/// The largest differences of a case, in units of its bounds.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Difference {
    /// Of the formulas in f64.
    pub(super) textbook: f64,
    /// Of the step in f32, in ulp of f32 a step.
    pub(super) ulp: f64,
    /// What that may be.
    pub(super) allowed: f64,
}

impl Difference {
    pub(super) fn within(&self) -> bool {
        self.textbook <= 1.0 && self.ulp <= self.allowed
    }
}

/// What the formulas in f64 may differ by, relative to the weight and the sum of the rates so far: both sides
/// round a few dozen operations a step to 1.1e-16.
const TEXTBOOK: f64 = 1e-13;

/// What the step may differ by: so many ulp of f32, a step, of the weight and of the longest step there can be.
///
/// One is the rounding of the weight; the step itself is exact to about two and a half (three roundings of the
/// moments, of which the root halves one; root, quotient, two products), relative to the longest step that the
/// moments allow, since an earlier, larger gradient's rounding is still in them.
const ULP: f64 = 4.0;

/// The longest step there can be, in units of the rate, for a weight whose largest gradient so far was `gradient` in
/// a tensor of this norm.
fn longest(config: &AdamConfig, t: usize, gradient: f64, norm: f64) -> f64 {
    let (b1, b2) = (config.beta1, config.beta2);
    let q = b1 * b1 / b2;
    let adam = if q < 1.0 {
        (1.0 - b1) / ((1.0 - b2) * (1.0 - q)).sqrt()
    } else {
        1.0 / (1.0 - b2).sqrt()
    };
    match config.rule {
        // All of a tensor's step is as long as the tensor.
        Rule::Lamb => adam.max(norm),
        // Momentum alone, at first.
        Rule::RAdam if t < 6 => adam.max(gradient),
        _ => adam.max(1.0),
    }
}

/// Tensors with what a group of the library's parameters has of its own.
fn params(case: Case<'_>, config: &AdamConfig) -> Vec<Param> {
    let lens = case.splits().into_iter().enumerate();
    let mut params: Vec<_> = lens.map(|(i, n)| Param::new(format!("{i}"), n)).collect();
    for group in case.record["param_groups"].as_array().into_iter().flatten() {
        for tensor in numbers(&group["tensors"]) {
            let param = &mut params[tensor as usize];
            param.lr_scale = number(&group["lr_scale"]);
            for (name, value) in group["hyperparameters"].as_object().into_iter().flatten() {
                match name.as_str() {
                    "weight_decay" => {
                        let base = case.f64("weight_decay");
                        assert!(base > 0.0, "{}: {config:?} has no decay to scale", case.id());
                        param.decay_scale = number(value) / base;
                    }
                    "eps" => param.eps = Some(number(value)),
                    "betas" => {
                        param.beta1 = Some(number(&value[0]));
                        param.beta2 = Some(number(&value[1]));
                    }
                    _ => panic!("{}: a group's {name} = {value} is not understood", case.id()),
                }
            }
        }
    }
    params
}

/// How the case clips its gradients.
pub(super) fn clip(case: Case<'_>) -> Clip {
    let value = |name| Some(case.value(name)).filter(|v| !v.is_null()).map(number);
    let values = (value("global_clipnorm"), value("max_grad_norm"));
    let (tensor, single) = (value("clipnorm"), value("clipvalue"));
    let torch = &case.record["clip_grad_norm"];
    if !torch.is_null() {
        for (name, value) in torch.as_object().into_iter().flatten() {
            let known = ["max_norm", "norm_type"].contains(&name.as_str());
            assert!(known, "{}: clip_grad_norm.{name} = {value} is not understood", case.id());
        }
        return Clip::GlobalNorm(ClipNorm {
            max_norm: number(&torch["max_norm"]),
            norm_type: number(&torch["norm_type"]),
            eps: 1e-6,
        });
    }
    let global = Some(&case.record["clip_by_global_norm"]).filter(|v| !v.is_null()).map(number);
    if let Some(max_norm) = global.or(values.0).or(values.1) {
        return Clip::GlobalNorm(ClipNorm { max_norm, norm_type: 2.0, eps: 0.0 });
    }
    match (tensor, single) {
        (Some(max), _) => Clip::TensorNorm(max),
        (_, Some(max)) => Clip::Value(max),
        _ => Clip::None,
    }
}

/// The gradient after clipping, in f64.
fn clipped(gradient: &[f64], clip: Clip, lens: &[usize]) -> Vec<f64> {
    let norm = |g: &[f64]| g.iter().map(|x| x * x).sum::<f64>().sqrt();
    let scaled = |g: &[f64], scale: f64| g.iter().map(|x| x * scale.min(1.0)).collect::<Vec<_>>();
    match clip {
        Clip::Value(max) => gradient.iter().map(|x| x.clamp(-max, max)).collect(),
        Clip::GlobalNorm(ClipNorm { max_norm, norm_type: p, eps }) => {
            let norm = if p.is_infinite() {
                gradient.iter().fold(0.0_f64, |most, x| most.max(x.abs()))
            } else {
                gradient.iter().map(|x| x.abs().powf(p)).sum::<f64>().powf(1.0 / p)
            };
            scaled(gradient, max_norm / (norm + eps))
        }
        Clip::TensorNorm(max) => {
            let mut rest = gradient;
            let mut all = Vec::new();
            for &len in lens {
                let (here, others) = rest.split_at(len);
                all.extend(scaled(here, max / norm(here).max(1e-300)));
                rest = others;
            }
            all
        }
        _ => gradient.to_vec(),
    }
}

pub(super) fn run(
    case: Case<'_>,
    config: AdamConfig,
    clip: Clip,
    sequence: &Sequence,
) -> Difference {
    let f32s = |values: &[f64]| values.iter().map(|&x| x as f32).collect::<Vec<_>>();
    let (params, lens) = (params(case, &config), case.splits());
    let own = |param: &Param| AdamConfig {
        beta1: param.beta1.unwrap_or(config.beta1),
        beta2: param.beta2.unwrap_or(config.beta2),
        eps: param.eps.unwrap_or(config.eps),
        decay: match config.decay {
            WeightDecay::Decoupled(value) => WeightDecay::Decoupled(value * param.decay_scale),
            WeightDecay::L2(value) => WeightDecay::L2(value * param.decay_scale),
            other if param.decay_scale == 1.0 => other,
            other => panic!("{}: {other:?} with a decay of a group's own", case.id()),
        },
        ..config
    };
    let mut textbooks: Vec<_> = params.iter().map(|p| Textbook::new(own(p), p.len)).collect();
    let mut exact = sequence.initial.clone();
    let mut fast = f32s(&sequence.initial);
    let adam = Adam::new(config).unwrap_or_else(|e| panic!("{}: {e}", case.id()));
    let mut group = AdamGroup::with_params(adam, params.clone()).expect("params");
    let options = StepOptions { clip, ..StepOptions::default() };
    let mut worst = Difference { allowed: ULP, ..Difference::default() };
    let (mut paths, mut path) = (vec![0.0; exact.len()], 0.0);
    let mut largest = vec![0.0_f64; exact.len()];
    for (t, gradient) in sequence.gradients.iter().enumerate() {
        let lr = case.rate(t);
        path += lr;
        if let Some(betas) = case.value("per_step_beta1").as_array() {
            let config = AdamConfig { beta1: number(&betas[t]), ..config };
            group.set_adam(Adam::new(config).expect("a beta"));
            textbooks.iter_mut().for_each(|textbook| textbook.config.beta1 = config.beta1);
        }
        let (mut rest, mut g) = (&mut exact[..], &clipped(gradient, clip, &lens)[..]);
        for (textbook, param) in textbooks.iter_mut().zip(&params) {
            let (here, others) = rest.split_at_mut(param.len);
            let (gradient, after) = g.split_at(param.len);
            textbook.step(lr * param.lr_scale, here, gradient);
            (rest, g) = (others, after);
        }
        let g = f32s(gradient);
        let (mut rest, mut g) = (&mut fast[..], &g[..]);
        let mut tensors = Vec::new();
        for &len in &lens {
            let (weights, others) = rest.split_at_mut(len);
            let (gradient, after) = g.split_at(len);
            tensors.push(ParamMut {
                weights,
                gradient: Gradient::Keep(gradient),
                average: &mut [],
            });
            (rest, g) = (others, after);
        }
        let report = group.step_with(lr, &options, tensors).expect("a step");
        if let Some(want) = case.record["total_norm"].get(t).filter(|_| !case.single()) {
            let norm = report.norm.expect("a norm");
            assert!((norm / number(want) - 1.0).abs() < 1e-12, "{}: norm {norm}", case.id());
        }
        let steps = t + 1;
        let norm = exact.iter().map(|w| w * w).sum::<f64>().sqrt();
        for (((path, most), g), w) in paths.iter_mut().zip(&mut largest).zip(gradient).zip(&exact) {
            // With L2 regularization.
            *most = most.max(g.abs() + w.abs());
            *path += lr * longest(&config, t, *most, norm);
        }
        let unit = Unit { steps: steps as f64, paths: &paths, path };
        worst.compare(case, &case.record["params_at"][steps.to_string()], &exact, &fast, unit);
        let want = &case.record["eval_params_at"][steps.to_string()];
        if matches!(config.rule, Rule::ScheduleFree(_)) && !want.is_null() {
            let exact = textbooks[0].evaluated(&exact);
            let mut fast = fast.clone();
            let fast = group.evaluate([&mut fast[..]], |weights| weights[0].to_vec());
            worst.compare(case, want, &exact, &fast, unit);
        }
    }
    worst
}

/// What a difference is measured in.
#[derive(Clone, Copy)]
struct Unit<'a> {
    steps: f64,
    /// The sum of the longest steps so far, for every weight.
    paths: &'a [f64],
    /// The sum of the rates so far.
    path: f64,
}

impl Difference {
    /// Takes the differences from recorded weights into account.
    fn compare(
        &mut self,
        case: Case<'_>,
        want: &serde_json::Value,
        exact: &[f64],
        fast: &[f32],
        unit: Unit<'_>,
    ) {
        if want.is_null() {
            return;
        }
        let all = numbers(want).into_iter().zip(exact).zip(fast).zip(unit.paths);
        for (((want, &exact), &fast), &longest) in all {
            let ulp = f64::from(f32::EPSILON) * (unit.steps * want.abs() + longest);
            let (textbook, step) = ((exact - want).abs(), (f64::from(fast) - want).abs());
            let (of_textbook, of_step) = if !case.single() {
                (TEXTBOOK * (want.abs() + unit.path), ULP * ulp)
            } else if case.record["backend"].is_null() {
                // A record in f32 has errors of its own.
                (2.0 * ULP * ulp, 2.0 * ULP * ulp)
            } else {
                // Keras and Optax also correct their bias in f32.
                (1.1e-3 * (want.abs() + unit.path), 1.1e-3 * (want.abs() + unit.path))
            };
            self.textbook = self.textbook.max(textbook / of_textbook);
            self.ulp = self.ulp.max(step / of_step * ULP);
        }
    }
}
