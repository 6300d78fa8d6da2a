//! What every schedule keeps to, whatever it is made of: random texts of the whole language.

use paso_schedule::{PastEnd, Schedule, Spec};
use proptest::prelude::*;

/// A learning rate as text: usual ones, and the ends of what is allowed.
fn rate() -> impl Strategy<Value = String> {
    let usual = (-8.0..0.0_f64).prop_map(|exponent| 10.0_f64.powf(exponent));
    let ends = prop::sample::select(vec![0.0, 1.0, f64::MAX, f64::MIN_POSITIVE, f64::from_bits(1)]);
    prop_oneof![8 => usual, 1 => ends].prop_map(|rate| format!("{rate:e}"))
}

/// A number of steps as text.
fn len() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![0.0, 0.5, 1.0, 1e15, 1e300]);
    let whole = (1..3_000_u32).prop_map(f64::from);
    prop_oneof![8 => whole, 1 => 0.1..50.0_f64, 1 => odd].prop_map(|len| len.to_string())
}

/// A number of steps above 0 that a cycle can have.
fn period() -> impl Strategy<Value = String> {
    prop_oneof![(1..500_u32).prop_map(f64::from), 0.3..20.0_f64].prop_map(|len| len.to_string())
}

/// `STEP: RATE, …` in order.
fn points() -> impl Strategy<Value = String> {
    prop::collection::vec((0..500_u32, rate()), 1..6).prop_map(|mut points| {
        points.sort_by_key(|&(at, _)| at);
        points.iter().map(|(at, rate)| format!("{at}: {rate}")).collect::<Vec<_>>().join(", ")
    })
}

/// A curve with everything given.
fn curve() -> impl Strategy<Value = String> {
    let number = || 0.01..5.0_f64;
    let form = prop_oneof![
        Just(("linear", String::new())),
        (number(), number()).prop_map(|(e, k)| ("cosine", format!(", exponent {e}, k {k}"))),
        Just(("cosine", String::new())),
        (number(), number()).prop_map(|(p, k)| ("polynomial", format!(", power {p}, k {k}"))),
        Just(("one_minus_sqrt", String::new())),
        (0.01..0.99_f64).prop_map(|ratio| ("normalized_exponential", format!(", ratio {ratio}"))),
        (-9.0..0.0_f64, 0.0..9.0_f64)
            .prop_map(|(low, high)| ("tanh", format!(", low {low}, high {high}"))),
        Just(("rex", String::new())),
    ];
    let endless = prop_oneof![
        (0.0..1.2_f64, period()).prop_map(|(f, n)| format!("decay(@, factor {f}, every {n})")),
        (0.0..1.2_f64, period()).prop_map(|(f, n)| format!("step(@, factor {f}, every {n})")),
        (0.0..1.2_f64, period(), period())
            .prop_map(|(f, a, b)| format!("multi_step(@, factor {f}, at {a} {b})")),
        (number(), period()).prop_map(|(r, n)| format!("inverse_time(@, rate {r}, every {n})")),
        period().prop_map(|n| format!("inverse_sqrt(@, timescale {n})")),
        (number(), period())
            .prop_map(|(p, n)| format!("inverse_power(@, timescale {n}, power {p})")),
    ];
    let above_0 = || (-8.0..1.0_f64).prop_map(|exponent| 10.0_f64.powf(exponent));
    prop_oneof![
        2 => rate().prop_map(|rate| format!("constant({rate})")),
        6 => (form, rate(), rate(), len())
            .prop_map(|((name, options), a, b, n)| format!("{name}({a} -> {b}, {n}{options})")),
        1 => (above_0(), above_0(), len())
            .prop_map(|(a, b, n)| format!("exponential({a:e} -> {b:e}, {n})")),
        1 => (rate(), rate(), number(), period())
            .prop_map(|(a, b, p, n)| format!("polynomial_cycle({a} -> {b}, power {p}, every {n})")),
        4 => (endless, rate()).prop_map(|(text, rate)| text.replace('@', &rate)),
        2 => (points(), prop::sample::select(vec!["hold", "linear", "cosine"]))
            .prop_map(|(points, between)| format!("points({points}, {between})")),
        1 => prop::collection::vec(rate(), 1..9).prop_map(|rates| format!("table({})", rates.join(" "))),
    ]
}

