//! Golden vectors of optimizers: every recorded step of every library, by the formulas in f64 and by the step in f32.
//!
//! What is compared, what is not and why, is in `crates/paso-adam/DIALECTS.md`, which a test here writes:
//! `PASO_BLESS=1 cargo test -p paso-tests optim`.

#![expect(
    clippy::cast_possible_truncation,
    reason = "recorded whole numbers, and rounding to f32 on purpose"
)]

mod keras;
mod optax;
mod others;
mod run;
mod table;
mod torch;

use paso_adam::AdamConfig;
use paso_tests::{json, number, numbers, root, shared};
use run::{Difference, Sequence};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

/// One recorded run. Whatever the record says of it must be understood: see [`Case::assert_understood`].
#[derive(Clone, Copy)]
struct Case<'a> {
    record: &'a Value,
    /// The hyper-parameters that were read so far.
    read: &'a RefCell<BTreeSet<String>>,
}

/// What a record has next to its hyper-parameters, and where it is used: in this file and in `run.rs`.
const FIELDS: [&str; 21] = [
    "id",
    "library",
    "version",
    "backend",
    "optimizer",
    "hyperparameters",
    "dtype",
    "sequence",
    "n",
    "num_steps",
    "splits",
    "lr",
    "steps",
    "params_at",
    "eval_params_at",
    "state_at_end",
    "param_groups",
    "clip_grad_norm",
    "clip_by_global_norm",
    "total_norm",
    "note",
];

impl<'a> Case<'a> {
    fn id(self) -> &'a str {
        self.record["id"].as_str().expect("an id")
    }

    fn optimizer(self) -> &'a str {
        self.record["optimizer"].as_str().expect("an optimizer")
    }

    /// A hyper-parameter; null where the library has none of that name.
    fn value(self, name: &str) -> &'a Value {
        self.read.borrow_mut().insert(name.into());
        &self.record["hyperparameters"][name]
    }

    /// Fails unless the hyper-parameter is absent, null, or has one of these values: those without an effect, or the only
    /// ones that are offered.
    fn expect_neutral(self, name: &str, neutral: &[Value]) {
        let value = self.value(name);
        let is_neutral = value.is_null() || neutral.contains(value);
        assert!(is_neutral, "{}: {name} = {value} is not understood", self.id());
    }

    /// Fails when the record has a hyper-parameter that nobody read, or a field that nobody knows.
    fn assert_understood(self) {
        let read = self.read.borrow();
        for (name, value) in self.record["hyperparameters"].as_object().into_iter().flatten() {
            let known = read.contains(name) || value.is_null();
            assert!(known, "{}: hyper-parameter {name} = {value} is not understood", self.id());
        }
        for (name, value) in self.record.as_object().into_iter().flatten() {
            let known = FIELDS.contains(&name.as_str());
            assert!(known, "{}: field {name} = {value} is not understood", self.id());
        }
    }

    fn f64(self, name: &str) -> f64 {
        number(self.value(name))
    }

    fn f64_or(self, name: &str, default: f64) -> f64 {
        if self.value(name).is_null() { default } else { self.f64(name) }
    }

    fn flag(self, name: &str) -> bool {
        self.value(name).as_bool().unwrap_or(false)
    }

    /// The lengths of the tensors.
    fn splits(self) -> Vec<usize> {
        numbers(&self.record["splits"]).iter().map(|&n| n as usize).collect()
    }

    /// The rate of update `t`, from 0.
    fn rate(self, t: usize) -> f64 {
        let lr = &self.record["lr"];
        lr.as_f64().unwrap_or_else(|| number(&lr[t]))
    }

    /// Whether the library computed in float32.
    fn single(self) -> bool {
        self.record["dtype"] == "float32"
    }

    /// Betas and `eps` as PyTorch names them.
    fn adam(self) -> AdamConfig {
        let betas = self.value("betas");
        AdamConfig {
            beta1: number(&betas[0]),
            beta2: number(&betas[1]),
            eps: self.f64_or("eps", 0.0),
            ..AdamConfig::default()
        }
    }
}

