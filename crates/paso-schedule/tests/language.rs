//! The language: what parses, what it prints as, and what is said about mistakes.

use paso_schedule::{Error, Shape, Spec};

fn spec(text: &str) -> Spec {
    text.parse().unwrap_or_else(|e: Error| panic!("{}", e.pointing_at(text)))
}

fn shape(text: &str) -> Shape {
    text.parse().unwrap_or_else(|e: Error| panic!("{}", e.pointing_at(text)))
}

#[test]
fn a_complete_schedule_prints_as_the_line_it_parses_from() {
    for text in [
        "constant(3e-4)",
        "constant(3e-4, 100) then linear(3e-4 -> 0, 50)",
        "warmup(500) then cosine(3e-4 -> 3e-6, 9500)",
        "warmup(500, from 1e-6) then constant(3e-4)",
        "cosine(0.1 -> 0, 20, exponent 2, k 0.5)",
        "exponential(1e-3 -> 1e-5, 9000)",
        "polynomial(0.1 -> 1e-3, 100, power 0.5, k 2)",
        "one_minus_sqrt(1 -> 0, 7.5)",
        "tanh(0.1 -> 0, 20)",
        "tanh(0.1 -> 0, 20, low -6, high 4)",
        "rex(0.1 -> 0, 20)",
        "decay(0.1, factor 0.9, every 1)",
        "step(0.1, factor 0.5, every 30)",
        "inverse_time(0.1, rate 0.5, every 4)",
        "inverse_sqrt(1e-3, timescale 4000)",
        "inverse_power(1e-3, timescale 4000, power 0.7)",
        "points(0: 0.1, 5: 0.05, 12: 1e-3, hold)",
        "points(0: 0, 10: 0.1, 100: 0, linear)",
        "points(5: 1, 5: 2, cosine)",
        "table(1 0.5 0.25)",
        "(linear(0 -> 1, 5) then linear(1 -> 0, 5)).repeat",
        "cosine(1 -> 0, 10).repeat(3, stretch 2, scale 0.5)",
        "cosine(1 -> 0, 10).repeat(stretch 2)",
        "decay(1, factor 0.5, every 2).take(10).scale(0.5).plus(1e-3).floor(0.1).cap(0.4) then constant(0.1)",
        "constant(1).times(linear(1 -> 0, 5) then constant(0.5)).delay(3).skip(2).stretch(1.5).every(2)",
        "(warmup(36) then inverse_sqrt(1, timescale 36)).take(2)",
        "(linear(1 -> 0, 5) then constant(1)).take(10) then constant(0.5).take(0)",
        "constant(1).times(linear(1 -> 0, 50)).take(10)",
        "cosine(1 -> 0, 10) then error",
    ] {
        assert_eq!(spec(text).to_string(), text, "a spec that prints otherwise");
        assert_eq!(shape(text).to_string(), text, "a shape that prints otherwise");
        assert!(
            !shape(text).needs_peak() && !shape(text).needs_steps(),
            "nothing is open in {text}"
        );
    }
}

#[test]
fn shorter_ways_to_write_it() {
    for (short, long) in [
        ("cosine(1, 10)", "cosine(1 -> 0, 10)"),
        ("cosine(from 1, to 0.5, for 10)", "cosine(1 -> 0.5, 10)"),
        ("  constant( 1_000 )  ", "constant(1e3)"),
        (
            "constant(1, 5) then linear(to 0.5, 5) then cosine(for 5)",
            "constant(1, 5) then linear(1 -> 0.5, 5) then cosine(0.5 -> 0, 5)",
        ),
        ("decay(1, factor 0.5)", "decay(1, factor 0.5, every 1)"),
        ("multi_step(1, factor 0.5, at 9 4 9)", "multi_step(1, factor 0.5, at 4 9 9)"),
        ("table(1, 0.5, 0.25)", "table(1 0.5 0.25)"),
        ("cosine(1 -> 0, 5) then repeat", "cosine(1 -> 0, 5).repeat"),
        (
            "constant(1, 2) then cosine(for 5) then repeat",
            "(constant(1, 2) then cosine(1 -> 0, 5)).repeat",
        ),
        ("cosine(1 -> 0, 5) then hold", "cosine(1 -> 0, 5)"),
    ] {
        assert_eq!(spec(short).to_string(), long, "{short}");
    }
}

