//! Any text is a schedule or an error at a place in it; a schedule keeps its promises and reads back
//! from the line that it prints as.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use paso_schedule::{Shape, Spec};

/// Steps at which every schedule is asked.
const STEPS: [u64; 9] = [0, 1, 2, 9, 100, 999, 1_000, 1 << 40, u64::MAX];

/// Longer lines have nothing that shorter ones do not, and cost more.
const LONGEST: usize = 400;

fuzz_target!(|text: &str| -> Corpus {
    if text.len() > LONGEST {
        return Corpus::Reject;
    }
    check(text);
    Corpus::Keep
});

fn check(text: &str) {
    let shape = match text.parse::<Shape>() {
        Ok(shape) => shape,
        Err(error) => {
            let column = error.column().expect("an error in a text has a place");
            assert!((1..=text.chars().count() + 1).contains(&column), "{error}");
            assert!(error.pointing_at(text).contains('^'), "{error}");
            return;
        }
    };
    let printed = shape.to_string();
    let again: Shape = printed.parse().expect("a printed shape parses");
    assert_eq!(again, shape, "{printed} reads back");
    for (peak, steps) in [(3e-4, 1_000), (f64::MAX, 7), (0.0, u64::MAX)] {
        if let Ok(spec) = shape.bind(peak, steps) {
            keeps_its_promises(&spec);
        }
    }
}

fn keeps_its_promises(spec: &Spec) {
    let printed = spec.to_string();
    let again: Spec = printed.parse().expect("a printed schedule parses");
    assert_eq!(&again, spec, "{printed} reads back");
    let highest = spec.peak() * (1.0 + 1e-9);
    for step in STEPS {
        let rate = spec.at(step);
        assert!(rate.is_finite() && rate >= 0.0, "{printed}: {rate} at {step}");
        assert!(rate <= highest, "{printed}: {rate} at {step} is above the peak {}", spec.peak());
        assert_eq!(rate.to_bits(), again.at(step).to_bits(), "{printed} at {step}");
        let past = spec.end().is_some_and(|end| step as f64 > end);
        assert!(spec.try_at(step).is_ok() || past, "{printed} refuses {step}");
    }
}
