//! What a gate prints, for people and for programs.

use super::*;
use crate::MARGIN;
use crate::harness::Harness;
use crate::records::Better;

fn interval(estimate: f64, half: f64) -> Interval {
    Interval {
        estimate: estimate.ln_1p(),
        low: (estimate - half).ln_1p(),
        high: (estimate + half).ln_1p(),
    }
}

fn comparison(verdict: Verdict, slowdown: f64) -> Comparison {
    let (slowdown, null) = (interval(slowdown, 0.002), interval(0.0, 0.003));
    Comparison { verdict, slowdown, null, blocks: 4 }
}

fn row(name: &str, outcome: Outcome) -> Row {
    let benchmark = Benchmark {
        name: name.into(),
        id: name.into(),
        program: "speed".into(),
        harness: Harness::Time,
        args: Vec::new(),
        better: Better::Lower,
        margin: MARGIN,
    };
    Row { benchmark, outcome }
}

fn compared(name: &str, first: (Verdict, f64), second: Option<(Verdict, f64)>) -> Row {
    let second = second.map(|(verdict, slowdown)| comparison(verdict, slowdown));
    row(name, Outcome::Compared { first: comparison(first.0, first.1), second })
}

fn summary(rows: &[Row]) -> Summary<'_> {
    Summary { base: "abc123456", candidate: "the files as they are", rows, load: None }
}

#[test]
fn every_outcome_has_its_word_and_two_of_them_stop_the_gate() {
    use Verdict::{Faster, Same, Slower, Unsure};
    for (row, word, stops) in [
        (compared("a", (Slower, 0.05), Some((Slower, 0.04))), "slower", true),
        (compared("a", (Slower, 0.05), Some((Same, 0.001))), "unconfirmed", false),
        (compared("a", (Slower, 0.05), Some((Unsure, 0.02))), "unconfirmed", false),
        (compared("a", (Slower, 0.05), None), "suspect", false),
        (compared("a", (Same, 0.0), None), "same", false),
        (compared("a", (Faster, -0.05), None), "faster", false),
        (compared("a", (Unsure, 0.01), None), "unsure", false),
        (row("a", Outcome::SameCode), "same code", false),
        (row("a", Outcome::Waiting), "not measured", false),
        (row("a", Outcome::Skipped("unknown".into())), "skipped", false),
        (row("a", Outcome::Failed("broken".into())), "failed", true),
    ] {
        assert_eq!((row.word(), row.stops()), (word, stops));
        assert!(row.sentence().starts_with(&format!("a is {word}")), "{}", row.sentence());
    }
}

#[test]
fn the_second_round_is_the_one_that_is_quoted() {
    let row = compared("a", (Verdict::Slower, 0.08), Some((Verdict::Slower, 0.05)));
    let sentence = row.sentence();
    let expected = "a is slower: +5.0 % (95 %: +4.8 .. +5.2 %; control -0.3 .. +0.3 %; 24 runs)";
    assert_eq!(sentence, expected);
    let failed = row_of_failure().sentence();
    assert_eq!(failed, "a is failed: no such option");
}

fn row_of_failure() -> Row {
    row("a", Outcome::Failed("no such option".into()))
}

