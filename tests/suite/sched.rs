//! Learning-rate schedules against the libraries that people know them from: every recorded rate of
//! every entry, through the dialect of the library.
//!
//! What is compared, and what is not and why, is in `crates/paso-schedule/DIALECTS.md`, which a test
//! here writes: `PASO_BLESS=1 cargo test -p paso-tests sched`.

mod adaptive;
mod expression;
mod fastai;
mod keras;
mod optax;
mod table;
mod timm;
mod torch;
mod transformers;

use paso_schedule::{Constant, Error, Greedy, Plateau, Schedule, Spec};
use paso_tests::{json, number, root, shared};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

/// One recorded schedule, or a part of one. Whatever the record says of it must be understood: see
/// [`Case::not_understood`].
#[derive(Clone, Copy)]
struct Case<'a> {
    record: &'a Value,
    /// The hyper-parameters that were read so far, of the whole and of its parts.
    read: &'a RefCell<BTreeSet<String>>,
}

/// What a record has next to its hyper-parameters, and where it is used: in this file and in those of the libraries.
const FIELDS: [&str; 19] = [
    "id",
    "library",
    "version",
    "schedule",
    "hyperparameters",
    "base_lr",
    "T",
    "dtype",
    "computed_in",
    "optimizer",
    "lr",
    "momentum",
    "beta1",
    "metrics",
    "epochs",
    "stepped_by",
    "lr_formula_at_0",
    "error",
    "note",
];

/// What this project has for it.
enum Ours {
    /// A schedule, compared before this step; with a reason where the library goes on otherwise.
    Until(Result<Spec, Error>, u64, &'static str),
    /// A schedule, compared to the end of the record.
    Whole(Result<Spec, Error>),
    /// A schedule and its momentum.
    Pair(Result<Spec, Error>, Result<Spec, Error>, u64, &'static str),
    /// A schedule, asked at times that are no whole steps.
    Times(Result<Spec, Error>),
    /// A plateau on a schedule.
    Plateau {
        lr: Result<Spec, Error>,
        plateau: Result<Plateau, Error>,
        first: usize,
        before_update: bool,
        until: usize,
        why: &'static str,
    },
    /// A greedy rate on a constant.
    Greedy { base: f64, greedy: Result<Greedy, Error> },
    /// An error here as there.
    Refused(Result<Spec, Error>, &'static str),
}

impl Ours {
    /// A plateau on a constant learning rate, which sees every value after its update.
    fn plateau(base: f64, plateau: Result<Plateau, Error>) -> Self {
        let lr = Constant { lr: base }.build();
        Self::Plateau { lr, plateau, first: 0, before_update: false, until: usize::MAX, why: "" }
    }
}

/// The result of one comparison.
struct Outcome {
    id: String,
    spec: String,
    /// The largest difference, relative to the rate or to a share of the peak; none where nothing is
    /// compared.
    difference: Option<f64>,
    allowed: f64,
    why: &'static str,
}

impl<'a> Case<'a> {
    fn id(self) -> &'a str {
        self.record["id"].as_str().expect("an id")
    }

    fn schedule(self) -> &'a str {
        self.record["schedule"].as_str().expect("a schedule")
    }

    /// A hyper-parameter, of a case or of a part of one; also one of transformers' specific ones.
    fn value(self, name: &str) -> &'a Value {
        self.read.borrow_mut().insert(self.key(name));
        let all = &self.record["hyperparameters"];
        let own = &all[name];
        if own.is_null() { &all["scheduler_specific_kwargs"][name] } else { own }
    }

    /// The name of a hyper-parameter, with its schedule's.
    fn key(self, name: &str) -> String {
        format!("{}.{name}", self.schedule())
    }

    /// A part of this schedule.
    fn part(self, record: &'a Value) -> Self {
        Self { record, ..self }
    }

    /// The hyper-parameters of the record that nobody read, and its fields that nobody knows.
    fn not_understood(self) -> Vec<String> {
        let read = self.read.borrow();
        let mut unknown = Vec::new();
        let own = self.record["hyperparameters"].as_object().into_iter().flatten();
        let specific = &self.record["hyperparameters"]["scheduler_specific_kwargs"];
        for (name, value) in own.chain(specific.as_object().into_iter().flatten()) {
            let known = name == "scheduler_specific_kwargs" || value.is_null();
            let known = known || read.contains(&self.key(name));
            if !known {
                unknown.push(format!("{}: {name} = {value} is not understood", self.id()));
            }
        }
        for (name, value) in self.record.as_object().into_iter().flatten() {
            let known = FIELDS.contains(&name.as_str());
            if !known {
                unknown.push(format!("{}: the field {name} = {value} is unknown", self.id()));
            }
        }
        unknown
    }

    /// These hyper-parameters have no effect on the learning rate of this record.
    fn no_effect(self, names: &[&str]) {
        for name in names {
            let _ = self.value(name);
        }
    }

    #[track_caller]
    fn f64(self, name: &str) -> f64 {
        number(self.value(name))
    }

    fn f64_or(self, name: &str, default: f64) -> f64 {
        self.optional(name).unwrap_or(default)
    }

