//! Tests of `paso schedule`.

use super::*;
use clap::Parser;

#[derive(Debug, Parser)]
struct Cli {
    #[command(flatten)]
    schedule: ScheduleArgs,
}

fn args(arguments: &[&str]) -> ScheduleArgs {
    Cli::parse_from(["paso"].iter().chain(arguments)).schedule
}

fn parsed(texts: &[&str]) -> Vec<Spec> {
    texts.iter().map(|text| text.parse().expect(text)).collect()
}

fn text(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("a vector can be written to");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn csv_has_one_column_per_schedule_and_parses_to_the_same_values() {
    let one = text(|out| table::csv(&parsed(&["linear(0.3 -> 0, 3)"]), 4, out));
    assert_eq!(one, "step,lr\n0,0.3\n1,0.2\n2,0.1\n3,0.0\n");
    let two = text(|out| table::csv(&parsed(&["constant(1e-7)", "constant(0.1)"]), 1, out));
    assert_eq!(two, "step,lr_1,lr_2\n0,1e-7,0.1\n");
    let cosine = parsed(&["cosine(3e-4 -> 0, 70)"]);
    for (step, line) in text(|out| table::csv(&cosine, 71, out)).lines().skip(1).enumerate() {
        let lr: f64 = line.split_once(',').expect("two columns").1.parse().expect("a number");
        assert_eq!(lr, cosine[0].at(step as u64), "{line}");
    }
}

#[test]
fn json_has_the_schedule_as_text_that_parses_to_the_same_schedule() {
    let schedules = parsed(&["warmup(2) then cosine(1e-3 -> 0, 8)"]);
    let json: serde_json::Value =
        serde_json::from_str(&text(|out| table::json(&schedules, 3, out))).expect("JSON");
    let schedule = &json["schedules"][0];
    assert_eq!((&json["steps"], &schedule["peak"]), (&3.into(), &1e-3.into()));
    assert_eq!(schedule["lr"].as_array().map(Vec::len), Some(3));
    let again = parsed(&[schedule["spec"].as_str().expect("text")]);
    assert_eq!(again[0].first_difference(&schedules[0], 20, 0.0), None);
}

#[test]
fn a_comparison_names_the_first_and_the_largest_difference() {
    let [a, b] = &parsed(&["constant(1)", "constant(1, 10) then linear(1 -> 0, 10)"])[..] else {
        unreachable!()
    };
    let json = text(|out| compare::print(a, b, 30, true, out));
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(report["first_difference"]["step"], 11);
    assert_eq!(report["largest_difference"]["step"], 20, "the first step at 0");
    let table = text(|out| compare::print(a, b, 30, false, out));
    let rows = ["first difference", "largest difference", "last step", "mean"];
    for (row, line) in rows.into_iter().zip(table.lines().skip(4)) {
        assert!(line.trim_start().starts_with(row), "{table}");
    }
}

#[test]
fn equal_schedules_have_no_difference() {
    let a = &parsed(&["cosine(1 -> 0, 10)"])[0];
    assert!(text(|out| compare::print(a, a, 30, false, out)).contains("the same over 30 steps"));
    let json = text(|out| compare::print(a, a, 30, true, out));
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert!(report["first_difference"].is_null() && report["largest_difference"].is_null());
}

#[test]
fn a_plot_of_many_steps_keeps_spikes() {
    let spec = "points(0: 0, 50000: 0, 50001: 1, 50002: 0, linear)".parse().expect("a spec");
    let points = plot::points(&spec, 100_000);
    assert!(points.len() <= 1_601, "{} points", points.len());
    assert!(points.contains(&(50_001, 1.0)), "the spike is there");
    assert!(points.is_sorted_by_key(|&(step, _)| step), "in order");
    for steps in [1, 2, 1_600] {
        assert_eq!(plot::points(&spec, steps).len() as u64, steps, "every step");
    }
}

#[test]
fn schedules_of_one_step_and_of_zeros_can_be_plotted() {
    for (spec, steps) in [("constant(0)", 1), ("constant(0)", 2), ("constant(1e-300)", 3)] {
        let schedules = parsed(&[spec]);
        assert!(plot::svg(&schedules, steps).expect(spec).starts_with("<svg"), "{spec}");
        assert!(text(|out| plot::terminal(&schedules, steps, out)).contains(spec), "{spec}");
    }
}

#[test]
fn a_legend_has_a_line_for_each_schedule_however_many_and_long_they_are() {
    let long = "constant(1, 1) then ".repeat(40) + "constant(2)";
    let schedules = parsed(&[
        &long,
        "constant(1)",
        "constant(2)",
        "constant(3)",
        "constant(4)",
        "constant(5)",
        "constant(6)",
        "constant(7)",
    ]);
    let svg = plot::svg(&schedules, 10).expect("a plot");
    assert!(svg.contains("constant(7)") && svg.contains('…'), "{}", &svg[..400]);
}

#[test]
fn the_default_number_of_steps_reaches_the_end_of_the_longest_schedule() {
    let steps = |texts: &[&str]| specs(&args(texts)).expect("schedules").1;
    assert_eq!(steps(&["linear(1 -> 0, 5)", "linear(1 -> 0, 9)"]), 10);
    assert_eq!(steps(&["constant(1)"]), DEFAULT_STEPS);
    assert_eq!(steps(&["cosine"]), DEFAULT_STEPS);
    assert_eq!(steps(&["linear(1 -> 0, 5)", "--steps", "3"]), 3);
    assert_eq!(steps(&["linear(1 -> 0, 99999999)"]), MAX_STEPS);
}

#[test]
fn mistakes_are_refused_with_what_is_allowed() {
    for (arguments, word) in [
        (&["cosine(", "--lr", "1"][..], "invalid schedule"),
        (&["cosine", "--steps", "0"], "it must be 1 to 10000000"),
        (&["cosine", "--steps", "10000001"], "it must be 1 to 10000000"),
        (&["constant(1)", "--lr", "0.5"], "--lr 0.5 has no effect: 'constant(1)'"),
        (&["cosine", "--lr", "NaN"], "invalid schedule"),
    ] {
        let message = specs(&args(arguments)).expect_err(word).to_string();
        assert!(message.contains(word), "{arguments:?}: {message}");
    }
    let one = run(&args(&["constant(1)", "--compare"])).expect_err("one schedule").to_string();
    assert_eq!(one, "--compare takes two schedules, not 1");
}

#[test]
fn a_file_is_not_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.svg");
    write_new(&path, "first").expect("the first time");
    let message = write_new(&path, "second").expect_err("the second time").to_string();
    assert!(message.contains("a.svg: already exists"), "{message}");
    assert_eq!(std::fs::read_to_string(&path).expect("the file"), "first");
}
