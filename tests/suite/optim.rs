//! Golden vectors of optimizers: every recorded step of every library, by the formulas in f64 and by the step in f32.

mod torch;

use paso_adam::reference::Textbook;
use paso_adam::{Adam, AdamConfig, AdamGroup};
use paso_tests::{json, number, numbers, root, shared};
use serde_json::Value;
use std::path::Path;

/// One recorded run.
#[derive(Clone, Copy)]
struct Case<'a>(&'a Value);

impl<'a> Case<'a> {
    fn id(self) -> &'a str {
        self.0["id"].as_str().expect("an id")
    }

    /// A hyper-parameter; null where the library has none of that name.
    fn value(self, name: &str) -> &'a Value {
        &self.0["hyperparameters"][name]
    }

    fn f64(self, name: &str) -> f64 {
        number(self.value(name))
    }

    fn flag(self, name: &str) -> bool {
        self.value(name).as_bool().unwrap_or(false)
    }

    /// The rate of update `t`, from 0.
    fn rate(self, t: usize) -> f64 {
        let lr = &self.0["lr"];
        lr.as_f64().unwrap_or_else(|| number(&lr[t]))
    }
}

/// How this project reproduces a case.
enum Ours {
    /// With these settings.
    Run(AdamConfig),
    /// Not, and why.
    Skip(&'static str),
}

/// The gradients that a case was run on.
struct Sequence {
    initial: Vec<f64>,
    gradients: Vec<Vec<f64>>,
}

impl Sequence {
    fn read(folder: &Path, name: &str) -> Self {
        let file = json(&folder.join(format!("{name}.json")));
        let gradients = file["grads"].as_array().expect("grads").iter().map(numbers).collect();
        Self { initial: numbers(&file["initial"]), gradients }
    }
}

/// The largest differences of a case, in units of its bounds.
#[derive(Debug, Default)]
struct Difference {
    /// Of the formulas in f64.
    textbook: f64,
    /// Of the step in f32.
    step: f64,
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

/// The longest step there can be, in units of the rate (Cauchy-Schwarz on the two moving averages).
fn longest(config: &AdamConfig) -> f64 {
    let (b1, b2) = (config.beta1, config.beta2);
    let q = b1 * b1 / b2;
    if q < 1.0 { (1.0 - b1) / ((1.0 - b2) * (1.0 - q)).sqrt() } else { 1.0 / (1.0 - b2).sqrt() }
}

fn run(case: Case<'_>, config: AdamConfig, sequence: &Sequence) -> Difference {
    let n = sequence.initial.len();
    let f32s = |values: &[f64]| values.iter().map(|&x| x as f32).collect::<Vec<_>>();
    let (mut exact, mut textbook) = (sequence.initial.clone(), Textbook::new(config, n));
    let mut fast = f32s(&sequence.initial);
    let adam = Adam::new(config).unwrap_or_else(|e| panic!("{}: {e}", case.id()));
    let mut group = AdamGroup::new(adam, [n]);
    let single = case.0["dtype"] == "float32";
    let (mut worst, mut path) = (Difference::default(), 0.0);
    for (t, gradient) in sequence.gradients.iter().enumerate() {
        let lr = case.rate(t);
        path += lr;
        textbook.step(lr, &mut exact, gradient);
        group.step(lr, [(&mut fast[..], &f32s(gradient)[..])]);
        let want = &case.0["params_at"][(t + 1).to_string()];
        if want.is_null() {
            continue;
        }
        for ((want, &exact), &fast) in numbers(want).into_iter().zip(&exact).zip(&fast) {
            let steps = (t + 1) as f64;
            let unit = f64::from(f32::EPSILON) * (steps * want.abs() + path * longest(&config));
            let step = (f64::from(fast) - want).abs() / (ULP * unit);
            // A record in f32 has errors of its own.
            let bound = if single { 2.0 * ULP * unit } else { TEXTBOOK * (want.abs() + path) };
            worst.textbook = worst.textbook.max((exact - want).abs() / bound);
            worst.step = worst.step.max(if single { step / 2.0 } else { step });
        }
    }
    worst
}

/// Compares every case of a file; the number of cases that were compared.
fn check(folder: &Path, file: &str) -> usize {
    let mut compared = 0;
    for case in json(&folder.join(file))["cases"].as_array().expect("cases") {
        let case = Case(case);
        let config = match torch::ours(case) {
            Ours::Run(config) => config,
            Ours::Skip(why) => {
                eprintln!("{}: skipped: {why}", case.id());
                continue;
            }
        };
        let sequence = Sequence::read(folder, case.0["sequence"].as_str().expect("a sequence"));
        let worst = run(case, config, &sequence);
        eprintln!("{}: {worst:.3?}", case.id());
        assert!(worst.textbook <= 1.0, "{}: the formulas differ: {worst:?}", case.id());
        assert!(worst.step <= 1.0, "{}: the step differs: {worst:?}", case.id());
        compared += 1;
    }
    compared
}

#[test]
fn the_runs_recorded_here_agree() {
    let folder = root().join("tests/vectors/optim");
    assert!(check(&folder, "torch.json") >= 2, "too few cases");
}

#[test]
fn every_recorded_run_agrees() {
    let Some(folder) = shared("vectors/optim") else { return };
    for (file, cases) in [("torch_adam.json", 20), ("torch_adamw.json", 10)] {
        let compared = check(&folder, file);
        assert!(compared >= cases, "{file}: only {compared} cases");
    }
}