#[test]
fn a_shape_takes_the_runs_peak_and_steps() {
    for (text, bound) in [
        ("constant", "constant(3e-4, 10000)"),
        ("linear", "linear(3e-4 -> 0, 10000)"),
        ("exponential(to 1%)", "exponential(3e-4 -> 3e-6, 10000)"),
        ("cosine(to 1e-5)", "cosine(3e-4 -> 1e-5, 10000)"),
        ("warmup(5%) then cosine(to 1%)", "warmup(500) then cosine(3e-4 -> 3e-6, 9500)"),
        (
            "warmup(200, from 10%) then cosine",
            "warmup(200, from 3e-5) then cosine(3e-4 -> 0, 9800)",
        ),
        (
            "warmup(5%) then constant then linear(for 20%)",
            "warmup(500) then constant(3e-4, 7500) then linear(3e-4 -> 0, 2000)",
        ),
        ("step(factor 0.1, every 30%)", "step(3e-4, factor 0.1, every 3000)"),
        ("multi_step(factor 0.5, at 50% 75%)", "multi_step(3e-4, factor 0.5, at 5000 7500)"),
        ("points(0: 4%, 30%: peak, 100%: 0)", "points(0: 1.2e-5, 3000: 3e-4, 10000: 0, linear)"),
        ("cosine.repeat(4)", "cosine(3e-4 -> 0, 2500).repeat(4)"),
        (
            "(warmup(5%) then cosine).floor(1%)",
            "(warmup(500) then cosine(3e-4 -> 0, 9500)).floor(3e-6)",
        ),
        (
            "inverse_sqrt(timescale 5%) then linear(for 10%)",
            "inverse_sqrt(3e-4, timescale 500).take(9000) then linear(6.882472016116852e-5 -> 0, 1000)",
        ),
        (
            "constant(50%, 10%) then cosine(from peak)",
            "constant(1.5e-4, 1000) then cosine(3e-4 -> 0, 9000)",
        ),
        ("table(peak 50%)", "table(3e-4 1.5e-4)"),
    ] {
        let shape = shape(text);
        assert_eq!(shape.to_string(), text, "a shape prints as it was written");
        let spec = shape.bind(3e-4, 10_000).unwrap_or_else(|e| panic!("{}", e.pointing_at(text)));
        assert_eq!(spec.to_string(), bound, "{text}");
    }
}

#[test]
fn a_shape_tells_what_it_needs() {
    for (text, peak, steps) in [
        ("constant", true, false),
        ("cosine", true, true),
        ("cosine(1e-3 -> 0)", false, true),
        ("warmup(10) then cosine(for 90)", true, false),
        ("warmup(10%) then constant(1e-3)", false, true),
        ("cosine(1e-3 -> 0, 10)", false, false),
        ("cosine(1e-3 -> 1%, 10)", true, false),
        ("constant(1e-3).times(linear(1 -> 0))", false, true),
    ] {
        assert_eq!((shape(text).needs_peak(), shape(text).needs_steps()), (peak, steps), "{text}");
        assert_eq!(text.parse::<Spec>().is_ok(), !peak && !steps, "{text}");
    }
}

