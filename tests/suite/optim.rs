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
use std::path::Path;

/// One recorded run.
#[derive(Clone, Copy)]
struct Case<'a>(&'a Value);

impl<'a> Case<'a> {
    fn id(self) -> &'a str {
        self.0["id"].as_str().expect("an id")
    }

    fn optimizer(self) -> &'a str {
        self.0["optimizer"].as_str().expect("an optimizer")
    }

    /// A hyper-parameter; null where the library has none of that name.
    fn value(self, name: &str) -> &'a Value {
        &self.0["hyperparameters"][name]
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
        numbers(&self.0["splits"]).iter().map(|&n| n as usize).collect()
    }

    /// The rate of update `t`, from 0.
    fn rate(self, t: usize) -> f64 {
        let lr = &self.0["lr"];
        lr.as_f64().unwrap_or_else(|| number(&lr[t]))
    }

    /// Whether the library computed in float32.
    fn single(self) -> bool {
        self.0["dtype"] == "float32"
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
    let library = case.0["library"].as_str().expect("a library");
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
            let sequence = Sequence::read(folder, case.0["sequence"].as_str().expect("one"));
            Ok((config, run::run(case, config, &sequence)))
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
            outcomes.push(outcome(Case(case), folder));
        }
    }
    outcomes
}

/// Every case is within its bounds, and at least so many were compared.
fn assert_all(outcomes: &[Outcome], least: usize) {
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
    assert!(compared >= least, "only {compared} cases were compared");
}

#[test]
fn the_runs_recorded_here_agree() {
    assert_all(&outcomes(&root().join("tests/vectors/optim")), 60);
}

#[test]
fn every_recorded_run_agrees() {
    let Some(folder) = shared("vectors/optim") else { return };
    assert_all(&outcomes(&folder), 260);
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