/// Curves, modified and put together.
fn text() -> impl Strategy<Value = String> {
    curve().prop_recursive(4, 12, 3, |inner| {
        let modifier = prop_oneof![
            (0.0..4.0_f64).prop_map(|x| format!("scale({x})")),
            rate().prop_map(|x| format!("plus({x})")),
            rate().prop_map(|x| format!("below({x})")),
            rate().prop_map(|x| format!("floor({x})")),
            rate().prop_map(|x| format!("cap({x})")),
            len().prop_map(|n| format!("delay({n})")),
            len().prop_map(|n| format!("skip({n})")),
            len().prop_map(|n| format!("take({n})")),
            (0.01..5.0_f64).prop_map(|x| format!("stretch({x})")),
            period().prop_map(|n| format!("every({n})")),
            period().prop_map(|n| format!("take({n}).repeat")),
            (period(), 1..6_u32, prop_oneof![Just(1.0), 1.01..3.0_f64], 0.0..1.5_f64).prop_map(
                |(n, times, stretch, scale)| {
                    format!("take({n}).repeat({times}, stretch {stretch}, scale {scale})")
                }
            ),
        ];
        prop_oneof![
            4 => (inner.clone(), modifier).prop_map(|(text, modifier)| format!("({text}).{modifier}")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}).times({b})")),
            2 => (inner.clone(), len(), inner.clone())
                .prop_map(|(a, n, b)| format!("({a}).take({n}) then ({b})")),
            1 => (len(), inner.clone()).prop_map(|(n, b)| format!("(warmup({n}) then ({b}))")),
            1 => (len(), rate(), inner)
                .prop_map(|(n, from, b)| format!("(warmup({n}, from {from}) then ({b}))")),
        ]
    })
}

fn spec() -> impl Strategy<Value = Spec> {
    text().prop_map(|text| {
        text.parse().unwrap_or_else(|e: paso_schedule::Error| panic!("{}", e.pointing_at(&text)))
    })
}

/// Steps of every size.
fn step() -> impl Strategy<Value = u64> {
    prop_oneof![6 => 0..4_000_u64, 2 => any::<u64>(), 1 => Just(u64::MAX), 1 => (0..64_u32).prop_map(|n| 1 << n)]
}

fn bits(spec: &Spec, steps: &[u64]) -> Vec<u64> {
    steps.iter().map(|&step| spec.at(step).to_bits()).collect()
}

