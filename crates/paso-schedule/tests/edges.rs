//! Odd lines and steps near the largest: no panic, no hang, and a table ends at its last entry.

use paso_schedule::{Error, PastEnd, Schedule, Shape, Spec, Table};

fn spec(text: &str) -> Spec {
    text.parse().unwrap_or_else(|e: Error| panic!("{}", e.pointing_at(text)))
}

/// What somebody may write by mistake: a decimal comma, a bracket too few, other signs.
const ODD: &[&str] = &[
    "cosine(to 0,1)",
    "cosine(to 0,1%)",
    "cosine(to 0, 1)",
    "cosine(to ,)",
    "cosine(to 0,,1)",
    "cosine(",
    "cosine)",
    "cosine()()",
    "cosine(to)",
    "cosine(to to 0)",
    "cosine(to 1e309)",
    "cosine(to -0)",
    "cosine(to NaN)",
    "cosine(to inf)",
    "cosine(to 0).repeat(0)",
    "cosine(to 0).repeat(99999999999999999999)",
    "cosine(to 0, 1e-300)",
    "cosine(to 0, 1e300)",
    "warmup(100%) then cosine(to 0)",
    "warmup(101%) then cosine(to 0)",
    "warmup(5%) then",
    "then cosine",
    "warmup(5%)then cosine(to 1%)",
    "constant.every(1e-300)",
    "constant.every(0)",
    "constant.stretch(0)",
    "constant.stretch(1e300).stretch(1e300)",
    "constant.scale(1e300).scale(1e300)",
    "table()",
    "table(1 2",
    "points(0: 1, 0: 2, 0: 3, hold)",
    "points()",
    "\u{feff}cosine",
    "cosine(to 0\u{a0})",
    "cosine(to ٣)",
    "",
    " ",
    ";",
    "\0",
];

#[test]
fn an_odd_line_is_a_schedule_or_an_error_at_a_place_in_it() {
    let deep = ["(".repeat(100_000), ".floor(0)".repeat(100_000), "constant then ".repeat(50_000)];
    for text in ODD.iter().copied().chain(deep.iter().map(String::as_str)) {
        let shape = match text.parse::<Shape>() {
            Ok(shape) => shape,
            Err(error) => {
                let column = error.column().expect("a place");
                assert!((1..=text.chars().count() + 1).contains(&column), "{text}: {error}");
                continue;
            }
        };
        for steps in [0, 1, 2, 1000, u64::MAX - 1, u64::MAX] {
            for peak in [0.0, 1e-3, f64::MIN_POSITIVE, f64::MAX] {
                let Ok(spec) = shape.bind(peak, steps) else { continue };
                for step in [0, 1, steps / 2, steps.saturating_sub(1), steps, u64::MAX] {
                    let lr = spec.at(step);
                    assert!(lr.is_finite() && lr >= 0.0, "{text} over {steps}: {lr} at {step}");
                }
            }
        }
        for peak in [f64::NAN, -1.0, f64::INFINITY] {
            assert!(shape.bind(peak, 10).is_err() || !shape.needs_peak(), "{text} at {peak}");
        }
    }
}

#[test]
fn steps_near_the_largest_neither_overflow_nor_hang() {
    for text in [
        "cosine(1 -> 0, 1e19).repeat(stretch 2)",
        "cosine(1 -> 0, 1e-9).repeat",
        "cosine(1 -> 0, 10).repeat(9007199254740992, stretch 1.001, scale 0.999)",
        "step(0.1, factor 0.5, every 1e-9)",
        "decay(1, factor 0.5, every 1e-9)",
        "inverse_sqrt(1e-3, timescale 1e-9)",
        "constant(1).delay(1e19).skip(1e19).take(1e300).stretch(1e-300).every(1e-9)",
        "table(1 0.5).repeat(stretch 1e6)",
        "polynomial_cycle(0.1 -> 0, power 1, every 1e-9)",
    ] {
        let spec = spec(text);
        for step in (0..64).map(|i| u64::MAX >> i).chain([u64::MAX - 1, u64::MAX - 1024]) {
            let lr = spec.at(step);
            assert!(
                lr.is_finite() && (0.0..=spec.peak() * 1.000_001).contains(&lr),
                "{text}: {lr}"
            );
        }
        assert_eq!(spec.first_difference(&spec.clone(), u64::MAX, 0.0), None, "{text}");
    }
}

