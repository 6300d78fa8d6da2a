//! The report: complete, readable back, and a page that needs nobody else.
#![cfg(feature = "html")]

mod quadratic;

use paso_study::range_test::{Sweep, suggest};
use paso_study::{
    About, Arm, Grid, Outcome, REPORT_FORMAT, RangeReport, Report, Role, Run, Session, Stage,
    Study, StudyConfig, Trial, TrialError, Watch,
};
use quadratic::Quadratic;

fn config() -> StudyConfig {
    StudyConfig {
        steps: 500,
        tuning_seeds: 1,
        grid: Grid { center: 0.02, ..Grid::default() },
        metric: "minus_loss".into(),
        margin: 1e-5,
        ..StudyConfig::default()
    }
}

fn report(config: StudyConfig, trial: &dyn Trial, about: About) -> Report {
    let study = Study::new(config).expect("a valid configuration");
    study.report(trial, &Session::default(), about).expect("nothing fails")
}

fn range_test() -> RangeReport {
    let lr: Vec<f64> = (0..80).map(|i| 10f64.powf(-6.0 + 0.08 * f64::from(i))).collect();
    let fall = |lr: &f64| 2.0 - 1.5 / (1.0 + (-(lr.log10() + 3.0) / 0.3).exp());
    let sweeps = vec![Sweep { loss: lr.iter().map(fall).collect(), lr }];
    let suggestion = suggest(&sweeps).expect("a clear curve");
    RangeReport { sweeps, suggestion: Some(suggestion), refusal: None }
}

/// The page's figures.
fn figures(page: &str) -> Vec<&str> {
    page.split("<figure id=\"")
        .skip(1)
        .map(|rest| &rest[..rest.find('"').expect("closed")])
        .collect()
}

#[test]
fn everything_is_in_it_and_comes_back_from_json() {
    let about = About {
        subject: "a quadratic".into(),
        command: "settle --data \"a b\"".into(),
        conditions: vec![("net".into(), "none".into())],
        range_test: Some(range_test()),
    };
    let report = report(config(), &Quadratic::new(1.0, 1.0, 50), about);
    assert_eq!(report.format, REPORT_FORMAT, "the version");
    let tuning = report.runs.iter().filter(|run| run.stage == Stage::Tuning).count();
    let rates = report.answer.arms[0].tuned.tried.len();
    assert_eq!(tuning, 5 * rates, "five trained arms at {rates} rates on one seed");
    assert!(report.runs.iter().all(|run| !run.arms.is_empty()), "every run is for some arm");
    let json = serde_json::to_string(&report).expect("it has JSON");
    assert_eq!(serde_json::from_str::<Report>(&json).expect("its own JSON"), report, "the same");

    let page = report.html();
    let expected = ["differences", "effective-rates", "schedules", "loss", "range-test", "tuning"];
    assert_eq!(figures(&page), expected, "every figure");
    assert_eq!(page.matches("<svg ").count(), 2 * expected.len(), "for wide and narrow screens");
    assert!(page.contains("settle --data &quot;a b&quot;"), "the command");
    for arm in &report.answer.arms {
        assert!(page.contains(&arm.name), "{}", arm.name);
    }
}

#[test]
fn the_page_loads_nothing_and_runs_nothing() {
    let hostile = "<script>alert(1)</script>";
    let mut arms = Arm::usual();
    arms.push(Arm::new(hostile, "polynomial(to 0, power 2)", Role::Decay));
    let about = About { subject: hostile.into(), command: hostile.into(), ..About::default() };
    let page =
        report(StudyConfig { arms, ..config() }, &Quadratic::new(1.0, 1.0, 20), about).html();
    assert!(!page.contains("<script"), "no script, whatever an arm is called");
    // The only address is the name space of SVG, which nobody fetches.
    let addresses = page.matches("http").count();
    assert_eq!(
        addresses,
        page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count(),
        "no network"
    );
    assert!(!page.contains("url(") && !page.contains("@import"), "nothing is loaded by the style");
}

#[test]
fn odd_studies_have_a_page_too() {
    // Nothing but a metric; equal everywhere; one arm that always diverges.
    let odd = |run: &Run, _: &Watch<'_>| -> Result<Outcome, TrialError> {
        let metric = if run.spec.starts_with("cosine") { f64::NAN } else { 0.5 };
        Ok(Outcome { metric, averaged: vec![0.5; run.averaging.len()], ..Outcome::default() })
    };
    let grid = Grid { points: 1, max_points: 1, ..Grid::default() };
    for config in [
        config(),
        StudyConfig { grid, seeds: 2, margin: 0.0, steps: 5, ..config() },
        StudyConfig {
            arms: vec![
                Arm::new("constant", "constant", Role::Baseline),
                Arm::new("linear", "linear(to 0)", Role::Decay),
            ],
            ..config()
        },
    ] {
        let refusal = Some("the curve is flat".into());
        let range_test = Some(RangeReport { refusal, ..RangeReport::default() });
        let report = report(config, &odd, About { range_test, ..About::default() });
        let page = report.html();
        assert!(page.contains("</html>") && !page.contains("could not be drawn"), "{page}");
        assert!(!page.contains("NaN") && !page.contains("inf"), "no broken numbers");
        let json = serde_json::to_string(&report).expect("it has JSON");
        serde_json::from_str::<Report>(&json).expect("its own JSON");
    }
}
