//! The report: complete, readable back, without contradictions, readable by everybody.
#![cfg(feature = "html")]

mod reported;

use paso_study::{
    About, Arm, Grid, Outcome, Pending, Question, REPORT_FORMAT, RangeTestReport, Role, RunMonitor,
    RunSpec, Stage, StudyConfig, StudyReport, TrialError,
};
use reported::{Simulated, about, config, gallery, on_the_way, report};

/// The page's figures.
fn figures(page: &str) -> Vec<&str> {
    page.split("<figure id=\"").skip(1).map(|rest| upto(rest, "\"")).collect()
}

/// The text before `end`.
fn upto<'a>(text: &'a str, end: &str) -> &'a str {
    &text[..text.find(end).unwrap_or_else(|| panic!("no `{end}` in {text}"))]
}

/// The text of a page without its tags.
fn text(html: &str) -> String {
    let mut inside = false;
    let shown = html.chars().filter(|c| {
        inside = *c == '<' || (inside && *c != '>');
        !inside && *c != '>'
    });
    shown.collect()
}

/// The text of the page's only first heading.
fn headline(page: &str) -> String {
    let heading = page.split("<h1>").nth(1).expect("a first heading");
    text(upto(heading, "</h1>")).trim().into()
}

fn named(name: &str) -> &'static StudyReport {
    let found = gallery().iter().find(|(known, _)| *known == name);
    &found.unwrap_or_else(|| panic!("no {name}")).1
}

#[test]
fn everything_is_in_it_and_comes_back_from_json() {
    // Effects that a single look does not find, so that there is a course to show.
    let small =
        Simulated { decay: 0.015, schedule_free: 0.03, noise: 0.02, ..Simulated::default() };
    let report = report(config(true), &small, &about());
    assert_eq!(report.format, REPORT_FORMAT, "the version");
    assert!(report.runs.iter().any(|run| run.stage == Stage::Tuning), "runs of the race");
    assert!(report.runs.iter().all(|run| !run.arms.is_empty()), "every run is for some arm");
    let page = report.html();
    let expected = [
        "difference",
        "evidence",
        "evidence-alternative",
        "tuning",
        "loss",
        "validation",
        "schedules",
        "range-test",
    ];
    assert_eq!(figures(&page), expected, "every figure");
    for figure in page.split("<figure").skip(1) {
        let drawings = upto(figure, "</figure>").matches("<svg").count();
        assert_eq!(drawings, 2, "for wide and narrow screens");
    }
    assert!(page.contains("paso settle --data &quot;a b&quot;"), "the command");
    assert!(page.contains("<pre>paso train --settled runs/study</pre>"), "the command that trains");
    let refined = "half way between the best learning rate and a neighbor";
    assert!(page.contains(refined), "the learning rate that only arms without decay have");
    for arm in &report.answer.arms {
        assert!(page.contains(&arm.name) && page.contains(&arm.spec), "{}", arm.name);
    }
}

#[test]
fn reports_come_back_from_json_whatever_they_say() {
    for (name, report) in gallery() {
        let json = serde_json::to_string(&report).expect("it has JSON");
        let back: StudyReport = serde_json::from_str(&json).expect("its own JSON");
        assert_eq!(&back, report, "{name}");
        assert_eq!(back.html(), report.html(), "{name}: and the same page");
    }
}

#[test]
fn a_verdict_has_its_headline() {
    let expected = [
        ("helps", "Decay helps over a constant learning rate."),
        ("harms", "Decay harms: a constant learning rate is better."),
        ("no-difference", "Decay makes no difference of 0.0100 IoU or more."),
        ("undecided", "Undecided: 12 pairs do not tell whether decay helps."),
        (
            "unconfirmed",
            "Undecided: it seems that decay helps, but the check against the runner-up does not confirm it.",
        ),
        (
            "better-still",
            "Decay helps over a constant learning rate. Without decay, schedule-free does better still.",
        ),
        (
            "as-well",
            "Decay helps over a constant learning rate. Without decay, schedule-free does as well as cosine, within 0.0100 IoU.",
        ),
        (
            "only-second",
            "Undecided: 12 pairs do not tell whether decay helps. Without decay, schedule-free does better than a constant learning rate.",
        ),
        ("running", "Undecided so far: 10 pairs do not tell whether decay helps."),
    ];
    for (name, claim) in expected {
        let report = named(name);
        let page = report.html();
        assert_eq!(headline(&page), claim, "{name}");
        let title = if report.pending.is_some() { "Running: " } else { "" };
        assert!(page.contains(&format!("<title>{title}{claim}</title>")), "{name}: the title");
    }
}

#[test]
fn the_level_of_an_interval_and_a_shorter_training_are_named_at_the_top() {
    for (name, expected) in [
        ("no-difference", "the 90 % interval lies within the margin of ±0.0100 IoU"),
        ("helps", "at most 5 % of studies say “helps” or “harms”"),
        ("shortened", "2812 steps, 25 % of the 11250 asked for"),
    ] {
        let page = named(name).html();
        let top = text(upto(&page, "</header>"));
        assert!(top.contains(expected), "{name}: {top}");
    }
}

#[test]
fn only_an_undecided_study_speaks_of_more_pairs() {
    for (name, report) in gallery() {
        let page = text(&report.html());
        let open = ["undecided", "unconfirmed", "only-second", "many"].contains(name);
        assert_eq!(page.contains("goes on where it stopped"), open, "{name}");
        assert!(!page.contains("more seeds would"), "{name}");
    }
    let undecided = named("undecided");
    let page = text(&undecided.html());
    let more = undecided.answer.decay.more_pairs.expect("a forecast");
    // 85 seconds for each of two runs.
    let hours = format!("{:.1} h of training", 2.0 * 85.0 * more as f64 / 3_600.0);
    assert!(page.contains(&hours), "{hours}: {page}");
    assert!(page.contains(&format!("with --pairs {} instead of 12", 12 + more)), "{page}");
}

