//! Learning-rate schedules against the libraries that people know them from: every recorded rate of
//! every entry, through the dialect of the library.
//!
//! What is compared, and what is not and why, is in `crates/paso-schedule/DIALECTS.md`, which a test
//! here writes: `PASO_BLESS=1 cargo test -p paso-tests sched`.

mod adaptive;
mod fastai;
mod keras;
mod optax;
mod table;
mod timm;
mod torch;
mod transformers;

use paso_schedule::{Error, Greedy, Plateau, Spec};
use paso_tests::{json, number, root, shared};
use serde_json::Value;
use std::path::Path;

/// One recorded schedule.
#[derive(Clone, Copy)]
struct Case<'a>(&'a Value);

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

/// The result of one comparison.
struct Outcome {
    id: String,
    spec: String,
    /// The largest difference, relative to the rate or to a share of the peak; none where nothing is
    /// compared.
    difference: Option<f64>,
    why: &'static str,
}

impl<'a> Case<'a> {
    fn id(self) -> &'a str {
        self.0["id"].as_str().expect("an id")
    }

    fn schedule(self) -> &'a str {
        self.0["schedule"].as_str().expect("a schedule")
    }

    /// A hyper-parameter, of a case or of a part of one; also one of transformers' specific ones.
    fn value(self, name: &str) -> &'a Value {
        let all = &self.0["hyperparameters"];
        let own = &all[name];
        if own.is_null() { &all["scheduler_specific_kwargs"][name] } else { own }
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
        number(&self.0["base_lr"])
    }

    fn metrics(self) -> Vec<f64> {
        paso_tests::numbers(&self.0["metrics"])
    }

    /// The recorded series, without a value where the library raised.
    fn series(self, name: &str) -> Vec<Option<f64>> {
        let list = self.0[name].as_array().unwrap_or_else(|| panic!("no {name} in {}", self.id()));
        list.iter().map(|x| Some(x).filter(|x| !x.is_null()).map(number)).collect()
    }

    /// Whether the library computed in float32.
    fn single(self) -> bool {
        self.0["dtype"] == "float32" || !self.0["computed_in"].is_null() || {
            // Keras takes its cosines in float32 whatever was asked for, and fast.ai its positions.
            self.id().starts_with("keras") && self.schedule().starts_with("Cosine")
                || self.id().starts_with("fastai")
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
            let name = if case.0["beta1"].is_null() { "momentum" } else { "beta1" };
            let of_momentum =
                difference(case, &case.series(name), until, |t| momentum.at(t as u64));
            (format!("{rate} | {momentum}"), Some(of_rate.max(of_momentum)), why)
        }
        Ours::Times(spec) => {
            let (spec, times) = (built(spec), paso_tests::numbers(&case.0["epochs"]));
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
            assert!(!case.0["error"].is_null(), "{id} is refused here, but not by the library");
            ("refused".into(), None, why)
        }
    };
    if let Some(difference) = difference {
        let allowed = if case.single() { 1e-6 } else { 1e-12 };
        assert!(
            difference <= allowed,
            "{id}: {spec} differs by {difference:e}, allowed is {allowed:e}"
        );
    }
    Outcome { id, spec, difference, why }
}

/// All entries of a folder of records, in order.
fn outcomes(folder: &Path) -> Vec<Outcome> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    let mut outcomes = Vec::new();
    for path in paths {
        let file = json(&path);
        for case in file["cases"].as_array().expect("cases") {
            let case = Case(case);
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
        }
    }
    outcomes
}

#[test]
fn every_recorded_schedule_agrees() {
    let Some(folder) = shared("vectors/sched") else { return };
    let outcomes = outcomes(&folder);
    assert!(outcomes.len() >= 252, "only {} entries", outcomes.len());
}

#[test]
fn the_schedules_recorded_here_agree() {
    let outcomes = outcomes(&root().join("tests/vectors/sched"));
    assert!(outcomes.len() >= 50, "only {} entries", outcomes.len());
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