    fn optional(self, name: &str) -> Option<f64> {
        Some(self.value(name)).filter(|value| !value.is_null()).map(number)
    }

    #[track_caller]
    fn u64(self, name: &str) -> u64 {
        let value = self.value(name);
        value
            .as_u64()
            .or_else(|| value.as_f64().filter(|x| x.fract() == 0.0).map(|x| x as u64))
            .unwrap_or_else(|| panic!("{name}: {value}"))
    }

    fn u64_or(self, name: &str, default: u64) -> u64 {
        if self.value(name).is_null() { default } else { self.u64(name) }
    }

    fn flag(self, name: &str) -> bool {
        self.value(name).as_bool().unwrap_or_else(|| panic!("{name} is no flag in {}", self.id()))
    }

    fn text(self, name: &str) -> &'a str {
        self.value(name).as_str().unwrap_or_else(|| panic!("{name} is no text in {}", self.id()))
    }

    fn list(self, name: &str) -> Vec<f64> {
        paso_tests::numbers(self.value(name))
    }

    fn steps(self, name: &str) -> Vec<u64> {
        self.list(name).into_iter().map(|x| x as u64).collect()
    }

    /// The optimizer's rate before the schedule was attached.
    fn base(self) -> f64 {
        number(&self.record["base_lr"])
    }

    fn metrics(self) -> Vec<f64> {
        paso_tests::numbers(&self.record["metrics"])
    }

    /// The recorded series, without a value where the library raised.
    fn series(self, name: &str) -> Vec<Option<f64>> {
        let list =
            self.record[name].as_array().unwrap_or_else(|| panic!("no {name} in {}", self.id()));
        list.iter().map(|x| Some(x).filter(|x| !x.is_null()).map(number)).collect()
    }

    /// Whether the library computed in float32.
    fn single(self) -> bool {
        self.record["dtype"] == "float32" || !self.record["computed_in"].is_null() || {
            // Keras takes its cosines in float32 whatever was asked for. fast.ai's `combine_scheds` has
            // its phases' positions in a float32 tensor: with these rounded, its rates come out bit for bit.
            (self.id().starts_with("keras") && self.schedule().starts_with("Cosine"))
                || (self.id().starts_with("fastai") && self.schedule().starts_with("fit_"))
        }
    }
}

/// The largest difference of a series: relative to the rate, or to a share of the highest rate where the
/// rate is below that (an end at 0 has no relative error).
fn difference(
    case: Case<'_>,
    recorded: &[Option<f64>],
    until: u64,
    ours: impl Fn(usize) -> f64,
) -> f64 {
    let peak = recorded.iter().flatten().fold(0.0_f64, |peak, rate| peak.max(rate.abs()));
    let share = if case.single() { 0.1 } else { 1e-3 };
    let mut largest = 0.0_f64;
    for (t, want) in recorded.iter().enumerate().take(usize::try_from(until).unwrap_or(usize::MAX))
    {
        let Some(want) = want else { continue };
        let got = ours(t);
        assert!(got.is_finite() && got >= 0.0, "{}: the rate at {t} is {got}", case.id());
        largest =
            largest.max((got - want).abs() / want.abs().max(share * peak).max(f64::MIN_POSITIVE));
    }
    largest
}

/// Compares one entry, and says what was compared.
fn compare(case: Case<'_>, ours: Ours) -> Outcome {
    let id = case.id().to_owned();
    let lr = case.series("lr");
    let built = |spec: Result<Spec, Error>| spec.unwrap_or_else(|e| panic!("{id}: {e}"));
    let (spec, difference, why) = match ours {
        Ours::Whole(spec) => {
            let spec = built(spec);
            (spec.to_string(), Some(difference(case, &lr, u64::MAX, |t| spec.at(t as u64))), "")
        }
        Ours::Until(spec, until, why) => {
            let spec = built(spec);
            (spec.to_string(), Some(difference(case, &lr, until, |t| spec.at(t as u64))), why)
        }
        Ours::Pair(rate, momentum, until, why) => {
            let (rate, momentum) = (built(rate), built(momentum));
            let of_rate = difference(case, &lr, until, |t| rate.at(t as u64));
            let name = if case.record["beta1"].is_null() { "momentum" } else { "beta1" };
            let of_momentum =
                difference(case, &case.series(name), until, |t| momentum.at(t as u64));
            (format!("{rate} | {momentum}"), Some(of_rate.max(of_momentum)), why)
        }
        Ours::Times(spec) => {
            let (spec, times) = (built(spec), paso_tests::numbers(&case.record["epochs"]));
            (
                spec.to_string(),
                Some(difference(case, &lr, u64::MAX, |t| spec.at_time(times[t]))),
                "",
            )
        }
        Ours::Plateau { lr: base, plateau, first, before_update, until, why } => {
            let (base, mut plateau) =
                (built(base), plateau.unwrap_or_else(|e| panic!("{id}: {e}")));
            let mut rates = Vec::new();
            for (t, metric) in case.metrics().into_iter().enumerate() {
                if before_update {
                    plateau.observe(metric);
                }
                rates.push(base.at(t as u64) * plateau.scale());
                if !before_update && t >= first {
                    plateau.observe(metric);
                }
            }
            (
                format!("{base} × plateau"),
                Some(difference(case, &lr, until as u64, |t| rates[t])),
                why,
            )
        }
        Ours::Greedy { base, greedy } => {
            let mut greedy = greedy.unwrap_or_else(|e| panic!("{id}: {e}"));
            let mut rates = Vec::new();
            for metric in case.metrics() {
                rates.push(base * greedy.scale());
                greedy.observe(metric);
            }
            (
                format!("constant({base}) × greedy"),
                Some(difference(case, &lr, u64::MAX, |t| rates[t])),
                "",
            )
        }
        Ours::Refused(spec, why) => {
            assert!(spec.is_err(), "{id} should be refused, but is {}", built(spec));
            assert!(
                !case.record["error"].is_null(),
                "{id} is refused here, but not by the library"
            );
            ("refused".into(), None, why)
        }
    };
    let allowed = if case.single() { 1e-6 } else { 1e-12 };
    Outcome { id, spec, difference, allowed, why }
}

