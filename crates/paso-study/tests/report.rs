//! The report: complete, readable back, and a page that needs nobody else.
#![cfg(feature = "html")]

mod quadratic;

use paso_study::range_test::{Sweep, suggest};
use paso_study::{
    About, Arm, Grid, Outcome, REPORT_FORMAT, RangeTestReport, Role, RunMonitor, RunSpec, Session,
    Stage, Study, StudyConfig, StudyReport, Trial, TrialError,
};
use quadratic::Quadratic;
use std::process::Command;

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

fn report(config: StudyConfig, trial: &dyn Trial, about: About) -> StudyReport {
    let study = Study::new(config).expect("a valid configuration");
    study.report(trial, &Session::default(), about).expect("nothing fails")
}

fn range_test() -> RangeTestReport {
    let lr: Vec<f64> = (0..80).map(|i| 10f64.powf(-6.0 + 0.08 * f64::from(i))).collect();
    let fall = |lr: &f64| 2.0 - 1.5 / (1.0 + (-(lr.log10() + 3.0) / 0.3).exp());
    let sweeps = vec![Sweep { loss: lr.iter().map(fall).collect(), lr }];
    let suggestion = suggest(&sweeps).expect("a clear curve");
    RangeTestReport { sweeps, suggestion: Some(suggestion), refusal: None }
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
    assert_eq!(
        serde_json::from_str::<StudyReport>(&json).expect("its own JSON"),
        report,
        "the same"
    );

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
    let addresses = page.matches("http:").count() + page.matches("https:").count();
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
    let odd = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        let metric = if run.spec.starts_with("cosine") { f64::NAN } else { 0.5 };
        Ok(Outcome { metric, averaged: vec![0.5; run.averaging.len()], ..Outcome::default() })
    };
    let grid = Grid::fixed(1e-3);
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
        let range_test = Some(RangeTestReport { refusal, ..RangeTestReport::default() });
        let report = report(config, &odd, About { range_test, ..About::default() });
        let page = report.html();
        assert!(page.contains("</html>") && !page.contains("could not be drawn"), "{page}");
        assert!(!page.contains("NaN") && !page.contains("inf"), "no broken numbers");
        let json = serde_json::to_string(&report).expect("it has JSON");
        serde_json::from_str::<StudyReport>(&json).expect("its own JSON");
    }
}

#[test]
fn a_browser_shows_every_figure_and_has_nothing_to_say() {
    let chromium = |arguments: &[&str]| Command::new("chromium").args(arguments).output();
    if chromium(&["--version"]).is_err() {
        eprintln!("skipped: no chromium");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let about = About { range_test: Some(range_test()), ..About::default() };
    let page = folder.path().join("report.html");
    let report = report(config(), &Quadratic::new(1.0, 1.0, 50), about);
    std::fs::write(&page, report.html()).expect("written");
    for width in ["500,900", "1280,900"] {
        let output = chromium(&[
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--enable-logging=stderr",
            &format!("--user-data-dir={}", folder.path().join(width).display()),
            &format!("--window-size={width}"),
            "--dump-dom",
            &format!("file://{}", page.display()),
        ])
        .expect("it starts");
        let (dom, log) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(figures(&dom).len(), 6, "every figure, at {width}");
        // Violations of the page's own ban on loading anything would be said on the console.
        assert!(!log.contains("CONSOLE"), "at {width}: {log}");
    }
}