#[test]
fn a_study_that_ended_before_its_confirmation_says_how_much_of_it_is_missing() {
    let mut ended = named("unconfirmed").clone();
    assert!(!ended.answer.decay.awaits_confirmation(), "it was checked, and failed");
    let decay = &mut ended.answer.decay;
    (decay.confirmation, decay.more_pairs) = (None, None);
    assert!(decay.awaits_confirmation(), "nothing is known of the runner-up");
    let pairs = decay.last().pairs;
    ended.runs.iter_mut().for_each(|record| record.outcome.seconds = 60.0);
    assert_eq!(ended.more_training(&ended.answer.decay), Some((pairs, 60.0 * pairs as f64)));
    let page = ended.html();
    assert!(
        headline(&page).ends_with("the check against the runner-up has not been made."),
        "{page}"
    );
    let page = text(&page);
    assert!(page.contains(&format!("{pairs} runs of the runner-up would confirm it")), "{page}");
    assert!(!page.contains("1,000 would not be enough"), "it is no matter of more pairs: {page}");
}

#[test]
fn a_running_study_says_what_comes_next() {
    let undecided = Simulated { decay: 0.012, noise: 0.025, ..Simulated::default() };
    let reports = on_the_way(config(true), &undecided);
    let first = &reports[0];
    assert_eq!(first.pending, Some(Pending::Look { question: Question::Decay, pairs: 10 }));
    let page = text(&first.html());
    assert!(page.contains("So far: the study is still running. Next look at 10 pairs."), "{page}");
    let asked = |report: &&StudyReport| report.answer.alternative.is_some();
    let before = reports.iter().take_while(|report| !asked(report)).last().expect("some");
    assert_eq!(before.pending, Some(Pending::Alternative), "the second question");
    let shown = on_the_way(StudyConfig { display: 8, ..config(false) }, &Simulated::default());
    let last = shown.last().expect("some");
    assert_eq!(last.pending, Some(Pending::Display), "the other arms");
    let page = text(&last.html());
    assert!(page.contains("The answer is final") && !page.contains("So far"), "{page}");
    // The limit of pairs ends each question, or its verdict.
    assert_eq!(reports.last().expect("some").pending, None, "nothing is left");
    let decided = Simulated::default();
    let crossed = &on_the_way(config(false), &decided);
    let outstanding = Some(Pending::Confirmation { question: Question::Decay });
    let found = crossed.iter().find(|report| report.pending == outstanding);
    assert!(headline(&found.expect("a look that crossed").html()).ends_with("still to come."));
    assert!(!report(config(false), &decided, &about()).html().contains("still running"), "over");
}

#[test]
fn the_explanation_agrees_with_the_verdict() {
    let agrees = Simulated::default();
    let page = |trial: Simulated| text(&report(config(false), &trial, &about()).html());
    assert!(page(agrees).contains("Noise explains the verdict"), "helps, at the noise floor");
    let far = Simulated { step_rms: 0.5, ..agrees };
    assert!(page(far).contains("These measurements do not explain the verdict: decay helps"));
    let harms = Simulated { decay: -0.03, ..agrees };
    let harms = page(harms);
    assert!(harms.contains("do not explain the verdict: decay harms"), "{harms}");
    // A loss higher by .06 where theory predicts one lower by .08.
    assert!(harms.contains("Theory and measurement disagree here"), "{harms}");
    assert!(!page(agrees).contains("disagree"), "0.08 predicted, 0.06 measured");
}

#[test]
fn the_page_loads_nothing_and_runs_nothing() {
    for (name, report) in gallery() {
        let page = report.html();
        assert!(page.contains("Content-Security-Policy") && page.contains("default-src 'none'"));
        for part in
            ["<script", "http:", "https:", "url(", "@import", "javascript:", "onload=", "onclick="]
        {
            assert!(!page.contains(part), "{name}: {part}");
        }
    }
    let page = named("hostile").html();
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "shown as text");
    assert!(!page.contains("<b>") && !page.contains("<i>"), "names are no markup");
}

#[test]
fn odd_studies_have_a_page_too() {
    // Nothing but a metric; equal everywhere; one arm that always diverges.
    let odd = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        let metric = if run.spec.contains("cosine") { f64::NAN } else { 0.5 };
        Ok(Outcome { metric, averaged: vec![0.5; run.averaging.len()], ..Outcome::default() })
    };
    let many =
        (0..9).map(|i| Arm::new(&format!("linear {i}"), &format!("linear(to {i}%)"), Role::Decay));
    for config in [
        config(true),
        StudyConfig { grid: Grid::fixed(1e-3), margin: 0.0, steps: 40, ..config(false) },
        StudyConfig { alpha: 0.001, ..config(false) },
        StudyConfig { arms: many.chain(config(true).arms).collect(), ..config(false) },
        StudyConfig { arms: config(false).arms[..2].to_vec(), pairs: 8, ..config(false) },
    ] {
        let refusal = Some("the curve is flat".into());
        let range_test = Some(RangeTestReport { refusal, ..RangeTestReport::default() });
        let report = report(config, &odd, &About { range_test, ..About::default() });
        let page = report.html();
        assert!(page.contains("</html>"), "whole");
        assert!(!page.contains("NaN") && !page.contains("inf "), "no broken numbers: {page}");
        assert!(page.contains("peak learning rate"), "what to train with, without a command");
    }
}