#[test]
fn comparing_stops_where_nothing_changes_any_more() {
    let (a, b) = (spec("linear(1 -> 0, 50) then constant(0.5)"), spec("linear(1 -> 0, 50)"));
    assert_eq!(a.first_difference(&b, u64::MAX, 0.0), Some(50));
    assert_eq!(a.first_difference(&b, 50, 0.0), None);
    // The same rates, written otherwise, over all steps that there are.
    let (a, b) = (spec("constant(1)"), spec("constant(0.5).scale(2)"));
    assert_eq!(a.end(), b.end());
    let (a, b) = (spec("linear(1 -> 0, 50)"), spec("linear(2 -> 0, 50).scale(0.5)"));
    assert_eq!(a.first_difference(&b, u64::MAX, 1e-9), None);
    let (a, b) = (spec("table(1 0.5 0.25)"), spec("table(1 0.5 0.125)"));
    assert_eq!(a.first_difference(&b, u64::MAX, 0.0), Some(2), "its last entry");
}

#[test]
fn a_table_ends_at_its_last_entry_and_takes_a_step_for_each_in_a_sequence() {
    let table = Table { lrs: vec![1.0, 0.5, 0.25] }.build().expect("three rates");
    assert_eq!(table.end(), Some(2.0), "the first step that has the last rate");
    let strict = table.clone().with_past_end(PastEnd::Error);
    assert_eq!(strict.try_at(2).expect("the last entry"), 0.25);
    assert!(matches!(strict.try_at(3), Err(Error::PastEnd { step: 3, end: 2.0 })));

    for (text, end, rates) in [
        ("table(1 0.5 0.25) then constant(0.1)", None, &[1.0, 0.5, 0.25, 0.1, 0.1][..]),
        ("constant(2, 2) then table(1 0.5)", Some(3.0), &[2.0, 2.0, 1.0, 0.5, 0.5]),
        ("table(1 0.5).repeat(2)", Some(3.0), &[1.0, 0.5, 1.0, 0.5, 0.5]),
        ("table(1 0.5).repeat(2, stretch 2)", Some(4.0), &[1.0, 0.5, 1.0, 1.0, 0.5, 0.5]),
        ("table(1 0.5).stretch(3)", Some(3.0), &[1.0, 1.0, 1.0, 0.5, 0.5]),
        ("table(1 0.5 0.25).delay(2)", Some(4.0), &[1.0, 1.0, 1.0, 0.5, 0.25, 0.25]),
        ("table(1 0.5 0.25).skip(1)", Some(1.0), &[0.5, 0.25, 0.25]),
        ("table(1 0.5 0.25).every(2)", Some(2.0), &[1.0, 1.0, 0.25, 0.25]),
        ("table(1)", Some(0.0), &[1.0, 1.0]),
    ] {
        let spec = spec(text);
        let found: Vec<f64> = spec.lrs(rates.len() as u64).collect();
        assert_eq!(found, rates, "{text}");
        if end.is_some() {
            assert_eq!(spec.end(), end, "{text}");
        }
    }
}

#[test]
fn a_period_says_what_it_has_to_be() {
    for text in ["constant(1).every(1e-10)", "step(1, factor 0.5, every 1e-12)"] {
        let error = text.parse::<Spec>().expect_err(text).to_string();
        assert!(error.contains("at least 1e-9"), "{error}");
    }
    spec("constant(1).every(1e-9)");
}