/// Whether it is a schedule's learning rate at a step. A later start is added to the starts of its
/// parts, and rounds where these are no whole steps: a jump may come a hair earlier or later.
fn near(rate: f64, spec: &Spec, step: u64) -> bool {
    let around = [-1e-9, 0.0, 1e-9].map(|hair| spec.at_time(step as f64 + hair));
    let (low, high) = around.iter().fold((f64::MAX, 0.0_f64), |(l, h), &r| (l.min(r), h.max(r)));
    (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(&rate)
}

/// Found failures are printed whole, not kept in a file.
fn config() -> ProptestConfig {
    ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_rate_is_finite_not_negative_and_not_above_the_peak(
        spec in spec(),
        steps in prop::collection::vec(step(), 40),
        time in any::<f64>(),
    ) {
        let peak = spec.peak();
        for rate in steps.iter().map(|&step| spec.at(step)).chain([spec.at_time(time)]) {
            prop_assert!(rate.is_finite() && rate >= 0.0, "{spec}: {rate:e}");
            // A power's last bits may be above what the peak was worked out from.
            prop_assert!(rate <= peak * (1.0 + 1e-12), "{spec}: {rate:e} is above {peak:e}");
        }
    }

    #[test]
    fn the_step_is_the_only_state(spec in spec(), mut steps in prop::collection::vec(step(), 40)) {
        let forward = bits(&spec, &steps);
        let copy = spec.clone();
        let elsewhere = std::thread::scope(|scope| {
            scope.spawn(|| bits(&copy, &steps)).join().expect("no panic")
        });
        prop_assert_eq!(&forward, &elsewhere, "{} in another thread", spec);
        steps.reverse();
        let mut backward = bits(&spec, &steps);
        backward.reverse();
        prop_assert_eq!(forward, backward, "{} backwards", spec);
    }

    #[test]
    fn what_is_printed_parses_to_the_same_schedule(
        spec in spec(),
        steps in prop::collection::vec(step(), 20),
        error in any::<bool>(),
    ) {
        let spec = if error { spec.with_past_end(PastEnd::Error) } else { spec };
        let text = spec.to_string();
        let again: Spec = text.parse().map_err(|e: paso_schedule::Error| {
            TestCaseError::fail(e.pointing_at(&text))
        })?;
        prop_assert_eq!(&again, &spec);
        prop_assert_eq!(again.to_string(), text);
        prop_assert_eq!(bits(&again, &steps), bits(&spec, &steps));
    }

    #[test]
    fn past_its_end_a_schedule_holds_or_is_an_error(spec in spec(), past in step()) {
        let strict = spec.clone().with_past_end(PastEnd::Error);
        let Some(end) = spec.end() else {
            prop_assert!(strict.try_at(past).is_ok(), "{spec} has no end");
            return Ok(());
        };
        let step = past as f64;
        prop_assert_eq!(strict.try_at(past).is_err(), step > end, "{} at {}", spec, past);
        prop_assert_eq!(spec.try_at(past), Ok(spec.at(past)));
        // The end of parts of 0.1 steps is a rounded sum.
        if step > end + 1e-3 {
            prop_assert_eq!(spec.at(past), spec.at(u64::MAX), "{} ends at {}", spec, end);
        }
    }

    #[test]
    fn a_repeated_schedule_starts_anew(spec in spec(), len in 1..300_u64, cycle in 0..50_u64, t in 0..300_u64) {
        let once = spec.take(len);
        let t = t % len;
        prop_assert_eq!(once.repeat().at(cycle * len + t), once.at(t), "{}", once);
    }

    #[test]
    fn combinators_do_to_each_step_what_they_say(
        a in spec(), b in spec(), t in 0..3_000_u64, n in 1..1_000_u64, x in 0.0..2.0_f64,
    ) {
        let (ra, rb) = (a.at(t), b.at(t));
        let cut = |rate: f64| rate.min(f64::MAX);
        prop_assert_eq!(a.scale(x).at(t), cut(ra * x));
        prop_assert_eq!(a.plus(x).at(t), cut(ra + x));
        prop_assert_eq!(a.below(x).at(t), (x - ra).max(0.0));
        prop_assert_eq!(a.floor(x).at(t), ra.max(x));
        prop_assert_eq!(a.cap(x).at(t), ra.min(x));
        prop_assert_eq!(a.times(&b).at(t), cut(ra * rb));
        prop_assert_eq!(a.delay(n).at(t), a.at(t.saturating_sub(n)));
        prop_assert_eq!(a.skip(n).at(t), a.at(t + n));
        prop_assert_eq!(a.take(n).at(t), a.at(t.min(n)));
        prop_assert_eq!(a.every(n).at(t), a.at(t / n * n));
        prop_assert_eq!(a.stretch(2.0).at(2 * t), ra);
        let joined = a.take(n).then(&b);
        if t < n {
            prop_assert_eq!(joined.at(t), ra);
        } else {
            prop_assert!(near(joined.at(t), &b, t - n), "{} at {}", joined, t);
        }
        let warmed = b.warmup(n);
        prop_assert!(near(warmed.at(n + t), &b, t), "{} at {}", warmed, n + t);
        let line = b.at(0) * ((t.min(n - 1) + 1) as f64 / (n + 1) as f64);
        prop_assert_eq!(warmed.at(t.min(n - 1)), line);
    }

    #[test]
    fn a_ramp_goes_one_way_in_small_steps(
        form in prop::sample::select(vec!["linear", "cosine", "one_minus_sqrt", "rex"]),
        from in 0.0..1.0_f64, to in 0.0..1.0_f64, len in 1..2_000_u64,
    ) {
        let text = format!("{form}({from:e} -> {to:e}, {len})");
        let spec: Spec = text.parse().expect("a ramp");
        prop_assert_eq!((spec.at(0), spec.at(len), spec.at(len + 1)), (from, to, to));
        // The steepest slope of each form; a root is steepest in its first step.
        let n = len as f64;
        let steepest = match form {
            "cosine" => std::f64::consts::FRAC_PI_2 / n,
            "one_minus_sqrt" => n.sqrt().recip(),
            "rex" => 2.0 / n,
            _ => 1.0 / n,
        };
        for t in 0..len {
            let change = (spec.at(t + 1) - spec.at(t)) * (to - from).signum();
            prop_assert!(change >= -1e-15, "{text} turns back at {t}");
            prop_assert!(change <= (to - from).abs() * steepest + 1e-12, "{text} jumps at {t}");
        }
    }

    #[test]
    fn parts_without_a_first_rate_go_on_where_the_one_before_ended(
        forms in prop::collection::vec(
            (prop::sample::select(vec!["linear", "cosine", "one_minus_sqrt", "rex", "exponential"]),
             0.01..1.0_f64, 1..500_u32),
            1..5,
        ),
        warmup in 1..500_u32, peak in 1e-6..1.0_f64,
    ) {
        let mut text = format!("warmup({warmup}) then constant(for 10)");
        let (mut start, mut joints) = (f64::from(warmup) + 10.0, vec![f64::from(warmup)]);
        for (form, to, len) in forms {
            joints.push(start);
            start += f64::from(len);
            text += &format!(" then {form}(to {:e}, {len})", to * peak);
        }
        let shape: paso_schedule::Shape = text.parse().expect("a shape");
        let spec = shape.bind(peak, 10_000).expect("room for all");
        for joint in joints {
            let (before, after) = (spec.at_time(joint - 1e-9), spec.at_time(joint + 1e-9));
            prop_assert!((before - after).abs() <= 1e-4 * peak, "{spec} jumps at {joint}");
        }
    }

    #[test]
    fn a_bound_shape_has_the_length_of_the_run_and_prints_as_it_was_written(
        percent in 1..40_u32, to in 0..100_u32, steps in 100..100_000_u64, peak in 1e-6..1.0_f64,
        form in prop::sample::select(vec!["linear", "cosine", "one_minus_sqrt", "rex"]),
    ) {
        let text = format!("warmup({percent}%) then constant(for {percent}%) then {form}(to {to}%)");
        let shape: paso_schedule::Shape = text.parse().expect("a shape");
        prop_assert_eq!(shape.to_string(), text);
        let spec = shape.bind(peak, steps).expect("a run that is long enough");
        prop_assert_eq!(spec.end(), Some(steps as f64), "{}", spec);
        prop_assert_eq!(spec.peak(), peak, "{}", spec);
        prop_assert_eq!(spec.to_string().parse::<Spec>(), Ok(spec));
    }
}

proptest! {
    #![proptest_config(config())]

    /// Text from outside is a schedule or an error, and never a panic.
    #[test]
    fn any_text_is_a_schedule_or_an_error_at_a_place_in_it(
        words in prop::collection::vec(
            prop_oneof![
                prop::sample::select(vec![
                    "cosine", "linear", "warmup", "constant", "points", "table", "then", "repeat", "hold",
                    "error", "to", "from", "for", "every", "factor", "power", "peak", "(", ")", ",", "->",
                    ".", ":", "%", "5", "1e3", "0", "-1", "50%", "1e400", "scale", "times", "take",
                ]).prop_map(str::to_owned),
                ".{0,3}",
            ],
            0..30,
        ),
        steps in step(), peak in any::<f64>(),
    ) {
        let text = words.join(" ");
        match text.parse::<paso_schedule::Shape>() {
            Ok(shape) => {
                prop_assert_eq!(shape.to_string().parse::<paso_schedule::Shape>(), Ok(shape.clone()));
                if let Ok(spec) = shape.bind(peak, steps) {
                    prop_assert!(spec.at(steps).is_finite());
                }
            }
            Err(error) => {
                let column = error.column().expect("an error in a text has a place");
                prop_assert!((1..=text.chars().count() + 1).contains(&column), "{error}");
                prop_assert!(error.pointing_at(&text).contains('^'));
            }
        }
    }
}

/// Found by fuzzing: a scale whose power overflows, of a curve that is 0.
#[test]
fn a_cycle_of_zeros_stays_zero_whatever_its_scale() {
    let spec: Spec = "cosine(0 -> 0, 3.6e-9).repeat(38, stretch 2, scale 2e23)".parse().unwrap();
    assert_eq!(spec.at(1), 0.0);
}