#[test]
fn mistakes_are_named_at_their_column() {
    for (text, message) in [
        ("", "column 1: expected a curve, such as `cosine`, found the end of the text"),
        ("cosin(1 -> 0, 5)", "column 1: there is no `cosin` here; did you mean `cosine`?"),
        ("cosine(1 -> 0, 5", "column 17: expected `,` or `)`, found the end of the text"),
        ("cosine(1 -> 0, 5) cosine", "column 19: expected `then` or the end, found `cosine`"),
        ("cosine(1 -> 0 -> 1)", "column 15: expected `,` or `)`, found `->`"),
        ("cosine(1 -> 0, 5, 6)", "column 19: the length is given twice"),
        (
            "cosine(1 -> 0, 5, exponnt 2)",
            "column 19: there is no `exponnt` here; did you mean `exponent`?",
        ),
        ("constant(1 -> 2)", "column 12: `constant` has one rate, it does not go to another"),
        ("polynomial(1 -> 0, 5)", "column 1: `polynomial` needs `power …`"),
        (
            "cosine(1 -> 0, 5) then linear(to -1, 5)",
            "column 24: `to` is -1; it must be a finite learning rate of 0 or more",
        ),
        (
            "exponential(1 -> 0, 5)",
            "column 1: `to` is 0; it must be above 0: a geometric decay never reaches 0",
        ),
        (
            "exponential(1, 5)",
            "column 1: `exponential` needs an end above 0, such as `exponential(to 1%)`",
        ),
        (
            "step(1, factor 0.5, every 0)",
            "column 1: `every` is 0; it must be a finite number of steps of at least 1e-9",
        ),
        (
            "constant(1) then linear(to 0, 5)",
            "column 1: `constant(1)` never ends, so what follows is never reached; give it a length, or end it with `.take(STEPS)`",
        ),
        (
            "warmup(5)",
            "column 1: a warm-up rises to the rate of the part after it: `warmup(…) then constant`",
        ),
        ("constant(1).scale(0.5%)", "column 19: expected a number, found `0.5%`"),
        ("constant(1).flor(0.5)", "column 13: there is no `flor` here; did you mean `floor`?"),
        (
            "constant(1).repeat(0)",
            "column 20: expected a number of cycles (1 or more), `stretch NUMBER` or `scale NUMBER`, found the number 0",
        ),
        (
            "points(5: 1, 4: 1)",
            "column 1: `at` is 4; it must be a step that is not before the previous point",
        ),
        ("constant(1e999)", "column 10: `1e999` is not a number"),
        ("constant(1) then ?", "column 18: '?' has no meaning here"),
        ("éconstant(1)", "column 1: 'é' has no meaning here"),
        (
            "cosine(1 -> 0)",
            "column 1: `cosine(1 -> 0)` takes the rest of a run; alone it needs a number of steps: `for 1000`",
        ),
        (
            "cosine(for 5)",
            "column 1: `cosine(for 5)` starts at the run's peak rate; alone it needs a rate to start from",
        ),
    ] {
        let error = text.parse::<Spec>().expect_err(text);
        assert_eq!(error.to_string(), message, "{text}");
    }
}

#[test]
fn a_number_out_of_range_is_reported_before_a_run_is_too_short() {
    for text in [
        "cosine.stretch(-0)",
        "constant(1).skip(2).stretch(0)",
        "cosine.take(-1)",
        "cosine.skip(-1)",
    ] {
        let error = text.parse::<Shape>().expect_err(text);
        assert!(matches!(error, Error::InvalidValue { .. }), "{text}: {error}");
    }
}

#[test]
fn a_horizon_that_is_too_short_says_for_which_part() {
    for (text, steps, message) in [
        (
            "warmup(5%) then cosine",
            8,
            "column 1: `warmup(5%)`: 5% is less than one step of a run of 8 steps",
        ),
        (
            "warmup(500) then cosine",
            300,
            "column 18: no room for `cosine`: the other parts take 500 of a run of 300 steps",
        ),
        (
            "warmup(500) then cosine(for 9500)",
            9_000,
            "column 18: no room for `cosine(for 9500)`: it needs steps 500 to 10000 of a run of 9000 steps",
        ),
        (
            "constant then cosine",
            100,
            "column 15: neither `constant` nor `cosine` has a length; only one part can take the rest of the run",
        ),
        (
            "cosine.delay(100)",
            50,
            "column 1: no room for `cosine.delay(100)`: nothing is left for it in a run of 50 steps",
        ),
        ("cosine", 0, "`steps` is 0; it must be 1 or more"),
    ] {
        let error =
            text.parse::<Shape>().and_then(|shape| shape.bind(1e-3, steps)).expect_err(text);
        assert_eq!(error.to_string(), message, "{text}");
    }
    assert!(shape("cosine").bind(f64::NAN, 10).is_err(), "a peak must be a number");
}

#[test]
fn deep_and_long_texts_are_refused_not_overflowed() {
    let deep = "(".repeat(100_000);
    assert_eq!(
        deep.parse::<Spec>().expect_err("deep").to_string(),
        "column 26: parentheses are nested more than 24 deep"
    );
    let chain = format!("constant(1){}", ".scale(1)".repeat(1_000));
    assert!(chain.parse::<Spec>().is_err(), "a long chain of modifiers");
    let long = "constant(1) ".repeat(1 << 17);
    assert!(
        long.parse::<Spec>().expect_err("long").to_string().contains("at most 1048576 are read"),
        "a long text"
    );
}