/// All entries of a folder of records, in order; all that differ are named before the test fails.
fn outcomes(folder: &Path) -> Vec<Outcome> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    let (mut outcomes, mut unknown) = (Vec::new(), Vec::new());
    for path in paths {
        let file = json(&path);
        for case in file["cases"].as_array().expect("cases") {
            let read = RefCell::default();
            let case = Case { record: case, read: &read };
            let ours = match case.id().split('/').next() {
                Some("torch") => torch::ours(case),
                Some("keras") => keras::ours(case),
                Some("optax") => optax::ours(case),
                Some("timm") => timm::ours(case),
                Some("transformers") => transformers::ours(case),
                Some("fastai") => fastai::ours(case),
                Some("speechbrain") => fastai::noam(case),
                library => panic!("{library:?} has no dialect"),
            };
            outcomes.push(compare(case, ours));
            unknown.extend(case.not_understood());
        }
    }
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
    let wrong: Vec<_> = outcomes
        .iter()
        .filter_map(|o| o.difference.filter(|d| d.is_nan() || *d > o.allowed).map(|d| (o, d)))
        .map(|(o, d)| format!("{}: {} differs by {d:e}, allowed is {:e}", o.id, o.spec, o.allowed))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    outcomes
}

/// At least nine of ten entries have a learning rate that was compared.
fn assert_most_compared(outcomes: &[Outcome]) {
    let compared = outcomes.iter().filter(|outcome| outcome.difference.is_some()).count();
    let all = outcomes.len();
    assert!(compared > 0 && compared * 10 >= all * 9, "only {compared} of {all} were compared");
}

#[test]
fn every_recorded_schedule_agrees() {
    let Some(folder) = shared("vectors/sched") else { return };
    assert_most_compared(&outcomes(&folder));
}

#[test]
fn the_schedules_recorded_here_agree() {
    assert_most_compared(&outcomes(&root().join("tests/vectors/sched")));
}

#[test]
fn a_record_that_is_not_understood_fails_by_name() {
    let folder = std::env::temp_dir().join(format!("paso-sched-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let record = |name: &str, value: Value| {
        let mut case = serde_json::json!({
            "id": "torch/StepLR/0", "library": "torch", "schedule": "StepLR", "base_lr": 0.1,
            "hyperparameters": { "step_size": 5, "gamma": 0.5 }, "T": 2, "lr": [0.1, 0.1],
        });
        *case.pointer_mut(name).unwrap_or(&mut Value::Null) = value.clone();
        if case.pointer(name).is_none() {
            let (parent, key) = name.rsplit_once('/').expect("a path");
            case.pointer_mut(parent).expect("a parent")[key] = value;
        }
        let text = serde_json::json!({ "cases": [case] }).to_string();
        std::fs::write(folder.join("torch.json"), text).expect("a record");
        let panic = std::panic::catch_unwind(|| outcomes(&folder)).err();
        panic.map(|panic| panic.downcast_ref::<String>().cloned().unwrap_or_default())
    };
    assert_eq!(
        record("/hyperparameters/gamma", 0.5.into()),
        None,
        "the record itself is understood"
    );
    for (name, value, said) in [
        (
            "/hyperparameters/cooldown",
            Value::from(3),
            "torch/StepLR/0: cooldown = 3 is not understood",
        ),
        ("/warmup", 5.into(), "torch/StepLR/0: the field warmup = 5 is unknown"),
        ("/schedule", "Wave".into(), "Wave has no dialect"),
    ] {
        assert_eq!(record(name, value).as_deref(), Some(said));
    }
    std::fs::remove_dir_all(&folder).expect("the folder");
}

#[test]
fn the_table_in_the_docs_is_what_was_measured() {
    let Some(folder) = shared("vectors/sched") else { return };
    let text = table::markdown(&outcomes(&folder));
    let path = root().join("crates/paso-schedule/DIALECTS.md");
    if std::env::var_os("PASO_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "{} is out of date: PASO_BLESS=1 cargo test -p paso-tests sched",
        path.display()
    );
}