#[test]
fn the_heading_counts_what_stops() {
    let slower = compared("a", (Verdict::Slower, 0.05), Some((Verdict::Slower, 0.05)));
    let same = compared("b|c", (Verdict::Same, 0.0), None);
    let heading = |rows: &[Row]| {
        let text = summary(rows).markdown();
        text.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(heading(std::slice::from_ref(&same)), "### No slowdown");
    assert_eq!(heading(&[same.clone(), slower.clone()]), "### 1 benchmark is slower or fails");
    assert_eq!(heading(&[row_of_failure(), slower.clone()]), "### 2 benchmarks are slower or fail");
    assert_eq!(heading(&[row("a", Outcome::SameCode)]), "### Same code: nothing to measure");
    let waiting = row("a", Outcome::Waiting);
    assert_eq!(heading(&[same.clone(), waiting]), "### Not finished; no slowdown so far");
    let text = summary(&[same, slower]).markdown();
    assert!(text.contains("| b\\|c | same | +0.0 % |"), "a bar is no column: {text}");
    assert!(text.contains("| a | **slower** | +5.0 % | +4.8 .. +5.2 % |"), "{text}");
    assert!(text.contains("margin 1 %"), "{text}");
}

#[test]
fn margins_are_one_or_a_range() {
    let mut rows = vec![row("a", Outcome::Waiting), row("b", Outcome::Waiting)];
    assert_eq!(summary(&rows).margins(), "1 %");
    rows[1].benchmark.margin = 0.05;
    assert_eq!(summary(&rows).margins(), "1 to 5 %");
}

#[test]
fn what_ran_the_same_code_is_counted_and_not_listed() {
    let rows = [row("a", Outcome::SameCode), compared("b", (Verdict::Same, 0.0), None)];
    let text = summary(&rows).text();
    assert!(text.contains("1 of 2: same code") && !text.contains("\na "), "{text}");
    let text = summary(&rows[..1]).text();
    assert!(!text.contains("slower by"), "a table without lines has no heading: {text}");
}

#[test]
fn a_busy_machine_is_named_with_its_cost() {
    let rows = [compared("a", (Verdict::Unsure, 0.01), None)];
    let load = |others| Some(Load { others, cpus: 2 });
    let notes = Summary { load: load(1.5), ..summary(&rows) }.notes().join("\n");
    assert!(notes.contains("busy: other processes used 1.5 of 2 CPUs"), "{notes}");
    assert!(notes.contains("no slowdown below +1.2 %"), "margin and half width: {notes}");
    assert!(notes.contains("1 of 1 are not clear"), "{notes}");
    let notes = Summary { load: load(0.1), ..summary(&rows) }.notes().join("\n");
    assert!(!notes.contains("busy"), "an idle system does a little, too: {notes}");
    let unknown = [row("a", Outcome::Waiting)];
    let notes = Summary { load: load(1.5), ..summary(&unknown) }.notes().join("\n");
    assert!(notes.contains("1.5 of 2 CPUs.") && notes.contains("cut off"), "{notes}");
}

#[test]
fn an_interval_that_is_not_known_says_so() {
    let mut first = comparison(Verdict::Unsure, 0.0);
    (first.slowdown, first.null, first.blocks) = (Interval::UNKNOWN, Interval::UNKNOWN, 1);
    let rows = [row("a", Outcome::Compared { first, second: None })];
    assert!(summary(&rows).text().contains("unknown"), "{}", summary(&rows).text());
    assert_eq!(summary(&rows).visible(), None);
    let json = serde_json::to_value(summary(&rows)).expect("JSON");
    let round = &json["benchmarks"][0]["first"];
    assert!(round["low"].is_null() && round["control_high"].is_null(), "no infinity: {round}");
    assert_eq!((round["ratio"].as_f64(), round["runs"].as_u64()), (Some(1.0), Some(6)));
}

#[test]
fn json_has_ratios() {
    let rows = [
        compared("a", (Verdict::Slower, 0.05), Some((Verdict::Slower, 0.04))),
        row("b", Outcome::Skipped("unknown".into())),
    ];
    let json = serde_json::to_value(summary(&rows)).expect("JSON");
    assert_eq!((json["slowdowns"].as_u64(), json["base"].as_str()), (Some(1), Some("abc123456")));
    let [a, b] = [&json["benchmarks"][0], &json["benchmarks"][1]];
    let near = |value: &serde_json::Value, expected: f64| {
        value.as_f64().is_some_and(|value| (value - expected).abs() < 1e-9)
    };
    assert!(near(&a["first"]["ratio"], 1.05) && near(&a["second"]["ratio"], 1.04), "{a}");
    assert!(near(&a["second"]["low"], 1.038) && near(&a["margin"], 0.01), "{a}");
    assert_eq!((b["verdict"].as_str(), b["reason"].as_str()), (Some("skipped"), Some("unknown")));
    assert!(b["first"].is_null(), "{b}");
}