/// How this project reproduces a case.
enum Ours {
    /// With these settings.
    Run(AdamConfig),
    /// Not, and why.
    Skip(&'static str),
}

/// What came of a case.
struct Outcome {
    id: String,
    /// The settings and the differences, or why it was skipped.
    result: Result<(AdamConfig, Difference), &'static str>,
}

fn outcome(case: Case<'_>, folder: &Path) -> Outcome {
    let library = case.record["library"].as_str().expect("a library");
    let ours = match library {
        "torch" => torch::ours(case),
        "keras" => keras::ours(case),
        "optax" => optax::ours(case),
        "timm" => others::timm(case),
        "pytorch_optimizer" => others::pytorch_optimizer(case),
        "schedulefree" => others::schedulefree(case),
        _ => panic!("{library} has no dialect"),
    };
    let result = match ours {
        Ours::Skip(why) => Err(why),
        Ours::Run(config) => {
            let clip = run::clip(case);
            let _ = case.value("per_step_beta1");
            case.assert_understood();
            let sequence = Sequence::read(folder, case.record["sequence"].as_str().expect("one"));
            Ok((config, run::run(case, config, clip, &sequence)))
        }
    };
    Outcome { id: case.id().into(), result }
}

/// All cases of the files of a folder, in order.
fn outcomes(folder: &Path) -> Vec<Outcome> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let mut outcomes = Vec::new();
    for path in paths {
        let file = json(&path);
        for case in file["cases"].as_array().into_iter().flatten() {
            let read = RefCell::default();
            outcomes.push(outcome(Case { record: case, read: &read }, folder));
        }
    }
    outcomes
}

/// Every case is within its bounds, and most of them were compared.
fn assert_all(outcomes: &[Outcome]) {
    let mut wrong = Vec::new();
    let mut compared = 0;
    for Outcome { id, result } in outcomes {
        let Ok((config, difference)) = result else { continue };
        compared += 1;
        if !difference.within() {
            wrong.push(format!("{id}: {difference:.3?} with {config:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
    let all = outcomes.len();
    assert!(compared > 0 && compared * 10 >= all * 9, "only {compared} of {all} were compared");
}

#[test]
fn the_runs_recorded_here_agree() {
    assert_all(&outcomes(&root().join("tests/vectors/optim")));
}

#[test]
fn every_recorded_run_agrees() {
    let Some(folder) = shared("vectors/optim") else { return };
    assert_all(&outcomes(&folder));
}

/// What a record says that nobody understands, with one thing changed.
fn complaint(change: impl FnOnce(&mut Value)) -> String {
    let folder = root().join("tests/vectors/optim");
    let mut paths = std::fs::read_dir(&folder).expect("vectors").map(|e| e.expect("one").path());
    let is_torch = |path: &std::path::PathBuf| path.ends_with("torch.json");
    let mut record = json(&paths.find(is_torch).expect("PyTorch"))["cases"][0].clone();
    change(&mut record);
    let read = RefCell::default();
    let run = || drop(outcome(Case { record: &record, read: &read }, &folder));
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
    let panic = panic.expect_err("it is not understood");
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn a_record_that_is_not_understood_fails_by_name() {
    let said = complaint(|record| record["hyperparameters"]["lookahead"] = 3.into());
    assert!(said.contains("hyper-parameter lookahead = 3 is not understood"), "{said}");
    let said = complaint(|record| record["gradient_noise"] = 0.1.into());
    assert!(said.contains("field gradient_noise = 0.1 is not understood"), "{said}");
    let said = complaint(|record| record["optimizer"] = "AdamQ".into());
    assert!(said.contains("torch's AdamQ has no dialect"), "{said}");
    let groups =
        serde_json::json!([{"tensors": [0], "lr_scale": 1, "hyperparameters": {"foo": 1}}]);
    let said = complaint(|record| record["param_groups"] = groups);
    assert!(said.contains("a group's foo = 1 is not understood"), "{said}");
    let clip = serde_json::json!({"max_norm": 1.0, "norm_type": 2.0, "per_tensor": true});
    let said = complaint(|record| record["clip_grad_norm"] = clip);
    assert!(said.contains("clip_grad_norm.per_tensor = true is not understood"), "{said}");
}

#[test]
fn the_table_in_the_docs_is_what_was_measured() {
    let Some(folder) = shared("vectors/optim") else { return };
    let text = table::markdown(&outcomes(&folder));
    let path = root().join("crates/paso-adam/DIALECTS.md");
    if std::env::var_os("PASO_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "{} is out of date: PASO_BLESS=1 cargo test -p paso-tests optim",
        path.display()
    );
}
